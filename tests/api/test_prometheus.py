"""GET /metrics, as Prometheus reads it."""

import asyncio
from uuid import UUID

from prometheus_client.parser import text_string_to_metric_families

from graph.breaker import FAILURES
from tests.support.app import Frontdesk, Serve
from tests.support.listening import listening, until
from tests.support.model_script import Gate, Status, streaming
from tests.support.model_server import ModelServer

Samples = dict[tuple[str, ...], float]


async def scraped(frontdesk: Frontdesk, user: UUID | None, *, admin: bool = True) -> Samples:
    """Every sample by its name and the values of its labels."""
    async with frontdesk.client(user, admin=admin) as client:
        response = await client.get("/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_turns_are_counted_with_their_times(serve: Serve, model: ModelServer, ada: UUID, bob: UUID) -> None:
    """By who answered and what became of them; what was turned away took no time."""
    frontdesk = await serve(rate_limit=3)
    await frontdesk.chat(ada, "Hello", employee="tag")
    done = (await frontdesk.chat(ada, "Hello", employee="tag")).named("done")[0]
    model.queue(Status(400), streaming)
    await frontdesk.chat(ada, "Hello", employee="byte")
    assert (await frontdesk.chat(ada, "Hello", employee="byte")).status == 429
    found = await scraped(frontdesk, bob)
    turns = {labels[1:]: value for labels, value in found.items() if labels[0] == "frontdesk_turns_total"}
    assert turns == {("tag", "done"): 2, ("byte", "fallback"): 1, ("byte", "limited"): 1}
    assert found["frontdesk_turn_seconds_count", "tag"] == found["frontdesk_first_token_seconds_count", "tag"] == 2
    assert found["frontdesk_turn_seconds_count", "byte"] == 1
    assert found["frontdesk_turn_seconds_sum", "tag"] >= done["latency_ms"] / 1000
    assert found["frontdesk_first_token_seconds_bucket", "tag", "+Inf"] == 2


async def test_what_is_going_on_is_told_as_it_is(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Running turns, connections in use, and events on their way to the journal."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        await until(events, "token")
        during = await scraped(frontdesk, ada)
        gate.set()
        await until(events, "done")
    await frontdesk.settled()
    after = await scraped(frontdesk, ada)
    assert (during["frontdesk_running_turns",], after["frontdesk_running_turns",]) == (1, 0)
    assert after["frontdesk_journal_waiting_events",] == 0
    pools = ("turns", "records", "exports")
    assert after["frontdesk_pool_used_connections", "turns"] == after["frontdesk_pool_used_connections", "exports"] == 0
    assert all(after["frontdesk_pool_connections", name] >= 1 for name in pools)
    assert {name: after["frontdesk_pool_waiting", name] for name in pools} == dict.fromkeys(pools, 0)


async def test_a_model_that_is_left_alone_is_told_of(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """From its last failure on until it is heard again."""
    frontdesk = await serve(attempts=1, rate_limit=0)
    name = frontdesk.settings.chat_model
    assert (await scraped(frontdesk, ada))["frontdesk_model_left_alone", name] == 0
    model.always(Status(500))
    for _ in range(FAILURES):
        await frontdesk.chat(ada, "Hello")
    assert (await scraped(frontdesk, ada))["frontdesk_model_left_alone", name] == 1


async def test_only_administrators_see_it(frontdesk: Frontdesk, ada: UUID) -> None:
    """It tells of everyone's turns."""
    async with frontdesk.client(ada) as client:
        refused = await client.get("/metrics")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    async with frontdesk.client(None) as client:
        refused = await client.get("/metrics")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_on_ones_own_machine_anyone_does(serve: Serve) -> None:
    """Nobody signs in there."""
    frontdesk = await serve(jwt_secret=None)
    assert (await scraped(frontdesk, None, admin=False))["frontdesk_running_turns",] == 0


async def test_two_applications_in_one_process_count_for_themselves(
    frontdesk: Frontdesk, serve: Serve, ada: UUID
) -> None:
    """Each is asked on its own."""
    other = await serve()
    await frontdesk.chat(ada, "Hello", employee="tag")
    assert ("frontdesk_turns_total", "tag", "done") in await scraped(frontdesk, ada)
    assert ("frontdesk_turns_total", "tag", "done") not in await scraped(other, ada)
