"""Ledger's tools: what may lower taxes by category and year, and the VAT in an amount."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from pydantic import Field

from nodes.tools.results import (
    MOST_ROWS,
    SEVERAL_CURRENCIES,
    Result,
    behind,
    cells,
    columns,
    days,
    figure,
    money,
)
from nodes.tools.tool import Arguments, BadArguments, Call, Period, Tool, chosen
from storage.finance.transactions import TransactionFilter

MOST_MISSING = 1000
"""Rows that are looked through for a receipt."""


class Deductible(Arguments):
    """Arguments of `deductible`."""

    year: int = Field(ge=1970, le=2100)


async def deductible(call: Call, args: Deductible) -> Result:
    """What may be deductible in a year, by category, with the receipts that are missing."""
    known = await call.desk.categories.list(call.user_id)
    chosen_categories = {one["category"]: one["name"] for one in known if one["deductible"]}
    if not chosen_categories:
        raise BadArguments("The user has marked no category as deductible.")
    only = TransactionFilter(
        since=date(args.year, 1, 1), until=date(args.year, 12, 31), categories=list(chosen_categories)
    )
    sums = await call.desk.figures.totals(call.user_id, only)
    groups = await call.desk.figures.totals(call.user_id, only, "category")
    rows = await call.desk.transactions.list(call.user_id, only, limit=MOST_MISSING)
    missing = [one for one in rows if one["amount"] < 0 and one["receipt_id"] is None]
    figures = [figure("May be deductible", -one["net"], one["currency"]) for one in sums]
    figures += [figure(one["label"] or "", -one["net"], one["currency"]) for one in groups]
    figures.append(figure("Without a receipt", len(missing), unit="count"))
    notes = [
        "Whether an expense is deductible depends on the country and the case; the user chose these categories.",
        f"Categories counted: {', '.join(chosen_categories.values())}.",
    ]
    if len({one["currency"] for one in sums}) > 1:
        notes.append(SEVERAL_CURRENCIES)
    if len(rows) == MOST_MISSING:
        notes.append(f"Only the last {MOST_MISSING} rows were looked through for receipts.")
    return Result(
        words=f"What may be deductible, {days(only.since, only.until)}",
        method="What was spent in the categories that are marked as deductible, less what came back.",
        figures=figures,
        columns=columns(("Date", "date"), ("Without a receipt", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Category", "text")),
        rows=[
            cells(one["booked_on"], one["counterparty"] or one["text"], one["amount"], one["currency"],
                  chosen_categories.get(one["category"] or ""))
            for one in missing[:MOST_ROWS]
        ],
        row_count=len(missing),
        behind=behind(only),
        notes=notes,
    )  # fmt: skip


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
            figure("With VAT", amount, currency),
            figure("VAT", contained, currency),
            figure("Without VAT", amount - contained, currency),
        ]
    of = money(*gross[0]) if args.amount is not None else f"spending, {days(only.since, only.until)}"
    return Result(
        words=f"VAT of {args.rate.normalize():f} % in {of}",
        method="Amount × rate ÷ (100 + rate), rounded to the cent.",
        figures=figures,
        columns=[],
        rows=[],
        row_count=0,
        behind=behind(only) if args.amount is None else None,
        notes=["Which rate applies to which purchase is not known here: the rate is the user's."],
    )


TOOLS = (
    Tool(
        "deductible", ("ledger", "prime"),
        "Sums up a year's spending in the categories that the user marked as deductible, and lists missing receipts.",
        Deductible, deductible,
    ),
    Tool("vat", ("ledger",), "The VAT that is contained in an amount or in spending, at a given rate.", Vat, vat),
)  # fmt: skip
