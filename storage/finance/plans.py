"""Plans of users: budgets, goals and debts."""

from datetime import date
from decimal import Decimal
from typing import TypedDict, cast
from uuid import UUID

from psycopg.errors import ForeignKeyViolation

from storage.finance.categories import ensure_categories
from storage.finance.transactions import NoSuchCategory
from storage.pool import Pool
from storage.users import ensure_user

MAX_PLANS = 200
"""Goals of a user, and debts."""


class Budget(TypedDict):
    """What a category may cost in a month."""

    category: str
    currency: str
    amount: Decimal


class NewGoal(TypedDict):
    """Something to save for."""

    name: str
    target: Decimal
    saved: Decimal
    currency: str
    due_on: date | None


class Goal(NewGoal):
    """A goal of a user."""

    goal_id: UUID


class NewDebt(TypedDict):
    """Something to pay off."""

    name: str
    balance: Decimal
    """What is owed."""
    currency: str
    annual_rate: Decimal
    """Per cent."""
    minimum: Decimal
    """Paid each month."""


class Debt(NewDebt):
    """A debt of a user."""

    debt_id: UUID


class TooManyPlans(Exception):
    """The user has as many goals or debts as they may."""


class Plans:
    """Plans of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def budgets(self, user_id: UUID) -> list[Budget]:
        """The user's budgets by category."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select category, currency, tidy(amount) as amount from finance_budgets where user_id = %(user_id)s"
                " order by category, currency",
                {"user_id": user_id},
            )
            return cast("list[Budget]", await cursor.fetchall())

    async def set_budget(self, user_id: UUID, budget: Budget) -> None:
        """Set or change a budget.

        Raises:
            NoSuchCategory: nothing is set.
        """
        async with self._pool.as_user(user_id) as conn:
            await ensure_categories(conn, user_id)
            try:
                await conn.execute(
                    "insert into finance_budgets (user_id, category, currency, amount)"
                    " values (%(user_id)s, %(category)s, %(currency)s, %(amount)s)"
                    " on conflict (user_id, category, currency) do update set amount = excluded.amount",
                    {**budget, "user_id": user_id},
                )
            except ForeignKeyViolation:
                raise NoSuchCategory from None

    async def delete_budget(self, user_id: UUID, category: str, currency: str) -> bool:
        """Delete a budget; returns whether it existed."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "delete from finance_budgets where user_id = %(user_id)s and category = %(category)s"
                " and currency = %(currency)s",
                {"user_id": user_id, "category": category, "currency": currency},
            )
            return cursor.rowcount == 1

    async def goals(self, user_id: UUID) -> list[Goal]:
        """The user's goals, those that are due first at the top."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select goal_id, name, tidy(target) as target, tidy(saved) as saved, currency, due_on"
                " from finance_goals where user_id = %(user_id)s"
                " order by due_on nulls last, created_at, goal_id",
                {"user_id": user_id},
            )
            return cast("list[Goal]", await cursor.fetchall())

    async def put_goal(self, user_id: UUID, goal: NewGoal, goal_id: UUID) -> None:
        """Add the goal with this id, or change it.

        Raises:
            TooManyPlans: it is not added.
        """
        async with self._pool.as_user(user_id) as conn:
            await ensure_user(conn, user_id)
            cursor = await conn.execute(
                "insert into finance_goals (user_id, goal_id, name, target, saved, currency, due_on)"
                " select %(user_id)s, %(goal_id)s, %(name)s, %(target)s, %(saved)s, %(currency)s, %(due_on)s"
                " where (select count(*) from finance_goals where user_id = %(user_id)s and goal_id <> %(goal_id)s)"
                "  < %(max)s"
                " on conflict (user_id, goal_id) do update set name = excluded.name, target = excluded.target,"
                " saved = excluded.saved, currency = excluded.currency, due_on = excluded.due_on",
                {**goal, "user_id": user_id, "goal_id": goal_id, "max": MAX_PLANS},
            )
        if not cursor.rowcount:
            raise TooManyPlans

    async def delete_goal(self, user_id: UUID, goal_id: UUID) -> bool:
        """Delete a goal; returns whether it existed."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "delete from finance_goals where user_id = %(user_id)s and goal_id = %(goal_id)s",
                {"user_id": user_id, "goal_id": goal_id},
            )
            return cursor.rowcount == 1

    async def debts(self, user_id: UUID) -> list[Debt]:
        """The user's debts, the dearest first."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select debt_id, name, tidy(balance) as balance, currency, trim_scale(annual_rate) as annual_rate,"
                " tidy(minimum) as minimum from finance_debts"
                " where user_id = %(user_id)s order by annual_rate desc, created_at, debt_id",
                {"user_id": user_id},
            )
            return cast("list[Debt]", await cursor.fetchall())

    async def put_debt(self, user_id: UUID, debt: NewDebt, debt_id: UUID) -> None:
        """Add the debt with this id, or change it.

        Raises:
            TooManyPlans: it is not added.
        """
        async with self._pool.as_user(user_id) as conn:
            await ensure_user(conn, user_id)
            cursor = await conn.execute(
                "insert into finance_debts (user_id, debt_id, name, balance, currency, annual_rate, minimum)"
                " select %(user_id)s, %(debt_id)s, %(name)s, %(balance)s, %(currency)s, %(annual_rate)s, %(minimum)s"
                " where (select count(*) from finance_debts where user_id = %(user_id)s and debt_id <> %(debt_id)s)"
                "  < %(max)s"
                " on conflict (user_id, debt_id) do update set name = excluded.name, balance = excluded.balance,"
                " currency = excluded.currency, annual_rate = excluded.annual_rate, minimum = excluded.minimum",
                {**debt, "user_id": user_id, "debt_id": debt_id, "max": MAX_PLANS},
            )
        if not cursor.rowcount:
            raise TooManyPlans

    async def delete_debt(self, user_id: UUID, debt_id: UUID) -> bool:
        """Delete a debt; returns whether it existed."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "delete from finance_debts where user_id = %(user_id)s and debt_id = %(debt_id)s",
                {"user_id": user_id, "debt_id": debt_id},
            )
            return cursor.rowcount == 1
