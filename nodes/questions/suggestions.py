"""Questions that an employee can answer on a user's rows, by which nobody has to guess what can be asked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from nodes.employees import Slug
from nodes.questions.frames import Likely
from nodes.questions.periods import month_of
from nodes.questions.reading import Reading
from nodes.tools.tool import Desk
from storage.finance.transactions import TransactionFilter

MOST = 3
LEAST_LIKELY = 0.15
"""Of a frame whose question is offered."""
_NEAR: Mapping[str, str] = {
    "spent_total": "How much did I spend{on}{when}?", "income_total": "How much did I receive{when}?",
    "count": "How many payments were there{on}{when}?", "list": "List all payments{on}{when}.",
    "largest": "What were my largest payments{on}{when}?", "by_category": "Spending by category{when}",
    "by_month": "Spending by month{on}{when}", "average_month": "How much do I spend on average per month{on}?",
    "recurring": "Which subscriptions do I have?", "price_rises": "Which subscriptions got more expensive?",
    "due": "Which bills are still to come this month?", "balance": "What is the balance of my accounts?",
    "budget_status": "How is my budget?", "debt_sum": "How much do I owe in total?",
}  # fmt: skip
"""A question of each frame, with places for names and the period."""


class _Rows(NamedTuple):
    """What there is to ask about."""

    month: str
    """The last one that has transactions, in words."""
    year: int
    category: str
    merchant: str
    goal: str | None
    has_debts: bool
    has_budgets: bool


_ASKS: dict[Slug, Callable[[_Rows], Sequence[str | None]]] = {
    "prime": lambda rows: (
        f"Give me an overview of {rows.month}.", f"How much did I spend on {rows.category} in {rows.month}?",
        "Which documents do I have?",
    ),
    "crystal": lambda rows: (
        f"How much did I spend on {rows.category} in {rows.month}?", f"What were my largest payments in {rows.month}?",
        "Which subscriptions do I have?",
    ),
    "ledger": lambda rows: (
        f"What may be deductible in {rows.year}?", f"Which receipts are missing for {rows.year}?",
        "How much VAT is in 119 euros at 19 %?",
    ),
    "byte": lambda rows: (
        "Which documents do I have?", f"Find documents about {rows.merchant}.",
        "Which receipts belong to which transactions?",
    ),
    "tag": lambda rows: (
        f"Why is {rows.merchant} in its category?", "Propose categories for my uncategorised transactions.",
    ),
    "goalie": lambda rows: (
        f"How much must I save each month for {rows.goal}?" if rows.goal else None,
        "When will my debts be paid off?" if rows.has_debts else None,
        "How is my budget?" if rows.has_budgets else None,
        f"How much must I save each month to have 3000 by June {rows.year + 2}?",
        "When will I reach 5000 if I save 200 a month?",
    ),
}  # fmt: skip


def near(likely: Sequence[Likely], reading: Reading) -> list[str]:
    """The two questions that a message is nearest to, with its own names and period."""
    on = {"category": " on ", "merchant": " at "}
    named = [f"{on[one.kind]}{one.said}" for one in reading.names if one.kind in on][:1]
    spans = [(one.since, one.until) for one in reading.periods if one.since and one.until]
    when = f" from {spans[0][0]} to {spans[0][1]}" if len(spans) == 1 else ""
    asks = [_NEAR[one.frame] for one in likely[:3] if one.frame in _NEAR and one.probability >= LEAST_LIKELY]
    return [ask.format(on="".join(named), when=when) for ask in asks[:2]]


async def suggested(desk: Desk, user_id: UUID, slug: Slug, today: date) -> list[str]:
    """Two or three questions for this employee, of this user's own categories and merchants."""
    everything = TransactionFilter(until=today)
    last = (await desk.figures.span(user_id, everything))["last_on"] or today
    since, until = month_of(last.year, last.month)
    only = TransactionFilter(since=since, until=until, sign="spent")
    categories = await desk.figures.totals(user_id, only, "category")
    merchants = await desk.figures.totals(user_id, only, "merchant")
    goals = [one for one in await desk.plans.goals(user_id) if one["due_on"] and one["due_on"] > today]
    rows = _Rows(
        month=f"{last:%B %Y}",
        year=last.year,
        category=next((one["label"] for one in categories if one["label"]), "Groceries"),
        merchant=next((one["label"] for one in merchants if one["label"]), "rent"),
        goal=goals[0]["name"] if goals else None,
        has_debts=bool(await desk.plans.debts(user_id)),
        has_budgets=bool(await desk.plans.budgets(user_id)),
    )
    return [one for one in _ASKS[slug](rows) if one][:MOST]
