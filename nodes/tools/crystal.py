"""Crystal's tools for sums: totals, comparisons of two periods, and the largest payments."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from nodes.text.translatable import Translatable, comma_joined, period, say
from nodes.tools.results import (
    MOST_ROWS,
    NO_MATCH,
    SEVERAL_CURRENCIES,
    Figure,
    Result,
    behind,
    cells,
    columns,
    figure,
    percent,
)
from nodes.tools.tool import Call, Day, Period, Sized, Tool, category_label, category_names, chosen, filter_words
from storage.finance.figures import Group, GroupTotal
from storage.finance.transactions import TransactionFilter

What = Literal["spent", "received", "net"]
WHAT: dict[What, str] = {"spent": say("Spending"), "received": say("Income"), "net": say("Income less spending")}
BY: dict[Group, Translatable] = {
    "category": say("by category"), "merchant": say("by merchant"), "account": say("by account"),
    "month": say("by month"),
}  # fmt: skip
MOST_CHANGED = 3
"""Groups that a comparison names as having risen most, and as many that fell."""


CENT = Decimal("0.01")


class Totals(Sized):
    """Arguments of `totals`."""

    what: What = Field("spent", description="What is summed up; transfers between own accounts are left out.")
    group: Group = "all"


async def totals(call: Call, args: Totals) -> Result:
    """Sums of a period."""
    only = await chosen(call, args, sign=_sign(args.what))
    found = await call.desk.figures.totals(call.user_id, only, args.group)
    sums = found if args.group == "all" else await call.desk.figures.totals(call.user_id, only)
    figures = [figure(WHAT[args.what], _value(one, args.what), one["currency"]) for one in sums]
    figures += [figure(say("Transactions"), one["count"], unit="count") for one in sums[:1]]
    if args.group == "month" and (months := _whole_months(args, call.today)):
        figures += [
            figure(say("A month, on average"), (_value(one, args.what) / months).quantize(CENT), one["currency"])
            for one in sums
        ]
    if args.group != "all":
        figures += [figure(_label(one, args.group), _value(one, args.what), one["currency"]) for one in found]
    return Result(
        words=await _words(call, WHAT[args.what], args, only, BY.get(args.group)),
        method=say(
            "The sum of the amounts of all transactions that match, without transfers between your own accounts."
        ),
        figures=figures,
        columns=columns((args.group.capitalize(), "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Transactions", "number")),
        rows=[
            cells(_label(one, args.group), _value(one, args.what), one["currency"], one["count"])
            for one in found[:MOST_ROWS]
        ],
        row_count=len(found),
        behind=behind(only),
        notes=_notes(sums),
    )  # fmt: skip


class Compare(Period):
    """Arguments of `compare`."""

    since: Day = Field(description="First day of the later period.")  # pyright: ignore[reportIncompatibleVariableOverride] - required here
    until: Day = Field(description="Its last day.")  # pyright: ignore[reportIncompatibleVariableOverride]
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
    earlier = replace(later, since=args.before_since, until=args.before_until)
    sums = [await call.desk.figures.totals(call.user_id, only) for only in (later, earlier)]
    groups = [await call.desk.figures.totals(call.user_id, only, args.group) for only in (later, earlier)]
    rows = _differences(groups, args.what, args.group) if args.group != "all" else []
    return Result(
        words=say(
            "{words} compared with {period}",
            words=await _words(call, WHAT[args.what], args, later),
            period=period(args.before_since, args.before_until),
        ),
        method=say("The sums of both periods, the later less the earlier; per cent of the earlier."),
        figures=[*_compared(sums, args), *_changed_most(rows, args.what)],
        columns=columns((args.group.capitalize(), "text"), ("Later", "amount"), ("Before", "amount"),
                        ("Difference", "amount"), ("Currency", "text")),
        rows=[cells(*row) for row in rows[:MOST_ROWS]],
        row_count=len(rows),
        behind=behind(later),
        notes=[*_notes(sums[0] + sums[1]), *_notes_of_periods(call, args)],
    )  # fmt: skip


def _compared(sums: Sequence[Sequence[GroupTotal]], args: Compare) -> list[Figure]:
    """Both sums of each currency, and how far they are apart."""
    figures: list[Figure] = []
    for currency in sorted({one["currency"] for found in sums for one in found}):
        now, before = (_sum(found, currency, args.what) for found in sums)
        figures += [
            figure(comma_joined([WHAT[args.what], period(args.since, args.until)]), now, currency),
            figure(comma_joined([WHAT[args.what], period(args.before_since, args.before_until)]), before, currency),
            figure(say("Difference"), now - before, currency),
        ]
        grown = abs(now) - abs(before) if args.what == "spent" else now - before  # more spent is more, not less
        if (change := percent(grown, before)) is not None:
            figures.append(figure(say("Change"), change, unit="percent"))
    return figures


def _notes_of_periods(call: Call, args: Compare) -> list[str]:
    """What makes the periods of a comparison unequal."""
    notes: list[str] = []
    days, others = (args.until - args.since).days + 1, (args.before_until - args.before_since).days + 1
    if days != others:
        notes.append(say("The periods are not equally long: {days} and {others} days.", days=days, others=others))
    if args.until > call.today:
        today = period(call.today, call.today)
        notes.append(say("The later period is not over yet: it is counted until {day}.", day=today))
    return notes


class Largest(Sized):
    """Arguments of `largest`."""

    what: Literal["spent", "received"] = "spent"
    count: int = Field(5, ge=1, le=MOST_ROWS)


async def largest(call: Call, args: Largest) -> Result:
    """The largest payments of a period."""
    only = await chosen(call, args, sign=args.what)
    found = await call.desk.figures.ordered(call.user_id, only, limit=args.count)
    names = await category_names(call)
    kind = say("largest payments") if args.what == "spent" else say("largest incomes")
    what = say("The {count} {kind}", count=args.count, kind=kind)
    return Result(
        words=await _words(call, what, args, only),
        method=say("Transactions by the size of their amount, without transfers between your own accounts."),
        figures=[figure(one["counterparty"] or one["text"], one["amount"], one["currency"]) for one in found],
        columns=columns(("Date", "date"), ("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Category", "text")),
        rows=[
            cells(one["booked_on"], one["counterparty"] or one["text"], one["amount"], one["currency"],
                  names.get(one["category"]))
            for one in found
        ],
        row_count=len(found),
        behind=behind(TransactionFilter(transaction_ids=[one["transaction_id"] for one in found])),
        notes=[SEVERAL_CURRENCIES] if len({one["currency"] for one in found}) > 1 else [],
    )  # fmt: skip


def _whole_months(args: Period, today: date) -> int:
    """How many months a period has, all of them whole and over; 0 where it has others."""
    if not args.since or not args.until or args.since.day != 1 or args.until >= today:
        return 0
    if (args.until + timedelta(days=1)).day != 1:
        return 0
    return (args.until.year - args.since.year) * 12 + args.until.month - args.since.month + 1


def _sign(what: What) -> Literal["spent", "received"] | None:
    return None if what == "net" else what


def _value(total: GroupTotal, what: What) -> Decimal:
    return total[what]


def _sum(found: Sequence[GroupTotal], currency: str, what: What) -> Decimal:
    return sum((_value(one, what) for one in found if one["currency"] == currency), Decimal("0.00"))


def _differences(
    periods: Sequence[Sequence[GroupTotal]], what: What, group: Group
) -> list[tuple[str, Decimal, Decimal, Decimal, str]]:
    """Each group's sums in both periods, the later one first, and the largest difference first."""
    now, before = periods
    labels = {(one["key"], one["currency"]): _label(one, group) for one in [*before, *now]}
    sums = [{(one["key"], one["currency"]): _value(one, what) for one in found} for found in periods]
    rows = [
        (label, later := sums[0].get(key, Decimal("0.00")), earlier := sums[1].get(key, Decimal("0.00")),
         later - earlier, key[1])
        for key, label in labels.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-abs(row[3]), row[0]))


