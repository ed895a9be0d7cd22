"""Crystal's tools for patterns: what recurs, what is unusual, and what the next months may cost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import Field

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
    money,
)
from nodes.tools.tool import Arguments, Call, Period, Tool, chosen, filter_words, slugs_of
from storage.finance.figures import GroupTotal, Payments
from storage.finance.transactions import TransactionFilter


class Recurring(Arguments):
    """Arguments of `recurring`."""

    what: Literal["spent", "received"] = "spent"
    categories: list[str] = Field([], max_length=20, description="Slugs of categories; left out: all.")
    only_active: bool = Field(True, description="Leave out what has ended.")


Interval = Literal["week", "month", "quarter", "year"]


class Series(NamedTuple):
    """A payment that recurs."""

    payments: Payments
    every: Interval
    last: Decimal
    before: Decimal
    """What it was before its last change; the same where it never changed."""
    changed_on: date | None
    active: bool


INTERVALS: dict[Interval, tuple[int, int, int]] = {
    "week": (6, 8, 52), "month": (26, 35, 12), "quarter": (84, 98, 4), "year": (350, 380, 1),
}  # fmt: skip
"""The least and the most days between two payments, and how many there are in a year."""
LOOK_BACK = timedelta(days=800)


async def recurring(call: Call, args: Recurring) -> Result:
    """Payments that come again at regular intervals, with what they cost a year and how they rose."""
    slugs = await slugs_of(call, args.categories)
    since = call.today - LOOK_BACK
    only = TransactionFilter(since=since, until=call.today, categories=slugs, sign=args.what)
    which = f" in {' and '.join(only.categories)}" if only.categories else ""
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
        words=f"Recurring {'payments' if args.what == 'spent' else 'income'}"
        f"{which}, as of {days(call.today, call.today)}",
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
        notes=[SEVERAL_CURRENCIES] if len(a_year) > 1 else [],
    )  # fmt: skip


def series_of(payments: Payments, today: date) -> Series | None:
    """The series that a merchant's payments are; None where they are not regular."""
    by_day = dict(zip(payments["days"], payments["amounts"], strict=True))  # one a day: two are no series
    when, amounts = list(by_day), list(by_day.values())
    if len(when) < 2 or len(when) < len(payments["days"]) * 0.8:
        return None
    gaps = [(later - earlier).days for earlier, later in pairwise(when)]
    usual = median(gaps)
    every = _interval(usual)
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


def _interval(days: float) -> Interval | None:
    for name, (least, most, _) in INTERVALS.items():
        if least <= days <= most:
            return name
    return None


class Anomalies(Period):
    """Arguments of `anomalies`."""


class Unusual(NamedTuple):
    """A payment worth a look."""

    on: date
    label: str
    amount: Decimal
    currency: str
    reason: str
    transaction: str


ODD_FACTOR = 3
"""How often the usual deviation an amount has to be away, to be unusual."""
LEAST_EXCESS = Decimal("0.5")
"""Of the usual amount: less than that is no news, however regular a merchant is."""
LARGE_SHARE = Decimal(3)
"""How often the usual payment a first one to a merchant has to be, to be worth a look."""
TWICE_WITHIN = timedelta(days=3)
LOOKED_BACK = 30
"""Payments that one is compared with. With all of them, a bank that names no merchants would keep the server busy for
minutes; and what a merchant used to get years ago is not usual any more."""
LEAST_KNOWN = 4
"""Payments to a merchant before one of its amounts is unusual."""


async def anomalies(call: Call, args: Anomalies) -> Result:
    """Payments that stand out, each with its reason."""
    only = await chosen(call, args, sign="spent")
    history = replace(only, since=None)
    payments = await call.desk.figures.payments(call.user_id, history)
    since = only.since or date.min
    usual = {
        currency: median([abs(amount) for one in payments if one["currency"] == currency for amount in one["amounts"]])
        for currency in {one["currency"] for one in payments}
    }
    found = [odd for one in payments for odd in unusual(one, since, usual[one["currency"]], call.today)]
    found.sort(key=lambda odd: (-abs(odd.amount), odd.on, odd.transaction))
    return Result(
        words=joined(["Unusual payments", *await filter_words(call, args, only), days(only.since, only.until)]),
        method="An amount far above what this merchant usually gets (by the median deviation), the same amount twice"
        " within three days, or a large first payment to a merchant.",
        figures=[figure(odd.label, odd.amount, odd.currency) for odd in found[:MOST_ROWS]]
        + [figure("Unusual payments", len(found), unit="count")],
        columns=columns(("Date", "date"), ("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Why", "text")),
        rows=[cells(odd.on, odd.label, odd.amount, odd.currency, odd.reason) for odd in found[:MOST_ROWS]],
        row_count=len(found),
        behind=behind(TransactionFilter(transaction_ids=[UUID(odd.transaction) for odd in found[:1000]])),
        notes=["They are worth checking; it does not follow that something is wrong."] if found else [],
    )  # fmt: skip


