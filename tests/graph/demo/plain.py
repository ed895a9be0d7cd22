"""Figures of the household in plain Python: what answers have to say, computed without the product's SQL and tools."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import Any

from graph.demo.household import ACCOUNTS, Household, Movement, household
from graph.demo.sorting import BUDGETS, DEBTS, UNKNOWN, chosen_category, goals, matching_rule

TODAY = date(2026, 11, 18)
"""The day on which the questions are asked."""
CENT = Decimal("0.01")
HOME: Household = household(TODAY)
TRANSFERS = {"transfers", "savings"}
Figures = list[str]


def expected(of: Mapping[str, Any]) -> Figures:
    """The figures that an answer needs, as "-12.90 EUR" or "12 count"; the chief one first."""
    known = dict(of)
    return _WAYS[known.pop("what")](**known)


def known_category(movement: Movement) -> str | None:
    """The category that a movement has in the household's account."""
    rule = matching_rule(movement)
    return rule["category"] if rule else chosen_category(movement)


def rows(
    *,
    since: date | None = None,
    until: date | None = None,
    categories: Sequence[str] = (),
    merchant: str = "",
    account: str = "",
    sign: int = 0,
) -> list[Movement]:
    """Movements of the household, those between its own accounts only where their category is named."""
    return [
        one
        for one in HOME.movements
        if (since or date.min) <= one.day <= (until or date.max)
        and (not account or account == one.account)
        and (known_category(one) in categories if categories else known_category(one) not in TRANSFERS)
        and all(word in f"{one.payee} {one.words}".lower() for word in merchant.lower().split())
        and (not sign or (one.amount < 0) == (sign < 0))
    ]


def _money(amount: Decimal, currency: str = "EUR") -> str:
    return f"{amount.quantize(CENT)} {currency}"


