"""What a message says: its periods, names and amounts, and what is left of it."""

import re
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from nodes.questions.amounts import Ahead, Amount, find_ahead, find_amounts
from nodes.questions.mending import Knows, mend, mend_phrases
from nodes.questions.names import KnownNames, Name
from nodes.questions.periods import MONTHS, NUMBERS, SHORT, Period, find_periods, month_of
from nodes.questions.vocabulary import PERIOD_WORDS, TIMES, TOPICS, WORDS

MOST_CHARS = 300
"""A longer message is more than a question."""
_MONTH = "|".join(sorted([*MONTHS, *SHORT], key=len, reverse=True))
_PLANS = re.compile(
    r"\b(?:sav(?:e|ed|ing)|goals?|target|reach|debts?|loans?|owe|pay(?:ing)? (?:off|down|back)|paid off|put aside"
    r"|monthly amount|missing|far|progress|doing|close|stand)\b"
)
"""Without one of these words no goal and no debt is looked for."""
_COUNT = re.compile(
    rf"\b(?:(?:top|largest|biggest|highest) (\d{{1,2}}|{'|'.join(NUMBERS)})"
    rf"|(\d{{1,2}}|{'|'.join(NUMBERS)}) (?:largest|biggest|highest|most expensive|top|priciest))\b"
)


class Reading(NamedTuple):
    """A message, taken apart."""

    plain: str
    """In lower case, its spelling mended."""
    text: str
    """With `AMOUNT`, `RATE`, `CATEGORY`, `MERCHANT`, `ACCOUNT`, `GOAL` and `DEBT` in their places, without periods."""
    periods: list[Period]
    ahead: Ahead | None
    amounts: list[Amount]
    rate: Decimal | None
    names: list[Name]
    number: int | None
    """Of how many it asks, as in "my 5 largest"."""
    currency: str | None
    took: list[str]
    """What was taken for what."""

    def named(self, kind: str) -> list[Name]:
        """The names of a kind."""
        return [one for one in self.names if one.kind == kind]

    def amount(self, *roles: str) -> Amount | None:
        """The first amount with one of these roles."""
        return next((one for one in self.amounts if one.role in roles), None)


def read(message: str, known: KnownNames, today: date, knows: Knows) -> Reading | None:
    """Take a message apart; None where it is too long for a question."""
    if len(message) > MOST_CHARS:
        return None
    plain, took = mend_phrases(_normal(message), known, WORDS | TIMES | TOPICS | PERIOD_WORDS)
    plain, mended = _mended(plain, known, knows)
    took += mended
    plain = _calendar(plain, today)
    amounts = find_amounts(_without_count(plain))
    plans = bool(amounts.amounts or _PLANS.search(plain))
    ahead = find_ahead(amounts.rest, today) if plans else None
    text = ahead.rest if ahead else amounts.rest
    found = known.find(text, kinds=("goal", "debt")) if plans else None
    names = list(found.names) if found else []
    text = found.rest if found else text
    long = known.find(text, kinds=("category", "merchant", "account"), least=2)
    periods = [] if ahead else find_periods(long.rest, today)
    short = known.find(periods[-1].rest if periods else long.rest, kinds=("category", "merchant", "account"))
    names += [*long.names, *short.names]
    number = _COUNT.search(plain)
    said = next(filter(None, number.groups()), "") if number else ""
    return Reading(
        plain=plain,
        text=_space(short.rest),
        periods=periods,
        ahead=ahead,
        amounts=amounts.amounts,
        rate=amounts.rate,
        names=names,
        number=(int(said) if said.isdigit() else NUMBERS[said]) if said else None,
        currency=_currency(short.rest),
        took=[*took, *dict.fromkeys(one.took for one in names if one.took)],
    )


_SHORT_FORMS = {"ve": "have", "d": "would", "m": "am", "ll": "will"}


