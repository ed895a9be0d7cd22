"""Statements in the formats that banks agreed on: OFX, MT940 and CAMT."""

from decimal import Decimal
from xml.sax.saxutils import escape

from msgspec.structs import replace

from tests.graph.documents.bank_files import IBAN, BankFile, true_rows, without


def ofx_sgml(*, card: bool = False) -> BankFile:
    """OFX 1: tags without ends. As QFX it is a credit card's."""
    rows = true_rows("en")
    kind, source = ("CCSTMTRS", "CCACCTFROM") if card else ("STMTRS", "BANKACCTFROM")
    entries = "".join(
        f"<STMTTRN>\r\n<TRNTYPE>OTHER\r\n<DTPOSTED>{r.booked_on:%Y%m%d}120000[-5:EST]\r\n<DTUSER>{r.value_on:%Y%m%d}\r\n"
        f"<TRNAMT>{r.amount:.2f}\r\n<FITID>2026{n:05}\r\n<NAME>{escape(r.counterparty)}\r\n<MEMO>{escape(r.text)}\r\n"
        "</STMTTRN>\r\n"
        for n, r in enumerate(rows)
    )
    head = "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\r\n"
    body = (
        f"<OFX><MSGSRSV1><{kind}>\r\n<CURDEF>USD\r\n<{source}>\r\n<BANKID>021000021\r\n<ACCTID>9876543210\r\n"
        f"</{source}>\r\n<BANKTRANLIST>\r\n<DTSTART>20260101\r\n{entries}</BANKTRANLIST>\r\n"
        f"<LEDGERBAL><BALAMT>{rows[-1].balance}<DTASOF>20260331</LEDGERBAL></{kind}></MSGSRSV1></OFX>"
    )
    expected = [replace(r, bank_reference=f"2026{n:05}") for n, r in enumerate(without(rows, "balance"))]
    return BankFile((head + body).encode("cp1252"), expected, "USD", "9876543210")


def ofx_xml() -> BankFile:
    """OFX 2, as some write it with a decimal comma."""
    rows = without(true_rows("br"), "balance")
    entries = "".join(
        f"<STMTTRN><DTPOSTED>{r.booked_on:%Y%m%d}</DTPOSTED><DTUSER>{r.value_on:%Y%m%d}</DTUSER>"
        f"<TRNAMT>{'-' if r.amount < 0 else ''}{_comma(r.amount)}</TRNAMT><FITID>A{n}</FITID>"
        f"<PAYEE><NAME>{escape(r.counterparty)}</NAME></PAYEE><MEMO>{escape(r.text)}</MEMO></STMTTRN>\n"
        for n, r in enumerate(rows)
    )
    data = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n<OFX><STMTRS><CURDEF>BRL'
        "</CURDEF><BANKACCTFROM><ACCTID>12345-6</ACCTID></BANKACCTFROM>"
        f"<BANKTRANLIST>{entries}</BANKTRANLIST></STMTRS></OFX>"
    )
    expected = [replace(r, bank_reference=f"A{n}") for n, r in enumerate(rows)]
    return BankFile(data.encode(), expected, "BRL", "12345-6")


def mt940_german() -> BankFile:
    """Structured details in fields of 27 characters; two messages, one for each half of the rows."""
    rows = without(true_rows("en"), "balance")
    data = ""
    for half in (rows[:30], rows[30:]):
        data += ":20:STARTUMSE\r\n:25:37040044/0532013000\r\n:28C:00001/001\r\n:60F:C260102EUR2500,00\r\n"
        for n, r in enumerate(half):
            mark = "D" if r.amount < 0 else "C"
            data += f":61:{r.value_on:%y%m%d}{r.booked_on:%m%d}{mark}{_comma(r.amount)}NMSCNONREF//{n}\r\n"
            data += f":86:005?00SEPA{_in_fields(r.text, 20, 27)}{_in_fields(r.counterparty, 32, 27)}\r\n"
        data += ":62F:C260331EUR1234,56\r\n-\r\n"
    return BankFile(data.encode("cp1252"), rows, "EUR", "37040044/0532013000")


