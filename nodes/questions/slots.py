"""What fills the slots of a question, as arguments of tools: its period, its rows, and which side of them.

A slot that tools have no argument for makes a question one that is not understood.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from nodes.questions.asked import Facts, NotUnderstood
from nodes.questions.periods import month_of
from nodes.questions.reading import Reading
from nodes.questions.restrictions import unknown_nouns


def period_of(reading: Reading, today: date, *, ends: bool = False) -> dict[str, str]:
    """The period that is meant: the longest, where it holds the others, or two that follow each other together.

    Args:
        ends: whether its end may be meant.

    Raises:
        NotUnderstood: there are several, or the only one lies ahead or before all banks' files.
    """
    spans = list(dict.fromkeys((one.since or date.min, one.until or date.max) for one in reading.periods))
    if not spans:
        return {}
    if not ends and re.search(r"\bend PERIOD\b", reading.masked):
        raise NotUnderstood
    since, until = max(spans, key=lambda span: span[1] - span[0])
    if any(one < since or other > until for one, other in spans):
        (since, middle), (next_one, until) = sorted(spans)[:2]
        if len(spans) > 2 or (next_one - middle).days != 1:
            raise NotUnderstood
    if since > today:
        raise NotUnderstood
    return {
        **({"since": str(since)} if since != date.min else {}),
        **({"until": str(until)} if until != date.max else {}),
    }


def rows_of(reading: Reading) -> dict[str, Any]:
    """The arguments that say which transactions: categories, merchant, account, currency and size."""
    merchants = _merchants(reading)
    accounts = {one.value for one in reading.named("account")}
    categories = _categories(reading, beside=bool(merchants))
    if categories == ["cash"] and _OUR_CASH.search(reading.masked):
        categories = []
    if "taxes" in categories and len(categories) > 1 and _FOR_TAX.search(reading.masked):
        categories.remove("taxes")
    if not merchants and re.search(r"\bsubscriptions?\b", reading.masked):
        categories.append("subscriptions")
    if _ON_DEBTS.search(reading.masked):
        categories.append("debt_payments")
    if _UNSORTED.search(reading.masked):
        categories.append("none")
    if not merchants and (words := free_words(reading)):
        merchants = {words}
    if len(merchants) > 1 or len(accounts) > 1:
        raise NotUnderstood
    if _LISTED_UNKNOWN.search(reading.masked) or (not accounts and _ACCOUNT.search(reading.masked)):
        raise NotUnderstood  # something beside what was found, or an account that is none of the known ones
    least, most = reading.limits.at_least, reading.limits.at_most
    found = {
        "categories": categories, "merchant": next(iter(merchants), None), "account": next(iter(accounts), None),
        "currency": reading.currency, "at_least": least and str(least), "at_most": most and str(most),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _categories(reading: Reading, *, beside: bool) -> list[str]:
    """Slugs of categories; beside a merchant, what kind of shop it is says nothing: "the bakery Backhaus Ammer".

    Raises:
        NotUnderstood: a category and a merchant are to be summed up together.
    """
    named = reading.named("category")
    if beside and named and _LISTED.search(reading.masked):
        raise NotUnderstood
    named = [one for one in named if one.took is None] if beside else named
    return list(dict.fromkeys(slug for one in named for slug in one.value.split(",")))


def _merchants(reading: Reading) -> set[str]:
    """Words of merchants; what was paid for, which only the bank's words say, together with whom."""
    named = reading.named("merchant")
    shops, things = ({one.value for one in named if one.described is kind} for kind in (False, True))
    if len(shops) == len(things) == 1 and not _LISTED.search(reading.masked):
        return {" ".join([*shops, *things])}
    return shops | things


