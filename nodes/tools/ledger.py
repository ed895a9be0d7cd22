"""Ledger's tools: what may lower taxes by category and year, and the VAT in an amount."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from pydantic import Field

from nodes.text.translatable import Money, comma_joined, period, say
from nodes.tools.results import (
    MOST_ROWS,
    SEVERAL_CURRENCIES,
    Result,
    behind,
    cells,
    columns,
    figure,
)
from nodes.tools.tool import (
    Arguments,
    BadArguments,
    Call,
    Period,
    Tool,
    category_label,
    chosen,
    in_categories,
    slugs_of,
)
from storage.finance.figures import GroupTotal
from storage.finance.transactions import TransactionFilter

MOST_MISSING = 1000
"""Rows that are looked through for a receipt."""


class Deductible(Arguments):
    """Arguments of `deductible`."""

    year: int = Field(ge=1970, le=2100)
    categories: list[str] = Field([], max_length=20, description="Slugs of some of them; left out: all.")


async def deductible(call: Call, args: Deductible) -> Result:
    """What may be deductible in a year, by category, with the receipts that are missing."""
    wanted = await slugs_of(call, args.categories)
    marked = await _marked(call, wanted)
    only = TransactionFilter(since=date(args.year, 1, 1), until=date(args.year, 12, 31), categories=list(marked))
    sums = await call.desk.figures.totals(call.user_id, only)
    groups = await call.desk.figures.totals(call.user_id, only, "category")
    rows = await call.desk.transactions.list(call.user_id, only, limit=MOST_MISSING)
    missing = [one for one in rows if one["amount"] < 0 and one["receipt_id"] is None]
    figures = [figure(say("May be deductible"), -one["net"], one["currency"]) for one in sums]
    figures += [figure(category_label(one["key"], one["label"]), -one["net"], one["currency"]) for one in groups]
    figures.append(figure(say("Without a receipt"), len(missing), unit="count"))
    return Result(
        words=comma_joined(
            [say("What may be deductible"), in_categories([marked[one] for one in wanted]),
             period(only.since, only.until)]
        ),
        method=say("What was spent in the categories that are marked as deductible, less what came back."),
        figures=figures,
        columns=columns(("Date", "date"), ("Without a receipt", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Category", "text")),
        rows=[
            cells(one["booked_on"], one["counterparty"] or one["text"], one["amount"], one["currency"],
                  marked.get(one["category"] or ""))
            for one in missing[:MOST_ROWS]
        ],
        row_count=len(missing),
        behind=behind(only),
        notes=_notes(marked, sums, all_rows=len(rows) < MOST_MISSING),
    )  # fmt: skip


async def _marked(call: Call, wanted: Sequence[str]) -> dict[str, str]:
    """The names, by slug, of the categories that are marked as deductible, or of those of them that are wanted."""
    known = [one for one in await call.desk.categories.list(call.user_id) if one["deductible"]]
    marked = {one["category"]: category_label(one["category"], one["name"]) for one in known}
    if not marked:
        raise BadArguments("The user has marked no category as deductible.")
    if others := [one for one in wanted if one not in marked]:
        raise BadArguments(f"Not marked as deductible: {', '.join(others)}. These are: {', '.join(marked)}.")
    return {slug: name for slug, name in marked.items() if not wanted or slug in wanted}


def _notes(marked: Mapping[str, str], sums: Sequence[GroupTotal], *, all_rows: bool) -> list[str]:
    """What the sums of deductible categories leave open."""
    notes: list[str] = [
        say("Whether an expense is deductible depends on the country and the case; the user chose these categories."),
        say("Categories counted: {categories}.", categories=comma_joined(marked.values())),
    ]
    if len({one["currency"] for one in sums}) > 1:
        notes.append(SEVERAL_CURRENCIES)
    if not all_rows:
        notes.append(say("Only the last {count} rows were looked through for receipts.", count=MOST_MISSING))
    return notes


class Vat(Period):
    """Arguments of `vat`."""

    rate: Annotated[Decimal, Field(gt=0, le=100, allow_inf_nan=False)] = Field(
        description="Per cent, as the user said."
    )
    amount: Annotated[Decimal, Field(ge=0, le=Decimal("1e12"), decimal_places=2)] | None = Field(
        None, description="An amount with VAT; left out: the spending that matches."
    )


async def vat(call: Call, args: Vat) -> Result:
    """The VAT that is contained in an amount, or in what was spent."""
    only = await chosen(call, args, sign="spent")
    if args.amount is not None:
        gross = [(args.amount, args.currency or "EUR")]
    else:
        gross = [(-one["net"], one["currency"]) for one in await call.desk.figures.totals(call.user_id, only)]
    figures = []
    for amount, currency in gross:
        contained = (amount * args.rate / (100 + args.rate)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        figures += [
            figure(say("With VAT"), amount, currency),
            figure(say("VAT"), contained, currency),
            figure(say("Without VAT"), amount - contained, currency),
        ]
    of = (
        say("{amount}", amount=Money(*gross[0]))
        if args.amount is not None
        else comma_joined([say("Spending"), period(only.since, only.until)])
    )
    return Result(
        words=say("VAT of {rate} % in: {of}", rate=args.rate.normalize(), of=of),
        method=say("Amount × rate ÷ (100 + rate), rounded to the cent."),
        figures=figures,
        columns=[],
        rows=[],
        row_count=0,
        behind=behind(only) if args.amount is None else None,
        notes=[say("Which rate applies to which purchase is not known here: the rate is the user's.")],
    )


TOOLS = (
    Tool(
        "deductible", ("ledger", "prime"),
        "Sums up a year's spending in the categories that the user marked as deductible, and lists missing receipts.",
        Deductible, deductible,
    ),
    Tool("vat", ("ledger",), "The VAT that is contained in an amount or in spending, at a given rate.", Vat, vat),
)  # fmt: skip