_WRITINGS = (
    (r"\bwh?ich\b|\bwitch\b", "which"), (r"\bwh?at\b|\bwaht\b", "what"), (r"\bcash flow\b", "cashflow"),
    (r"\bcoming in\b", "come in"), (r"\bvalue added tax\b", "vat"),
    (r"\b(did|does|do|has|have) (?:the|my|our) (?:family|household)\b", r"\1 we"),
)  # fmt: skip
"""Other ways to write what the grammar has, and what it has."""


def _normal(message: str) -> str:
    text = re.sub(r"[“”„\"«»]", "", message.replace("’", "'").replace("‘", "'")).casefold()
    text = re.sub(r"\b(what|how|where|who|when|there|that|it)'s\b", r"\1 is", text)
    text = re.sub(r"\bi'(ve|d|m|ll)\b", lambda one: f"i {_SHORT_FORMS[one[1]]}", text)
    for said, plain in _WRITINGS:
        text = re.sub(said, plain, text)
    text = re.sub(r"\b(?:not|un) ?(?:yet )?-?(?:categori[sz]ed|sorted)\b", "uncategorised", text)
    return _space(re.sub(r"[?!;]+|[.,:](?=\s|$)", " ", text))


def _mended(text: str, known: KnownNames, knows: Knows) -> tuple[str, list[str]]:
    names: Collection[str] = dict.fromkeys(known.vocabulary())
    return mend(text, WORDS | TIMES | TOPICS, PERIOD_WORDS, names, knows)


def _calendar(text: str, today: date) -> str:
    """Periods that are said in two parts, in one."""

    def month(found: re.Match[str]) -> str:
        number = MONTHS.get(found[1]) or SHORT[found[1]]
        year = today.year if found[2] == "this" else today.year - 1
        return f"{found[1] if number else ''} {year}"

    def half(found: re.Match[str]) -> str:
        year = int(found[2]) if found[2].isdigit() else today.year - (found[2] == "last year")
        first = found[1] in ("first", "1st")
        since, until = (date(year, 1, 1), month_of(year, 6)[1]) if first else (date(year, 7, 1), date(year, 12, 31))
        return f"from {since} to {until}"

    text = re.sub(r"\bpay of (?=(?:my |our |the )?(?:debts?|loans?)\b)", "pay off ", text)
    text = re.sub(r"\bsince (?:the )?(?:start|beginning) of (?:the|this) (year|month|quarter)\b", r"\1 to date", text)
    text = re.sub(rf"\b(?:the )?(?:year ((?:19|20)\d\d)|month of ({_MONTH}))\b", lambda one: one[1] or one[2], text)
    if re.search(r"\bcompar|\bdiffer|\bchang|\bthan\b|\bvs\b|creased?\b", text):
        text = re.sub(r"\b(?:between|from) (.+?) (?:and|to) ", r"in \1 and ", text)
        year = rf"((?:\b(?:{_MONTH}|in) )?)\b((?:19|20)\d\d) (vs|versus|compared|against)\b"
        text = re.sub(year, lambda one: one[0] if one[1] else f"in {one[0]}", text)
        text = re.sub(r"\b(compare|with|and|vs|versus|to|than) ((?:19|20)\d\d)\b", r"\1 in \2", text)
    text = re.sub(rf"\b({_MONTH})(?: of)? (last|this) year\b", month, text)
    text = re.sub(
        r"\bq([1-4])(?: of)? (last|this) year\b", lambda one: f"q{one[1]} {today.year - (one[2] == 'last')}", text
    )
    pattern = r"\b(?:in )?(?:the )?(first|second|1st|2nd) half of (?:the year )?(\d{4}|this year|last year)\b"
    return re.sub(pattern, half, text)


def _without_count(text: str) -> str:
    return _COUNT.sub(lambda one: _space(one[0].replace(one[1] or one[2], "")), text)


def _currency(text: str) -> str | None:
    found = re.search(r"\bin (eur|euros?|usd|dollars?|us dollars?|gbp|pounds?|chf|(?:swiss )?francs?)\b", text)
    if not found:
        return None
    return {"e": "EUR", "u": "USD", "d": "USD", "g": "GBP", "p": "GBP", "c": "CHF", "s": "CHF", "f": "CHF"}[found[1][0]]


def _space(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
