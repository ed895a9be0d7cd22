"""GET /metrics, as Prometheus scrapes it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from graph.models.chat import FAILURE_THRESHOLD
from tests.support.app import Frontdesk, Serve, ready
from tests.support.database import appear, rows
from tests.support.listening import listening, until
from tests.support.model_script import Gate, Status, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Start
from tests.support.prometheus import TASKS, Samples, counted, scraped, tasks_are_told_of

QUIET = ("turns", "vectors")
"""Pools without a connection in use while nothing is served; the scrape itself uses one of `records`."""


async def test_turns_are_counted_with_their_times(serve: Serve, model: ModelServer, ada: UUID, bob: UUID) -> None:
    """By employee and outcome; a refused turn has no times."""
    frontdesk = await serve(rate_limit=3)
    await frontdesk.chat(ada, "Hello", employee="tag")
    done = (await frontdesk.chat(ada, "Hello", employee="tag")).named("done")[0]
    model.queue(Status(400), streaming)
    await frontdesk.chat(ada, "Hello", employee="byte")
    assert (await frontdesk.chat(ada, "Hello", employee="byte")).status == 429
    found = await scraped(frontdesk, bob)
    assert found["frontdesk_turns_total", "prime", "failed"] == 0  # not absent: the first one is an increase
    assert counted(found, "frontdesk_turns_total") == {
        ("tag", "done"): 2,
        ("byte", "fallback"): 1,
        ("byte", "limited"): 1,
    }
    assert found["frontdesk_turn_seconds_count", "tag"] == found["frontdesk_first_token_seconds_count", "tag"] == 2
    assert found["frontdesk_turn_seconds_count", "byte"] == 1
    assert found["frontdesk_turn_seconds_sum", "tag"] >= done["latency_ms"] / 1000
    assert found["frontdesk_first_token_seconds_bucket", "tag", "+Inf"] == 2


async def idle(frontdesk: Frontdesk, admin: UUID) -> Samples:
    """The samples once no connection is in use; one that a pool is opening counts as in use."""
    async with asyncio.timeout(30):
        while True:
            found = await scraped(frontdesk, admin)
            if not any(found["frontdesk_pool_used_connections", name] for name in QUIET):
                return found


async def test_gauges_have_current_values(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Running turns, connections in use, and events not yet in the event log."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        await until(events, "token")
        during = await scraped(frontdesk, ada)
        gate.set()
        await until(events, "done")
    await frontdesk.settled()
    after = await idle(frontdesk, ada)
    assert (during["frontdesk_running_turns",], after["frontdesk_running_turns",]) == (1, 0)
    assert after["frontdesk_journal_waiting_events",] == 0
    assert after["frontdesk_waiting_jobs",] in (0, 1, 2)  # one of each periodic job may wait
    pools = ("turns", "records", "leases")
    assert all(after["frontdesk_pool_connections", name] >= 1 for name in pools)
    assert after["frontdesk_pool_connections", "vectors"] == 0  # nothing was to be embedded anew
    assert {name: after["frontdesk_pool_waiting", name] for name in pools} == dict.fromkeys(pools, 0)


async def test_a_circuit_breaker_has_a_sample_for_each_state(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """Of which one is 1."""
    frontdesk = await serve(attempts=1, rate_limit=0)
    name = frontdesk.settings.chat_model
    assert counted(await scraped(frontdesk, ada), "frontdesk_model_breaker") == {(name, "closed"): 1}
    model.always(Status(500))
    for _ in range(FAILURE_THRESHOLD):
        await frontdesk.chat(ada, "Hello")
    assert counted(await scraped(frontdesk, ada), "frontdesk_model_breaker") == {(name, "open"): 1}


async def test_two_models_of_one_name_have_a_breaker_each(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """The same model at another server fails on its own."""
    async with ModelServer() as second:
        elsewhere: dict[str, Any] = {"second_model": "gpt-4o-mini", "second_base_url": second.url}
        frontdesk = await serve(attempts=1, rate_limit=0, **elsewhere)
        model.always(Status(500))
        for _ in range(FAILURE_THRESHOLD):
            await frontdesk.chat(ada, "Hello")
        found = counted(await scraped(frontdesk, ada), "frontdesk_model_breaker")
    assert found == {("gpt-4o-mini", "open"): 1, ("gpt-4o-mini", "closed"): 1}


async def test_retries_are_counted(start: Start, model: ModelServer, ada: UUID) -> None:
    """By stamina's own metric, also with our logging of retries."""
    process = await start()
    model.queue(Status(500), streaming)
    async with process.client(ada) as client:
        answer = await client.post("/chat", json={"message": "Hello"}, headers={"Accept": "application/json"})
    assert answer.json()["finish_reason"] == "stop"
    assert sum(counted(await scraped(process, ada), "stamina_retries_total").values()) == 1


