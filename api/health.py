"""Is it alive, and is it ready?"""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from graph.service import Service


@get("/health/live")
async def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@get("/health/ready")
async def ready(service: NamedDependency[Service]) -> Response[dict[str, Any]]:
    """Whether turns can be answered: database and migrations must be there; without a model it is degraded."""
    checks = await service.check()
    able = checks["database"] == "ok" and checks["migrations"] == "ok"
    status = "unavailable" if not able else "ready" if checks["model"] == "ok" else "degraded"
    return Response({"status": status, "checks": checks}, status_code=200 if able else 503)
