"""Prime's tools: the overview of a month, and handing a question over to a colleague."""

import calendar
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from nodes.employees import BY_NAME
from nodes.text.translatable import comma_joined, period, say
from nodes.tools.results import NO_CATEGORY, SEVERAL_CURRENCIES, Result, behind, cells, columns, figure, percent
from nodes.tools.tool import Arguments, Call, Tool, category_label
from storage.finance.transactions import TransactionFilter

LARGEST = 5
"""Categories that an overview names."""


class Overview(Arguments):
    """Arguments of `overview`."""

    month: Annotated[str, Field(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")] | None = Field(
        None, description="As 2026-03; left out: this month."
    )


async def overview(call: Call, args: Overview) -> Result:
    """Income, spending and what is left of a month, the largest categories, and what needs a look."""
    first = date.fromisoformat(f"{args.month}-01") if args.month else call.today.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    only = TransactionFilter(since=first, until=last)
    sums = await call.desk.figures.totals(call.user_id, only)
    groups = await call.desk.figures.totals(call.user_id, only, "category")
    none = await call.desk.figures.totals(call.user_id, TransactionFilter(since=first, until=last, uncategorised=True))
    failed = [one for one in await call.desk.documents.list(call.user_id, limit=50) if one["status"] == "failed"]
    figures = []
    for one in sums:
        figures += [
            figure(say("Income"), one["received"], one["currency"]),
            figure(say("Spending"), one["spent"], one["currency"]),
            figure(say("Left"), one["net"], one["currency"]),
        ]
        if (rate := percent(one["net"], one["received"])) is not None:
            figures.append(figure(say("Left of the income"), rate, unit="percent"))
    spent = [one for one in groups if one["spent"] < 0][:LARGEST]
    figures += [figure(category_label(one["key"], one["label"]), one["spent"], one["currency"]) for one in spent]
    figures.append(figure(NO_CATEGORY, sum(one["count"] for one in none), unit="count"))
    notes: list[str] = [say("Documents that could not be read: {count}.", count=len(failed))] if failed else []
    if len(sums) > 1:
        notes.append(SEVERAL_CURRENCIES)
    if first <= call.today < last:
        notes.append(say("The month is not over."))
    return Result(
        words=comma_joined([say("Overview"), period(first, last)]),
        method=say("The sums of all transactions of the month, without transfers between your own accounts."),
        figures=figures,
        columns=columns(("Category", "text"), ("Spent", "amount"), ("Currency", "text"), ("Transactions", "number")),
        rows=[
            cells(category_label(one["key"], one["label"]), one["spent"], one["currency"], one["count"])
            for one in groups
            if one["spent"] < Decimal(0)
        ][:50],
        row_count=len(groups),
        behind=behind(only),
        notes=notes,
    )


class HandOver(Arguments):
    """Arguments of `hand_over`."""

    employee: Literal["crystal", "ledger", "byte", "tag", "goalie"]
    question: str = Field(min_length=1, max_length=500, description="What the colleague is to answer.")


async def hand_over(call: Call, args: HandOver) -> Result:  # noqa: ARG001 - every tool takes them
    """Has a colleague's tools offered from here on, said openly."""
    who = BY_NAME[args.employee]
    return Result(
        words=say("Handed over to {name}: {question}", name=who.name, question=args.question),
        method=say("{name}'s tools can be used from here on.", name=who.name),
        figures=[],
        columns=[],
        rows=[],
        row_count=0,
        behind=None,
        notes=[say("Say that {name} looked it up.", name=who.name)],
    )


TOOLS = (
    Tool(
        "overview", ("prime",),
        "The overview of a month: income, spending, what is left, the largest categories, and what needs a look.",
        Overview, overview,
    ),
    Tool(
        "hand_over", ("prime",),
        "Hands a question over to the colleague whose field it is; their tools can be used afterwards.",
        HandOver, hand_over,
    ),
)  # fmt: skip
