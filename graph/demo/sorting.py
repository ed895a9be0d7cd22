"""How the household sorted its payments: rules, choices of its own, and what it has planned.

Payees that are new are left unsorted, so that there is something to propose.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from graph.demo.household import Movement, months_before
from graph.demo.merchants import UNSORTED
from storage.finance.plans import Budget, NewDebt, NewGoal
from storage.finance.rules import NewRule

RULES = tuple(
    NewRule(field="any", match="contains", pattern=pattern, category=category)
    for pattern, category in (
        ("kornblume market", "groceries"),
        ("frischhof 512", "groceries"),
        ("talmarkt", "groceries"),
        ("backhaus ammer", "groceries"),
        ("canteen solvia", "eating_out"),
        ("brenfeld transit", "transport"),
        ("citybahn", "transport"),
        ("petersen property", "housing"),
        ("stadtwerke brenfeld", "utilities"),
        ("water works", "utilities"),
        ("streamora", "subscriptions"),
        ("tunewave", "subscriptions"),
        ("newsleaf", "subscriptions"),
        ("cloudnest", "subscriptions"),
        ("nordoil 2231", "car"),
        ("atm brenner", "cash"),
        ("instalment", "debt_payments"),
        ("savings plan", "savings"),
        ("household money", "transfers"),
        ("card bill", "transfers"),
    )
)
UNKNOWN = frozenset([one.payee for one in UNSORTED] + ["Autohaus Krüger", "Dr. Hellweg Dental"])
"""Payees that nobody has sorted."""


def matching_rule(movement: Movement) -> NewRule | None:
    """The oldest rule that a movement matches."""
    said = f"{movement.payee}\n{movement.words}".lower()
    return next((rule for rule in RULES if rule["pattern"] in said), None)


def chosen_category(movement: Movement) -> str | None:
    """The category that the household gave a movement by hand; None where a rule does, or nobody did."""
    return None if movement.payee in UNKNOWN or matching_rule(movement) else movement.category


BUDGETS = tuple(
    Budget(category=category, currency="EUR", amount=Decimal(amount))
    for category, amount in (
        ("groceries", "1250.00"),
        ("eating_out", "450.00"),
        ("subscriptions", "45.00"),
        ("clothing", "90.00"),
        ("leisure", "120.00"),
    )
)


def goals(until: date) -> Mapping[str, NewGoal]:
    """What the household saves for, each with the name that its id is made of."""
    return {
        "emergency": NewGoal(
            name="Emergency fund", target=Decimal("15000.00"), saved=Decimal("9800.00"), currency="EUR", due_on=None
        ),
        "kitchen": NewGoal(
            name="New kitchen", target=Decimal("8400.00"), saved=Decimal("2650.00"), currency="EUR",
            due_on=months_before(until, -14),
        ),
        "holiday": NewGoal(
            name="Summer holiday", target=Decimal("3200.00"), saved=Decimal("900.00"), currency="EUR",
            due_on=months_before(until, -7),
        ),
    }  # fmt: skip


DEBTS = {
    name: NewDebt(
        name=name, balance=Decimal(balance), currency="EUR", annual_rate=Decimal(rate), minimum=Decimal(minimum)
    )
    for name, balance, rate, minimum in (
        ("Car loan", "6420.00", "5.9", "210.00"),
        ("Student loan", "3150.00", "2.1", "95.00"),
        ("Store card", "1240.00", "17.9", "60.00"),
    )
}
