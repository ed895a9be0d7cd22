"""The payments of a made-up household of two adults and a child over two years: the same for a seed and a day.

Ordinary purchases depend on the seed and their own day, so a household of a later day has made the same ones.
"""

import calendar
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from graph.demo.merchants import HABITS, HOLIDAY, STANDING, UNSORTED, AccountKey, Habit, Standing
from storage.finance.accounts import AccountKind

MONTHS = 24
UNSORTED_DAYS = 120
"""How long ago the household sorted its payments last."""


class OwnAccount(NamedTuple):
    """An account of the household."""

    name: str
    kind: AccountKind
    number: str
    opening: Decimal


ACCOUNTS: dict[AccountKey, OwnAccount] = {
    "joint": OwnAccount("Joint account", "checking", "DE95990000010020030041", Decimal("2410.55")),
    "own": OwnAccount("Mara's account", "checking", "88200417", Decimal("1320.18")),
    "card": OwnAccount("Brenner Card", "card", "7734120098", Decimal("-212.40")),
    "savings": OwnAccount("Savings", "savings", "DE11990000020000517723", Decimal("6150.00")),
}


class Movement(NamedTuple):
    """A row of a bank statement, with what it really is."""

    account: AccountKey
    day: date
    amount: Decimal
    payee: str
    words: str
    category: str
    """What it should be sorted under, which its bank does not say."""
    currency: str = "EUR"


@dataclass(frozen=True)
class Household:
    """Everything that was paid and received, in the order of days."""

    seed: int
    until: date
    movements: tuple[Movement, ...]

    def of(self, account: AccountKey) -> list[Movement]:
        """The movements of an account."""
        return [one for one in self.movements if one.account == account]


def household(until: date, seed: int = 1) -> Household:
    """The household as it is on this day."""
    since = months_before(until, MONTHS - 1)
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    found = [*_habits(days, until, seed), *_standing(until), *_transfers(until, seed)]
    found += [*_holiday(until, seed), *_events(until)]
    # Stable, so that the rows of a day keep their order.
    return Household(seed, until, tuple(sorted((one for one in found if since <= one.day <= until), key=_day)))


def months_before(day: date, months: int) -> date:
    """The first day of the month so many months before that of the day."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _day(movement: Movement) -> date:
    return movement.day


def _dice(seed: int, what: str, day: date) -> random.Random:
    return random.Random(f"{seed} {what} {day}")  # noqa: S311 - made-up amounts


def _habits(days: Iterable[date], until: date, seed: int) -> Iterator[Movement]:
    new_since = until - timedelta(days=UNSORTED_DAYS)
    for day in days:
        for habit in (*HABITS, *UNSORTED) if day > new_since else HABITS:
            yield from _purchase(habit, day, seed)


def _purchase(habit: Habit, day: date, seed: int, currency: str = "EUR") -> Iterator[Movement]:
    dice = _dice(seed, habit.payee, day)
    if dice.random() < habit.a_week / 7:
        amount = -Decimal(dice.randint(int(habit.least * 100), int(habit.most * 100))) / 100
        if habit.category == "cash":
            amount = (amount / 10).quantize(Decimal(1)) * 10
        amount = amount.quantize(Decimal("0.01"))
        payee = habit.payee.replace("#", "")
        yield Movement(habit.account, day, amount, payee, habit.words, habit.category, currency)


def _standing(until: date) -> Iterator[Movement]:
    for months in range(MONTHS):
        first = months_before(until, months)
        for order in STANDING:
            if (order.months and first.month not in order.months) or (order.ends is not None and months < order.ends):
                continue
            amount = order.risen[1] if order.risen and months <= order.risen[0] else order.amount
            yield Movement(order.account, _booked(order, first), amount, order.payee, order.words, order.category)


def _booked(order: Standing, first: date) -> date:
    day = first.replace(day=min(order.day, calendar.monthrange(first.year, first.month)[1]))
    return day + timedelta(days=max(0, 7 - day.weekday()) % 7 if day.weekday() >= 5 else 0)


def _transfers(until: date, seed: int) -> Iterator[Movement]:
    """Between the household's own accounts: nothing of it is spent or received."""
    for months in range(MONTHS):
        first = months_before(until, months)
        day = first + timedelta(days=1)
        yield from _between("own", "joint", day, Decimal("2200.00"), "Household money")
        yield from _between("own", "savings", day, Decimal("500.00"), "Savings plan")
        yield from _between("joint", "savings", day, Decimal("300.00"), "Savings plan")
        dice = _dice(seed, "card bill", first)
        yield from _between("joint", "card", first + timedelta(days=24), Decimal(dice.randint(860, 1160)), "Card bill")


def _between(sender: AccountKey, receiver: AccountKey, day: date, amount: Decimal, words: str) -> Iterator[Movement]:
    amount = amount.quantize(Decimal("0.01"))
    category = "savings" if receiver == "savings" else "transfers"
    yield Movement(sender, day, -amount, "Mara and Jonas Feldmann", f"{words} to {ACCOUNTS[receiver].name}", category)
    yield Movement(receiver, day, amount, "Mara and Jonas Feldmann", f"{words} from {ACCOUNTS[sender].name}", category)


def _holiday(until: date, seed: int) -> Iterator[Movement]:
    """Two weeks abroad in the last July that is over."""
    first = date(until.year if until >= date(until.year, 8, 1) else until.year - 1, 7, 6)
    yield Movement("card", first - timedelta(days=92), Decimal("-864.00"), "Interrail Nord", "Family fare", "travel")
    yield Movement("card", first, Decimal("-1126.50"), "HARBOUR INN PENWITH", "14 nights", "travel", "GBP")
    for n in range(14):
        for habit in HOLIDAY:
            yield from _purchase(habit, first + timedelta(days=n), seed, "GBP")


def _events(until: date) -> Iterator[Movement]:
    """What happens once: a double charge, a refund, a repair, interest, and a tax refund."""
    charged = until - timedelta(days=41)
    for n in (0, 1):
        yield Movement("card", charged + timedelta(days=n), Decimal("-249.00"), "ELEKTRO VOSS BRENFELD", "Headphones",
                       "shopping")  # fmt: skip
    yield Movement("card", until - timedelta(days=66), Decimal("89.90"), "AMARONA MARKETPLACE", "Refund of an order",
                   "refunds")  # fmt: skip
    yield Movement("joint", until - timedelta(days=96), Decimal("-738.25"), "Autohaus Krüger", "Brakes and service",
                   "car")  # fmt: skip
    yield Movement("joint", until - timedelta(days=150), Decimal("612.37"), "Tax Office Brenfeld", "Income tax refund",
                   "refunds")  # fmt: skip
    yield Movement("own", until - timedelta(days=58), Decimal("-1249.00"), "ELEKTRO VOSS BRENFELD", "Laptop for work",
                   "work_expenses")  # fmt: skip
    yield Movement("own", until - timedelta(days=205), Decimal("-180.00"), "School Library Friends", "Donation",
                   "donations")  # fmt: skip
    yield Movement("joint", until - timedelta(days=30), Decimal("-92.00"), "Dr. Hellweg Dental", "Invoice 4471",
                   "health")  # fmt: skip
    for year in (until.year, until.year - 1, until.year - 2):
        yield Movement("savings", date(year, 1, 2), Decimal("74.31") + year % 7, "Lindhof Bank", "Interest of the year",
                       "other_income")  # fmt: skip
