"""Alive and ready, from outside."""

import httpx

from storage.embedded import Embedded
from tests.support.app import Frontdesk, Serve
from tests.support.database import drop
from tests.support.model_script import Status
from tests.support.model_server import ModelServer


async def ready(frontdesk: Frontdesk) -> httpx.Response:
    async with frontdesk.client(None) as client:
        return await client.get("/health/ready")


async def test_with_everything_there_it_is_ready(frontdesk: Frontdesk) -> None:
    """Nobody has to sign in to see it."""
    response = await ready(frontdesk)
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready", "checks": {"server": "ok", "database": "ok", "migrations": "ok", "model": "ok"}
    }  # fmt: skip


async def test_without_its_model_it_is_degraded(serve: Serve) -> None:
    """Prepared replies are better than none, so it still takes messages."""
    async with ModelServer() as gone:
        frontdesk = await serve(openai_base_url=gone.url)
    response = await ready(frontdesk)
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["model"] == "unreachable"


async def test_with_a_key_that_the_model_does_not_take_it_is_degraded(frontdesk: Frontdesk, model: ModelServer) -> None:
    """A server that turns us away is no model of ours."""
    model.always(Status(401), lambda request: request.path == "/v1/models")
    assert (await ready(frontdesk)).json()["status"] == "degraded"


async def test_without_its_database_it_is_not_ready_and_still_alive(frontdesk: Frontdesk, cluster: Embedded) -> None:
    """A balancer takes it out; a supervisor has no reason to restart it."""
    await drop(cluster, frontdesk.service.url)
    response = await ready(frontdesk)
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert response.json()["checks"]["database"] == "unreachable"
    async with frontdesk.client(None) as client:
        alive = await client.get("/health/live")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
