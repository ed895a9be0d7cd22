"""The frame of questions for what is to come: the next months, or what a period under way comes to by its end."""

import re
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from nodes.questions.asked import Asked, Facts, NotUnderstood
from nodes.questions.ends import find_end
from nodes.questions.periods import NUMBERS, month_of, unit_of, year_back
from nodes.questions.reading import Reading
from nodes.questions.slots import earned, rows_of, what_of

What = Literal["spent", "received", "net", "balance"]
_PAYDAY = re.compile(r"\bpay ?(?:day|check|cheque)\b|\b(?:next|get|getting) paid\b|\bnext (?:salary|wages?|pay)\b")
_NEXT = re.compile(rf"\b(?:next|coming) (?:(?P<count>\d{{1,2}}|{'|'.join(NUMBERS)}) )?(?P<unit>month|quarter|year)s?\b")
_BALANCE = re.compile(
    r"\bbalances?\b|\bclosing\b|\boverdr\w+|\bmake it\b|\benough\b|\brun(?:ning)? (?:out|dry|short)\b|\bbelow zero\b"
    r"|\b(?:money|cash|funds) (?:last|hold|stretch|reach)|\bin (?:the |my |our |all )*(?:ACCOUNT|accounts?|bank)\b"
    r"|\bbroke\b|\bhow much money\b.*\bhave\b|\bhave(?: got)?(?= (?:AHEAD|in|on|by|at|PERIOD)\b|$)"
)
_LEFT = re.compile(r"\bnet\b|\bcash ?flow\b|\bleft(?: ?over)?\b|\bsaved?\b|\bremain\w*\b|\bto spare\b|\bsurplus\b")
_SPENT = re.compile(
    r"\bspen[dt]\w*|\bcosts?\b|\bpay(?:ing)?\b|\bpaid\b|\boutgoings?\b|\bexpens\w+|\bgo(?:ing|es)? out\b"
)
_PACE = re.compile(r"\b(?:if (?:we|i) (?:keep|carry|go)|at this (?:rate|pace))\b")
_FROM_TODAY = "I counted from today on."
_LEFT_OF = "I took what is left as income less spending by then; what is left of your budgets is another question."


class _End(NamedTuple):
    """Until when something is to come, and from when it counts."""

    until: date | None
    """None: until payday."""
    since: date | None = None


def forecast(reading: Reading, facts: Facts) -> Asked:
    """The next months, or how a period under way ends."""
    rows = rows_of(reading)
    if rows.keys() & {"at_least", "at_most"}:
        raise NotUnderstood
    payday = bool(_PAYDAY.search(reading.plain))
    what = _what(rows, reading, facts, payday=payday)
    of_some = rows.keys() & {"categories", "merchant"}
    if of_some and (what in ("balance", "net") or _PACE.search(reading.plain)):
        raise NotUnderstood  # what is left is of all; this month's pace of one category no tool carries on
    has_end = payday or reading.ahead or reading.periods or find_end(reading.plain, facts.today)
    if not has_end and (ahead := _NEXT.search(reading.plain)):
        return _months(rows, ahead, what, facts.today)
    end = _end_of(reading, facts, payday=payday)
    if end.since and end.since > facts.today and what != "balance":
        return _month_ahead(rows, end, what, facts.today)
    return _until(rows, end, what, facts.today)


def left_of(reading: Reading, facts: Facts) -> Asked | None:
    """What will be left of a period under way, which is asked as if it were there; None for another question."""
    units = [unit_of(unit, facts.today) for unit in ("month", "quarter", "year")]
    spans = [(one.since, one.until) for one in reading.periods]
    is_left = re.search(r"\b(?:left|remain\w*)\b", reading.masked)
    if not is_left or len(spans) != 1 or spans[0] not in units or reading.named("category"):
        return None
    if re.search(r"\b(?:was|were|did|had|so far|budget\w*|spend|allow\w*)\b", reading.plain):
        return None
    return forecast(reading, facts)


