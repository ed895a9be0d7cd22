"""Crystal's tools: totals, comparisons, the largest payments, what recurs, what is unusual, and forecasts."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from nodes.tools.results import (
    MOST_ROWS,
    Figure,
    Result,
    behind,
    cells,
    columns,
    days,
    figure,
    joined,
    percent,
)
from nodes.tools.tool import Arguments, Call, Day, Period, Tool, chosen
from storage.finance.figures import Group, GroupTotal, Payments
from storage.finance.transactions import TransactionFilter

What = Literal["spent", "received", "net"]
WHAT: dict[What, str] = {"spent": "Spending", "received": "Income", "net": "Income less spending"}
TWO_CURRENCIES = "There are amounts in several currencies; they are not added up."


class Totals(Period):
    """Arguments of `totals`."""

    what: What = Field("spent", description="What is summed up; transfers between own accounts are left out.")
    group: Group = Field("all", description="One sum, or one for each category, merchant, account or month.")


async def totals(call: Call, args: Totals) -> Result:
    """Sums of a period."""
    only = await chosen(call, args, sign=_sign(args.what))
    found = await call.desk.figures.totals(call.user_id, only, args.group)
    sums = found if args.group == "all" else await call.desk.figures.totals(call.user_id, only)
    figures = [figure(f"{WHAT[args.what]}", _value(one, args.what), one["currency"]) for one in sums]
    figures += [figure("Transactions", one["count"], unit="count") for one in sums[:1]]
    if args.group != "all":
        figures += [
            figure(one["label"] or "Without a category", _value(one, args.what), one["currency"]) for one in found
        ]
    return Result(
        words=_words(WHAT[args.what], args, only, f"by {args.group}" if args.group != "all" else None),
        method="The sum of the amounts of all transactions that match, without transfers between your own accounts.",
        figures=figures,
        columns=columns((args.group.capitalize(), "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Transactions", "number")),
        rows=[
            cells(one["label"] or ("All" if args.group == "all" else "Without a category"), _value(one, args.what),
                  one["currency"], one["count"])
            for one in found[:MOST_ROWS]
        ],
        row_count=len(found),
        behind=behind(only),
        notes=_notes(sums),
    )  # fmt: skip


class Compare(Period):
    """Arguments of `compare`."""

    since: Day = Field(description="First day of the later period.")
    until: Day = Field(description="Its last day.")
    before_since: Day = Field(description="First day of the period before, with which it is compared.")
    before_until: Day = Field(description="Its last day.")
    what: What = "spent"
    group: Group = Field("category", description="What differences are listed by, the largest first.")

    @model_validator(mode="after")
    def _are_periods(self) -> "Compare":
        if self.before_since > self.before_until:
            raise ValueError("before_since is after before_until")
        return self


async def compare(call: Call, args: Compare) -> Result:
    """Two periods, and what changed most."""
    later = await chosen(call, args, sign=_sign(args.what))
    earlier = TransactionFilter(**{**vars(later), "since": args.before_since, "until": args.before_until})
    sums = [await call.desk.figures.totals(call.user_id, only) for only in (later, earlier)]
    groups = [await call.desk.figures.totals(call.user_id, only, args.group) for only in (later, earlier)]
    figures: list[Figure] = []
    for currency in sorted({one["currency"] for found in sums for one in found}):
        now, before = (_sum(found, currency, args.what) for found in sums)
        figures += [
            figure(f"{WHAT[args.what]}, {days(args.since, args.until)}", now, currency),
            figure(f"{WHAT[args.what]}, {days(args.before_since, args.before_until)}", before, currency),
            figure("Difference", now - before, currency),
        ]
        if (change := percent(now - before, before)) is not None:
            figures.append(figure("Change", change, unit="percent"))
    rows = _differences(groups[0], groups[1], args.what) if args.group != "all" else []
    notes = _notes(sums[0] + sums[1])
    if (args.until - args.since) != (args.before_until - args.before_since):
        lengths = ((args.until - args.since).days + 1, (args.before_until - args.before_since).days + 1)
        notes.append(f"The periods are not equally long: {lengths[0]} and {lengths[1]} days.")
    return Result(
        words=f"{_words(WHAT[args.what], args, later)} compared with {days(args.before_since, args.before_until)}",
        method="The sums of both periods, the later less the earlier; per cent of the earlier.",
        figures=figures,
        columns=columns((args.group.capitalize(), "text"), ("Later", "amount"), ("Before", "amount"),
                        ("Difference", "amount"), ("Currency", "text")),
        rows=[cells(*row) for row in rows[:MOST_ROWS]],
        row_count=len(rows),
        behind=behind(later),
        notes=notes,
    )  # fmt: skip


class Largest(Period):
    """Arguments of `largest`."""

    what: Literal["spent", "received"] = "spent"
    count: int = Field(5, ge=1, le=MOST_ROWS)


async def largest(call: Call, args: Largest) -> Result:
    """The largest payments of a period."""
    only = await chosen(call, args, sign=args.what)
    found = await call.desk.figures.largest(call.user_id, only, limit=args.count)
    return Result(
        words=_words(f"The {args.count} largest {'payments' if args.what == 'spent' else 'incomes'}", args, only),
        method="Transactions by the size of their amount, without transfers between your own accounts.",
        figures=[figure(one["counterparty"] or one["text"], one["amount"], one["currency"]) for one in found],
        columns=columns(("Date", "date"), ("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Category", "text")),
        rows=[
            cells(one["booked_on"], one["counterparty"] or one["text"], one["amount"], one["currency"], one["category"])
            for one in found
        ],
        row_count=len(found),
        behind=behind(TransactionFilter(transaction_ids=[one["transaction_id"] for one in found])),
        notes=[TWO_CURRENCIES] if len({one["currency"] for one in found}) > 1 else [],
    )  # fmt: skip


class Recurring(Arguments):
    """Arguments of `recurring`."""

    what: Literal["spent", "received"] = "spent"
    only_active: bool = Field(True, description="Leave out what has ended.")


class Series(NamedTuple):
    """A payment that recurs."""

    payments: Payments
    every: Literal["week", "month", "quarter", "year"]
    last: Decimal
    before: Decimal
    """What it was before its last change; the same where it never changed."""
    changed_on: date | None
    active: bool


INTERVALS: dict[Literal["week", "month", "quarter", "year"], tuple[int, int, int]] = {
    "week": (6, 8, 52), "month": (26, 35, 12), "quarter": (84, 98, 4), "year": (350, 380, 1),
}  # fmt: skip
"""The least and the most days between two payments, and how many there are in a year."""
LOOK_BACK = timedelta(days=800)


async def recurring(call: Call, args: Recurring) -> Result:
    """Payments that come again at regular intervals, with what they cost a year and how they rose."""
    only = TransactionFilter(since=call.today - LOOK_BACK, until=call.today, sign=args.what)
    found = [
        series
        for payments in await call.desk.figures.payments(call.user_id, only)
        if (series := series_of(payments, call.today)) and (series.active or not args.only_active)
    ]
    found.sort(key=lambda one: abs(one.last) * INTERVALS[one.every][2], reverse=True)
    a_year = {
        currency: sum(
            (one.last * INTERVALS[one.every][2] for one in found if one.payments["currency"] == currency), Decimal(0)
        )
        for currency in sorted({one.payments["currency"] for one in found})
    }
    figures = [figure("All together, a year", total, currency) for currency, total in a_year.items()]
    figures += [figure("Recurring payments", len(found), unit="count")]
    for one in found[:MOST_ROWS]:
        figures.append(figure(one.payments["label"], one.last, one.payments["currency"]))
        if one.changed_on:
            figures.append(figure(f"{one.payments['label']} before", one.before, one.payments["currency"]))
    ids = [one for series in found for one in series.payments["ids"]]
    return Result(
        words=f"Recurring {'payments' if args.what == 'spent' else 'income'}, as of {days(call.today, call.today)}",
        method="The same merchant, at least three times at regular intervals, with about the same amount; two times a"
        " year apart count as yearly. The amount is the last one; a year has 12 months, 4 quarters or 52 weeks.",
        figures=figures,
        columns=columns(("Merchant", "text"), ("Every", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Before", "amount"), ("Changed on", "date"), ("Last on", "date")),
        rows=[
            cells(one.payments["label"], one.every, one.last, one.payments["currency"],
                  one.before if one.changed_on else None, one.changed_on, one.payments["days"][-1])
            for one in found[:MOST_ROWS]
        ],
        row_count=len(found),
        behind=behind(TransactionFilter(transaction_ids=ids[:1000])),
        notes=[TWO_CURRENCIES] if len(a_year) > 1 else [],
    )  # fmt: skip


def series_of(payments: Payments, today: date) -> Series | None:
    """The series that a merchant's payments are; None where they are not regular."""
    by_day = dict(zip(payments["days"], payments["amounts"], strict=True))  # one a day: two are no series
    when, amounts = list(by_day), list(by_day.values())
    if len(when) < 2 or len(when) < len(payments["days"]) * 0.8:
        return None
    gaps = [(later - earlier).days for earlier, later in pairwise(when)]
    usual = median(gaps)
    every = next((name for name, (least, most, _) in INTERVALS.items() if least <= usual <= most), None)
    if every is None or len(when) < (2 if every == "year" else 3):
        return None
    least, most, _ = INTERVALS[every]
    regular = sum(least <= gap <= most for gap in gaps)
    middle = median(abs(amount) for amount in amounts)
    alike = sum(abs(abs(amount) - middle) <= middle * Decimal("0.35") for amount in amounts)
    if regular < len(gaps) * 0.75 or alike < len(amounts) * 0.8:
        return None
    changed = next((n for n in range(len(amounts) - 1, 0, -1) if amounts[n] != amounts[n - 1]), None)
    return Series(
        payments=payments,
        every=every,
        last=amounts[-1],
        before=amounts[changed - 1] if changed else amounts[-1],
        changed_on=when[changed] if changed else None,
        active=(today - when[-1]).days <= most * 1.5,
    )


