"""Health checks."""

import asyncio
from uuid import UUID

import httpx
import pytest

from storage.local.postgres import EmbeddedPostgres
from tests.support.app import Frontdesk, Serve
from tests.support.database import drop, owner, row, rows
from tests.support.listening import listening, until
from tests.support.model_script import Status, Text, chat
from tests.support.model_server import ModelServer
from tests.support.prometheus import scraped

MODELS = "/v1/models"
"""The request that checks whether the model's server answers."""
PROBES = 50


async def ready(frontdesk: Frontdesk) -> httpx.Response:
    async with frontdesk.client(None) as client:
        return await client.get("/health/ready")


async def test_with_database_and_model_it_is_ready(frontdesk: Frontdesk) -> None:
    """Without signing in."""
    response = await ready(frontdesk)
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready", "checks": {"server": "ok", "database": "ok", "migrations": "ok", "model": "ok"}
    }  # fmt: skip


async def test_without_its_model_it_is_degraded(serve: Serve) -> None:
    """It still takes messages, which get prepared replies."""
    async with ModelServer() as gone:
        frontdesk = await serve(openai_base_url=gone.url)
    response = await ready(frontdesk)
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["model"] == "unreachable"
    assert response.json()["details"] == {"model": f"{gone.url} does not answer"}


@pytest.mark.own_app  # the model is looked for now and then
async def test_with_a_key_that_the_model_does_not_take_it_is_degraded(frontdesk: Frontdesk, model: ModelServer) -> None:
    """A server that turns us away is no model of ours."""
    model.always(Status(401), lambda request: request.path == MODELS)
    assert (await ready(frontdesk)).json()["status"] == "degraded"


@pytest.mark.own_app  # the model is looked for now and then
async def test_a_key_that_is_refused_later_is_reported_until_an_answer_comes(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Found by a turn, although the model's server can be reached; that turn's text has nothing to do with it."""
    model.always(Status(401), chat)
    assert (await frontdesk.chat(ada, "Hello")).events[-1].data["fallback"]
    found = (await ready(frontdesk)).json()
    assert (found["status"], found["checks"]["model"]) == ("degraded", "refused")
    assert found["details"] == {"model": f"401 from {model.url}: OPENAI_API_KEY is not accepted"}
    await model.reset()
    await frontdesk.chat(ada, "Hello")
    assert await frontdesk.service.dependencies.model.problem() is None


async def test_without_its_database_it_is_alive_but_not_ready(frontdesk: Frontdesk, cluster: EmbeddedPostgres) -> None:
    """A load balancer takes it out; a supervisor does not restart it."""
    await drop(cluster, frontdesk.service.url)
    response = await wait_for(frontdesk, 503, "database", "unreachable")
    assert response.json()["status"] == "unavailable"
    async with frontdesk.client(None) as client:
        alive = await client.get("/health/live")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})


async def test_many_probes_cause_no_requests_to_database_or_provider(frontdesk: Frontdesk, model: ModelServer) -> None:
    """At once or one after the other: anybody may send them."""
    sessions = "select sessions from pg_stat_database where datname = current_database()"
    url = frontdesk.service.url
    (before,) = await row(url, sessions)
    async with frontdesk.client(None) as client:
        answers = await asyncio.gather(*(client.get("/health/ready") for _ in range(PROBES)))
        for _ in range(PROBES):
            answers.append(await client.get("/health/ready"))
    assert {answer.status_code for answer in answers} == {200}
    (after,) = await row(url, sessions)
    assert after - before < PROBES / 2  # some of the pools' own, and ours
    assert sum(request.path == MODELS for request in model.requests) < PROBES / 2  # one every few seconds


async def test_simultaneous_probes_share_one_request_to_the_model(serve: Serve, model: ModelServer) -> None:
    """Also when it is slow; all get the same answer."""
    model.always(Text("late", delay_first=0.2), lambda request: request.path == MODELS)
    frontdesk = await serve()
    async with frontdesk.client(None) as client:
        answers = await asyncio.gather(*(client.get("/health/ready") for _ in range(PROBES)))
    assert {answer.json()["checks"]["model"] for answer in answers} == {"ok"}
    assert sum(request.path == MODELS for request in model.requests) == 1


@pytest.mark.own_app  # its tables are changed
async def test_a_background_task_that_is_down_is_named(frontdesk: Frontdesk, ada: UUID) -> None:
    """Its work is not lost, and readiness returns once it runs again."""
    url = frontdesk.service.url
    await owner(url, "alter table chat_turn_events add constraint broken check (first < 0) not valid")
    async with listening(frontdesk, ada, "Hello") as events:
        turn = (await until(events, "done"))[0].data["turn_id"]
    response = await wait_for(frontdesk, 503, "journal_writer", "failed")
    assert response.json()["checks"] == {
        "server": "ok", "database": "ok", "migrations": "ok", "model": "ok", "journal_writer": "failed"
    }  # fmt: skip
    found = await scraped(frontdesk, ada)
    assert found["frontdesk_background_task_up", "journal_writer"] == 0
    assert found["frontdesk_background_task_up", "lease_renewal"] == 1
    await owner(url, "alter table chat_turn_events drop constraint broken")
    await wait_for(frontdesk, 200, "database", "ok")
    await frontdesk.settled()
    found = await scraped(frontdesk, ada)
    assert found["frontdesk_background_task_up", "journal_writer"] == 1
    assert found["frontdesk_background_task_restarts_total", "journal_writer"] >= 1
    kept = await rows(url, "select events from chat_turn_events where turn_id = %(turn)s order by first", turn=turn)
    names = [event["event"] for (batch,) in kept for event in batch]
    assert (names[0], names[-1]) == ("start", "done")


async def wait_for(frontdesk: Frontdesk, status: int, part: str, state: str) -> httpx.Response:
    """The response of /health/ready once it has this status and this state of a part."""
    async with asyncio.timeout(30):
        while (response := await ready(frontdesk)).status_code != status or response.json()["checks"].get(
            part
        ) != state:
            pass
    return response
