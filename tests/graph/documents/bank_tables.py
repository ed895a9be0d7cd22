"""Tables as banks of ten countries write them."""

from decimal import Decimal

from msgspec.structs import replace

from tests.graph.documents.bank_files import (
    IBAN,
    OPENING,
    BankFile,
    amount_de,
    amount_in,
    as_encoded,
    csv_lines,
    in_two_columns,
    true_rows,
    without,
)
from tests.graph.documents.xlsx import workbook


def german_savings_bank() -> BankFile:
    """Newest first, days with two digits of the year, quoted, cp1252, the account in a column."""
    rows = true_rows("de")[::-1]
    header = [
        "Auftragskonto",
        "Buchungstag",
        "Valutadatum",
        "Buchungstext",
        "Verwendungszweck",
        "Beguenstigter/Zahlungspflichtiger",
        "Kontonummer/IBAN",
        "BIC (SWIFT-Code)",
        "Betrag",
        "Waehrung",
        "Info",
    ]
    lines = [
        [
            IBAN,
            f"{r.booked_on:%d.%m.%y}",
            f"{r.value_on:%d.%m.%y}",
            "LASTSCHRIFT",
            r.text,
            r.counterparty,
            "DE02120300000000202051",
            "BYLADEM1001",
            amount_de(r.amount).replace(".", ""),
            "EUR",
            "Umsatz gebucht",
        ]
        for r in rows
    ]
    expected = [replace(r, text=f"LASTSCHRIFT {r.text}", currency="EUR") for r in without(rows, "balance")]
    data = csv_lines([header, *lines], ";", always_quoted=True).encode("cp1252", "replace")
    return BankFile(data, as_encoded(expected, "cp1252"), None, IBAN)


def german_direct_bank() -> BankFile:
    """Thirteen lines above the table, a balance, the currency twice."""
    rows = true_rows("de")[::-1]
    above = f"Umsatzanzeige;Datei erstellt am: 31.03.2026 10:00\r\n\r\nIBAN;{IBAN}\r\n"
    above += "Kontoname;Girokonto\r\nSaldo;1.234,56;EUR\r\n\r\n"
    header = [
        "Buchung",
        "Wertstellungsdatum",
        "Auftraggeber/Empfänger",
        "Buchungstext",
        "Verwendungszweck",
        "Saldo",
        "Währung",
        "Betrag",
        "Währung",
    ]
    lines = [
        [
            f"{r.booked_on:%d.%m.%Y}",
            f"{r.value_on:%d.%m.%Y}",
            r.counterparty,
            "Lastschrift",
            r.text,
            amount_de(r.balance or OPENING),
            "EUR",
            amount_de(r.amount),
            "EUR",
        ]
        for r in rows
    ]
    expected = [replace(r, text=f"Lastschrift {r.text}", currency="EUR") for r in rows]
    data = (above + csv_lines([header, *lines], ";")).encode("cp1252", "replace")
    return BankFile(data, as_encoded(expected, "cp1252"), "EUR", IBAN)


def german_cooperative_bank() -> BankFile:
    """Amounts without sign, S or H in a column of its own, totals below the table."""
    rows = without(true_rows("de"), "value_on", "balance")
    header = ["Buchungstag", "Empfänger", "Verwendungszweck", "Währung", "Umsatz", "S/H"]
    lines = [
        [
            f"{r.booked_on:%d.%m.%Y}",
            r.counterparty,
            r.text,
            "EUR",
            amount_de(abs(r.amount)),
            "S" if r.amount < 0 else "H",
        ]
        for r in rows
    ]
    below = [["", "", "", "", "", ""], ["31.03.2026", "", "Endsaldo", "EUR", "", ""]]
    data = csv_lines([header, *lines, *below], ";").encode("utf-8-sig")
    return BankFile(data, [replace(r, currency="EUR") for r in rows], None)


def french_bank() -> BankFile:
    """Debits with minus signs beside credits, spaces between thousands, cp1252."""
    rows = without(true_rows("fr"), "counterparty", "value_on", "balance")
    above = [["Compte de chèques", "n° 00012345678"], ["Solde au 31/03/2026", "1 234,56 €"], []]
    header = ["Date", "Libellé", "Débit euros", "Crédit euros"]
    lines = [
        [
            f"{r.booked_on:%d/%m/%Y}",
            r.text,
            *in_two_columns(r, lambda a: f"{a:,.2f}".replace(",", "\u00a0").replace(".", ","), "-"),
        ]
        for r in rows
    ]
    data = csv_lines([*above, header, *lines], ";").encode("cp1252")
    return BankFile(data, rows, "EUR", "00012345678")