def _changed_most(rows: Sequence[tuple[str, Decimal, Decimal, Decimal, str]], what: What) -> list[Figure]:
    """The groups that rose and fell most in each currency; more spent is more, though it is stored as negative."""
    figures = list[Figure]()
    for currency in sorted({row[4] for row in rows}):
        of = [row for row in rows if row[4] == currency and row[3]]
        rose = [row for row in of if (row[3] < 0) == (what == "spent")]
        fell = [row for row in of if (row[3] < 0) != (what == "spent")]
        figures += [figure(say("More: {name}", name=row[0]), row[3], currency) for row in rose[:MOST_CHANGED]]
        figures += [figure(say("Less: {name}", name=row[0]), row[3], currency) for row in fell[:MOST_CHANGED]]
    return figures


async def _words(call: Call, what: str, args: Period, only: TransactionFilter, group: str | None = None) -> str:
    return comma_joined([what, *await filter_words(call, args, only), group, period(only.since, only.until)])


def _label(one: GroupTotal, group: Group) -> str:
    """What a group is called."""
    if group == "all":
        return say("All")
    return category_label(one["key"] if group == "category" else None, one["label"])


def _notes(sums: Sequence[GroupTotal]) -> list[str]:
    if not sums:
        return [NO_MATCH]
    return [SEVERAL_CURRENCIES] if len({one["currency"] for one in sums}) > 1 else []


TOOLS = (
    Tool(
        "totals", ("crystal", "prime", "ledger", "goalie"),
        "Sums up spending, income or both over a period, as one figure or by category, merchant, account or month.",
        Totals, totals,
    ),
    Tool(
        "compare", ("crystal", "prime"),
        "Compares spending or income of two periods, and lists what rose and fell most.",
        Compare, compare,
    ),
    Tool(
        "largest", ("crystal", "prime"), "Lists the largest payments of a period.",
        Largest, largest, untold=("crystal",),  # told of payments
    ),
)  # fmt: skip