_OUR_CASH = re.compile(r"\b(?:all|our|my|the|much) CATEGORY (?:go|goes|going|gone|went|disappear\w*|end\w*)\b")
_FOR_TAX = re.compile(r"\bCATEGORY returns?\b|\bfor (?:the |my |our )?CATEGORY\b|^CATEGORY\b")
_UNSORTED = re.compile(r"\buncategorised\b|\b(?:without|no) (?:an? |any )?category\b")
_ON_DEBTS = re.compile(r"\b(?:on|towards?|for|into) (?:my |our |the |all )*(?:debts|loans)\b")
_EARNED = re.compile(
    r"\b(?:earn\w*|incomes?|salar(?:y|ies)|wages|deposits?|receiv\w*|revenues?|takings|(?:get|gets|got|getting) paid"
    r"|(?:came|come|comes|coming|money|paid) in|(?:pays?|paid|sent|gave|credit\w*|transfer\w*) (?:me|us))\b"
)
_NET = re.compile(
    r"\b(?:net|left over|leftover|saved?|savings?|cashflow|in the (?:red|black)|income (?:and|against|minus|less))\b"
)


def free_words(reading: Reading) -> str | None:
    """Unknown words that are named like a merchant, which may be in the bank's words."""
    found = _AT.search(reading.masked)
    unknown = set(unknown_nouns(reading))
    words = found["words"].split() if found else []
    return " ".join(words) if words and unknown.issuperset(words) else None


_AT = re.compile(
    r"\b(?:at|to|from|on) (?:the |my |our )?(?P<words>[a-zà-ÿ'-]+"
    r"(?: (?!and|or|in|on|at|for|with)[a-zà-ÿ'-]+)?)(?= PERIOD|$)"
)
_ACCOUNT = re.compile(r"\b(?:on|from|off|with|by|via|out of) (?:the|this|that|an?) (?:[a-z]+ )?(?:card|account)\b")
_LISTED_UNKNOWN = re.compile(
    r"\b(?:CATEGORY|MERCHANT) (?:and|plus|\+|&) (?:the |my |our )?"
    r"(?!CATEGORY|MERCHANT|ACCOUNT|PERIOD|(?:the|my|our) (?:CATEGORY|MERCHANT|ACCOUNT)"
    r"|(?:by|in|what|how|when|which|was|were|is|did|do|from|for|at|on|to|it|then|not|if|so|also"
    r"|i|we|please|pls|only|nothing|compare|who|why|where|over|still|under|much|that|with)\b)[a-z]"
)
_LISTED = re.compile(r"\b(?:MERCHANT|CATEGORY)(?: \w+)? (?:and|plus|or|\+|&)(?: the| my| our)? (?:MERCHANT|CATEGORY)\b")


def earned(reading: Reading) -> bool:
    """Whether words of income are said."""
    return bool(_EARNED.search(reading.masked))


def sign(rows: Mapping[str, Any], reading: Reading, facts: Facts) -> Literal["spent", "received"]:
    """Income, where its categories or its words are named.

    Raises:
        NotUnderstood: income of a category of spending: what comes back has categories of its own.
    """
    named = (slug for one in reading.named("category") for slug in one.value.split(","))
    categories = set(rows.get("categories", ())) or {*named}
    income = categories <= set(facts.income)
    if earned(reading):
        if not income:
            raise NotUnderstood
        return "received"
    return "received" if categories and income else "spent"


def what_of(rows: Mapping[str, Any], reading: Reading, facts: Facts) -> Literal["spent", "received", "net"]:
    """Income less spending, where that is named; else one of both."""
    return "net" if _NET.search(reading.masked) else sign(rows, reading, facts)


def month_argument(reading: Reading, facts: Facts) -> dict[str, str]:
    """A month as the argument of a tool that takes one."""
    period = period_of(reading, facts.today)
    if not period:
        return {}
    since, until = (date.fromisoformat(period.get(name, str(facts.today))) for name in ("since", "until"))
    whole = month_of(since.year, since.month)
    if (since, until) not in (whole, (whole[0], facts.today)):
        raise NotUnderstood
    return {"month": f"{since:%Y-%m}"}


def year_argument(reading: Reading, facts: Facts) -> int:
    """The year that a period is, or the present one."""
    period = period_of(reading, facts.today)
    if not period:
        return facts.today.year
    since, until = (date.fromisoformat(period.get(name, str(facts.today))) for name in ("since", "until"))
    if since != date(since.year, 1, 1) or (until != date(since.year, 12, 31) and until < facts.today):
        raise NotUnderstood
    return since.year


def is_present(reading: Reading, facts: Facts) -> bool:
    """Whether each period lasts until today, so that it changes nothing of what comes again."""
    return all(one.until is not None and one.until >= facts.today for one in reading.periods)