def swiss_bank() -> BankFile:
    """Apostrophes between thousands, credit before debit, the currency in the header."""
    rows = without(true_rows("fr"), "counterparty")
    header = ["Datum", "Avisierungstext", "Gutschrift in CHF", "Lastschrift in CHF", "Valuta", "Saldo in CHF"]
    lines = [
        [
            f"{r.booked_on:%d.%m.%Y}",
            r.text,
            *in_two_columns(r, lambda a: f"{a:,.2f}".replace(",", "'"), "-")[::-1],
            f"{r.value_on:%d.%m.%Y}",
            f"{r.balance:,.2f}".replace(",", "'"),
        ]
        for r in rows[::-1]
    ]
    data = csv_lines([["Kontonummer:", "CH9300762011623852957"], header, *lines], ";").encode("utf-8-sig")
    return BankFile(data, rows[::-1], "CHF", "CH9300762011623852957")


def british_bank() -> BankFile:
    """Months as words, pounds before amounts, paid out and paid in."""
    rows = without(true_rows("en"), "counterparty", "value_on")
    lines = [
        [f"{r.booked_on:%d %b %Y}", "DEB", r.text, *in_two_columns(r, lambda a: f"£{a:,.2f}", ""), f"£{r.balance:,.2f}"]
        for r in rows
    ]
    data = csv_lines([["Date", "Type", "Description", "Paid out", "Paid in", "Balance"], *lines], ",").encode("cp1252")
    return BankFile(data, [replace(r, currency="GBP") for r in rows], None)


def american_bank() -> BankFile:
    """Month before day, the newest first, a balance."""
    rows = without(true_rows("en"), "counterparty", "value_on")[::-1]
    header = ["Details", "Posting Date", "Description", "Amount", "Type", "Balance", "Check or Slip #"]
    lines = [
        [
            "DEBIT" if r.amount < 0 else "CREDIT",
            f"{r.booked_on:%m/%d/%Y}",
            r.text,
            f"{r.amount:.2f}",
            "ACH_DEBIT",
            f"{r.balance:.2f}",
            "",
        ]
        for r in rows
    ]
    return BankFile(csv_lines([header, *lines], ",").encode(), rows, None)


def american_card() -> BankFile:
    """A credit card: what is spent is positive."""
    rows = without(true_rows("en"), "counterparty", "value_on", "balance")
    header = ["Date", "Description", "Card Member", "Account #", "Amount"]
    lines = [[f"{r.booked_on:%m/%d/%Y}", r.text, "ADA LOVELACE", "-71003", f"{-r.amount:.2f}"] for r in rows]
    return BankFile(csv_lines([header, *lines], ",").encode(), rows, None, "-71003")


def indian_bank() -> BankFile:
    """Lakhs, withdrawals and deposits, two digits of the year, stars below the header."""
    rows = without(true_rows("en"), "counterparty")
    above = [
        ["HDFC BANK Ltd."],
        ["Statement From : 01/01/2026 To : 31/03/2026"],
        ["Account No :", "50100012345678"],
        ["Currency : INR"],
    ]
    header = ["Date", "Narration", "Chq./Ref.No.", "Value Dt", "Withdrawal Amt.", "Deposit Amt.", "Closing Balance"]
    lines = [
        [
            f"{r.booked_on:%d/%m/%y}",
            r.text,
            f"0000{n:08}",
            f"{r.value_on:%d/%m/%y}",
            *in_two_columns(r, amount_in, ""),
            amount_in(r.balance or OPENING),
        ]
        for n, r in enumerate(rows)
    ]
    data = csv_lines([*above, header, ["*" * 8] * 7, *lines], ",").encode()
    return BankFile(data, rows, "INR", "50100012345678")


def brazilian_bank() -> BankFile:
    """C and D after the amount, decimal comma."""
    rows = without(true_rows("br"), "counterparty", "value_on", "balance")
    lines = [
        [f"{r.booked_on:%d/%m/%Y}", r.text, "000123", f"R$ {amount_de(abs(r.amount))} {'D' if r.amount < 0 else 'C'}"]
        for r in rows
    ]
    data = csv_lines([["Data", "Histórico", "Documento", "Valor"], *lines], ";").encode("cp1252")
    return BankFile(data, [replace(r, currency="BRL") for r in rows], None)


def dutch_bank() -> BankFile:
    """Days without separators, Af and Bij, everything quoted."""
    rows = without(true_rows("en"), "value_on", "balance")
    header = [
        "Datum",
        "Naam / Omschrijving",
        "Rekening",
        "Tegenrekening",
        "Code",
        "Af Bij",
        "Bedrag (EUR)",
        "Mutatiesoort",
        "Mededelingen",
    ]
    lines = [
        [
            f"{r.booked_on:%Y%m%d}",
            r.counterparty,
            "NL91ABNA0417164300",
            "NL02ABNA0123456789",
            "BA",
            "Af" if r.amount < 0 else "Bij",
            f"{abs(r.amount):.2f}".replace(".", ","),
            "Betaalautomaat",
            r.text,
        ]
        for r in rows
    ]
    data = csv_lines([header, *lines], ",", always_quoted=True).encode()
    return BankFile(data, rows, "EUR", "NL91ABNA0417164300")


