"""Frames of questions over transactions: sums, comparisons, and payments one by one."""

import re
from collections.abc import Callable
from datetime import date

from nodes.questions.asked import Asked, Facts, NotUnderstood
from nodes.questions.ends import TO_COME
from nodes.questions.forecasts import forecast, left_of
from nodes.questions.periods import Period, before, month_of, year_back
from nodes.questions.reading import Reading
from nodes.questions.slots import period_of, rows_of, sign, what_of

Build = Callable[[Reading, Facts], Asked]
MOST_LISTED = 20


def spent(reading: Reading, facts: Facts) -> Asked:
    """What was spent, or will be."""
    if TO_COME.search(reading.plain):
        return forecast(reading, facts)
    rows, period = rows_of(reading), period_of(reading, facts.today)
    if _CHANGED.search(reading.masked) or (not rows and _REFERS.search(reading.masked)):
        raise NotUnderstood  # what a price was before; or of something that was said before
    if not rows and not period and not re.search(r"\b(?:total|all|altogether|ever|overall)\b", reading.masked):
        raise NotUnderstood  # of what, since when?
    if ("refunds" in rows.get("categories", ()) and "merchant" in rows) or _INTO.search(reading.masked):
        raise NotUnderstood  # less what came back; or what came in
    if rows.keys() == {"account"} and period.get("since") and period["since"] == period.get("until"):
        raise NotUnderstood  # "joint account on 31 October" asks for its balance
    what = "net" if rows.get("categories") == ["none"] else sign(rows, reading, facts)
    group = "category" if len(rows.get("categories", ())) > 1 else "all"
    return Asked("totals", {**period, **rows, "what": what, "group": group})


_CHANGED = re.compile(r"\bfrom what to what\b|\bput (?:\w+ ){1,3}up\b")
_REFERS = re.compile(r"\bhow much (?:was|is) (?:it|that|this)\b")
_INTO = re.compile(r"\b(?:into|(?:gone|put|paid|moved|went|go|transferred|added) to) (?:the |my |our )?ACCOUNT\b")


def income(reading: Reading, facts: Facts) -> Asked:
    """What was received, or will be."""
    if TO_COME.search(reading.plain):
        return forecast(reading, facts)
    rows, period = rows_of(reading), period_of(reading, facts.today)
    if not rows and re.search(r"\btransfer", reading.masked):
        raise NotUnderstood  # between own accounts, which is no income
    other = [slug for slug in rows.get("categories", ()) if slug not in facts.income]
    if other == ["fees"]:  # interest, which banks also pay
        del rows["categories"]
        rows.setdefault("merchant", "interest")
    elif other:
        raise NotUnderstood
    group = "category" if len(rows.get("categories", ())) > 1 else "all"
    return Asked("totals", {**period, **rows, "what": "received", "group": group})


def net(reading: Reading, facts: Facts) -> Asked:
    """Income less spending, so far or by the end."""
    if TO_COME.search(reading.plain):
        return forecast(reading, facts)
    if left := left_of(reading, facts):
        return left
    period = period_of(reading, facts.today, ends=True)
    rows = rows_of(reading)
    if not period or rows.keys() - {"account", "currency"}:
        raise NotUnderstood
    return Asked("totals", {**period, **rows, "what": "net", "group": "all"})


def count(reading: Reading, facts: Facts) -> Asked:
    """How many payments there were."""
    rows, period = rows_of(reading), period_of(reading, facts.today)
    what = "net" if re.search(r"\btransactions?\b", reading.masked) else sign(rows, reading, facts)
    if not rows and not period:
        raise NotUnderstood
    group = "category" if len(rows.get("categories", ())) > 1 else "all"
    return Asked("totals", {**period, **rows, "what": what, "group": group}, "count")


def average_month(reading: Reading, facts: Facts) -> Asked:
    """What a month comes to on average: of a period its whole months, else of the last ones."""
    rows, period = rows_of(reading), period_of(reading, facts.today)
    if len(rows.get("categories", ())) > 1 or rows.keys() & {"at_least", "at_most"}:
        raise NotUnderstood
    what = what_of(rows, reading, facts)
    if not period:
        return Asked("forecast", {**rows, "months": 1, "what": what}, "average")
    last = before(*month_of(facts.today.year, facts.today.month))[1]
    if period.get("until", str(facts.today)) > str(last):
        period["until"] = str(last)
    if "since" not in period or period["since"] > period["until"]:
        raise NotUnderstood
    return Asked("totals", {**period, **rows, "what": what, "group": "month"}, "average")


