"""Budgets, goals and debts of a user."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from litestar import Router, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.auth.user import User
from api.openapi import SIGNED_IN, refusals
from api.parameters import Currency, Day, clean_and_mask
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from storage.finance.plans import MAX_PLANS, Budget, Debt, Goal, NewDebt, NewGoal, TooManyPlans
from storage.finance.transactions import NoSuchCategory

Amount = Annotated[
    Decimal, Field(strict=False, max_digits=18, decimal_places=4, allow_inf_nan=False, ge=0, examples=["12.90"])
]
"""Exact: send it as a string."""
Positive = Annotated[Amount, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(clean_and_mask)]


class BudgetRequest(BaseModel):
    """What a category may cost in a month."""

    model_config = ConfigDict(extra="forbid", strict=True)

    amount: Positive


class GoalRequest(BaseModel):
    """Something to save for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name
    target: Positive
    saved: Amount = Decimal(0)
    currency: Currency
    due_on: Day | None = None


class DebtRequest(BaseModel):
    """Something to pay off."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name
    balance: Amount
    """What is owed."""
    currency: Currency
    annual_rate: Annotated[Decimal, Field(strict=False, ge=0, le=200, decimal_places=4)]
    """Per cent."""
    minimum: Amount
    """Paid each month."""


class BudgetList(TypedDict):
    """The user's budgets."""

    items: list[Budget]


class GoalList(TypedDict):
    """The user's goals, those that are due first at the top."""

    items: list[Goal]


class DebtList(TypedDict):
    """The user's debts, the dearest first."""

    items: list[Debt]


@get("/budgets", responses=refusals())
async def budgets(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> BudgetList:
    """Your budgets."""
    return BudgetList(items=await user_data.desk.plans.budgets(user.user_id))


@put(
    "/budgets/{category:str}/{currency:str}", guards=[require_json], status_code=204, responses=refusals(404, 413, 415)
)
async def set_budget(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    category: FromPath[str],
    currency: FromPath[str],
    data: JSONBody[BudgetRequest],
) -> None:
    """Set what a category may cost in a month."""
    try:
        await user_data.desk.plans.set_budget(
            user.user_id, Budget(category=category, currency=_currency(currency), amount=data.amount)
        )
    except NoSuchCategory:
        raise _missing("category") from None


@delete("/budgets/{category:str}/{currency:str}", responses=refusals(404))
async def delete_budget(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    category: FromPath[str],
    currency: FromPath[str],
) -> None:
    """Delete a budget."""
    if not await user_data.desk.plans.delete_budget(user.user_id, category, currency):
        raise _missing("budget")


@get("/goals", responses=refusals())
async def goals(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> GoalList:
    """Your goals."""
    return GoalList(items=await user_data.desk.plans.goals(user.user_id))


@put("/goals/{goal_id:uuid}", guards=[require_json], status_code=204, responses=refusals(404, 409, 413, 415))
async def put_goal(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    goal_id: FromPath[UUID],
    data: JSONBody[GoalRequest],
) -> None:
    """Add a goal under an id that you choose, or change it; the same request twice adds one."""
    goal = NewGoal(name=data.name, target=data.target, saved=data.saved, currency=data.currency, due_on=data.due_on)
    try:
        await user_data.desk.plans.put_goal(user.user_id, goal, goal_id)
    except TooManyPlans:
        raise _too_many("goals") from None


@delete("/goals/{goal_id:uuid}", responses=refusals(404))
async def delete_goal(
    user: NamedDependency[User], user_data: NamedDependency[UserData], goal_id: FromPath[UUID]
) -> None:
    """Delete a goal."""
    if not await user_data.desk.plans.delete_goal(user.user_id, goal_id):
        raise _missing("goal")


@get("/debts", responses=refusals())
async def debts(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> DebtList:
    """Your debts."""
    return DebtList(items=await user_data.desk.plans.debts(user.user_id))


@put("/debts/{debt_id:uuid}", guards=[require_json], status_code=204, responses=refusals(404, 409, 413, 415))
async def put_debt(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    debt_id: FromPath[UUID],
    data: JSONBody[DebtRequest],
) -> None:
    """Add a debt under an id that you choose, or change it; the same request twice adds one."""
    debt = NewDebt(
        name=data.name,
        balance=data.balance,
        currency=data.currency,
        annual_rate=data.annual_rate,
        minimum=data.minimum,
    )
    try:
        await user_data.desk.plans.put_debt(user.user_id, debt, debt_id)
    except TooManyPlans:
        raise _too_many("debts") from None


@delete("/debts/{debt_id:uuid}", responses=refusals(404))
async def delete_debt(
    user: NamedDependency[User], user_data: NamedDependency[UserData], debt_id: FromPath[UUID]
) -> None:
    """Delete a debt."""
    if not await user_data.desk.plans.delete_debt(user.user_id, debt_id):
        raise _missing("debt")


def _currency(given: str) -> str:
    if not (given.isascii() and given.isalpha() and given.isupper() and len(given) == 3):
        raise Problem(400, "invalid_request", "currency: three capital letters, as EUR")
    return given


def _missing(what: Literal["category", "budget", "goal", "debt"]) -> Problem:
    return Problem(404, "not_found", f"There is no such {what}.")


def _too_many(what: Literal["goals", "debts"]) -> Problem:
    return Problem(409, "too_many", f"You have {MAX_PLANS} {what}; delete one first.")


router = Router(
    "/",
    route_handlers=[
        budgets, set_budget, delete_budget, goals, put_goal, delete_goal, debts, put_debt, delete_debt,
    ],
    security=SIGNED_IN,
    tags=["plans"],
)  # fmt: skip
