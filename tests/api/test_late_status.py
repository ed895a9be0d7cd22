"""A message that waits for its conversation for longer than its status can: the response begins before its turn."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest

from nodes import wait_for_conversation
from nodes.wait_for_conversation import BUSY
from tests.support.app import Frontdesk, Serve, events_in, read_events
from tests.support.database import appear, row, rows
from tests.support.listening import in_line, listening, until
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer

SECOND: dict[str, Any] = {"message": "second", "conversation_id": "c-1"}
KEY = {"Idempotency-Key": "a key"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status goes out at once, and heartbeats follow quickly."""
    monkeypatch.setattr("api.routes.chat.STATUS_SECONDS", 0.0)
    monkeypatch.setattr("api.routes.chat.KEEP_ALIVE_SECONDS", 0.05)


@pytest.fixture
def gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message waits for a moment only."""
    monkeypatch.setattr(wait_for_conversation, "MAX_WAIT", 0.3)


@asynccontextmanager
async def busy(frontdesk: Frontdesk, model: ModelServer, user: UUID) -> AsyncGenerator[asyncio.Event]:
    """A conversation that is being answered until the event is set, and to the end of the block at the latest."""
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    async with listening(frontdesk, user, "first", conversation_id="c-1") as events:
        await until(events, "token")
        yield gate
        gate.set()
        await until(events, "done")
    await frontdesk.settled()


async def test_heartbeats_come_first_and_the_answer_follows(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """The status has what is left of the limit; ids and employee, which it cannot have yet, come with `start`."""
    async with busy(frontdesk, model, ada) as gate, frontdesk.client(ada) as client:
        model.queue(Text("Second answer."), streaming)
        async with client.stream("POST", "/chat", json=SECOND) as response:
            assert response.status_code == 200
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert response.headers["ratelimit-policy"] == '"chat";q=8;w=60'
            assert not {"x-turn-id", "x-conversation-id", "x-employee"} & response.headers.keys()
            lines = response.aiter_lines()
            first = [await anext(lines) for _ in range(6)]
            assert first == [": keep-alive", ""] * 3
            gate.set()
            events = [event async for event in events_in(lines)]
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert (events[0].name, events[0].data["conversation_id"]) == ("start", "c-1")
    assert (events[-1].name, events[-1].data["turn_id"]) == ("done", events[0].data["turn_id"])


@pytest.mark.usefixtures("gives_up")
async def test_a_refusal_is_an_event_then(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The only one, with the code of the problem document; nothing is kept, and the key means nothing any more."""
    async with busy(frontdesk, model, ada), frontdesk.client(ada) as client:
        async with client.stream("POST", "/chat", json=SECOND, headers=KEY) as response:
            events = [(event.id, event.name, event.data) async for event in read_events(response)]
        refusal = {"code": "conversation_busy", "message": BUSY, "retryable": False, "retry_after": None}
        assert events == [(1, "error", refusal)]
        url = frontdesk.service.url
        assert await row(url, "select count(*) from chat_rate_limits where bucket = 'refusals'") == (1,)
    assert await rows(url, "select content from chat_messages where content = 'second'") == []
    assert await rows(url, "select from chat_queue union all select from chat_idempotency") == []


@pytest.mark.usefixtures("gives_up")
async def test_a_document_begins_with_white_space_then(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Also that of a refusal, which has the fields of `error`."""
    async with busy(frontdesk, model, ada), frontdesk.client(ada) as client:
        answer = await client.post("/chat", json=SECOND, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert answer.text[0] == "\n"
    refusal = {"code": "conversation_busy", "message": BUSY, "retryable": False, "retry_after": None}
    assert answer.json() == {"events": [{"event": "error", "data": refusal}], "text": "", **refusal}


UNKNOWN = {**SECOND, "employee": "tag", "instead_of": str(UUID(int=1))}


@pytest.mark.parametrize(("sent", "code"), [({"message": " "}, "empty_message"), (UNKNOWN, "not_found")])
async def test_every_refusal_after_the_status_is_an_event(
    frontdesk: Frontdesk, ada: UUID, sent: dict[str, Any], code: str
) -> None:
    """Whatever it would have been otherwise."""
    async with frontdesk.client(ada) as client, client.stream("POST", "/chat", json=sent) as response:
        events = await heard(response)
    assert (response.status_code, [(name, data["code"]) for _, name, data in events]) == (200, [("error", code)])


async def test_a_client_that_leaves_meanwhile_is_answered(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Its message keeps its place, and the same key finds the answer afterwards."""
    async with busy(frontdesk, model, ada) as gate, frontdesk.client(ada) as client:
        model.queue(Text("Second answer."), streaming)
        async with client.stream("POST", "/chat", json=SECOND, headers=KEY) as response:
            assert await anext(response.aiter_lines()) == ": keep-alive"
            await in_line(frontdesk.service.url, 1)
        gate.set()
        await appear(frontdesk.service.url, "select from chat_messages where content = 'Second answer.'")
        again = await client.post("/chat", json=SECOND, headers={**KEY, "Accept": "application/json"})
    assert again.json()["text"] == "Second answer."


async def test_the_same_key_on_another_server_waits_for_the_same_turn(
    serve: Serve, model: ModelServer, ada: UUID
) -> None:
    """Both responses begin before the turn, and both have all of its events."""
    frontdesk, other = await serve(), await serve()
    async with busy(frontdesk, model, ada) as gate, frontdesk.client(ada) as here, other.client(ada) as there:
        model.queue(Text("Second answer."), streaming)
        async with (
            here.stream("POST", "/chat", json=SECOND, headers=KEY) as first,
            there.stream("POST", "/chat", json=SECOND, headers=KEY) as second,
        ):
            await in_line(frontdesk.service.url, 1)
            gate.set()
            answers = await asyncio.gather(heard(first), heard(second))
    assert answers[0][0][1] == "start"
    assert answers[0] == answers[1]


async def heard(response: httpx.Response) -> list[tuple[int, str, dict[str, Any]]]:
    """The numbers, names and data of a stream's events, to its end."""
    return [(event.id, event.name, event.data) async for event in read_events(response)]
