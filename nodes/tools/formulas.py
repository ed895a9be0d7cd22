"""Arithmetic of plans: saving for a target, and paying off debts. Exact, in cents: each month is rounded by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal
from typing import Literal

CENT = Decimal("0.01")
MOST_MONTHS = 1200
"""A plan that takes longer is none."""

Strategy = Literal["avalanche", "snowball"]
"""The dearest debt first, or the smallest."""


class NeverPaid(Exception):
    """The payments do not even cover the interest, or the plan takes more than a century."""


@dataclass(frozen=True)
class Owed:
    """A debt in a plan."""

    name: str
    balance: Decimal
    annual_rate: Decimal
    """Per cent."""
    minimum: Decimal
    """Paid each month."""


@dataclass(frozen=True)
class PaidOff:
    """What became of a debt in a plan."""

    name: str
    place: int
    """The first is the one that gets all that is left beside the minimums."""
    owed: Decimal
    annual_rate: Decimal
    months: int
    """Until nothing is owed."""
    interest: Decimal
    paid: Decimal


@dataclass(frozen=True)
class Plan:
    """How debts are paid off."""

    debts: Sequence[PaidOff]
    """In the order in which they are done."""
    months: int
    interest: Decimal
    paid: Decimal


def monthly_amount(target: Decimal, saved: Decimal, months: int, annual_rate: Decimal = Decimal(0)) -> Decimal:
    """What has to be saved at the end of each month, so that the target is there after so many; 0 where it is already.

    Interest is paid on what was there at the beginning of each month, a twelfth of the rate. Rounded up to the cent.
    """
    growth = (1 + annual_rate / 1200) ** months
    missing = target - saved * growth
    if missing <= 0:
        return Decimal("0.00")
    shares = (growth - 1) / (annual_rate / 1200) if annual_rate else Decimal(months)
    return (missing / shares).quantize(CENT, ROUND_UP)


def months_until(target: Decimal, saved: Decimal, monthly: Decimal, annual_rate: Decimal = Decimal(0)) -> int:
    """After how many months the target is reached. Raises NeverPaid where it is not within a century."""
    months = 0
    while saved < target:
        if months == MOST_MONTHS:
            raise NeverPaid
        saved += month_interest(saved, annual_rate) + monthly
        months += 1
    return months


def pay_off(debts: Sequence[Owed], extra: Decimal, strategy: Strategy) -> Plan:
    """Pay each debt's minimum, and all that is left to one of them, until nothing is owed.

    Each month interest is added first, a twelfth of the rate, rounded to the cent. What a debt that is done no longer
    takes goes to the next one.

    Args:
        extra: paid each month beside the minimums.

    Raises:
        NeverPaid: the debts do not end.
    """
    running = [_Running(debt, debt.balance) for debt in _ordered(debts, strategy) if debt.balance > 0]
    budget = extra + sum((debt.minimum for debt in debts), Decimal(0))
    for month in range(1, MOST_MONTHS + 1):
        unpaid = [one for one in running if one.left]
        if not unpaid:
            break
        _pay_month(unpaid, budget, month)
    if any(one.left for one in running):
        raise NeverPaid
    done = [
        PaidOff(one.debt.name, place, one.debt.balance, one.debt.annual_rate, one.months, one.interest, one.paid)
        for place, one in enumerate(running, 1)
    ]
    return Plan(
        debts=sorted(done, key=lambda one: (one.months, one.place)),
        months=max((one.months for one in done), default=0),
        interest=sum((one.interest for one in done), Decimal(0)),
        paid=sum((one.paid for one in done), Decimal(0)),
    )


@dataclass
class _Running:
    """A debt while it is paid off."""

    debt: Owed
    left: Decimal
    interest: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    months: int = 0


def _pay_month(unpaid: Sequence[_Running], money: Decimal, month: int) -> None:
    """Add a month's interest, then pay the minimums, then all that is left to the first debts."""
    for one in unpaid:
        added = month_interest(one.left, one.debt.annual_rate)
        one.interest += added
        one.left += added
    for minimums in (True, False):
        for one in unpaid:
            amount = min(one.left, money, one.debt.minimum if minimums else money)
            money -= amount
            one.paid += amount
            one.left -= amount
            one.months = month


def after_months(start: date, months: int) -> date:
    """The first day of the month that is so many months later."""
    number = start.year * 12 + start.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def months_between(start: date, end: date) -> int:
    """Whole months from one day to a later one, at least one."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return max(1, months - (end.day < start.day))


def month_interest(balance: Decimal, annual_rate: Decimal) -> Decimal:
    """A twelfth of a year's interest, rounded to the cent."""
    return (balance * annual_rate / 1200).quantize(CENT, ROUND_HALF_EVEN)


def _ordered(debts: Sequence[Owed], strategy: Strategy) -> list[Owed]:
    if strategy == "avalanche":
        return sorted(debts, key=lambda debt: (-debt.annual_rate, debt.balance, debt.name))
    return sorted(debts, key=lambda debt: (debt.balance, -debt.annual_rate, debt.name))
