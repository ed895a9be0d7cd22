"""What a message says: its periods, names and amounts, and what is left of it."""

import re
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from nodes.questions.amounts import Ahead, Amount, Limits, as_digits, find_ahead, find_amounts, find_limits
from nodes.questions.dates import as_dates
from nodes.questions.ends import TO_COME, find_end
from nodes.questions.mending import Knows, mend, mend_phrases, spelt
from nodes.questions.names import Kind, KnownNames, Name
from nodes.questions.periods import NUMBERS, Period, find_periods
from nodes.questions.remarks import without_politeness, without_remarks
from nodes.questions.vocabulary import PERIOD_WORDS, WORDS

MOST_CHARS = 300
"""A longer message is more than a question."""
_PLANS = re.compile(
    r"\b(?:sav(?:e|ed|ing)|goals?|target|reach|debts?|loans?|owe|pay(?:ing)? (?:off|down|back)|paid off|put aside"
    r"|putting|from now|monthly amount|missing|far|progress|doing|close|stand|track"
    r"|how much (?:a|per|each|every) month for)\b"
)
"""Without one of these words no goal and no debt is looked for."""
_KINDS: tuple[Kind, ...] = ("category", "merchant", "account", "goal", "debt")
_TIMES = re.compile(
    r"\b(?:PERIOD|AHEAD|LIMIT|so far|(?:up to|until|till|as of) (?:now|today)|to date)\b(?! (?:year|month|quarter)\b)"
)
_RIGHT = WORDS | PERIOD_WORDS
_COUNT = re.compile(
    rf"\b(?:(?:top|largest|biggest|highest) (\d{{1,2}}|{'|'.join(NUMBERS)})"
    rf"|(\d{{1,2}}|{'|'.join(NUMBERS)}) (?:largest|biggest|highest|most expensive|top|priciest))\b"
)


class Reading(NamedTuple):
    """A message, taken apart."""

    plain: str
    """In lower case, its spelling mended."""
    masked: str
    """With `CATEGORY`, `MERCHANT`, `ACCOUNT`, `GOAL`, `DEBT`, `AMOUNT`, `RATE`, `LIMIT`, `PERIOD`, `AHEAD` in place."""
    text: str
    """As `masked`, without periods and limits, and without politeness around it."""
    periods: list[Period]
    ahead: Ahead | None
    amounts: list[Amount]
    limits: Limits
    """Of each transaction."""
    rate: Decimal | None
    names: list[Name]
    number: int | None
    """Of how many it asks, as in "my 5 largest"."""
    currency: str | None
    took: list[str]
    """What was taken for what."""

    def slots(self) -> set[str]:
        """What it says beside words: each has to have a place in what it asks for."""
        said = {
            "period": self.periods, "ahead": self.ahead, "amount": self.amounts, "rate": self.rate is not None,
            "number": self.number, "currency": self.currency,
            "limits": (self.limits.at_least, self.limits.at_most) != (None, None),
        }  # fmt: skip
        return {slot for slot, value in said.items() if value} | {one.kind for one in self.names}

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
    single = dict.fromkeys(known.vocabulary())
    asks = without_remarks(message, lambda one: _is_said(normal(one), known, today))
    plain, took = mend_phrases(normal(asks), known, single, _RIGHT)
    plain, mended = mend(plain, WORDS, PERIOD_WORDS, single, knows)
    took += mended
    plain = as_dates(as_digits(as_one_word(plain)), today)
    numbered = known.find(plain, kinds=_KINDS[1:2], least=2, numbered=True)
    limits = find_limits(_without_count(numbered.rest))
    amounts = find_amounts(limits.rest)
    plans = bool(amounts.amounts or _PLANS.search(plain))
    whole = known.find(amounts.rest, kinds=_KINDS, least=2)
    ahead = find_ahead(whole.rest, today) if plans else None
    text = ahead.rest if ahead else whole.rest
    end = find_end(text, today) if not ahead and TO_COME.search(plain) else None
    text = end.rest if end else text
    found = known.find(text, kinds=("goal", "debt")) if plans else None
    names = [*numbered.names, *whole.names, *(found.names if found else ())]
    text = found.rest if found else text
    long = known.find(text, kinds=("category", "merchant", "account"), least=2)
    periods = [] if ahead else find_periods(long.rest, today, "PERIOD")
    short = known.find(periods[-1].rest if periods else long.rest, kinds=("category", "merchant", "account"))
    names += [*long.names, *short.names]
    number = _COUNT.search(plain)
    said = next(filter(None, number.groups()), "") if number else ""
    return Reading(
        plain=plain,
        masked=_tidy(short.rest),
        text=without_politeness(_space(_TIMES.sub(" ", short.rest))),
        periods=periods,
        ahead=ahead or end,
        amounts=amounts.amounts,
        limits=limits,
        rate=amounts.rate,
        names=names,
        number=(int(said) if said.isdigit() else NUMBERS[said]) if said else None,
        currency=_currency(short.rest) or limits.currency,
        took=[*took, *dict.fromkeys(one.took for one in names if one.took)],
    )


