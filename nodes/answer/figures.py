"""Figures of an answer that come from nowhere: no tool computed them, and the user did not say them.

A figure is an amount, a percentage or a count, as people write it: 1,234.50 or 1.234,50 or 1 234,50 €, 12 %, or
3 payments. Dates, years, times, numbers of list entries and numbers within words are none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from nodes.tools.results import Result

MOST = 50
"""Figures that are listed."""
NUMBER = "number"
"""The unit of what a tool counted: no amount of money."""
PERCENT = "percent"

_MONTH = (
    r"(?:jan(?:uary|uar|vier|eiro)?|ener?o?|gennaio|feb(?:ruary|ruar|rero|braio)?|f[ée]v(?:rier|ereiro)?|mar(?:ch|zo|s|ço)?"
    r"|märz|maart|apr(?:il|ile)?|avril|abril|may|mai|maggio|mayo|mei|maio|june?|juni|juin|giugno|junio|junho|july?|juli"
    r"|juillet|luglio|julio|julho|aug(?:ust|ustus)?|août|agosto|sept?(?:ember|embre|iembre)?|settembre|setembro"
    r"|okt(?:ober)?|oct(?:ober|obre|ubre)?|ottobre|outubro|nov(?:ember|embre|iembre|embro)?|dec(?:ember|embro)?"
    r"|dez(?:ember|embro)?|déc(?:embre)?|dic(?:embre|iembre)?)\b\.?"
)
_ORDINAL = r"(?:st|nd|rd|th|\.|º|er)?"
_NO_AMOUNT = r"(?!\d|[.,]\d|\s?[%€$£])"
_FROM_A_DIGIT = "|".join((
    rf"\d{{4}}[-/]\d{{1,2}}(?:[-/]\d{{1,2}})?(?:T[\d:.]+Z?)?{_NO_AMOUNT}",
    rf"\d{{1,2}}([./-])\d{{1,2}}\1(?:\d{{4}}|\d{{2}})?{_NO_AMOUNT}",
    r"\d{1,2}[.:]\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b|\s?Uhr\b)|\d{1,2}:\d{2}(?::\d{2})?|\d{1,2}\s?[ap]\.?m\b",
    r"\d+(?:/\d+)+\b",
    rf"\d{{1,2}}{_ORDINAL}\s?(?:to|until|and|bis|und|à|al?|e|y|–|-)\s?\d{{1,2}}{_ORDINAL}\s+(?:of\s+|de\s+)?{_MONTH}",
    rf"\d{{1,2}}{_ORDINAL}\s+(?:of\s+|de\s+)?{_MONTH}",
    r"\d+(?:st|nd|rd|th)\b",
    r"401\s?\(?k\)?",
))  # fmt: skip
_FROM_A_LETTER = "|".join((
    rf"{_MONTH}\s+\d{{1,2}}{_ORDINAL}(?:\s?(?:to|–|-)\s?\d{{1,2}}{_ORDINAL})?\b{_NO_AMOUNT}",
    r"(?:steps?|options?|points?|pages?|no\.|nr\.|n°|form|section|version|chapter|box|line|week|q)\s?#?\d+\b",
))  # fmt: skip
_NO_FIGURES = re.compile(
    "|".join((
        r"(?:https?://|www\.)\S+",
        r"\[(?:card|IBAN|id|phone|key|e-?mail|password)[^\]\n]*\]",
        r"^[ \t]*(?:[-*>][ \t]+)?[(\[]?\d{1,3}[.)\]](?=\s)",
        # Most are tried where a word begins and not at each character, and by what it begins with.
        rf"\b(?:(?=\d)(?:{_FROM_A_DIGIT})|(?=[^\W\d])(?:{_FROM_A_LETTER}))",
        r"#\d+\b",
    )),
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip

_SIGNS = {"€": ("EUR",), "£": ("GBP",), "¥": ("JPY", "CNY"), "₹": ("INR",), "₺": ("TRY",), "$": (
    "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN")}  # fmt: skip
_WORDS = {"euro": ("EUR",), "dollar": _SIGNS["$"], "pound": ("GBP",), "franc": ("CHF",), "cent": ()}
_CODES = r"[A-Z]{3}(?![A-Za-z])"
_CURRENCY = rf"(?:[€£¥₹₺$]|{_CODES})"
_FIGURE = re.compile(
    rf"(?P<before>(?<![\w])(?:US|C|A)?{_CURRENCY}\s?)?"
    r"(?<![\w.,'’•:])[-−+]?"
    r"(?P<number>\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d{1,4})?(?!\d)|\d+(?:[.,]\d+)*)"
    r"(?:\s?(?P<many>k|thousand|million|billion|mio\.?|m|bn)\b)?"
    rf"(?:\s?(?P<percent>%|‰|per\s?cent|pct|Prozent|pour\s?cent|por\s?ciento)"
    rf"|\s?(?P<after>[€£¥₹₺$]|{_CODES}|(?:euro|dollar|pound|franc|cent)s?\b))?"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_MANY = {"k": 3, "thousand": 3, "m": 6, "mio": 6, "million": 6, "bn": 9, "billion": 9}
_IN_WORD = re.compile(r"-?[^\W\d_]")


class Known(NamedTuple):
    """A figure that is known."""

    value: Decimal
    """Without its sign: people say "spent 12" of -12."""
    unit: str | None
    """`percent`, `number`, a currency, or None where nothing is said."""


class Written(NamedTuple):
    """A figure as it is written in a text."""

    text: str
    values: tuple[Decimal, ...]
    """What it may mean: 1.234 is two numbers."""
    step: Decimal | None
    """What it is rounded to: whole units, or thousands of 12k; None where it has decimal places, and so is exact."""
    units: tuple[str, ...] | None
    """The currencies that its sign stands for, or `percent`; None where nothing is said."""


def unverified_figures(answer: str, results: Sequence[Result], said: Iterable[str]) -> list[str]:
    """The figures of the answer, as they stand in it, that are in none of the results and in none of the texts."""
    written = list(figures_in(answer))
    if not written:
        return []
    known = {figure for text in said for figure in _known_in(text)}
    for result in results:
        known.update(_known_of(result))
    missing = (figure.text for figure in written if not any(_is_same(figure, one) for one in known))
    return list(dict.fromkeys(missing))[:MOST]


def figures_in(text: str) -> Iterator[Written]:
    """The figures of a text."""
    if not _FIGURE.search(text):
        return
    bare = _NO_FIGURES.sub(lambda found: re.sub(r"\d", "x", found[0]), text)
    for found in _FIGURE.finditer(bare):
        if found.end() == found.end("number") and _IN_WORD.match(bare, found.end()):
            continue  # 3D, 30-year
        units = _units(found)
        if units is None and not found["many"] and _YEAR.fullmatch(found["number"]):
            continue
        power = _MANY.get((found["many"] or "").lower().rstrip("."), 0)
        values = tuple(value.scaleb(power) for value in _readings(found["number"]))
        exponent = max(int(value.as_tuple().exponent) for value in values)
        yield Written(found[0].strip(), values, Decimal(1).scaleb(exponent) if exponent >= 0 else None, units)


def _readings(number: str) -> list[Decimal]:
    """The numbers that the digits may mean, by what separates them."""
    digits = re.sub(r"[ \u00a0\u202f'’]", "", number)
    marks = [mark for mark in digits if mark in ".,"]
    if not marks:
        return [Decimal(digits)]
    whole, last = digits.rsplit(marks[-1], 1)
    grouped = Decimal(re.sub("[.,]", "", digits))
    pointed = Decimal(f"{re.sub('[.,]', '', whole)}.{last}")
    if len(marks) > 1:
        return [grouped] if len(set(marks)) == 1 else [pointed]
    # 1.234 and 1,234 are a thousand to some and a little over one to others; 0.234 and 1.23 are clear.
    return [grouped, pointed] if len(last) == 3 and len(whole) <= 3 and not whole.startswith("0") else [pointed]


def _units(found: re.Match[str]) -> tuple[str, ...] | None:
    if found["percent"]:
        return (PERCENT,)
    sign = (found["after"] or found["before"] or "").strip()
    if not sign:
        return None
    word = sign.lower().rstrip("s")
    return _SIGNS.get(sign[-1]) or _WORDS.get(word, (sign.upper(),)) or None


def _known_in(text: str) -> Iterator[Known]:
    for figure in figures_in(text):
        for value in figure.values:
            for unit in figure.units or (None,):
                yield Known(value, unit)


def _known_of(result: Result) -> Iterator[Known]:
    """Every figure of a result, its words and its rows included."""
    for figure in result["figures"]:
        if (unit := figure.get("unit")) != "date":
            yield Known(abs(Decimal(figure["value"])), PERCENT if unit == PERCENT else figure["currency"] or NUMBER)
    kinds = [column["kind"] for column in result["columns"]]
    place = next((at for at, column in enumerate(result["columns"]) if column["name"] == "Currency"), None)
    for row in result["rows"]:
        currency = row[place] if place is not None else None
        for kind, cell in zip(kinds, row, strict=True):
            if kind == "text":
                yield from _known_in(cell or "")
            elif cell and kind != "date":
                yield Known(abs(Decimal(cell)), {"amount": currency, "percent": PERCENT}.get(kind, NUMBER))
    yield Known(Decimal(result["row_count"]), NUMBER)
    for text in (result["words"], result["method"], *result["notes"], *(one["name"] for one in result["figures"])):
        yield from _known_in(text)


def _is_same(figure: Written, known: Known) -> bool:
    """Whether a figure says what is known, exactly or rounded to whole units."""
    if figure.units and known.unit and known.unit not in figure.units:
        return False
    if figure.units == (PERCENT,) and known.unit != PERCENT:
        return False
    return any(value in (known.value, *_rounded(known.value, figure.step)) for value in figure.values)


def _rounded(value: Decimal, step: Decimal | None) -> tuple[Decimal, ...]:
    if step is None:
        return ()
    return tuple((value / step).to_integral_value(way) * step for way in (ROUND_HALF_UP, ROUND_HALF_EVEN))
