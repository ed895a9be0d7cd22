"""A tool for forecasts: what the next months may cost or bring, and what a period under way will come to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import Field

from nodes.text.translatable import comma_joined, period, say
from nodes.tools.outlook import Outlook, at_the_end
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
from nodes.tools.tool import Call, Tool, chosen, filter_words
from storage.finance.figures import GroupTotal


class Forecast(Outlook):
    """Arguments of `forecast`."""

    months: int = Field(3, ge=1, le=12, description="How many months ahead.")
    look_back: int = Field(6, ge=3, le=24, description="Complete months it is computed from, at most.")


async def forecast(call: Call, args: Forecast) -> Result:
    """What the next months may come to, or a period under way, with a range."""
    if args.until is not None or args.what == "balance":
        return await at_the_end(call, args, args.look_back)
    last = call.today.replace(day=1) - timedelta(days=1)
    month = last.year * 12 + last.month - args.look_back
    first = date(month // 12, month % 12 + 1, 1)
    only = await chosen(call, args, sign=None if args.what == "net" else args.what)
    only = replace(only, since=first, until=last)
    months = await call.desk.figures.totals(call.user_id, only, "month")
    months_ahead = say("{count} months", count=args.months) if args.months > 1 else say("1 month")
    figures, rows, notes = list[Figure](), list[list[str | None]](), list[str]()
    for currency in sorted({one["currency"] for one in months}):
        values = _complete(months, currency, args.what, last)
        if len(values) < 3:
            notes.append(
                say("{currency}: fewer than three complete months; that is too few for a forecast.", currency=currency)
            )
            continue
        figures += _forecast_figures(values, args.months, months_ahead, currency)
        rows += [cells(one["label"], one[args.what], currency) for one in months if one["currency"] == currency]
    if not months:
        notes.append(NO_MATCH)
    if len({one["currency"] for one in months}) > 1:
        notes.append(SEVERAL_CURRENCIES)
    return Result(
        words=comma_joined(
            [
                say("Forecast for {months} from {period}", months=months_ahead, period=period(first, last)),
                *await filter_words(call, args, only),
            ]
        ),
        method=say(
            "The average of the complete months since the first transaction; the range is the lowest and the highest"
            " of them. Known changes are not in it."
        ),
        figures=figures,
        columns=columns(("Month", "text"), ("Amount", "amount"), ("Currency", "text")),
        rows=rows[:MOST_ROWS],
        row_count=len(rows),
        behind=behind(only),
        notes=notes,
    )


def _forecast_figures(values: Sequence[Decimal], months: int, months_ahead: str, currency: str) -> list[Figure]:
    average = (sum(values, Decimal(0)) / len(values)).quantize(Decimal("0.01"))
    return [
        figure(say("A month, on average"), average, currency),
        figure(months_ahead, average * months, currency),
        figure(say("Lowest month"), min(values, key=abs), currency),
        figure(say("Highest month"), max(values, key=abs), currency),
        figure(say("Months used"), len(values), unit="count"),
    ]


def _complete(
    months: Sequence[GroupTotal], currency: str, what: Literal["spent", "received", "net"], last: date
) -> list[Decimal]:
    """The months of a currency from its first one on; one without transactions counts as nothing."""
    known = {one["key"]: one[what] for one in months if one["currency"] == currency}
    month = date.fromisoformat(f"{min(key for key in known if key)}-01")
    values: list[Decimal] = []
    while month <= last:
        values.append(known.get(f"{month:%Y-%m}", Decimal("0.00")))
        month = (month + timedelta(days=31)).replace(day=1)
    return values


TOOLS = (
    Tool(
        "forecast", ("crystal", "goalie", "prime"),
        "What the next months, or this one by its end or payday, may cost, bring or leave, with a range.",
        Forecast, forecast,
    ),
)  # fmt: skip