def average_payment(reading: Reading, facts: Facts) -> Asked:
    """How large one payment is on average."""
    rows = rows_of(reading)
    if re.search(r"\b(?:per|each|every|by|an?) (?:category|account|merchant|day|week|year)\b", reading.masked):
        raise NotUnderstood  # of all payments of a day, and not of one
    return Asked("payments", {**period_of(reading, facts.today), **rows, "what": sign(rows, reading, facts)}, "average")


def largest(reading: Reading, facts: Facts) -> Asked:
    """The largest payments."""
    rows = rows_of(reading)
    several = re.search(
        r"\b[a-z]{3,}(?<!s)s\b", re.sub(r"\b(?:was|is|whats|this|what's|does|has|always)\b", "", reading.masked)
    )
    count = reading.number or (5 if several else 1)
    if not 1 <= count <= 50:
        raise NotUnderstood
    return Asked(
        "largest", {**period_of(reading, facts.today), **rows, "what": sign(rows, reading, facts), "count": count}
    )


def list_payments(reading: Reading, facts: Facts) -> Asked:
    """Payments one by one, the largest first."""
    rows, period = rows_of(reading), period_of(reading, facts.today)
    if not rows and not period:
        raise NotUnderstood
    return Asked("largest", {**period, **rows, "what": sign(rows, reading, facts), "count": MOST_LISTED})


def find_amount(reading: Reading, facts: Facts) -> Asked:
    """Payments of an amount."""
    if len(reading.amounts) != 1:
        raise NotUnderstood
    (amount,) = reading.amounts
    rows = rows_of(reading) | ({"currency": amount.currency} if amount.currency else {})
    what = sign(rows, reading, facts)
    return Asked("payments", {**period_of(reading, facts.today), **rows, "amount": str(amount.value), "what": what})


def when_last(reading: Reading, facts: Facts) -> Asked:
    """The last payment, or the first one."""
    rows = rows_of(reading)
    partly = "merchant" not in rows and any(one.took for one in reading.named("category"))
    if partly or not rows.keys() & {"categories", "merchant"}:
        raise NotUnderstood  # of a dentist it is not the last payment for health
    order = "earliest" if _FIRST.search(reading.masked) else "latest"
    period, what = period_of(reading, facts.today), sign(rows, reading, facts)
    return Asked("payments", {**period, **rows, "what": what, "order": order, "count": 5}, "one")


_FIRST = re.compile(r"\b(?:first|earliest|oldest|start(?:ed)?|how long|since when)\b")


def charged_twice(reading: Reading, facts: Facts) -> Asked:
    """Pairs of payments."""
    rows = rows_of(reading)
    if rows.keys() - {"merchant", "account"}:
        raise NotUnderstood
    return Asked("charged_twice", {**period_of(reading, facts.today), **rows})


def compare(reading: Reading, facts: Facts, group: str | None = None) -> Asked:
    """Two periods."""
    rows = rows_of(reading)
    if rows.keys() & {"at_least", "at_most"}:
        raise NotUnderstood
    later, earlier = _two_periods(reading, facts.today)
    whole = len(rows.get("categories", ())) == 1 or "merchant" in rows
    return Asked("compare", {
        **rows, "since": str(later[0]), "until": str(later[1]), "before_since": str(earlier[0]),
        "before_until": str(earlier[1]), "what": what_of(rows, reading, facts),
        "group": group or ("all" if whole else "category"),
    })  # fmt: skip


