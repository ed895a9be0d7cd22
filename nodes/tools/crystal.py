"""Crystal's tools for sums: totals, comparisons of two periods, and the largest payments."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from nodes.tools.results import (
    MOST_ROWS,
    SEVERAL_CURRENCIES,
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
from nodes.tools.tool import Call, Day, Period, Tool, category_names, chosen, filter_words
from storage.finance.figures import Group, GroupTotal
from storage.finance.transactions import TransactionFilter

What = Literal["spent", "received", "net"]
WHAT: dict[What, str] = {"spent": "Spending", "received": "Income", "net": "Income less spending"}


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
        words=await _words(call, WHAT[args.what], args, only, f"by {args.group}" if args.group != "all" else None),
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
    figures: list[Figure] = []
    for currency in sorted({one["currency"] for found in sums for one in found}):
        now, before = (_sum(found, currency, args.what) for found in sums)
        figures += [
            figure(f"{WHAT[args.what]}, {days(args.since, args.until)}", now, currency),
            figure(f"{WHAT[args.what]}, {days(args.before_since, args.before_until)}", before, currency),
            figure("Difference", now - before, currency),
        ]
        grown = abs(now) - abs(before) if args.what == "spent" else now - before  # more spent is more, not less
        if (change := percent(grown, before)) is not None:
            figures.append(figure("Change", change, unit="percent"))
    rows = _differences(groups[0], groups[1], args.what) if args.group != "all" else []
    notes = _notes(sums[0] + sums[1])
    if (args.until - args.since) != (args.before_until - args.before_since):
        lengths = ((args.until - args.since).days + 1, (args.before_until - args.before_since).days + 1)
        notes.append(f"The periods are not equally long: {lengths[0]} and {lengths[1]} days.")
    return Result(
        words=f"{await _words(call, WHAT[args.what], args, later)}"
        f" compared with {days(args.before_since, args.before_until)}",
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
    names = await category_names(call)
    what = f"The {args.count} largest {'payments' if args.what == 'spent' else 'incomes'}"
    return Result(
        words=await _words(call, what, args, only),
        method="Transactions by the size of their amount, without transfers between your own accounts.",
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


async def _words(call: Call, what: str, args: Period, only: TransactionFilter, group: str | None = None) -> str:
    return joined([what, *await filter_words(call, args, only), group, days(only.since, only.until)])


def _notes(sums: Sequence[GroupTotal]) -> list[str]:
    if not sums:
        return ["No transaction matches."]
    return [SEVERAL_CURRENCIES] if len({one["currency"] for one in sums}) > 1 else []


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
)  # fmt: skip