def _what(rows: dict[str, Any], reading: Reading, facts: Facts, *, payday: bool) -> What:
    """Before payday what is left is what is left in the accounts."""
    spends = _SPENT.search(reading.masked)
    if not spends and (_BALANCE.search(reading.masked) or (payday and _LEFT.search(reading.masked))):
        return "balance"
    if not rows and not spends and re.search(r"\b(?:stand|fixed|finish|end up|land)\b", reading.masked):
        return "balance"
    if "account" in rows and not spends and not earned(reading) and not rows.keys() & {"categories", "merchant"}:
        return "balance"
    return "net" if _LEFT.search(reading.masked) else what_of(rows, reading, facts)


def _end_of(reading: Reading, facts: Facts, *, payday: bool) -> _End:
    """The end that is named, of whatever kind."""
    if payday:
        return _End(None)
    today, ahead = facts.today, reading.ahead or find_end(reading.plain, facts.today)
    spans = [(one.since, one.until) for one in reading.periods if one.since and one.until]
    if len(spans) != len(reading.periods) or len(spans) > 1:
        raise NotUnderstood
    since = spans[0][0] if spans and spans[0][0] <= today else None
    if ahead and ahead.due_on:
        return _End(ahead.due_on, since or _of_unit(reading, ahead.due_on, today))
    if ahead or not spans:
        raise NotUnderstood
    first, last = spans[0]
    if last < today and (first, last) == month_of(first.year, first.month) and not re.search(r"\d{4}", reading.plain):
        first, last = month_of(first.year + 1, first.month)
    if last < today:
        raise NotUnderstood
    return _End(last, first)


def _of_unit(reading: Reading, until: date, today: date) -> date | None:
    """From when an end counts: of a quarter or a year its first day, of another month from today on."""
    for unit in ("quarter", "year"):
        if re.search(rf"\b{unit}\b", reading.plain) and until == unit_of(unit, today)[1]:
            return unit_of(unit, today)[0]
    return today if until > month_of(today.year, today.month)[1] else None


def _until(rows: dict[str, Any], end: _End, what: What, today: date) -> Asked:
    since = end.since if end.since != today.replace(day=1) and what != "balance" else None
    took = (_LEFT_OF,) if what == "net" else (_FROM_TODAY,) if since == today else ()
    of = {"since": str(since)} if since else {}
    return Asked("forecast", {**rows, **of, "until": str(end.until or "payday"), "what": what}, took=took)


def _months(rows: dict[str, Any], ahead: re.Match[str], what: What, today: date) -> Asked:
    """So many months from the next one on; a balance at their end."""
    said = ahead["count"] or ("3" if ahead[0].endswith("months") else "1")
    months = (NUMBERS.get(said) or int(said)) * {"month": 1, "quarter": 3, "year": 12}[ahead["unit"]]
    if not 1 <= months <= 12:
        raise NotUnderstood
    if what != "balance":
        took = (_for_month(month_of(today.year, today.month)[1] + timedelta(days=1)),) if months == 1 else ()
        return Asked("forecast", {**rows, "months": months, "what": what}, took=took)
    number = today.year * 12 + today.month - 1 + months
    return _until(rows, _End(month_of(number // 12, number % 12 + 1)[1]), what, today)


def _month_ahead(rows: dict[str, Any], end: _End, what: What, today: date) -> Asked:
    """A month that has not begun."""
    if end.since is None or (end.since, end.until) != month_of(end.since.year, end.since.month):
        raise NotUnderstood
    if year_back(end.since) > today or "merchant" in rows:  # one merchant's payments have months of their own
        raise NotUnderstood
    return Asked("forecast", {**rows, "months": 1, "what": what}, took=(_for_month(end.since),))


def _for_month(first: date) -> str:
    return f"I took {first:%B %Y} as a month like the last ones."