async def test_only_administrators_may_scrape(frontdesk: Frontdesk, ada: UUID) -> None:
    """Because the metrics count every user's turns."""
    async with frontdesk.client(ada) as client:
        refused = await client.get("/metrics")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    async with frontdesk.client(None) as client:
        refused = await client.get("/metrics")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_anyone_may_scrape_in_local_mode(serve: Serve) -> None:
    """Without a token."""
    frontdesk = await serve(jwt_secret=None)
    assert (await scraped(frontdesk, None, admin=False))["frontdesk_running_turns",] == 0


async def test_two_applications_in_one_process_count_for_themselves(
    frontdesk: Frontdesk, serve: Serve, ada: UUID
) -> None:
    """Each has a registry of its own."""
    other = await serve()
    await frontdesk.chat(ada, "Hello", employee="tag")
    assert counted(await scraped(frontdesk, ada), "frontdesk_turns_total") == {("tag", "done"): 1}
    assert counted(await scraped(other, ada), "frontdesk_turns_total") == {}


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_turn_that_is_finished_twice_is_counted_once(
    frontdesk: Frontdesk, serve: Serve, ada: UUID, elsewhere: bool
) -> None:
    """By the process that stored it first, also where another one adopts it."""
    adopter = await serve() if elsewhere else frontdesk
    await frontdesk.chat(ada, "Hello", employee="tag")
    frontdesk.service.registry.closing = elsewhere  # so that it adopts nothing
    unfinished = "update chat_turns set status = 'answered', lease_until = now() - interval '1 s' returning 1"
    assert await rows(frontdesk.service.url, unfinished) == [(1,)]
    await adopter.ended()
    assert await rows(frontdesk.service.url, "select status, attempt from chat_turns") == [("done", 2)]
    found = await scraped(frontdesk, ada)
    assert counted(found, "frontdesk_turns_total") == {("tag", "done"): 1}
    assert counted(found, "frontdesk_turn_seconds_count") == counted(found, "frontdesk_first_token_seconds_count")
    assert counted(found, "frontdesk_turn_seconds_count") == {("tag",): 1}
    if elsewhere:
        assert counted(await scraped(adopter, ada), "frontdesk_turns_total") == {}


async def test_waiting_messages_are_counted(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Until their conversation is free."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello", conversation_id="c-1") as events:
        await until(events, "token")
        second = asyncio.create_task(frontdesk.chat(ada, "And?", conversation_id="c-1"))
        await appear(frontdesk.service.url, "select from chat_queue")
        during = await scraped(frontdesk, ada)
        gate.set()
        await until(events, "done")
    assert (await second).status == 200
    assert (during["frontdesk_waiting_messages",], during["frontdesk_running_turns",]) == (1, 2)
    assert (await scraped(frontdesk, ada))["frontdesk_waiting_messages",] == 0


@pytest.mark.own_app  # other tests break the tasks of the shared one
async def test_each_background_task_is_told_of(frontdesk: Frontdesk, ada: UUID) -> None:
    """Whether it runs, when it last came round, and how often it was started again."""
    async with frontdesk.client(None) as client:
        await ready(client)
    tasks_are_told_of(await scraped(frontdesk, ada), TASKS)
