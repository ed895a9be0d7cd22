"""What a receipt's words say: total, day, merchant and currency."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from graph.documents.contents import Contents, Page, Receipt
from graph.documents.values import MONTHS, currencies_in, plain, read_money

TOTALS = (
    (
        "grand total", "total due", "amount due", "balance due", "total to pay", "zu zahlen", "zu zahlender betrag",
        "gesamtbetrag", "total ttc", "total a payer", "net a payer", "te betalen", "do zaplaty", "att betala",
        "total a pagar", "total importe", "importe total", "total eur", "total chf", "total usd", "total gbp",
        "rechnungsbetrag", "totale complessivo", "at betale", "a betale",
    ),
    ("total", "summe", "gesamt", "totaal", "suma", "razem", "totale", "totalt", "endsumme", "montant", "i alt", "sum",
     "importe", "betrag", "amount"),
)  # fmt: skip
"""Words before the total, the surest first."""
NO_TOTALS = (
    "subtotal", "sub total", "zwischensumme", "sous total", "subtotaal", "netto", "net", "mwst", "ust", "vat", "tax",
    "tva", "btw", "iva", "moms", "mva", "steuer", "impuesto", "change", "ruckgeld", "wechselgeld", "rendu",
    "wisselgeld", "cambio", "troco", "reszta", "vaxel", "cash", "bar", "gegeben", "especes", "contant", "efectivo",
    "gotowka", "kontant", "tendered", "rabatt", "discount", "remise", "korting", "savings", "saved", "points",
    "items", "artikel", "articles", "qty", "ptu", "discounts", "tip", "imponibile", "resto", "contanti", "ht",
)  # fmt: skip
_PAPERS = frozenset(
    """receipt rechnung quittung kassenbon bon invoice ticket recu facture kvitto kvittering paragon fiskalny bonnetje
    welcome willkommen bienvenue welkom tax customer copy original beleg kundenbeleg scontrino fattura recibo""".split()  # noqa: SIM905
)
_STATEMENT_WORDS = re.compile(
    r"\b(account statement|kontoauszug|relev[ée] de compte|rekeningafschrift|extrato|estratto conto|opening balance|"
    r"closing balance|kontostand|wyci[ąa]g)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"(?<![\d.,:/-])(?:[€£$₹]|R\$|[A-Z]{3})? ?-?\d{1,3}(?:[ .,'’]?\d{3})*(?: ?[.,] ?\d{2})(?![\d:/%]|[.,]\d| ?%)"
)
_HALF_DAY = re.compile(r"\d ?[AP]M\b")
# A time may follow a day without a space: that is how text is found in a picture.
_DATES = (
    (re.compile(r"(?<!\d)(20\d\d)\s?[-./]\s?(\d{1,2})\s?[-./]\s?(\d{1,2})(?=\D|$|\d\d:\d\d)"), "ymd"),
    (re.compile(r"(?<!\d)(\d{1,2})\s?([-./])\s?(\d{1,2})\s?\2\s?(20\d\d|\d\d)(?=\D|$|\d?\d:\d\d)"), "numbers"),
    (re.compile(r"(?<!\d)(\d{1,2})\.?[ -/]{0,2}([^\W\d_]{3,10})\.?[ -/,]{0,2}(20\d\d|\d\d)(?!\d)"), "dmy"),
    (re.compile(r"([^\W\d_]{3,10})\.? ?(\d{1,2})(?:st|nd|rd|th)?,? ?(20\d\d)(?!\d)"), "mdy"),
)


def read_receipt(lines: Sequence[str], *, score: float) -> Receipt:
    """What the lines of a receipt say, as far as they do."""
    currency = _currency(lines)
    american = currency == "USD" or (currency is None and any(_HALF_DAY.search(line) for line in lines))
    return Receipt(_total(lines), currency, _day(lines, american=american), _merchant(lines), round(score, 3))


def contents_of(texts: Sequence[str], format: str, *, score: float = 1.0) -> Contents:
    """A document of these pages; one or two that say a total and a day are a receipt.

    Args:
        score: how sure the letters were recognised, 0 to 1.
    """
    pages = [Page(number, text) for number, text in enumerate(texts, start=1)]
    lines = [line for text in texts for line in text.split("\n") if line]
    if len(pages) <= 2 and looks_like_receipt(lines):
        return Contents("receipt", format, pages=pages, receipt=read_receipt(lines, score=score))
    return Contents("text", format, pages=pages)


def looks_like_receipt(lines: Sequence[str]) -> bool:
    """Whether the lines name a total and a day, and are no bank statement."""
    if any(_STATEMENT_WORDS.search(line) for line in lines):
        return False
    named = any(_rank(line) is not None and _amounts(line) for line in lines)
    return named and _day(lines, american=False) is not None


def _total(lines: Sequence[str]) -> Decimal | None:
    """The amount beside or below the surest word; the largest, where several are as sure or no word is there."""
    found: dict[int, list[Decimal]] = {}
    for number, line in enumerate(lines):
        rank = _rank(line)
        if rank is None:
            continue
        amounts = _amounts(line)
        if not amounts and number + 1 < len(lines) and _rank(lines[number + 1]) is None:
            following = lines[number + 1]
            amounts = _amounts(following) if not any(c.isalpha() for c in _AMOUNT.sub("", following)) else []
        if amounts:
            found.setdefault(rank, []).append(amounts[-1])
    if found:
        return max(found[min(found)])
    amounts = [amount for line in lines if not _is_no_total(line) for amount in _amounts(line)]
    return max(amounts, default=None)


def _rank(line: str) -> int | None:
    words = f" {plain(_AMOUNT.sub(' ', line))} "
    squeezed = words.replace(" ", "")
    if _is_no_total(line):
        return None
    for rank, names in enumerate(TOTALS):
        if any(
            f" {name} " in words or (len(name) > 4 and squeezed.startswith(name.replace(" ", ""))) for name in names
        ):
            return rank
    return None


def _is_no_total(line: str) -> bool:
    words = f" {plain(_AMOUNT.sub(' ', line))} "
    inclusive = " incl " in words or " inkl " in words or " inc " in words or " ttc " in words
    return any(f" {name} " in words for name in NO_TOTALS) and not inclusive


def _amounts(line: str) -> list[Decimal]:
    """Amounts with cents, which is how receipts write them."""
    found: list[Decimal] = []
    for match in _AMOUNT.finditer(line):
        digits = re.sub(r" ?([.,]) ?(\d{2})$", r"\1\2", match.group().strip())
        mark = digits[-3]
        value = read_money(digits.lstrip("€£$₹ "), "," if mark == "," else ".")
        if value is not None:
            found.append(value.value)
    return found


def _day(lines: Sequence[str], *, american: bool) -> date | None:
    """The first day that is one; those beside a word such as “date” come first."""
    named = [line for line in lines if {"date", "datum", "data", "fecha", "dato"} & set(plain(line).split())]
    for line in [*named, *lines]:
        for pattern, order in _DATES:
            for match in pattern.finditer(line):
                if day := _made(match.groups(), order, american=american):
                    return day
    return None


def _made(groups: Sequence[str], order: str, *, american: bool) -> date | None:
    if order == "numbers":
        first, mark, second, year = groups
        month_first = (american and mark in "/-" and int(first) <= 12) or int(second) > 12
        return _date(year, first if month_first else second, second if month_first else first)
    if order == "ymd":
        return _date(*groups)
    day, name, year = groups if order == "dmy" else (groups[1], groups[0], groups[2])
    month = MONTHS.get(plain(name)) or MONTHS.get(plain(name)[:3])
    return _date(year, str(month), day) if month else None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return None


def _currency(lines: Sequence[str]) -> str | None:
    counts = Counter(
        code for line in lines for code in currencies_in(line) if _amounts(line) or _rank(line) is not None
    )
    counts.update(code for line in lines if _rank(line) is not None for code in currencies_in(line))
    return counts.most_common(1)[0][0] if counts else None


def _merchant(lines: Sequence[str]) -> str | None:
    """The first line that is a name: words, no paper's title, no address and no number."""
    for line in lines[:6]:
        words = plain(line).split()
        letters = sum(c.isalpha() for c in line)
        digits = sum(c.isdigit() for c in line)
        if letters >= 3 and digits <= letters // 4 and not _PAPERS & set(words) and not _amounts(line):
            return " ".join(line.split())[:80]
    return None
