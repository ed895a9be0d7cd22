"""GET /costs: what answers cost."""

from litestar import get
from litestar.di import NamedDependency, Provide

from api.auth.user import User
from api.metrics_period import Period, provide_period
from api.openapi import SIGNED_IN, refusals
from api.reports import costs_of
from graph.account import UserData
from graph.costs import CostReport


@get(
    "/costs",
    dependencies={"period": Provide(provide_period, sync_to_thread=False)},
    security=SIGNED_IN,
    tags=["metrics"],
    responses=refusals(),
)
async def costs(
    user: NamedDependency[User], user_data: NamedDependency[UserData], period: NamedDependency[Period]
) -> CostReport:
    """Tokens of your answers and what they cost; an administrator sees those of all users."""
    return await costs_of(user, user_data, period)
