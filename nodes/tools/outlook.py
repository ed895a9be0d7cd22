"""What a period that is under way comes to by its end: what is known, and what is still expected, with a range."""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import count, islice
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from nodes.text.translatable import Translatable, comma_joined, period, say
from nodes.tools.ahead import FARTHEST, GRACE, expected
from nodes.tools.formulas import CENT
from nodes.tools.patterns import LOOK_BACK, series_of
from nodes.tools.results import MOST_ROWS, NO_MATCH, SEVERAL_CURRENCIES, Figure, Result, behind, cells, columns, figure
from nodes.tools.tool import BadArguments, Call, Day, Which, accounts_named, chosen, filter_words
from storage.finance.accounts import Balance
from storage.finance.figures import Payments
from storage.finance.transactions import TransactionFilter

Sign = Literal["spent", "received"]
LEAST_TIMES = 3
"""Earlier months that an expectation is worked out from, at least."""
DAY = timedelta(days=1)
ZERO = Decimal("0.00")
WHAT: dict[str, Translatable] = {
    "spent": say("Spending"), "received": say("Income"), "net": say("Income less spending"), "balance": say("Balance"),
}  # fmt: skip
RECURRING: dict[Sign, Translatable] = {
    "spent": say("Recurring payments to come"), "received": say("Recurring income to come"),
}  # fmt: skip
OTHER: dict[Sign, Translatable] = {
    "spent": say("Other spending to come"), "received": say("Other income to come"),
}  # fmt: skip


class Outlook(Which):
    """Arguments that name a period under way, and what is asked of its end."""

    until: Day | Literal["payday"] | None = Field(
        None, description="Instead of months: what this period comes to by a day, or before payday."
    )
    since: Day | None = Field(None, description="Its first day; left out: the month's.")
    what: Literal["spent", "received", "net", "balance"] = Field("spent", description="balance needs until.")

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.until is None and (self.since is not None or self.what == "balance"):
            raise ValueError("say until when")
        return self


class Line(NamedTuple):
    """A part of what it comes to."""

    name: str
    currency: str
    likely: Decimal
    low: Decimal
    high: Decimal


