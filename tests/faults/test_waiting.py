"""A message waits for its conversation, under a key, and its process dies, sleeps or hears nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import httpx
import pytest

from graph import supervision
from graph.turns import manager
from storage import conversation_queue
from tests.support.app import Event, Frontdesk, read_events
from tests.support.database import disappear, owner, row, rows
from tests.support.listening import in_line, listening, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start

ASKED = {"message": "And tax?", "conversation_id": "c-1"}
KEY = {"Idempotency-Key": "one and the same"}


async def send(server: Frontdesk | Process, user: UUID) -> tuple[int, list[Event]]:
    """Send the message under its key; returns the status and what was heard (0, if the server is no more)."""
    with suppress(httpx.TransportError):
        async with (
            server.client(user) as client,
            client.stream("POST", "/chat", json=ASKED, headers=KEY) as response,
        ):
            return response.status_code, [event async for event in read_events(response)]
    return 0, []


@asynccontextmanager
async def answering(frontdesk: Frontdesk, model: ModelServer, user: UUID) -> AsyncGenerator[asyncio.Event]:
    """Another message of the conversation is being answered, until the gate is opened or the block ends."""
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    async with listening(frontdesk, user, "Hello", conversation_id="c-1") as events:
        await until(events, "token")
        yield gate
        gate.set()
        await until(events, "done")


async def time_passes(url: str) -> None:
    """Leases of what is not accepted yet have run out."""
    await owner(
        url,
        "update chat_idempotency set lease_until = now() - interval '1 second' where lease_until is not null",
        "update chat_queue set lease_until = now() - interval '1 second'",
    )


async def claimed_anew(url: str, turn: UUID) -> None:
    """Return once the key stands for another turn than this."""
    await disappear(url, "select from chat_idempotency where turn_id = %(turn)s", turn=turn)


async def claim(url: str) -> UUID:
    """The turn that the key stands for."""
    (turn,) = await row(url, "select turn_id from chat_idempotency")
    assert isinstance(turn, UUID)
    return turn


async def answered_once(frontdesk: Frontdesk, model: ModelServer, turn: UUID) -> None:
    """The message is stored once, as this turn, the model was asked for it once, and nothing of its waiting is left."""
    await frontdesk.settled()
    url = frontdesk.service.url
    kept = await rows(url, "select turn_id, role from chat_messages where turn_id in ("
        " select turn_id from chat_messages where content = 'And tax?') order by seq")  # fmt: skip
    assert kept == [(turn, "user"), (turn, "assistant")]
    assert await claim(url) == turn
    assert await rows(url, "select from chat_queue") == []
    asked = [request for request in model.requests if streaming(request) and "And tax?" in str(request.body)]
    assert len(asked) == 1


@pytest.mark.parametrize("retried", ["before it dies", "after its death"])
async def test_a_message_whose_process_is_killed_as_it_waits_is_answered_where_it_is_sent_again(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID, monkeypatch: pytest.MonkeyPatch, retried: str
) -> None:
    """Once; also where somebody waits already for the turn that died."""
    monkeypatch.setattr(manager, "POLL_SECONDS", 0.05)
    process, url = await start(), frontdesk.service.url
    async with answering(frontdesk, model, ada) as gate:
        lost = asyncio.create_task(send(process, ada))
        await in_line(url, 1)
        turn = await claim(url)
        again = asyncio.create_task(send(frontdesk, ada)) if retried == "before it dies" else None
        if again:
            await attached(frontdesk, turn)
        await process.kill()
        await time_passes(url)
        again = again or asyncio.create_task(send(frontdesk, ada))
        await claimed_anew(url, turn)
        await in_line(url, 1)
        gate.set()
    assert (await lost)[0] == 0
    status, heard = await again
    assert (status, heard[-1].name) == (200, "done")
    await answered_once(frontdesk, model, UUID(heard[0].data["turn_id"]))


async def attached(frontdesk: Frontdesk, turn: UUID) -> None:
    """Return once somebody here waits for another process's turn."""
    while str(turn) not in frontdesk.service.notifications._waiting:  # noqa: ASYNC110 - it says nothing of that
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("wakes", ["while the other waits", "when the other is answered"])
async def test_a_process_that_slept_while_its_message_waited_stores_nothing_that_another_took(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID, wakes: str
) -> None:
    """Whenever it wakes; its own reader is told to send again, which leads to the other's turn."""
    process, url = await start(), frontdesk.service.url
    async with answering(frontdesk, model, ada) as gate:
        slept = asyncio.create_task(send(process, ada))
        await in_line(url, 1)
        turn = await claim(url)
        await process.pause(url)
        await time_passes(url)
        again = asyncio.create_task(send(frontdesk, ada))
        await claimed_anew(url, turn)
        await in_line(url, 1)
        if wakes == "while the other waits":
            process.go_on()
            assert (await slept)[0] == 503
        gate.set()
    status, heard = await again
    if wakes == "when the other is answered":
        process.go_on()
        assert (await slept)[0] == 503
    assert (status, heard[-1].name) == (200, "done")
    await answered_once(frontdesk, model, UUID(heard[0].data["turn_id"]))
    assert (await send(process, ada))[1] == heard


