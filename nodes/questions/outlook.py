"""Questions for what a period under way will come to by its end, or what is left before payday."""

import re
from datetime import date
from typing import Literal

from nodes.questions import sums
from nodes.questions.asked import Asked, Facts, NotUnderstood, one_period
from nodes.questions.grammar import Intent
from nodes.questions.periods import unit_of
from nodes.questions.reading import Reading

_PAYDAY = re.compile(r"\b(?:(?:until|till|til|to|through to|before|by) )?(?:my |our |the )?(?:next )?pay ?day\b")
_END = re.compile(
    r"\b(?:(?:at|by|until|till|til|to|for|before|through|over) )*(?:the )?(?:end|rest|close) of (?:the|this) "
    r"(?P<unit>month|quarter|year)\b"
    r"|\b(?:(?:at|by|until|till|til|to) )*(?:the )?(?P<whose>month|quarter|year)'?s? end\b"
)
AHEAD = re.compile(r"\bwill\b|\bgoing to\b|\b(?:forecast|predict\w*|expect\w*|project\w*)\b")
"""Asks for what is to come."""
_BALANCE = re.compile(r"\bbalances?\b|\bmake it\b|\bin (?:the |my |our |all )*(?:ACCOUNT|accounts?|bank)\b")
_LEFT = re.compile(r"\bnet\b|\bcash ?flow\b|\bleft(?: over)?\b|\bsaved?\b|\bremain\w*\b")


def forecast(intent: Intent, reading: Reading, facts: Facts) -> Asked:
    """The next months, or how a period under way ends."""
    return to_the_end(reading, facts) or sums.forecast(intent, reading, facts)


def to_the_end(reading: Reading, facts: Facts) -> Asked | None:
    """What a period under way comes to; None where the question is about no such period."""
    found = _PAYDAY.search(reading.text) or _END.search(reading.text)
    since, until = one_period(reading.periods)
    if found is None and (since, until) not in [unit_of(one, facts.today) for one in ("month", "quarter", "year")]:
        return None
    if found and reading.periods:
        raise NotUnderstood
    text = reading.text.replace(found[0], " ") if found else reading.text
    payday = bool(found and "day" in found[0])
    if found and not payday:
        since, until = unit_of(found["unit"] or found["whose"], facts.today)
    what = _what(text, reading, facts, payday=payday)
    if what == "balance":
        text = re.sub(r"\bmake it\b", " ", text)
    which = sums.of_rows("forecast", reading._replace(text=" ".join(text.split()), periods=[]))
    if what == "balance" and which.keys() & {"categories", "merchant"}:
        raise NotUnderstood
    months_first = date(facts.today.year, facts.today.month, 1)
    of = {"since": str(since)} if since and since != months_first and what != "balance" else {}
    return Asked("forecast", {**which, **of, "until": "payday" if payday else str(until), "what": what})


def _what(
    text: str, reading: Reading, facts: Facts, *, payday: bool
) -> Literal["spent", "received", "net", "balance"]:  # fmt: skip
    """Before payday what is left is what is left in the accounts."""
    if _BALANCE.search(text) or (payday and _LEFT.search(text)):
        return "balance"
    return "net" if _LEFT.search(text) else sums.what_of(reading, facts)
