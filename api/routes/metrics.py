"""Metrics: turns in numbers, a user's week, and Prometheus."""

from typing import Any, cast

from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from prometheus_client import CONTENT_TYPE_LATEST
from structlog.stdlib import get_logger

from api.auth.user import User, require_admin
from api.metrics_period import Period, provide_period
from api.openapi import SIGNED_IN, problems, refusals
from api.reports import MetricsSummary, summary_of
from graph.account import UserData
from graph.service import Service
from storage.errors import StorageUnavailable
from storage.insights import Insights

log = get_logger(__name__)


@get(
    "/metrics-summary",
    dependencies={"period": Provide(provide_period, sync_to_thread=False)},
    security=SIGNED_IN,
    tags=["metrics"],
    responses=refusals(),
)
async def metrics_summary(
    user: NamedDependency[User], user_data: NamedDependency[UserData], period: NamedDependency[Period]
) -> MetricsSummary:
    """Metrics of your turns by the employee that answered; an administrator sees those of all users."""
    return await summary_of(user, user_data, period)


@get("/insights", security=SIGNED_IN, tags=["metrics"], responses=refusals())
async def insights(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> Insights:
    """Your activity in the last seven days, today included."""
    return await user_data.insights.for_user(user.user_id)


@get(
    "/metrics",
    security=SIGNED_IN,
    tags=["metrics"],
    responses={
        200: ResponseSpec(str, description="Prometheus text.", media_type=MediaType.TEXT, generate_examples=False),
        **problems(401, 403, 500, 503),
    },
)
async def prometheus(user: NamedDependency[User], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus metrics of this process (with --workers: of all), for administrators; in local mode for anyone."""
    require_admin(user)
    service = cast(Service, request.app.state.service)  # not the dependency, which needs a database
    try:  # these numbers are of no user, and wanted most while the database is away
        with service.health.required():
            await service.user_data.audit.record(user.user_id, "prometheus")
    except StorageUnavailable:
        log.warning("access is not in the audit log", action="prometheus", admin_id=str(user.user_id))
    return Response(await service.prometheus(), headers={"Content-Type": CONTENT_TYPE_LATEST})
