"""Health checks."""

from typing import Any, Literal, NotRequired, cast

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from typing_extensions import TypedDict

from graph.service import Service


class Alive(TypedDict):
    """The process runs."""

    status: Literal["ok"]


class Readiness(TypedDict):
    """Whether turns can be answered, with the state of each part."""

    status: Literal["ready", "degraded", "unavailable"]
    checks: dict[str, str]
    details: NotRequired[dict[str, str]]
    """More about a part that is not `ok`, where there is more to say."""


@get("/health/live")
async def live() -> Alive:
    """The process runs."""
    return Alive(status="ok")


@get("/health/ready", responses={503: ResponseSpec(Readiness, description="Not ready.", generate_examples=False)})
async def ready(request: Request[Any, Any, Any]) -> Response[Readiness]:
    """Whether turns can be answered.

    Needs the database, all migrations and the background tasks, and no shutdown under way; without a model the state
    is degraded.
    """
    service = cast(Service, request.app.state.service)  # not the dependency, which needs a database
    checks, details = await service.readiness.check()
    is_available = all(state == "ok" for part, state in checks.items() if part != "model")
    without_model: Literal["ready", "degraded"] = "ready" if checks["model"] == "ok" else "degraded"
    content = Readiness(status=without_model if is_available else "unavailable", checks=checks)
    if details:
        content["details"] = details
    return Response(content, status_code=200 if is_available else 503)