def polish_bank() -> BankFile:
    """cp1250, spaces between thousands, the currency after each amount, much above and below the table."""
    rows = without(true_rows("pl"), "counterparty", "value_on")[::-1]
    above = "mBank S.A.;;;\r\n#Klient;;;\r\nANNA ŁĘCKA;;;\r\n\r\n#Waluta;\r\nPLN;\r\n\r\n"
    above += "#Podsumowanie obrotów;#Liczba;#Wartość;\r\nUznania;9;12,00 PLN;\r\n\r\n"

    def amount(value: Decimal) -> str:
        return f"{value:,.2f}".replace(",", " ").replace(".", ",") + " PLN"

    lines = [
        [f"{r.booked_on:%Y-%m-%d}", r.text, "eKonto 1111 ... 2222", amount(r.amount), amount(r.balance or OPENING)]
        for r in rows
    ]
    header = ["#Data operacji", "#Opis operacji", "#Rachunek", "#Kwota", "#Saldo po operacji"]
    below = "\r\n;;;#Saldo końcowe;1 234,00 PLN\r\n"
    data = (above + csv_lines([header, *lines], ";") + below).encode("cp1250")
    return BankFile(data, [replace(r, currency="PLN") for r in rows], "PLN", "eKonto 1111 ... 2222")


def swedish_bank() -> BankFile:
    """UTF-16 with tabs, true minus signs."""
    rows = without(true_rows("se"), "counterparty")[::-1]
    header = ["Bokföringsdatum", "Valutadatum", "Verifikationsnummer", "Text", "Belopp", "Saldo"]
    lines = [
        [
            f"{r.booked_on}",
            f"{r.value_on}",
            f"{5490990 + n}",
            r.text,
            f"{r.amount:.2f}".replace(".", ",").replace("-", "−"),
            f"{r.balance:.2f}".replace(".", ",").replace("-", "−"),
        ]
        for n, r in enumerate(rows)
    ]
    return BankFile(csv_lines([header, *lines], "\t").encode("utf-16"), rows, None)


def norwegian_bank() -> BankFile:
    """Out of and into the account, without balance."""
    rows = without(true_rows("se"), "counterparty", "balance")
    header = ["Dato", "Forklaring", "Rentedato", "Ut fra konto", "Inn på konto"]
    lines = [
        [f"{r.booked_on:%d.%m.%Y}", r.text, f"{r.value_on:%d.%m.%Y}", *in_two_columns(r, amount_de, "")] for r in rows
    ]
    data = csv_lines([header, *lines], ";", always_quoted=True).encode("iso8859-1", "replace")
    return BankFile(data, as_encoded(rows, "iso8859-1"), None)


def australian_bank() -> BankFile:
    """No header."""
    rows = without(true_rows("en"), "counterparty", "value_on")[::-1]
    lines = [[f"{r.booked_on:%d/%m/%Y}", f"{r.amount:+.2f}", r.text, f"{r.balance:+.2f}"] for r in rows]
    return BankFile(csv_lines(lines, ",").encode(), rows, None)


def spanish_workbook() -> BankFile:
    """XLSX with true days and numbers."""
    rows = without(true_rows("fr"), "counterparty")
    lines = [[r.booked_on, r.value_on, r.text, r.amount, r.balance, "EUR"] for r in rows]
    above = [["Movimientos de la cuenta"], ["IBAN", "ES9121000418450200051332"], []]
    header = ["Fecha operación", "Fecha valor", "Concepto", "Importe", "Saldo", "Divisa"]
    data = workbook([*above, header, *lines, ["Total", None, None, None, None, None]])
    return BankFile(data, [replace(r, currency="EUR") for r in rows], None, "ES9121000418450200051332")


def italian_workbook() -> BankFile:
    """XLSX with everything as text."""
    rows = without(true_rows("br"), "counterparty", "balance")
    lines = [
        [f"{r.booked_on:%d/%m/%Y}", f"{r.value_on:%d/%m/%Y}", *in_two_columns(r, amount_de, ""), r.text] for r in rows
    ]
    header = ["Data Contabile", "Data Valuta", "Addebiti (€)", "Accrediti (€)", "Descrizione"]
    return BankFile(workbook([header, *lines]), rows, "EUR")