def unusual(payments: Payments, since: date, usual: Decimal, today: date) -> list[Unusual]:
    """The payments to a merchant from a day on that stand out.

    Args:
        usual: the median payment of this user in the currency.
    """
    found: list[Unusual] = []
    rows = list(zip(payments["days"], payments["amounts"], payments["ids"], strict=True))
    regular = series_of(payments, today) is not None
    for n, (on, amount, transaction) in enumerate(rows):
        if on < since:
            continue
        reason = _reason(rows[max(0, n - LOOKED_BACK) : n], on, amount, usual, payments["currency"], regular=regular)
        if reason:
            found.append(Unusual(on, payments["label"], amount, payments["currency"], reason, str(transaction)))
    return found


def _reason(
    before: Sequence[tuple[date, Decimal, UUID]], on: date, amount: Decimal, usual: Decimal, currency: str, *,
    regular: bool,
) -> str | None:  # fmt: skip
    size, sizes = abs(amount), [abs(one) for _, one, _ in before]
    if any(one == amount and on - day <= TWICE_WITHIN for day, one, _ in before) and (regular or size >= usual):
        return "The same amount twice within three days."
    if not before:
        if usual and size >= LARGE_SHARE * usual and not regular:
            return f"A large first payment to this merchant; a usual payment of yours is {money(usual, currency)}."
        return None
    if len(sizes) < LEAST_KNOWN:
        return None
    middle = median(sizes)
    deviation = median([abs(one - middle) for one in sizes])
    if size - middle > max(ODD_FACTOR * deviation * Decimal("1.4826"), LEAST_EXCESS * middle):
        return f"This merchant usually gets {money(middle, currency)}."
    return None


class Forecast(Period):
    """Arguments of `forecast`."""

    months: int = Field(3, ge=1, le=12, description="How many months ahead.")
    look_back: int = Field(6, ge=3, le=24, description="How many complete months it is computed from, at most.")
    what: Literal["spent", "received", "net"] = "spent"


async def forecast(call: Call, args: Forecast) -> Result:
    """What the next months may come to, with a range."""
    last = call.today.replace(day=1) - timedelta(days=1)
    month = last.year * 12 + last.month - args.look_back
    first = date(month // 12, month % 12 + 1, 1)
    named = args.model_copy(update={"since": first, "until": last})
    only = await chosen(call, named, sign=None if args.what == "net" else args.what)
    months = await call.desk.figures.totals(call.user_id, only, "month")
    figures, rows, notes = list[Figure](), list[list[str | None]](), list[str]()
    for currency in sorted({one["currency"] for one in months}):
        values = _complete(months, currency, args.what, last)
        if len(values) < 3:
            notes.append(f"{currency}: fewer than three complete months; that is too few for a forecast.")
            continue
        average = (sum(values, Decimal(0)) / len(values)).quantize(Decimal("0.01"))
        figures += [
            figure("A month, on average", average, currency),
            figure(f"{args.months} month{'s' if args.months > 1 else ''}", average * args.months, currency),
            figure("Lowest month", min(values, key=abs), currency),
            figure("Highest month", max(values, key=abs), currency),
            figure("Months used", len(values), unit="count"),
        ]
        rows += [cells(one["label"], one[args.what], currency) for one in months if one["currency"] == currency]
    if not months:
        notes.append("No transaction matches.")
    if len({one["currency"] for one in months}) > 1:
        notes.append(SEVERAL_CURRENCIES)
    return Result(
        words=joined(
            [
                f"Forecast for {args.months} month{'s' if args.months > 1 else ''} from {days(first, last)}",
                *await filter_words(call, args, only),
            ]
        ),
        method="The average of the complete months since the first transaction; the range is the lowest and the highest"
        " of them. Known changes are not in it.",
        figures=figures,
        columns=columns(("Month", "text"), ("Amount", "amount"), ("Currency", "text")),
        rows=rows[:MOST_ROWS],
        row_count=len(rows),
        behind=behind(only),
        notes=notes,
    )


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
        "recurring", ("crystal", "goalie"),
        "Lists subscriptions and other payments that come again, what they cost a year, and which became dearer.",
        Recurring, recurring,
    ),
    Tool(
        "anomalies", ("crystal",),
        "Lists payments that stand out: unusually large for their merchant, charged twice, or large and new.",
        Anomalies, anomalies,
    ),
    Tool(
        "forecast", ("crystal", "goalie", "prime"),
        "What the next months may cost or bring, from complete months, with the range.",
        Forecast, forecast,
    ),
)  # fmt: skip
