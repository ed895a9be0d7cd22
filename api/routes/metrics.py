"""Metrics: turns in numbers, a user's week, and Prometheus."""

from typing import Annotated, Any, cast

from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from prometheus_client import CONTENT_TYPE_LATEST
from structlog.stdlib import get_logger

from api.auth.user import User, require_admin
from api.openapi import SIGNED_IN, problems, refusals
from api.problems import Problem
from graph.account import UserData
from graph.service import Service
from storage.errors import StorageUnavailable
from storage.insights import Insights
from storage.metrics_queries import MetricsReport, TimeWindow

log = get_logger(__name__)

WINDOWS: dict[str, TimeWindow] = {"24h": TimeWindow(hours=24, step=1), "7d": TimeWindow(hours=7 * 24, step=6)}

Span = Annotated[  # not a Literal: the framework's error would not name the values
    str, QueryParameter(name="range", description="How far to look back.", schema_extra={"enum": [*WINDOWS]})
]


class MetricsSummary(MetricsReport):
    """Metrics of the turns in a range; for administrators of all users."""

    range: str
    hours: int


@get("/metrics-summary", security=SIGNED_IN, tags=["metrics"], responses=refusals())
async def metrics_summary(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    span: Span = "24h",
) -> MetricsSummary:
    """Metrics of your turns by the employee that answered; an administrator sees those of all users."""
    window = WINDOWS.get(span)
    if window is None:
        raise Problem(400, "invalid_request", f"range: takes {' or '.join(WINDOWS)}")
    metrics = user_data.metrics
    if user.admin:
        await user_data.audit.record(user.user_id, "metrics_summary", f"range={span}")
        report = await metrics.for_all_users(window)
    else:
        report = await metrics.for_user(user.user_id, window)
    return MetricsSummary(range=span, hours=window.hours, **report)


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
