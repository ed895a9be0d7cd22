"""Questions for what a period under way comes to by its end, or what is left before payday."""

import re

from nodes.questions.asked import Asked, Facts, NotUnderstood
from nodes.questions.periods import unit_of
from nodes.questions.reading import Reading
from nodes.questions.slots import rows_of, what_of

_PAYDAY = re.compile(r"\bpay ?day\b")
_END = re.compile(
    r"\b(?:end|rest|close) of (?:the|this) (?P<unit>month|quarter|year)\b|\b(?:the|this) (?P<ended>month) in the\b"
    r"|\b(?:the |this )?(?P<whose>month|quarter|year)'?s? end\b"
)
AHEAD = re.compile(r"\bwill\b|\bgoing to\b|\b(?:forecast|predict\w*|expect\w*|project\w*)\b")
"""Asks for what is to come."""
_BALANCE = re.compile(r"\bbalances?\b|\bmake it\b|\blast\b|\bin (?:the |my |our |all )*(?:ACCOUNT|accounts?|bank)\b")
_LEFT = re.compile(r"\bleft(?: over)?\b|\bremain\w*\b")


def to_the_end(reading: Reading, facts: Facts) -> Asked | None:
    """What a period under way comes to; None where the question is about no such period.

    Raises:
        NotUnderstood: several periods, or what is left of something that has no balance.
    """
    payday, ended = _PAYDAY.search(reading.plain), _END.search(reading.plain)
    spans = {(one.since, one.until) for one in reading.periods}
    if ended:
        spans.add(unit_of(ended["unit"] or ended["whose"] or ended["ended"], facts.today))
    if len(spans) > (0 if payday else 1):
        raise NotUnderstood
    since, until = spans.pop() if spans else (None, None)
    if not payday and (since, until) not in [unit_of(one, facts.today) for one in ("month", "quarter", "year")]:
        return None
    rows, what = rows_of(reading), "net"
    if _BALANCE.search(reading.masked) or (payday and _LEFT.search(reading.masked)):
        what = "balance"
    elif not _LEFT.search(reading.masked):
        what = what_of(rows, reading, facts)
    if rows.keys() & {"at_least", "at_most"} or (
        what in ("balance", "net") and rows.keys() & {"categories", "merchant"}
    ):
        raise NotUnderstood
    of = {"since": str(since)} if since and since < facts.today.replace(day=1) and what != "balance" else {}
    return Asked("forecast", {**rows, **of, "until": "payday" if payday else str(until), "what": what})
