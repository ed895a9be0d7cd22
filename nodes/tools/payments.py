"""Crystal's tools for single payments: which there are, how large they are, when one was made, and which came twice."""

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from pydantic import Field

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
)
from nodes.tools.tool import (
    Arguments,
    Call,
    Day,
    Size,
    Sized,
    Tool,
    accounts_named,
    category_names,
    chosen,
    filter_words,
)
from storage.finance.figures import Order, Sizes
from storage.finance.transactions import TransactionFilter

NEAR = Decimal("0.05")
"""Of an amount: how far away another one may be, where none is the same."""
SHOWN = 20
"""Payments that are listed where nobody says how many."""


class SinglePayments(Sized):
    """Arguments of `payments`."""

    what: Literal["spent", "received"] = "spent"
    amount: Size | None = Field(None, description="Only payments of this amount; where there is none, of nearly this.")
    order: Order = "latest"
    count: int = Field(SHOWN, ge=1, le=MOST_ROWS)


async def payments(call: Call, args: SinglePayments) -> Result:
    """The payments that match, one by one, with how large one is and when the first and the last was."""
    only = await chosen(call, args, sign=args.what)
    found, notes = only, list[str]()
    if args.amount is not None:
        found = _around(only, args.amount, Decimal(0))
    sizes = await call.desk.figures.sizes(call.user_id, found)
    if args.amount is not None and not sizes:
        found = _around(only, args.amount, NEAR)
        sizes = await call.desk.figures.sizes(call.user_id, found)
        notes.append(say("None is of exactly this amount; these are up to 5 % away from it."))
    rows = await call.desk.figures.ordered(call.user_id, found, limit=args.count, order=args.order)
    names = await category_names(call)
    if len(sizes) > 1:
        notes.append(SEVERAL_CURRENCIES)
    return Result(
        words=comma_joined(
            [
                say("Payments") if args.what == "spent" else say("Incoming payments"),
                *await filter_words(call, args, only),
                say("of {amount}", amount=args.amount) if args.amount is not None else None,
                period(only.since, only.until),
            ]
        ),
        method=say("Each transaction by itself, without transfers between your own accounts; the average is of one."),
        figures=[one for size in sizes for one in _size_figures(size)],
        columns=columns(("Date", "date"), ("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Category", "text"), ("Account", "text")),
        rows=[
            cells(one["booked_on"], one["counterparty"] or one["text"], one["amount"], one["currency"],
                  names.get(one["category"]), one["account"])
            for one in rows
        ],
        row_count=sum(one["count"] for one in sizes),
        behind=behind(found),
        notes=notes if sizes else [NO_MATCH],
    )  # fmt: skip


def _around(only: TransactionFilter, amount: Decimal, share: Decimal) -> TransactionFilter:
    """Those of about this amount; what is spent is stored as negative."""
    least, most = amount * (1 - share), amount * (1 + share)
    if only.sign == "spent":
        least, most = -most, -least
    return replace(only, at_least=least, at_most=most)


def _size_figures(one: Sizes) -> list[Figure]:
    currency = one["currency"]
    return [
        figure(say("Payments"), one["count"], unit="count"),
        figure(say("One payment, on average"), one["average"], currency),
        figure(say("The smallest"), one["smallest"], currency),
        figure(say("The largest"), one["largest"], currency),
        figure(say("The latest"), one["last"], currency),
        figure(say("The first"), one["first"], currency),
    ]


class ChargedTwice(Arguments):
    """Arguments of `charged_twice`."""

    since: Day | None = Field(None, description="First day of the second payment; left out: since the first one.")
    until: Day | None = None
    merchant: str | None = Field(None, max_length=60)
    account: str | None = Field(None, max_length=60)
    days: int = Field(3, ge=0, le=31, description="How far apart two payments may be.")


async def charged_twice(call: Call, args: ChargedTwice) -> Result:
    """Pairs of payments of the same amount to the same merchant, a few days apart."""
    accounts = await accounts_named(call, args.account) if args.account else ()
    only = TransactionFilter(
        words=(args.merchant or "").lower().split(),
        account_ids=[one["account_id"] for one in accounts],
        since=args.since,
        until=args.until or call.today,
        sign="spent",
    )
    pairs = await call.desk.figures.repeated(call.user_id, only, days=args.days, limit=MOST_ROWS)
    ids = [one for pair in pairs for one in pair["ids"]]
    return Result(
        words=comma_joined(
            [
                say("Payments of the same amount twice within {days} days", days=args.days),
                say("at “{merchant}”", merchant=args.merchant) if args.merchant else None,
                say("account “{account}”", account=args.account) if args.account else None,
                period(only.since, only.until),
            ]
        ),
        method=say(
            "The same merchant, amount and currency twice so few days apart; not where that is usual, as with tickets"
            " of one price."
        ),
        figures=[
            figure(say("Pairs"), len(pairs), unit="count"),
            *(figure(pair["label"], pair["amount"], pair["currency"]) for pair in pairs),
        ],
        columns=columns(("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"), ("First on", "date"),
                        ("Again on", "date"), ("Days apart", "number")),
        rows=[
            cells(pair["label"], pair["amount"], pair["currency"], pair["first_on"], pair["second_on"],
                  (pair["second_on"] - pair["first_on"]).days)
            for pair in pairs
        ],
        row_count=len(pairs),
        behind=behind(TransactionFilter(transaction_ids=ids)) if pairs else None,
        notes=[_twice_note(bool(pairs))],
    )  # fmt: skip


def _twice_note(found: bool) -> Translatable:
    if found:
        return say("They are worth checking; it does not follow that something is wrong.")
    return say("No payment was made twice.")


TOOLS = (
    Tool(
        "payments", ("crystal",),
        "Single payments: the largest, the last or first to a merchant, those of an amount, or what one is on average.",
        SinglePayments, payments,
    ),
    Tool(
        "charged_twice", ("crystal",), "Finds payments that were charged twice within a few days.",
        ChargedTwice, charged_twice,
    ),
)  # fmt: skip
