"""Amounts, rates and dates ahead as people say them in English: "€1,200", "6k", "200 a month", "by june 2027"."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from nodes.questions.periods import MONTHS, NUMBERS, SHORT, find_period

Role = Literal["plain", "monthly", "saved", "extra", "owed"]

CURRENCIES = {
    "eur": "EUR", "euro": "EUR", "euros": "EUR", "€": "EUR", "usd": "USD", "us$": "USD", "$": "USD", "dollar": "USD",
    "dollars": "USD", "gbp": "GBP", "£": "GBP", "pound": "GBP", "pounds": "GBP", "chf": "CHF", "franc": "CHF",
    "francs": "CHF",
}  # fmt: skip
_CURRENCY = "|".join(re.escape(one) for one in sorted(CURRENCIES, key=len, reverse=True))
_COUNT = rf"\d{{1,3}}|an?|half an?|{'|'.join(NUMBERS)}"
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?"
_AMOUNT = re.compile(
    rf"(?P<before>(?<!\w)(?:{_CURRENCY}) ?)?(?<![\w.,-])(?P<number>{_NUMBER})"
    rf"(?: ?(?P<many>k|thousand|grand|million))?(?![\w%])(?![.,-]\d)(?: ?(?P<after>{_CURRENCY})(?!\w))?"
)
_RATE = re.compile(r"(?<![\w.,])(\d{1,3}(?:\.\d{1,3})?) ?(?:%|percent\b|per cent\b)(?: (?:interest|apr))?")
_MANY = {"k": 1000, "thousand": 1000, "grand": 1000, "million": 1_000_000}
_MONTHLY = re.compile(r"^(?: more| extra| aside| away)?(?: ?(?:a|per|each|every|/) ?month| monthly)\b")
_MONTHLY_BEFORE = re.compile(r"\bmonthly (?:payments? |rate )?(?:of |is )?$")
_SAVED = re.compile(
    r"\b(?:already (?:have |saved )?|(?:have|got|has) (?:already )?(?:saved )?|saved(?: up)? )(?:about )?$"
)
_SAVED_AFTER = re.compile(r"^ ?(?:already |are |is )?(?:saved|put aside|so far|there already)\b")
_WANTED = re.compile(
    r"\b(?:to|will (?:i|we)|(?:i|we)'ll|(?:until|till|til|before|when|once) (?:i|we)(?:'ve| will)?)"
    r" (?:have|got|get|saved) (?:up |about |to |saved )*$"
)
_EXTRA = re.compile(r"\b(?:extra|additional(?:ly)?|more|on top)\b")
_OWED = re.compile(r"\b(?:owe|loan of|debt of|balance of|credit of|mortgage of) (?:about )?$")
_OWED_AFTER = re.compile(r"^ ?(?:loan|debt|mortgage|credit)\b")
_WANTING = (
    r"save|saved|saving|have|got|has|already|target of|goal of|need|owe|loan of|debt of|balance of|aside|away|extra"
    r"|additional|another|reach|put|get to|up to|come to|hit|want|wants"
)
_WANTS = re.compile(rf"\b(?:{_WANTING}) (?:up |about |me )?$")
_BARE = re.compile(rf"\b(?:{_WANTING}|pay|paying|with|to|of|for|from|monthly|at|doing|its) (?:up |about |me )?$")
_NUMBERED = re.compile(r"\b(?:account|card|number|no|ending|in|with|iban) $")
_YEAR = re.compile(r"(?:19|20)\d\d")
_CENTS = re.compile(r"\.\d\d$")
_RATED = re.compile(r"^ (?:at|with|plus|and) RATE")
_NO_AMOUNT_AFTER = re.compile(
    r"^ ?(?:largest|biggest|highest|most|months?|years?|weeks?|days?|payments?|transactions?|purchases?|documents?"
    rf"|receipts?|expenses?|categories|merchants?|{'|'.join([*MONTHS, *SHORT])})\b"
)


class Amount(NamedTuple):
    """An amount that a question says."""

    value: Decimal
    currency: str | None
    role: Role
    """What it is, by the words beside it; `plain` where they say nothing."""


class Amounts(NamedTuple):
    """What was found, and the question with it taken out."""

    amounts: list[Amount]
    rate: Decimal | None
    """Per cent."""
    rest: str


class Ahead(NamedTuple):
    """When something has to be there."""

    due_on: date | None
    months: int | None
    rest: str


_UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90
}  # fmt: skip
_WORDED = re.compile(
    rf"\b(?:a (?=hundred|thousand))?(?:{'|'.join([*_UNITS, *_TENS, 'hundred', 'thousand'])})"
    rf"(?:(?: and |[ -])(?:{'|'.join([*_UNITS, *_TENS, 'hundred', 'thousand'])}))*\b"
)
_SMALL = 12
"""Numbers up to this are read as words where they count something."""


def as_digits(text: str) -> str:
    """The question with its larger numbers in digits, which dictation writes in words: "nineteen percent"."""
    return _WORDED.sub(lambda found: _in_digits(found[0]) or found[0], text)


def _in_digits(said: str) -> str | None:
    """The number that words say; None where it is small, or they are no number, as "twenty twenty six"."""
    whole, part, last = 0, 0, 1_000_000
    for word in re.split(r"[ -]", said.replace(" and ", " ").removeprefix("a ")):
        size = 100 if word == "hundred" else 1000 if word == "thousand" else _UNITS.get(word) or _TENS[word]
        if word == "thousand":
            whole, part = whole + 1000 * (part or 1), 0
        elif word == "hundred":
            part = 100 * (part or 1)
        elif size >= last or (last < 20):
            return None
        else:
            part += size
        last = 1000 if word in ("hundred", "thousand") else size
    number = whole + part
    return str(number) if number > _SMALL else None


def find_amounts(text: str) -> Amounts:
    """The amounts and the first rate of a question in lower case; `AMOUNT` and `RATE` stand in their places."""
    rate = None
    if found := _RATE.search(text):
        rate = Decimal(found[1])
        text = f"{text[: found.start()]}RATE{text[found.end() :]}"
    amounts: list[Amount] = []
    parts, end = list[str](), 0
    for found in _AMOUNT.finditer(text):
        before, after = text[: found.start()], text[found.end() :]
        if not _is_amount(found, before, after):
            continue
        value = Decimal(found["number"].replace(",", "")) * _MANY.get(found["many"] or "", 1)
        sign = (found["before"] or found["after"] or "").strip()
        monthly = _MONTHLY.match(after)
        amounts.append(Amount(value, CURRENCIES.get(sign), _role(before, after, monthly is not None)))
        parts += [text[end : found.start()], "AMOUNT"]
        end = found.end()
    return Amounts(amounts, rate, "".join([*parts, text[end:]]))


_NOUN = (
    r"(?:payments?|transactions?|purchases?|expenses?|ones|those|bills?|orders?|charges?|items?|things|anything|everything"
    r"|all|visits?|any|only|just|deposits?|withdrawals?)"
)
_SIZED = re.compile(
    rf"(?:(?<=^)|\b(?P<noun>{_NOUN})) ?(?:(?:that|which|who) )?(?:(?:were|are|was|is|cost|costs|costing|of|worth|for"
    r"|came to|with an amount) )*"
    rf"(?:(?P<least>at least|of at least|from|no less than|not less than|not under|not below|upwards of)"
    rf"|(?P<over>over|above|more than|exceeding|bigger than|larger than|greater than|higher than|north of|beyond)"
    rf"|(?P<most>at most|up to|no more than|not more than|not over|not above)"
    rf"|(?P<under>under|below|less than|smaller than|lower than|cheaper than)"
    rf"|(?P<between>between)) (?P<first>(?:{_CURRENCY}) ?)?(?P<number>{_NUMBER})(?: ?(?P<after>{_CURRENCY})(?!\w))?"
    rf"(?(between) (?:and|to) (?:(?:{_CURRENCY}) ?)?(?P<second>{_NUMBER})(?: ?(?P<last>{_CURRENCY})(?!\w))?)"
    r"(?![\w%])(?! (?:a|per|each|every|days?|weeks?|months?|years?|times|largest)\b)(?: each)?"
)
_CENT = Decimal("0.01")


class Limits(NamedTuple):
    """How large the transactions are that a question is about, and the question without it."""

    at_least: Decimal | None
    at_most: Decimal | None
    currency: str | None
    rest: str


def find_limits(text: str) -> Limits:
    """The least and the most of each payment, as in "payments over 50 euros"."""
    found = _SIZED.search(text)
    if not found or (_YEAR.fullmatch(found["number"]) and not (found["first"] or found["after"])):
        return Limits(None, None, None, text)
    value = Decimal(found["number"].replace(",", ""))
    least = value if found["least"] or found["between"] else value + _CENT if found["over"] else None
    most = value if found["most"] else value - _CENT if found["under"] else None
    if found["between"]:
        most = Decimal(found["second"].replace(",", ""))
    sign = (found["first"] or found["after"] or found["last"] or "").strip()
    rest = f"{text[: found.start()]}{found['noun'] or ''} LIMIT {text[found.end() :]}"
    return Limits(least, most, CURRENCIES.get(sign), rest.strip())


def _is_amount(found: re.Match[str], before: str, after: str) -> bool:
    if found["before"] or found["after"] or found["many"]:
        return True
    if _NO_AMOUNT_AFTER.match(after) and not _CENTS.search(found["number"]):
        return False
    if _YEAR.fullmatch(found["number"]) and not _WANTS.search(before):
        return False
    if len(found["number"].partition(".")[0]) > 3 and not _NUMBERED.search(before):
        return True
    if "," in found["number"] or _CENTS.search(found["number"]) or _RATED.match(after):
        return True
    return bool(_MONTHLY.match(after) or _BARE.search(before) or _OWED_AFTER.match(after))


def _role(before: str, after: str, monthly: bool) -> Role:
    if _EXTRA.search(before[-20:]) or _EXTRA.match(after.lstrip()):
        return "extra"
    if monthly or _MONTHLY_BEFORE.search(before):
        return "monthly"
    if _OWED.search(before) or _OWED_AFTER.match(after):
        return "owed"
    saved = _SAVED_AFTER.match(after) or (_SAVED.search(before) and not _WANTED.search(before))
    return "saved" if saved else "plain"


_IN = re.compile(
    rf"\b(?:(?:in|within|over|for|after)(?: the next)? )?(?P<count>{_COUNT}) (?P<unit>month|year)s?(?:' time)?"
    r"(?: from (?:now|today)| hence)\b"
    rf"|\b(?:in|within|over|for|after)(?: the next)? (?P<count_2>{_COUNT}) (?P<unit_2>month|year)s?(?:' time)?\b"
    rf"|\b(?:in |with |over )?(?P<count_3>\d{{1,3}}|{'|'.join(NUMBERS)}) (?:equal )?monthly"
    r" (?:contributions|instal+ments|payments|deposits|amounts)\b"
)
_BY_END = re.compile(
    r"\b(?:by|until|before|till) (?:(?:the )?end of (?:the |this )?(?P<next>next )?year|year'?s? end|new year"
    r"|christmas)\b"
)
_BY = re.compile(
    r"\b(?:by|until|till|before)(?: the)? (?P<end>end of |start of |beginning of )?(?:next )?(?P<point>.+)$"
)


def find_ahead(text: str, today: date) -> Ahead | None:
    """By when something has to be there: "in 18 months", "by june 2027"; None where nothing is said.

    A month is meant from its first day on, unless its end is named; without a year it is the next one.
    """
    if found := _IN.search(text):
        said = found["count"] or found["count_2"] or found["count_3"]
        unit = found["unit"] or found["unit_2"]
        count = {"a": 1.0, "an": 1.0, "half a": 0.5, "half an": 0.5}.get(said) or float(NUMBERS.get(said, 0) or said)
        months = int(count * (12 if unit == "year" else 1))
        return Ahead(None, months, _without(text, found)) if months else None
    if found := _BY_END.search(text):
        day = date(today.year + bool(found["next"]), 12, 24 if "christmas" in found[0] else 31)
        return Ahead(day, None, _without(text, found))
    if not (found := _BY.search(text)):
        return None
    period = find_period(found["point"], today) or find_period(f"on {found['point']}", today)
    if period is None or period.since is None or period.until is None:
        return None
    day = period.until if found["end"] == "end of " else period.since
    if day <= today and not re.search(r"\d{4}", found["point"]):
        day = _year_later(day)
    return Ahead(day, None, f"{text[: found.start()]} AHEAD {period.rest.removeprefix('on ').strip()}".strip())


def _year_later(day: date) -> date:
    later = day.replace(year=day.year + 1, day=min(day.day, 28) if day.month == 2 else day.day)
    leap = day.month == 2 and (day + timedelta(days=1)).month == 3
    return later.replace(month=3, day=1) - timedelta(days=1) if leap else later


def _without(text: str, found: re.Match[str]) -> str:
    return re.sub(r"\s+", " ", f"{text[: found.start()]} AHEAD {text[found.end() :]}").strip()