def mt940_dutch() -> BankFile:
    """Details between slashes, in lines of 65 characters, within a SWIFT envelope; reversals."""
    rows = without(true_rows("en"), "balance")
    data = "{1:F01INGBNL2ABXXX0000000000}{2:I940INGBNL2AXN}{4:\r\n:20:P260331000000001\r\n"
    data += ":25:NL91ABNA0417164300EUR\r\n:28C:00000\r\n:60F:C260102EUR2500,00\r\n"
    for n, r in enumerate(rows):
        mark = ("RC" if n % 5 == 0 else "D") if r.amount < 0 else ("RD" if n % 14 == 0 else "C")
        words = f"/TRTP/SEPA/IBAN/NL02ABNA0123456789/NAME/{r.counterparty}/REMI/{r.text}/EREF/NOTPROVIDED"
        wrapped = "\r\n".join(words[i : i + 65] for i in range(0, len(words), 65))
        data += f":61:{r.value_on:%y%m%d}{r.booked_on:%m%d}{mark}{_comma(r.amount)}N123NONREF\r\n:86:{wrapped}\r\n"
    data += ":62F:D260331EUR77,10\r\n-}\r\n"
    return BankFile(data.encode("cp1252"), rows, "EUR", "NL91ABNA0417164300EUR")


def camt(version: str = "02") -> BankFile:
    """CAMT.053, with prefixes and the newer names from version 8 on."""
    rows = without(true_rows("de"), "balance")
    new = version == "08"

    def tag(name: str, *content: str) -> str:
        prefixed = f"doc:{name}" if new else name
        return f"<{prefixed}>{''.join(content)}</{prefixed}>"

    def amount(value: Decimal) -> str:
        written = tag("Amt", f"{abs(value):.2f}").replace("Amt>", 'Amt Ccy="EUR">', 1)
        return written + tag("CdtDbtInd", "DBIT" if value < 0 else "CRDT")

    entries = ""
    for n, r in enumerate(rows):
        name = tag("Nm", escape(r.counterparty))
        party = tag("Cdtr" if r.amount < 0 else "Dbtr", tag("Pty", name) if new else name)
        details = tag("TxDtls", tag("RltdPties", party), tag("RmtInf", tag("Ustrd", escape(r.text))))
        entries += tag(
            "Ntry",
            amount(r.amount),
            tag("Sts", tag("Cd", "BOOK") if new else "BOOK"),
            tag("BookgDt", tag("Dt", f"{r.booked_on}")),
            tag("ValDt", tag("DtTm", f"{r.value_on}T10:00:00+01:00")),
            tag("AcctSvcrRef", f"R{n}"),
            tag("NtryDtls", details),
        )
    account = tag("Acct", tag("Id", tag("IBAN", IBAN)), tag("Ccy", "EUR"))
    opening = tag("Bal", tag("Tp", tag("CdOrPrtry", tag("Cd", "OPBD"))), amount(Decimal("2500.00")))
    body = tag("Document", tag("BkToCstmrStmt", tag("Stmt", account, opening, entries)))
    space = f'xmlns{":doc" if new else ""}="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"'
    data = '<?xml version="1.0" encoding="UTF-8"?>\n' + body.replace("Document>", f"Document {space}>", 1)
    expected = [replace(r, currency="EUR", bank_reference=f"R{n}") for n, r in enumerate(rows)]
    return BankFile(data.encode(), expected, "EUR", IBAN)


def _comma(amount: Decimal) -> str:
    return f"{abs(amount):.2f}".replace(".", ",")


def _in_fields(text: str, first: int, length: int) -> str:
    """Pieces of a text in numbered fields; none begins or ends with a space, which banks would lose."""
    pieces: list[str] = []
    while text:
        end = length
        while len(text) > end and " " in (text[end - 1], text[end]):
            end -= 1
        pieces.append(text[:end])
        text = text[end:]
    return "".join(f"?{first + n}{piece}" for n, piece in enumerate(pieces))