def _two_periods(reading: Reading, today: date) -> tuple[tuple[date, date], tuple[date, date]]:
    """The later and the earlier period; of one that is named the same a year or a month before, where that is said."""
    spans = list(dict.fromkeys((one.since, one.until) for one in reading.periods))
    whole = [(since, until) for since, until in spans if since and until and since <= today]
    if len(whole) != len(spans) or len(whole) > 2:
        raise NotUnderstood
    said = reading.plain
    if _SAME_LAST_YEAR.search(said) and len(whole) == 2:
        kept = min(whole, key=lambda span: span[1] - span[0])
        if kept != whole[0] or kept[0].year == today.year:
            return kept, (year_back(kept[0]), year_back(kept[1]))
    if len(whole) == 2:
        earlier, later = sorted(whole)
        return later, earlier
    if len(whole) != 1 or whole[0][1] == today:
        raise NotUnderstood
    (span,) = whole
    if _YEAR_BEFORE.search(said):
        return span, (year_back(span[0]), year_back(span[1]))
    if re.search(r"\b(?:than|to|with|vs|versus|against|since) PERIOD$", reading.masked):
        return _now(span, today), span
    return span, before(*span)


_YEAR_BEFORE = re.compile(r"\byear (?:before|ago|earlier|prior)\b|\bprevious year\b|\bboth years\b")
_SAME_LAST_YEAR = re.compile(r"\bsame (?:\w+ )?(?:month|months|period|quarter|time|stretch|days)\b")


def _now(then: tuple[date, date], today: date) -> tuple[date, date]:
    """The present month or year, with which the last one is compared."""
    last_month = before(*month_of(today.year, today.month))
    if then == last_month:
        return month_of(today.year, today.month)
    if then == (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)):
        return date(today.year, 1, 1), date(today.year, 12, 31)
    raise NotUnderstood


def changes(reading: Reading, facts: Facts) -> Asked:
    """What changed most between two periods."""
    shops = re.search(r"\b(?:shops?|stores?|merchants?|places?|companies|retailers?)\b", reading.masked)
    spans = [(one.since, one.until) for one in reading.periods]
    if len(spans) == 1 and (month := _ends(spans[0])):  # "from May to June"
        reading = reading._replace(periods=[reading.periods[0]._replace(since=a, until=b) for a, b in month])
    elif not spans:
        reading = reading._replace(periods=[Period(*before(*month_of(facts.today.year, facts.today.month)), "")])
    return compare(reading, facts, "merchant" if shops or reading.named("category") else "category")


def _ends(span: tuple[date | None, date | None]) -> list[tuple[date, date]] | None:
    """The first and the last month of a span of two."""
    since, until = span
    if since is None or until is None:
        return None
    first, last = month_of(since.year, since.month), month_of(until.year, until.month)
    return [first, last] if (since, until) == (first[0], last[1]) and (last[0] - first[1]).days == 1 else None


def grouped(group: str) -> Build:
    """Sums by category, merchant or month."""

    def one(reading: Reading, facts: Facts) -> Asked:
        rows, period = rows_of(reading), period_of(reading, facts.today)
        by = "account" if group == "category" and re.search(r"\baccounts?\b", reading.masked) else group
        most = re.search(
            r"\b(?:most|mostly|top|which|what|who|largest|biggest|highest|dearest|priciest|main|more)\b", reading.masked
        )
        arguments = {**period, **rows, "what": what_of(rows, reading, facts), "group": by}
        return Asked("totals", arguments, "most" if most else None)

    return one


def anomalies(reading: Reading, facts: Facts) -> Asked:
    """What is unusual; what was charged twice is asked for by its words."""
    if re.search(r"\b(?:twice|doubl\w+|duplicat\w+|two times|2x)\b", reading.masked):
        return charged_twice(reading, facts)
    return Asked("anomalies", {**period_of(reading, facts.today), **rows_of(reading)})


def vat(reading: Reading, facts: Facts) -> Asked:
    """The VAT in an amount, or in what was spent."""
    if reading.rate is None or len(reading.amounts) > 1:
        raise NotUnderstood
    amount = next(iter(reading.amounts), None)
    if amount is None:
        return Asked("vat", {**period_of(reading, facts.today), **rows_of(reading), "rate": str(reading.rate)})
    currency = amount.currency or reading.currency
    return Asked("vat", {
        "amount": str(amount.value), **({"currency": currency} if currency else {}), "rate": str(reading.rate)
    })  # fmt: skip
