"""A tool for what is to come: payments that are due."""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from statistics import median_low
from typing import Literal, NamedTuple

from pydantic import Field

from nodes.text.translatable import comma_joined, period, say
from nodes.tools.patterns import LOOK_BACK, Interval, Series, series_of
from nodes.tools.results import (
    MOST_ROWS,
    SEVERAL_CURRENCIES,
    Figure,
    Result,
    behind,
    cells,
    columns,
    figure,
)
from nodes.tools.tool import BadArguments, Call, Day, Tool, Which, chosen, filter_words
from storage.finance.transactions import TransactionFilter

GRACE = timedelta(days=7)
"""For so long after its day a payment is still expected: banks book after weekends and holidays."""
FARTHEST = timedelta(days=400)
"""Ahead, in which the next payment of a merchant is looked for: one a year is found."""
COMPARED = 6
"""Payments from whose days the next one's day is worked out."""
LAST_AMOUNTS = 3
"""Of a series, between the least and the most of which the next one is expected."""


class Due(Which):
    """Arguments of `due`."""

    since: Day | None = Field(None, description="First day; left out: today.")
    until: Day | None = Field(None, description="Last day; left out: the month's end, or the next one of a merchant.")
    what: Literal["spent", "received"] = "spent"


class Expected(NamedTuple):
    """A payment that is to come."""

    series: Series
    on: date
    earliest: date
    latest: date

    @property
    def currency(self) -> str:
        """ISO 4217."""
        return self.series.payments["currency"]

    @property
    def range(self) -> tuple[Decimal, Decimal]:
        """Between which amounts it may be; the one nearer to zero first."""
        amounts = sorted(self.series.payments["amounts"][-LAST_AMOUNTS:], key=abs)
        return amounts[0], amounts[-1]


async def due(call: Call, args: Due) -> Result:
    """Recurring payments that are still to come, each with its day and its amount."""
    since, until, only_next = _period(call.today, args)
    only = replace(await chosen(call, args, sign=args.what), since=call.today - LOOK_BACK)
    found, unseen = list[Expected](), list[Expected]()
    for payments in await call.desk.figures.payments(call.user_id, only):
        series = series_of(payments, call.today)
        for one in expected(series, until) if series and series.active else ():
            if one.on >= since - (GRACE if since == call.today else timedelta(0)):
                found.append(one)
                if only_next:
                    break
            elif since == call.today:
                unseen.append(one)
    found.sort(key=lambda one: (one.on, one.series.payments["label"]))
    ids = [one.series.payments["ids"][-1] for one in found]
    to_come = say("Payments to come") if args.what == "spent" else say("Income to come")
    return Result(
        words=comma_joined(
            [to_come, *await filter_words(call, args, only), None if only_next else period(since, until)]
        ),
        method=say(
            "What recurs, on the day on which it usually comes, with its last amount; banks book after weekends and"
            " holidays. What does not recur is not in it."
        ),
        figures=_due_figures(found, args.what),
        columns=columns(("Expected on", "date"), ("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("At the earliest", "date"), ("At the latest", "date"), ("At least", "amount"),
                        ("At most", "amount"), ("Last on", "date")),
        rows=[
            cells(one.on, one.series.payments["label"], one.series.last, one.currency, one.earliest, one.latest,
                  *one.range, one.series.payments["days"][-1])
            for one in found[:MOST_ROWS]
        ],
        row_count=len(found),
        behind=behind(TransactionFilter(transaction_ids=ids[:1000])) if ids else None,
        notes=_due_notes(found, unseen),
    )  # fmt: skip


def _period(today: date, args: Due) -> tuple[date, date, bool]:
    """The period, and whether only the next payment of each merchant is asked for."""
    since = args.since or today
    only_next = bool(args.merchant or args.categories) and args.since is None and args.until is None
    of_month = since.replace(day=calendar.monthrange(since.year, since.month)[1])
    until = args.until or (today + FARTHEST if only_next else of_month)
    if until < max(since, today):
        raise BadArguments("The period is over; due is for what is still to come.")
    if until > today + FARTHEST:
        raise BadArguments("That is too far ahead: a year at most.")
    return max(since, today), until, only_next


def expected(series: Series, until: date) -> Iterator[Expected]:
    """The payments of a series after its last one, as far as a day."""
    days = sorted(set(series.payments["days"]))[-COMPARED:]
    ago = [round((days[-1] - day).days / DAYS[series.every]) for day in days]
    for n in count(1):
        likely = sorted(_later(day, series.every, times + n) for day, times in zip(days, ago, strict=True))
        one = Expected(series, median_low(likely), likely[0], likely[-1])
        if one.on > until:
            return
        yield one


DAYS: dict[Interval, float] = {"week": 7, "month": 30.44, "quarter": 91.31, "year": 365.25}
"""Between two payments, on average."""
MONTHS: dict[Interval, int] = {"month": 1, "quarter": 3, "year": 12}


def _later(day: date, every: Interval, times: int) -> date:
    """The day so many intervals later; of a shorter month the last one."""
    if every == "week":
        return day + timedelta(weeks=times)
    number = day.year * 12 + day.month - 1 + times * MONTHS[every]
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _due_figures(found: Sequence[Expected], what: Literal["spent", "received"]) -> list[Figure]:
    """The sums by currency with their ranges, then each payment with its day."""
    name = say("Still to be paid") if what == "spent" else say("Still to come in")
    figures = list[Figure]()
    for currency in sorted({one.currency for one in found}):
        amounts = [(one.series.last, *one.range) for one in found if one.currency == currency]
        total, least, most = (sum(column, Decimal("0.00")) for column in zip(*amounts, strict=True))
        figures.append(figure(name, total, currency))
        if least != most:
            figures += [figure(say("At least"), least, currency), figure(say("At most"), most, currency)]
    figures.append(figure(say("Payments"), len(found), unit="count"))
    for one in found[:MOST_ROWS]:
        figures.append(figure(one.series.payments["label"], one.series.last, one.currency))
    return figures


def _due_notes(found: Sequence[Expected], unseen: Sequence[Expected]) -> list[str]:
    notes = list[str]()
    if not found:
        notes.append(say("Nothing that recurs is expected."))
    if len({one.currency for one in found}) > 1:
        notes.append(SEVERAL_CURRENCIES)
    for one in unseen[:5]:
        notes.append(
            say(
                "{merchant} was expected on {day} and is in no statement yet; it is not counted.",
                merchant=one.series.payments["label"], day=period(one.on, one.on),
            )
        )  # fmt: skip
    return notes


TOOLS = (
    Tool(
        "due", ("crystal", "goalie"),
        "Recurring payments or income still to come by the month's end or in a period, and when a merchant's next is.",
        Due, due,
    ),
)  # fmt: skip
