"""The household's bank statements as files: two conventions of CSV, OFX and CAMT.053."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple
from xml.sax.saxutils import escape

from graph.demo.household import ACCOUNTS, MONTHS, Household, Movement, OwnAccount, months_before
from graph.demo.merchants import AccountKey

OVERLAP = timedelta(days=5)
"""By which a statement begins before the one before it ends, as people download them."""


class File(NamedTuple):
    """A file that a user could send."""

    name: str
    media_type: str
    content: bytes


class Line(NamedTuple):
    """A movement in its account."""

    movement: Movement
    balance: Decimal
    """After it."""
    reference: str
    """Unique in the account."""


def bank_files(home: Household) -> list[File]:
    """The statements of all accounts, one for each year up to the household's month."""
    return [
        File(f"{name} {first:%Y-%m} to {last:%Y-%m}.{ending}", media_type, write(ACCOUNTS[account], part))
        for account, (name, ending, media_type, write) in _WRITERS.items()
        for first, last in _years(home.until)
        for part in [[one for one in _lines(home, account) if first - OVERLAP <= one.movement.day <= last]]
    ]


def _years(until: date) -> list[tuple[date, date]]:
    """First and last days."""
    firsts = [months_before(until, months - 1) for months in range(MONTHS, 0, -12)]
    return list(zip(firsts, [*(first - timedelta(days=1) for first in firsts[1:]), until], strict=True))


def _lines(home: Household, account: AccountKey) -> list[Line]:
    movements = home.of(account)
    own = Counter[str]()
    balances = accumulate((one.amount for one in movements if one.currency == "EUR"), initial=ACCOUNTS[account].opening)
    balance, lines = next(balances), list[Line]()
    for one in movements:
        balance = next(balances) if one.currency == "EUR" else balance
        own[f"{one.day:%Y%m%d}"] += 1
        lines.append(Line(one, balance, f"{one.day:%Y%m%d}{own[f'{one.day:%Y%m%d}']:03}"))
    return lines


def _comma_csv(account: OwnAccount, lines: Sequence[Line]) -> bytes:
    """Semicolons, days before months, decimal commas, the newest first, cp1252."""
    rows = [["Brenner Bank", "Turnover"], ["IBAN", account.number], []]
    rows.append(["Booking date", "Value date", "Payee", "Details", "Amount (EUR)", "Balance (EUR)"])
    rows += [
        [f"{one.day:%d.%m.%Y}", f"{one.day:%d.%m.%Y}", one.payee, one.words, _comma(one.amount), _comma(line.balance)]
        for line in reversed(lines)
        for one in [line.movement]
    ]
    return _table(rows, ";").encode("cp1252")


def _comma(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _point_csv(account: OwnAccount, lines: Sequence[Line]) -> bytes:
    """Commas, months as words, decimal points, debits and credits apart, a currency for each row, UTF-8."""
    rows = [["Account", account.number], ["Date", "Merchant", "Reference", "Debit", "Credit", "Currency"]]
    rows += [
        [f"{one.day:%d %b %Y}", one.payee, one.words, f"{-one.amount}" if one.amount < 0 else "",
         f"{one.amount}" if one.amount > 0 else "", one.currency]
        for line in lines for one in [line.movement]
    ]  # fmt: skip
    return _table(rows, ",").encode("utf-8-sig")


def _table(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()


def _ofx(account: OwnAccount, lines: Sequence[Line]) -> bytes:
    """OFX 2."""
    entries = "".join(
        f"<STMTTRN><TRNTYPE>OTHER</TRNTYPE><DTPOSTED>{one.day:%Y%m%d}</DTPOSTED><TRNAMT>{one.amount}</TRNAMT>"
        f"<FITID>{line.reference}</FITID><NAME>{escape(one.payee)}</NAME><MEMO>{escape(one.words)}</MEMO></STMTTRN>\n"
        for line in lines
        for one in [line.movement]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n<OFX><STMTRS>'
        f"<CURDEF>EUR</CURDEF><BANKACCTFROM><ACCTID>{account.number}</ACCTID></BANKACCTFROM><BANKTRANLIST>\n{entries}"
        f"</BANKTRANLIST><LEDGERBAL><BALAMT>{lines[-1].balance}</BALAMT></LEDGERBAL></STMTRS></OFX>\n"
    ).encode()


def _camt(account: OwnAccount, lines: Sequence[Line]) -> bytes:
    """CAMT.053, version 2."""
    entries = "".join(
        f'<Ntry><Amt Ccy="EUR">{abs(one.amount)}</Amt><CdtDbtInd>{"DBIT" if one.amount < 0 else "CRDT"}</CdtDbtInd>'
        f"<Sts>BOOK</Sts><BookgDt><Dt>{one.day}</Dt></BookgDt><ValDt><Dt>{one.day}</Dt></ValDt>"
        f"<AcctSvcrRef>{line.reference}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties>{_party(one)}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(one.words)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
        for line in lines
        for one in [line.movement]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">'
        f"<BkToCstmrStmt><Stmt><Acct><Id><IBAN>{account.number}</IBAN></Id><Ccy>EUR</Ccy></Acct>\n{entries}</Stmt>"
        "</BkToCstmrStmt></Document>\n"
    ).encode()


def _party(one: Movement) -> str:
    tag = "Cdtr" if one.amount < 0 else "Dbtr"
    return f"<{tag}><Nm>{escape(one.payee)}</Nm></{tag}>"


_WRITERS: dict[AccountKey, tuple[str, str, str, Callable[[OwnAccount, Sequence[Line]], bytes]]] = {
    "joint": ("Brenner Bank joint account", "csv", "text/csv", _comma_csv),
    "own": ("Lindhof Bank Mara", "ofx", "application/x-ofx", _ofx),
    "card": ("Brenner Card", "csv", "text/csv", _point_csv),
    "savings": ("Lindhof Bank savings", "xml", "application/xml", _camt),
}
