"""Single turns in numbers: a list of those that failed or were slow, one with its steps, and an audited look inside."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter
from typing_extensions import TypedDict

from api.auth.user import User, require_admin_of_others
from api.metrics_period import Period, provide_period
from api.openapi import SIGNED_IN, refusals
from api.parameters import Limit
from api.problems import Problem
from api.reports import turns_of
from graph.account import UserData
from storage.turn_metrics import TurnContent, TurnDetails, TurnOrder, TurnSummary

Order = Annotated[TurnOrder, QueryParameter(description="failed: the latest first. slow: all, the slowest first.")]


class TurnList(TypedDict):
    """Turns in numbers."""

    items: list[TurnSummary]
    scope: Literal["own", "all"]
    """Whether they are the user's own, or for an administrator those of all users."""


@get(
    "/turns",
    dependencies={"period": Provide(provide_period, sync_to_thread=False)},
    security=SIGNED_IN,
    tags=["metrics"],
    responses=refusals(),
)
async def list_turns(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    period: NamedDependency[Period],
    order: Order = "failed",
    limit: Limit = 50,
) -> TurnList:
    """Your turns that failed or were slow, in numbers; an administrator sees those of all users."""
    items = await turns_of(user, user_data, period, order, limit)
    return TurnList(items=items, scope="all" if user.sees_others else "own")


@get("/turns/{turn_id:uuid}/metrics", security=SIGNED_IN, tags=["metrics"], responses=refusals(404))
async def turn_metrics(
    user: NamedDependency[User], user_data: NamedDependency[UserData], turn_id: FromPath[UUID]
) -> TurnDetails:
    """One turn in numbers, with the time of each step; an administrator sees those of all users, without a word."""
    found = await user_data.turn_metrics.find(user.user_id, turn_id)
    if found is None and user.sees_others:
        await user_data.audit.record(user.user_id, "turn", str(turn_id))
        found = await user_data.turn_metrics.find_of_any_user(turn_id)
    if found is None:
        raise Problem(404, "not_found", "There is no such turn, or it is not over.")
    return found


@post(
    "/turns/{turn_id:uuid}/content", status_code=200, security=SIGNED_IN, tags=["metrics"], responses=refusals(403, 404)
)
async def turn_content(
    user: NamedDependency[User], user_data: NamedDependency[UserData], turn_id: FromPath[UUID]
) -> TurnContent:
    """What was said in a turn, for administrators; each request is an entry in the audit log."""
    require_admin_of_others(user)
    found = await user_data.turn_metrics.content(user.user_id, turn_id)
    if found is None:
        raise Problem(404, "not_found", "Nothing is kept of what was said in this turn.")
    return found