def _is_said(text: str, known: KnownNames, today: date) -> bool:
    """Whether a sentence names something, or a period."""
    return bool(known.find(text, kinds=_KINDS).names or find_periods(text, today, "PERIOD"))


_SHORT_FORMS = {"ve": "have", "d": "would", "m": "am", "ll": "will", "re": "are"}


def normal(message: str) -> str:
    """In lower case, with usual apostrophes and spelling, without signs that change nothing."""
    text = re.sub(r"[“”„\"«»]", "", message.replace("’", "'").replace("‘", "'")).casefold()
    text = re.sub(r"\b(what|how|where|who|when|there|that|it)'s\b", r"\1 is", text)
    text = re.sub(r"\b(i|we|you|they|what)'(ve|d|m|ll|re)\b", lambda one: f"{one[1]} {_SHORT_FORMS[one[2]]}", text)
    text = re.sub(r"\ball told\b", "altogether", text)
    text = re.sub(r"\b(total|money|all) in(?=[,:] )", r"\1 coming in", spelt(text))
    text = _UNSORTED.sub("uncategorised", text)
    return _space(re.sub(r"[?!;]+|[.,:](?=\s|$)", " ", text))


_UNSORTED = re.compile(
    r"\b(?:not|un) ?(?:yet )?-?(?:categori[sz]ed|sorted)\b"
    r"|\b(?:not|isn'?t|aren'?t) (?:yet )?(?:assigned|sorted|filed) (?:to|under|in(?:to)?) any ?(?:category|thing)\b"
)


def as_one_word(text: str) -> str:
    """The question with what looks like the name of a category and is none in one word."""
    return _NO_CATEGORY.sub("tax-return", text).replace("cash flow", "cashflow")


_NO_CATEGORY = re.compile(r"\btax (?:returns?|declaration|purposes|reasons)\b|(?<=for )(?:the |my |our )?tax(?:es)?$")


def _without_count(text: str) -> str:
    return _COUNT.sub(lambda one: _space(one[0].replace(one[1] or one[2], "")), text)


def _currency(text: str) -> str | None:
    found = re.search(r"\bin (eur|euros?|usd|dollars?|us dollars?|gbp|pounds?|chf|(?:swiss )?francs?)\b", text)
    if not found:
        return None
    return {"e": "EUR", "u": "USD", "d": "USD", "g": "GBP", "p": "GBP", "c": "CHF", "s": "CHF", "f": "CHF"}[found[1][0]]


_ENDS = re.compile(
    r"\b(?:(?:by|at|until|till|before|to|of|through) )?(?:the )?(?:very )?end (?:of )?(?:the )?PERIOD\b"
    r"|\bPERIOD (?:ended|ends|is over|was over)\b"
)
_TWICE = re.compile(r"\bGOAL CATEGORY\b|\bCATEGORY GOAL\b")


def _tidy(text: str) -> str:
    """The question with its marks, where what is around one says no more than it."""
    return _space(_TWICE.sub("GOAL", _ENDS.sub("by the end PERIOD", _space(text))))


def _space(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
