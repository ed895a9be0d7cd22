"""Plans, against a second implementation: in whole cents and fractions, month by month."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.tools.formulas import (
    NeverPaid,
    Owed,
    Plan,
    after_months,
    monthly_amount,
    months_between,
    months_until,
    pay_off,
)

cents = st.integers(0, 5_000_000)
rates = st.integers(0, 3500)
"""Hundredths of a per cent."""


def euros(amount: int) -> Decimal:
    """Cents as an amount."""
    return Decimal(amount).scaleb(-2)


def rounded(amount: Fraction) -> int:
    """To whole cents, halves to even: what Python's own rounding does."""
    return round(amount)


def paid_off(debts: list[tuple[int, int, int]], extra: int, *, dearest: bool) -> list[tuple[int, int, int]] | None:
    """(name, months, interest) of each debt, in the order in which they end; debts are (balance, rate, minimum)."""
    left = {n: balance for n, (balance, _, _) in enumerate(debts) if balance}
    order = sorted(left, key=lambda n: (-debts[n][1], debts[n][0], n) if dearest else (debts[n][0], -debts[n][1], n))
    interest, done = dict.fromkeys(left, 0), []
    for month in range(1, 1201):
        for n, balance in left.items():
            added = rounded(Fraction(balance * debts[n][1], 120_000))
            left[n] = balance + added
            interest[n] += added
        money = extra + sum(minimum for _, _, minimum in debts)
        for n in [n for n in order if n in left]:
            amount = min(left[n], debts[n][2], money)
            left[n] -= amount
            money -= amount
        for n in [n for n in order if n in left]:
            amount = min(left[n], money)
            left[n] -= amount
            money -= amount
        for n in [n for n in order if n in left and not left[n]]:
            done.append((n, month, interest[n]))
            del left[n]
        if not left:
            return done
    return None


def plan_of(debts: list[tuple[int, int, int]], extra: int, *, dearest: bool) -> Plan:
    """The same by the formulas."""
    owed = [Owed(f"{n:02}", euros(one[0]), euros(one[1]), euros(one[2])) for n, one in enumerate(debts)]
    return pay_off(owed, euros(extra), "avalanche" if dearest else "snowball")


@settings(deadline=None, database=None)
@given(st.lists(st.tuples(cents, rates, st.integers(0, 60_000)), max_size=5), st.integers(0, 100_000), st.booleans())
def test_debts_end_when_they_should(debts: list[tuple[int, int, int]], extra: int, dearest: bool) -> None:
    """In the same months, with the same interest to the cent; or never."""
    expected = paid_off(debts, extra, dearest=dearest)
    if expected is None:
        with pytest.raises(NeverPaid):
            plan_of(debts, extra, dearest=dearest)
        return
    plan = plan_of(debts, extra, dearest=dearest)
    assert [(int(debt.name), debt.months, debt.interest) for debt in plan.debts] == [
        (n, months, euros(interest)) for n, months, interest in expected
    ]
    assert plan.months == max((months for _, months, _ in expected), default=0)
    assert plan.interest == euros(sum(interest for _, _, interest in expected))
    assert plan.paid == euros(sum(balance for balance, _, _ in debts)) + plan.interest


@settings(deadline=None, database=None)
@given(cents, cents, st.integers(1, 600), rates)
def test_a_monthly_amount_is_just_enough(target: int, saved: int, months: int, rate: int) -> None:
    """The target is there after so many months, and would not be with a cent less; interest is not rounded here."""
    amount = monthly_amount(euros(target), euros(saved), months, euros(rate))

    def balance(monthly: Decimal) -> Fraction:
        left = Fraction(saved)
        for _month in range(months):
            left += left * Fraction(rate, 120_000) + Fraction(monthly * 100)
        return left

    tolerance = Fraction(1, 10**6)  # the formula has 28 digits
    assert balance(amount) + tolerance >= target
    assert not amount or balance(amount - Decimal("0.01")) - tolerance < target


@settings(deadline=None, database=None)
@given(cents, cents, st.integers(1, 1_000_000))
def test_a_target_is_reached_when_it_should(target: int, saved: int, monthly: int) -> None:
    """Without interest that is a division."""
    expected = max(0, -(-(target - saved) // monthly))
    if expected > 1200:
        with pytest.raises(NeverPaid):
            months_until(euros(target), euros(saved), euros(monthly))
    else:
        assert months_until(euros(target), euros(saved), euros(monthly)) == expected


def test_interest_brings_a_target_nearer() -> None:
    """100 a month at 12 %: 100, 201, 303.01, 406.04."""
    assert [months_until(Decimal(t), Decimal(0), Decimal(100), Decimal(12)) for t in ("303", "303.02", "406.04")] == [
        3, 4, 4,
    ]  # fmt: skip


def test_months_are_counted_as_people_do() -> None:
    """A month is over on its day; less than one counts as one."""
    assert after_months(date(2026, 11, 30), 3) == date(2027, 2, 1)
    ends = [date(2026, 4, 14), date(2026, 4, 15), date(2026, 3, 20), date(2027, 3, 15)]
    assert [months_between(date(2026, 3, 15), end) for end in ends] == [1, 1, 1, 12]