def _sign(what: What) -> Literal["spent", "received"] | None:
    return None if what == "net" else what


def _value(total: GroupTotal, what: What) -> Decimal:
    return total[what]


def _sum(found: Sequence[GroupTotal], currency: str, what: What) -> Decimal:
    return sum((_value(one, what) for one in found if one["currency"] == currency), Decimal("0.00"))


def _differences(
    now: Sequence[GroupTotal], before: Sequence[GroupTotal], what: What
) -> list[tuple[str, Decimal, Decimal, Decimal, str]]:
    """Each group's sums in both periods, the largest difference first."""
    labels = {(one["key"], one["currency"]): one["label"] or "Without a category" for one in [*before, *now]}
    sums = [{(one["key"], one["currency"]): _value(one, what) for one in found} for found in (now, before)]
    rows = [
        (label, later := sums[0].get(key, Decimal("0.00")), earlier := sums[1].get(key, Decimal("0.00")),
         later - earlier, key[1])
        for key, label in labels.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-abs(row[3]), row[0]))


def _words(what: str, args: Period, only: TransactionFilter, group: str | None = None) -> str:
    return joined([
        what,
        f"in {' and '.join(only.categories)}" if only.categories else None,
        f"at “{args.merchant}”" if args.merchant else None,
        group,
        days(only.since, only.until),
        f"account “{args.account}”" if args.account else None,
        args.currency,
    ])  # fmt: skip


def _notes(sums: Sequence[GroupTotal]) -> list[str]:
    if not sums:
        return ["No transaction matches."]
    return [TWO_CURRENCIES] if len({one["currency"] for one in sums}) > 1 else []


TOOLS = (
    Tool(
        "totals", ("crystal", "prime", "ledger", "goalie"),
        "Sums up spending, income or both over a period, as one figure or by category, merchant, account or month.",
        Totals, totals,
    ),
    Tool(
        "compare", ("crystal", "prime"),
        "Compares spending or income of two periods, and lists what changed most.",
        Compare, compare,
    ),
    Tool("largest", ("crystal", "prime"), "Lists the largest payments of a period.", Largest, largest),
    Tool(
        "recurring", ("crystal", "goalie"),
        "Lists subscriptions and other payments that come again, what they cost a year, and which became dearer.",
        Recurring, recurring,
    ),
)  # fmt: skip