async def test_a_process_that_slept_and_was_not_missed_goes_on(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Its leases ran out, but nobody wanted what it held: its message is answered in its place."""
    process, url = await start(), frontdesk.service.url
    async with answering(frontdesk, model, ada) as gate:
        slept = asyncio.create_task(send(process, ada))
        await in_line(url, 1)
        turn = await claim(url)
        await process.pause(url)
        await time_passes(url)
        process.go_on()
        gate.set()
    status, heard = await slept
    assert (status, heard[-1].name, heard[0].data["turn_id"]) == (200, "done", str(turn))
    await disappear(url, "select from chat_turns where status <> 'done'")
    await answered_once(frontdesk, model, turn)


async def test_a_process_that_is_asked_to_end_leaves_its_keys_and_places(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """At once: who sends again is first in line, without waiting for a lease."""
    process, url = await start(), frontdesk.service.url
    async with answering(frontdesk, model, ada) as gate:
        refused = asyncio.create_task(send(process, ada))
        await in_line(url, 1)
        process.ask_to_end()
        await process.drains(ada)
        process.ask_to_end()
        assert (await refused)[0] == 503
        assert await process.process.wait() == 0
        assert await rows(url, "select from chat_queue union all select from chat_idempotency") == []
        again = asyncio.create_task(send(frontdesk, ada))
        await in_line(url, 1)
        gate.set()
    status, heard = await again
    assert (status, heard[-1].name) == (200, "done")
    await answered_once(frontdesk, model, UUID(heard[0].data["turn_id"]))


@pytest.mark.parametrize("mended", [True, False])
async def test_a_lost_connection_for_news_delays_and_loses_nothing(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, monkeypatch: pytest.MonkeyPatch, mended: bool
) -> None:
    """What was told meanwhile is looked for when it is there again; and without it, now and then."""
    if not mended:
        monkeypatch.setattr(supervision, "FIRST_PAUSE", 3600)
        monkeypatch.setattr(supervision, "LONGEST_PAUSE", 3600)
    for pause in ("FIRST_LOOK_AGAIN", "LOOK_AGAIN"):
        monkeypatch.setattr(conversation_queue, pause, 3600 if mended else 0.05)
    url = frontdesk.service.url
    async with answering(frontdesk, model, ada) as gate:
        waiting = asyncio.create_task(send(frontdesk, ada))
        await in_line(url, 1)
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_advisory_lock_sh%%'"
        assert await rows(url, ended + " and datname = current_database()") == [(True,)]
        gate.set()
    status, heard = await waiting
    assert (status, heard[-1].name) == (200, "done")
    await answered_once(frontdesk, model, UUID(heard[0].data["turn_id"]))