def _sums(found: Iterable[Movement]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(lambda: Decimal("0.00"))
    for one in found:
        sums[one.currency] += one.amount
    return sums


def spent(**only: Any) -> Figures:
    """What was spent, by currency."""
    return [_money(amount, currency) for currency, amount in _sums(rows(**only, sign=-1)).items()]


def received(**only: Any) -> Figures:
    """What came in."""
    return [_money(amount, currency) for currency, amount in _sums(rows(**only, sign=1)).items()]


def times(**only: Any) -> Figures:
    """How often something was paid."""
    return [f"{len(rows(**only, sign=-1))} count"]


def net(**only: Any) -> Figures:
    """What came in less what was spent."""
    return [_money(amount, currency) for currency, amount in _sums(rows(**only)).items()]


def compared(*, periods: Sequence[Sequence[date]], **only: Any) -> Figures:
    """What was spent in each of two periods."""
    return [_money(_sums(rows(since=since, until=until, **only, sign=-1))["EUR"]) for since, until in periods]


def income_compared(*, periods: Sequence[Sequence[date]]) -> Figures:
    """What came in, in each of two periods."""
    return [_money(_sums(rows(since=since, until=until, sign=1))["EUR"]) for since, until in periods]


def largest(*, count: int = 3, sign: int = -1, **only: Any) -> Figures:
    """The largest payments."""
    found = sorted(rows(**only, sign=sign), key=lambda one: -abs(one.amount))
    return [_money(one.amount, one.currency) for one in found[:count]]


def groups(*, by: str, count: int = 3, **only: Any) -> Figures:
    """The groups on which most was spent, in euros."""
    keys: dict[str, Callable[[Movement], str | None]] = {
        "category": known_category,
        "merchant": lambda one: _merchant(one.payee),
        "account": lambda one: one.account,
        "month": lambda one: f"{one.day:%Y-%m}",
    }
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for one in rows(**only, sign=-1):
        if one.currency == "EUR":
            sums[keys[by](one)] += one.amount
    ordered = sorted(sums.items(), key=lambda item: str(item[0])) if by == "month" else sorted(
        sums.items(), key=lambda item: item[1])  # fmt: skip
    return [_money(amount) for _, amount in ordered[:count]]


def _merchant(payee: str) -> str:
    """A merchant's name without numbers of branches."""
    words = re.sub(r"[^\w&' ]+", " ", payee.lower()).split()
    return " ".join(word for word in words if not any(letter.isdigit() for letter in word))


def last_amounts(*, payees: Sequence[str], before: bool = False) -> Figures:
    """The last amount of each payee, and with `before` the one that it was before."""
    found: Figures = []
    for payee in payees:
        amounts = [one.amount for one in HOME.movements if one.payee == payee]
        found.append(_money(amounts[-1]))
        if before:
            found.append(_money([amount for amount in amounts if amount != amounts[-1]][-1]))
    return found


def unsorted() -> Figures:
    """How many transactions have no category."""
    return [f"{sum(known_category(one) is None for one in HOME.movements)} count"]


def counted(*, count: int) -> Figures:
    """A number of documents, which the files say."""
    return [f"{count} count"]


def brought(*, account: str, since: date, until: date) -> Figures:
    """How many rows a statement brought; those before its days were known."""
    found = [one for one in HOME.movements if one.account == account and since <= one.day <= until]
    return [f"{len(found)} count"]


def monthly(*, target: str, months: int, saved: str = "0") -> Figures:
    """What to save a month."""
    missing = Decimal(target) - Decimal(saved)
    return [_money((missing / months).quantize(CENT, ROUND_CEILING))]


def monthly_for_goal(*, goal: str, months: int) -> Figures:
    """The same for a goal of the household."""
    found = goals(TODAY)[goal]
    return monthly(target=str(found["target"]), saved=str(found["saved"]), months=months)


def reached(*, target: str, monthly: str, saved: str = "0") -> Figures:
    """After how many months there is enough."""
    return [f"{math.ceil((Decimal(target) - Decimal(saved)) / Decimal(monthly))} months"]


def goal_reached(*, goal: str, monthly: str) -> Figures:
    """The same for a goal of the household."""
    found = goals(TODAY)[goal]
    return reached(target=str(found["target"]), saved=str(found["saved"]), monthly=monthly)


def paid_off(
    *, extra: str = "0", dearest_first: bool = True, debts: Sequence[Mapping[str, str]] | None = None
) -> Figures:
    """Months and interest until debts are paid; by default those of the household."""
    owed = (
        [[Decimal(one["balance"]), Decimal(one["rate"]), Decimal(one["minimum"])] for one in debts]
        if debts
        else [[one["balance"], one["annual_rate"], one["minimum"]] for one in DEBTS.values()]
    )
    owed.sort(key=lambda one: (-one[1], one[0]) if dearest_first else (one[0], -one[1]))
    budget, interest, months = sum((one[2] for one in owed), Decimal(extra)), Decimal(0), 0
    while any(one[0] for one in owed):
        months += 1
        left = budget
        for one in owed:
            added = (one[0] * one[1] / 1200).quantize(CENT, ROUND_HALF_EVEN)
            interest, one[0] = interest + added, one[0] + added
        for one in owed:
            paid = min(one[0], one[2], left)
            one[0], left = one[0] - paid, left - paid
        for one in owed:
            paid = min(one[0], left)
            one[0], left = one[0] - paid, left - paid
    return [f"{months} months", _money(interest)]


def budget(*, category: str, since: date, until: date) -> Figures:
    """What was spent of a budget, and what is left."""
    (planned,) = [one["amount"] for one in BUDGETS if one["category"] == category]
    used = -_sums(rows(since=since, until=until, categories=[category]))["EUR"]
    return [_money(used), _money(planned - used), _money(planned)]


def overview(*, since: date, until: date) -> Figures:
    """Income, spending and what is left, in euros."""
    found = rows(since=since, until=until)
    parts = ([one for one in found if one.amount > 0], [one for one in found if one.amount < 0], found)
    return [_money(_sums(part)["EUR"]) for part in parts]


def deductible(*, year: int) -> Figures:
    """What is in categories that may be deductible, and how many rows have no receipt."""
    found = rows(since=date(year, 1, 1), until=date(year, 12, 31), categories=["donations", "work_expenses"])
    return [_money(-_sums(found)["EUR"]), f"{sum(one.amount < 0 for one in found)} count"]


def average_month(*, months: Sequence[Sequence[date]], sign: int = -1, **only: Any) -> Figures:
    """What a month came to on average, in euros."""
    sums = [_sums(rows(since=since, until=until, **only, sign=sign))["EUR"] for since, until in months]
    return [_money(sum(sums, Decimal(0)) / len(sums))]


def balance(*, account: str, on: date = TODAY) -> Figures:
    """What is in an account: what it began with and all that moved it."""
    moved = [one.amount for one in HOME.of(account) if one.day <= on and one.currency == "EUR"]  # type: ignore[arg-type]
    return [_money(ACCOUNTS[account].opening + sum(moved, Decimal(0)))]  # type: ignore[index]


def average_payment(**only: Any) -> Figures:
    """What one payment comes to on average."""
    amounts = [one.amount for one in rows(**only, sign=-1)]
    return [_money((sum(amounts, Decimal(0)) / len(amounts)).quantize(CENT, ROUND_HALF_EVEN))]


def owed(*, debt: str | None = None) -> Figures:
    """What is owed."""
    return [_money(sum((one["balance"] for name, one in DEBTS.items() if debt in (None, name)), Decimal(0)))]


def vat(*, amount: str, rate: str) -> Figures:
    """The VAT in an amount."""
    return [_money((Decimal(amount) * Decimal(rate) / (100 + Decimal(rate))).quantize(CENT, ROUND_HALF_EVEN))]


def nothing() -> Figures:
    """No figure: the answer is words."""
    return []


_WAYS: dict[str, Callable[..., Figures]] = {
    way.__name__: way
    for way in (
        spent, received, net, times, compared, income_compared, largest, groups, last_amounts, unsorted, counted,
        brought, monthly, monthly_for_goal, reached, goal_reached, paid_off, budget, overview, deductible,
        average_month, balance, average_payment, owed, vat, nothing,
    )
}  # fmt: skip
__all__ = ["ACCOUNTS", "HOME", "TODAY", "UNKNOWN", "expected", "rows"]