class Stretch(NamedTuple):
    """The days that are expected: after the last one that is known, as far as the end."""

    known: date
    last: date

    def earlier(self) -> Iterator["Stretch"]:
        """The same days of earlier months that are all known, the latest first."""
        for months in count(1):
            moved = Stretch(_months_before(self.known, months), _months_before(self.last, months))
            if moved.last <= self.known:
                yield moved

    def sum(self, payments: Sequence[Payments]) -> Decimal:
        """What was paid on these days."""
        return sum(
            (
                amount
                for one in payments
                for day, amount in zip(one["days"], one["amounts"], strict=True)
                if self.known < day <= self.last
            ),
            ZERO,
        )


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month; the last day of a month stays one."""
    number = day.year * 12 + day.month - 1 - months
    length = calendar.monthrange(number // 12, number % 12 + 1)[1]
    is_last = (day + DAY).day == 1
    return date(number // 12, number % 12 + 1, length if is_last else min(day.day, length))


async def at_the_end(call: Call, args: Outlook, times: int) -> Result:
    """What is known of a period, what is still expected of it, and what both come to.

    Args:
        times: earlier months that it is worked out from, at most.
    """
    since = args.since or call.today.replace(day=1)
    if since > call.today:
        raise BadArguments("This period has not begun: say months instead of until.")
    only = await chosen(call, args)
    balances = await _balances(call, args) if args.what == "balance" else []
    if balances:
        only = replace(only, account_ids=[one["account_id"] for one in balances if one["balance"] is not None])
    last = await _last_day(call, args)
    found = await call.desk.figures.span(
        call.user_id, TransactionFilter(until=call.today, account_ids=only.account_ids)
    )
    stretch = Stretch(found["last_on"] or call.today, last)
    lines = _balance_lines(balances) if balances else await _so_far(call, args, replace(only, since=since))
    to_come, vague = await _to_come(call, args, only, stretch, times)
    lines = [one for one in [*lines, *to_come] if one.currency not in vague]
    return Result(
        words=comma_joined(
            [say("Forecast until {day}", day=period(last, last)), WHAT[args.what],
             *await filter_words(call, args, only), None if balances else period(since, call.today)]
        ),
        method=say(
            "What is known, what recurs on its usual days with its last amount, and of everything else the average of"
            " the same days of earlier months; the range goes from their lowest to their highest."
        ),
        figures=_figures(args, lines, last),
        columns=columns(("What", "text"), ("Likely", "amount"), ("At least", "amount"), ("At most", "amount"),
                        ("Currency", "text")),
        rows=[cells(one.name, one.likely, *_least_first(args, one), one.currency) for one in lines[:MOST_ROWS]],
        row_count=len(lines),
        behind=behind(replace(only, since=call.today - LOOK_BACK, sign=args.what if args.what in OTHER else None)),
        notes=_notes(call, args, stretch, lines, balances, vague),
    )  # fmt: skip


def _signs(args: Outlook) -> Sequence[Sign]:
    """What is expected: before payday nothing comes in."""
    if args.what in ("spent", "received"):
        return (args.what,)
    return ("spent",) if args.until == "payday" else ("received", "spent")


async def _balances(call: Call, args: Outlook) -> Sequence[Balance]:
    if args.categories or args.merchant:
        raise BadArguments("A balance is of whole accounts: leave categories and merchant out.")
    ids = [one["account_id"] for one in await accounts_named(call, args.account)] if args.account else []
    found = await call.desk.accounts.balances(call.user_id, ids, call.today)
    found = [one for one in found if args.currency in (None, one["currency"])]
    if all(one["balance"] is None for one in found):
        raise BadArguments("No balance is known: no statement says one.")
    return found


async def _last_day(call: Call, args: Outlook) -> date:
    """Until when it is."""
    last = args.until if isinstance(args.until, date) else await _day_before_payday(call)
    if last < call.today:
        raise BadArguments("The period is over: totals has what it came to.")
    if last > call.today + FARTHEST:
        raise BadArguments("That is too far ahead: a year at most.")
    return last


async def _day_before_payday(call: Call) -> date:
    """The day before the largest regular income is expected again, in whatever account."""
    of = TransactionFilter(since=call.today - LOOK_BACK, until=call.today, sign="received")
    payments = await call.desk.figures.payments(call.user_id, of)
    found = [series for one in payments if (series := series_of(one, call.today)) and series.active]
    if not found:
        raise BadArguments("No regular income is known: say a day.")
    largest = max(found, key=lambda one: one.last)
    on = next(one.on for one in expected(largest, date.max) if one.on > call.today - GRACE)
    return max(on, call.today + DAY) - DAY


async def _so_far(call: Call, args: Outlook, only: TransactionFilter) -> list[Line]:
    """What is booked of the period."""
    lines = list[Line]()
    signs: Sequence[Sign] = (args.what,) if args.what in ("spent", "received") else ("received", "spent")
    for one in await call.desk.figures.totals(call.user_id, only):
        for sign in signs:
            name = comma_joined([WHAT[sign], period(only.since, only.until)])
            lines.append(Line(name, one["currency"], *[one[sign]] * 3))
    return lines


def _balance_lines(balances: Sequence[Balance]) -> list[Line]:
    known = [(one["currency"], one["balance"]) for one in balances if one["balance"] is not None]
    sums = {currency: sum((value for of, value in known if of == currency), ZERO) for currency, _ in known}
    return [Line(say("Balance"), currency, *[value] * 3) for currency, value in sorted(sums.items())]


async def _to_come(
    call: Call, args: Outlook, only: TransactionFilter, stretch: Stretch, times: int
) -> tuple[list[Line], set[str]]:
    """What recurs and what else is expected, and the currencies of which too little is known."""
    lines, vague, first = list[Line](), set[str](), dict[str, date]()
    history = replace(only, since=call.today - LOOK_BACK)
    of: dict[Sign, Sequence[Payments]] = {
        sign: await call.desk.figures.payments(call.user_id, replace(history, sign=sign)) for sign in _signs(args)
    }  # fmt: skip
    for one in [one for payments in of.values() for one in payments]:
        first[one["currency"]] = min(first.get(one["currency"], call.today), one["days"][0])
    for currency, day in sorted(first.items()):
        earlier = [one for one in islice(stretch.earlier(), times) if one.known >= day - DAY]
        if len(earlier) < LEAST_TIMES:
            vague.add(currency)
            continue
        for sign, payments in of.items():
            lines += _expected([one for one in payments if one["currency"] == currency], stretch, earlier, sign)
    return lines, vague


def _expected(
    payments: Sequence[Payments], stretch: Stretch, earlier: Sequence[Stretch], sign: Sign
) -> Iterator[Line]:  # fmt: skip
    """What recurs and what else is expected of payments in one currency; nothing where there are none."""
    likely, low, high, others = ZERO, ZERO, ZERO, list[Payments]()
    for one in payments:
        series = series_of(one, stretch.known)
        if series is None:
            others.append(one)
            continue
        for due in expected(series, stretch.last) if series.active else ():
            if due.on > stretch.known - GRACE:
                likely, low, high = likely + series.last, low + min(due.range), high + max(due.range)
    if payments:
        currency, sums = payments[0]["currency"], [one.sum(others) for one in earlier]
        average = (sum(sums, ZERO) / len(sums)).quantize(CENT, ROUND_HALF_EVEN)
        yield Line(RECURRING[sign], currency, likely, low, high)
        yield Line(OTHER[sign], currency, average, min(sums), max(sums))


def _figures(args: Outlook, lines: Sequence[Line], last: date) -> list[Figure]:
    """The parts, and what they come to, by currency."""
    figures, day = list[Figure](), period(last, last)
    name = {"net": say("Left by {day}", day=day), "balance": say("Balance on {day}", day=day)}
    for currency in sorted({one.currency for one in lines}):
        of = [one for one in lines if one.currency == currency]
        total = Line("", currency, *(sum(column, ZERO) for column in zip(*(one[2:] for one in of), strict=True)))
        least, most = _least_first(args, total)
        figures += [figure(one.name, one.likely, currency) for one in of]
        figures.append(figure(name.get(args.what, say("In all by {day}", day=day)), total.likely, currency))
        figures += [figure(say("At least"), least, currency), figure(say("At most"), most, currency)]
    return figures


def _least_first(args: Outlook, line: Line) -> tuple[Decimal, Decimal]:
    """The bounds of a line; of spending the smaller one first, which is negative."""
    return (line.high, line.low) if args.what == "spent" else (line.low, line.high)


def _notes(
    call: Call, args: Outlook, stretch: Stretch, lines: Sequence[Line], balances: Sequence[Balance], vague: set[str]
) -> list[str]:
    notes = list[str]()
    for currency in sorted(vague):
        notes.append(
            say("{currency}: fewer than three complete months; that is too few for a forecast.", currency=currency)
        )
    if not lines and not vague:
        notes.append(NO_MATCH)
    if len({one.currency for one in lines}) > 1:
        notes.append(SEVERAL_CURRENCIES)
    if lines and stretch.known < call.today:
        notes.append(
            say("The last transaction is of {day}; from then on it is expected.", day=period(*[stretch.known] * 2))
        )
    if unknown := [one["account"] for one in balances if one["balance"] is None]:
        notes.append(
            say(
                "No balance is known of {accounts}: no statement for that day says one.", accounts=comma_joined(unknown)
            )
        )
    if balances:
        notes.append(say("Transfers between your own accounts are not expected."))
    if args.until == "payday" and args.what in ("net", "balance"):
        notes.append(say("Payday is the day after; no income before it is counted."))
    return notes
