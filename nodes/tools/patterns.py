"""Crystal's tools for patterns: what recurs, and what is unusual."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from statistics import median
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import Field

from nodes.text.translatable import Money, comma_joined, period, say
from nodes.tools.formulas import CENT
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
from nodes.tools.tool import (
    Arguments,
    Call,
    Period,
    Tool,
    category_names,
    chosen,
    filter_words,
    in_categories,
    slugs_of,
)
from storage.finance.figures import Payments
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
    names = await category_names(call) if slugs else {}
    found = [
        series
        for payments in await call.desk.figures.payments(call.user_id, only)
        if (series := series_of(payments, call.today)) and (series.active or not args.only_active)
    ]
    found.sort(key=lambda one: abs(one.last) * INTERVALS[one.every][2], reverse=True)
    ids = [one for series in found for one in series.payments["ids"]]
    return Result(
        words=comma_joined(
            [
                say("Recurring payments") if args.what == "spent" else say("Recurring income"),
                in_categories([names.get(slug, slug) for slug in slugs]),
                say("as of {day}", day=period(call.today, call.today)),
            ]
        ),
        method=say(
            "The same merchant, at least three times at regular intervals, with about the same amount; two times a"
            " year apart count as yearly. The amount is the last one; a year has 12 months, 4 quarters or 52 weeks."
        ),
        figures=_recurring_figures(found),
        columns=columns(("Merchant", "text"), ("Every", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Before", "amount"), ("Changed on", "date"), ("Last on", "date")),
        rows=[
            cells(one.payments["label"], say(one.every), one.last, one.payments["currency"],
                  one.before if one.changed_on else None, one.changed_on, one.payments["days"][-1])
            for one in found[:MOST_ROWS]
        ],
        row_count=len(found),
        behind=behind(TransactionFilter(transaction_ids=ids[:1000])),
        notes=[SEVERAL_CURRENCIES] if len({one.payments["currency"] for one in found}) > 1 else [],
    )  # fmt: skip


def _recurring_figures(found: Sequence[Series]) -> list[Figure]:
    """What all of it costs a year and a month, how many there are, and each with what it was before its last change."""
    a_year = {
        currency: sum(
            (one.last * INTERVALS[one.every][2] for one in found if one.payments["currency"] == currency), Decimal(0)
        )
        for currency in sorted({one.payments["currency"] for one in found})
    }
    figures = [figure(say("All together, a year"), total, currency) for currency, total in a_year.items()]
    figures += [
        figure(say("All together, a month"), (total / 12).quantize(CENT, ROUND_HALF_EVEN), currency)
        for currency, total in a_year.items()
    ]
    figures += [figure(say("Recurring payments"), len(found), unit="count")]
    for one in found[:MOST_ROWS]:
        merchant, currency = one.payments["label"], one.payments["currency"]
        figures.append(figure(merchant, one.last, currency))
        if one.changed_on:
            figures.append(figure(say("{merchant} before", merchant=merchant), one.before, currency))
    return figures


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
    whole = TransactionFilter(until=history.until, sign="spent")
    everything = payments if history == whole else await call.desk.figures.payments(call.user_id, whole)
    since = only.since or date.min
    usual = {
        currency: median(
            [abs(amount) for one in everything if one["currency"] == currency for amount in one["amounts"]]
        )
        for currency in {one["currency"] for one in payments}
    }
    found = [odd for one in payments for odd in unusual(one, since, usual[one["currency"]], call.today)]
    found.sort(key=lambda odd: (-odd.on.toordinal(), -abs(odd.amount), odd.transaction))
    return Result(
        words=comma_joined(
            [say("Unusual payments"), *await filter_words(call, args, only), period(only.since, only.until)]
        ),
        method=say(
            "An amount far above what this merchant usually gets (by the median deviation), the same amount twice"
            " within three days, or a large first payment to a merchant."
        ),
        figures=[figure(odd.label, odd.amount, odd.currency) for odd in found[:MOST_ROWS]]
        + [figure(say("Unusual payments"), len(found), unit="count")],
        columns=columns(("Date", "date"), ("Merchant", "text"), ("Amount", "amount"), ("Currency", "text"),
                        ("Why", "text")),
        rows=[cells(odd.on, odd.label, odd.amount, odd.currency, odd.reason) for odd in found[:MOST_ROWS]],
        row_count=len(found),
        behind=behind(TransactionFilter(transaction_ids=[UUID(odd.transaction) for odd in found[:1000]])),
        notes=[say("They are worth checking; it does not follow that something is wrong.")] if found else [],
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
        return say("The same amount twice within three days.")
    if not before:
        if usual and size >= LARGE_SHARE * usual and not regular:
            return say(
                "A large first payment to this merchant; a usual payment of yours is {amount}.",
                amount=Money(usual, currency),
            )
        return None
    if len(sizes) < LEAST_KNOWN:
        return None
    middle = median(sizes)
    deviation = median([abs(one - middle) for one in sizes])
    if size - middle > max(ODD_FACTOR * deviation * Decimal("1.4826"), LEAST_EXCESS * middle):
        return say("This merchant usually gets {amount}.", amount=Money(middle, currency))
    return None


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
)  # fmt: skip
