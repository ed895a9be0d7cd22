"""LangGraph's own client for Python: runs in the background, stopped, cut, and of which there are two at once."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError

from api.doors.langgraph.reading import HEARTBEAT, GoesOnElsewhere, Reading
from api.doors.langgraph.run_events import BEGINNING
from tests.doors.langgraph import Cuts, begin, langgraph_client, said, texts
from tests.support.app import Frontdesk, Serve
from tests.support.database import appear, rows
from tests.support.listening import in_line
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer


@pytest.fixture
async def other(serve: Serve, frontdesk: Frontdesk) -> Frontdesk:
    """A second server on the same database."""
    return await serve()


async def test_in_the_background_a_run_goes_on(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """It is found, followed and waited for on any server."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with langgraph_client(frontdesk, ada) as client, langgraph_client(other, ada) as elsewhere:
        thread_id = (await client.threads.create())["thread_id"]
        run = await client.runs.create(thread_id, "prime", input=said("Hello"))
        stream = elsewhere.runs.join_stream(thread_id, run["run_id"], stream_mode=["messages-tuple", "values"])
        await begin(stream)
        assert (await elsewhere.runs.get(thread_id, run["run_id"]))["status"] == "running"
        assert (await elsewhere.threads.search(status="busy"))[0]["thread_id"] == thread_id
        joining = asyncio.create_task(elsewhere.runs.join(thread_id, run["run_id"]))
        gate.set()
        last = [part async for part in stream][-2:]
        values = await joining
        await frontdesk.settled()
        after = await elsewhere.runs.get(thread_id, run["run_id"])
        again = [part async for part in elsewhere.runs.join_stream(thread_id, run["run_id"], last_event_id="-1")]
    assert texts(values) == ["Hello", "Well, it depends."]
    assert [last[0].data, last[1].event] == [values, "end"]
    assert run["assistant_id"] == after["assistant_id"]
    assert after["status"] == "success"
    assert [part.event for part in again] == ["metadata", "values", "messages", "messages", "values", "end"]


async def test_a_run_is_stopped(frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """On any server; what was said is kept, and to stop it again changes nothing."""
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    async with langgraph_client(frontdesk, ada) as client, langgraph_client(other, ada) as elsewhere:
        thread_id = (await client.threads.create())["thread_id"]
        stream = client.runs.stream(thread_id, "prime", input=said("Hello"), stream_mode="messages-tuple")
        run_id = (await begin(stream)).data[1]["run_id"]
        values = await elsewhere.runs.cancel(thread_id, run_id, wait=True)
        await client.runs.cancel(thread_id, run_id)
        end = [part async for part in stream][-1]
        run = await client.runs.get(thread_id, run_id)
    assert texts(values) == ["Hello", "Well, "]
    assert end.data["status"] == run["status"] == "interrupted"


@pytest.mark.parametrize(("mode", "status"), [("cancel", "stopped"), ("continue", "done")])
async def test_a_client_that_leaves_stops_its_run_if_it_wants_to(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, mode: str, status: str
) -> None:
    """By default it goes on."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with langgraph_client(frontdesk, ada) as client:
        thread_id = (await client.threads.create())["thread_id"]
        modes = {"stream_mode": "messages-tuple", "on_disconnect": mode}
        await begin(client.runs.stream(thread_id, "prime", input=said("Hello"), **modes))
    if mode == "continue":
        assert await rows(frontdesk.service.url, "select status from chat_turns") == [("streaming",)]
        gate.set()
    await frontdesk.settled()
    assert await rows(frontdesk.service.url, "select status from chat_turns") == [(status,)]


async def test_a_lost_connection_goes_on_by_itself(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The client reconnects after the last event that it read, in the same modes: nothing is missing or twice."""
    model.queue(Text([f"{number} " for number in range(20)]), streaming)
    transport = Cuts()
    async with langgraph_client(frontdesk, ada, transport) as client:
        modes = ["messages-tuple", "values"]
        parts = [
            part
            async for part in client.runs.stream(
                "0b5e1f4c-5a0c-4a8e-9f2e-1d1f6f1f0003", "prime", input=said("Count"), stream_mode=modes,
                if_not_exists="create",
            )
        ]  # fmt: skip
    ids = [part.id for part in parts]
    assert [request.method for request in transport.requests] == ["POST", "GET"]
    assert transport.requests[1].headers["last-event-id"] in ids[:-1]
    assert len(ids) == len(set(ids))
    chunks = [part.data[0]["content"] for part in parts if part.event == "messages"]
    assert "".join(chunks) == parts[-2].data["messages"][-1]["content"]
    assert parts[-1].event == "end"


async def test_a_run_is_sent_twice_and_is_one(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """By its idempotency key, also where it rolls another one back."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    model.queue(Gate(["Now, ", "then."], gate), streaming)
    async with langgraph_client(frontdesk, ada) as client:
        thread_id = (await client.threads.create())["thread_id"]
        await client.runs.create(thread_id, "prime", input=said("First"))
        sent: dict[str, Any] = {
            "input": said("Second"), "multitask_strategy": "rollback", "headers": {"Idempotency-Key": "k"},
        }  # fmt: skip
        one, two = [await client.runs.create(thread_id, "prime", **sent) for _ in range(2)]
        alone, again = [
            await client.runs.create(None, "prime", **{**sent, "headers": {"Idempotency-Key": "l"}}) for _ in range(2)
        ]
        gate.set()
        values = await client.runs.join(thread_id, two["run_id"])
    assert (one["run_id"], alone["run_id"]) == (two["run_id"], again["run_id"])
    assert texts(values) == ["Second", "Now, then."]


async def test_a_second_run_is_rejected(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """With 409, while the first one runs; nothing is stored of it."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with langgraph_client(frontdesk, ada) as client:
        thread_id = (await client.threads.create())["thread_id"]
        run = await client.runs.create(thread_id, "prime", input=said("First"))
        with pytest.raises(ConflictError) as error:
            await client.runs.create(thread_id, "prime", input=said("Second"), multitask_strategy="reject")
        gate.set()
        values = await client.runs.join(thread_id, run["run_id"])
    assert error.value.code == "conversation_busy"
    assert texts(values) == ["First", "Well, it depends."]


@pytest.mark.parametrize(
    ("strategy", "expected", "first"),
    [
        ("enqueue", ["First", "Well, it depends.", "Second", "Done."], "success"),
        ("interrupt", ["First", "Well, ", "Second", "Done."], "interrupted"),
        ("rollback", ["Second", "Done."], "interrupted"),
    ],
)
async def test_a_second_run_has_its_strategy(
    frontdesk: Frontdesk,
    other: Frontdesk,
    model: ModelServer,
    ada: UUID,
    strategy: Any,
    expected: list[str],
    first: str,
) -> None:
    """It waits for the first one, cuts it short, or takes its place, from whichever server."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    model.queue(Text("Done."), streaming)
    async with langgraph_client(frontdesk, ada) as client, langgraph_client(other, ada) as elsewhere:
        thread_id = (await client.threads.create())["thread_id"]
        stream = client.runs.stream(thread_id, "prime", input=said("First"), stream_mode="messages-tuple")
        run_id = (await begin(stream)).data[1]["run_id"]
        second = asyncio.create_task(
            elsewhere.runs.wait(thread_id, "prime", input=said("Second"), multitask_strategy=strategy)
        )
        if strategy == "enqueue":
            await in_line(frontdesk.service.url, 1)
            (waits,) = await client.runs.list(thread_id, status="pending")
            assert (await elsewhere.runs.get(thread_id, waits["run_id"]))["status"] == "pending"
            joined = asyncio.create_task(client.runs.join(thread_id, waits["run_id"]))
            gate.set()
            assert texts(await joined) == expected
        values = await second
        assert [part.event async for part in stream][-1] == "end"
        run = await client.runs.get(thread_id, run_id)
    assert texts(values) == expected
    assert run["status"] == first


async def test_a_run_that_waits_is_followed_and_withdrawn(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On any server; its readers are told, and what interrupts the thread withdraws it, too."""
    monkeypatch.setattr("api.routes.chat.STATUS_SECONDS", 0.01)
    monkeypatch.setattr("api.doors.langgraph.reading.HEARTBEAT_SECONDS", 0.01)
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    model.queue(Text("Done."), streaming)
    async with langgraph_client(frontdesk, ada) as client, langgraph_client(other, ada) as elsewhere:
        thread_id = (await client.threads.create())["thread_id"]
        await client.runs.create(thread_id, "prime", input=said("First"))
        await appear(frontdesk.service.url, "select from chat_turns where status = 'streaming'")
        one = await client.runs.create(thread_id, "prime", input=said("Second"))
        two = await client.runs.create(thread_id, "prime", input=said("Third"))
        await in_line(frontdesk.service.url, 2)
        path = f"/langgraph/threads/{thread_id}/runs/{one['run_id']}/stream"
        async with _open(frontdesk, ada, path) as here, _open(other, ada, path) as there:
            await elsewhere.runs.cancel(thread_id, one["run_id"])
            ends = ["".join([piece async for piece in stream]) for stream in (here, there)]
        values = await elsewhere.runs.wait(thread_id, "prime", input=said("Fourth"), multitask_strategy="interrupt")
        status = (await client.runs.get(thread_id, two["run_id"]))["status"]
        with pytest.raises(NotFoundError):
            await elsewhere.runs.get(thread_id, two["run_id"])
    assert one["status"] == two["status"] == "pending"
    assert all('event: error\ndata: {"error":"conversation_busy"' in end for end in ends)
    assert texts(values) == ["First", "Well, ", "Fourth", "Done."]
    assert status == "interrupted"


async def test_a_thread_is_deleted_while_it_runs(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its readers are told, in streams and in documents; on other servers their streams end."""
    monkeypatch.setattr("api.doors.langgraph.reading.HEARTBEAT_SECONDS", 0.01)
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    async with langgraph_client(frontdesk, ada) as client, langgraph_client(other, ada) as elsewhere:
        thread_id = (await client.threads.create())["thread_id"]
        stream = client.runs.stream(thread_id, "prime", input=said("Hello"), stream_mode="messages-tuple")
        run_id = (await begin(stream)).data[1]["run_id"]
        await appear(frontdesk.service.url, "select from chat_turn_events")
        following = elsewhere.runs.join_stream(thread_id, run_id, stream_mode="messages-tuple")
        await begin(following)
        async with _open(frontdesk, ada, f"/langgraph/threads/{thread_id}/runs/{run_id}/join") as document:
            await client.threads.delete(thread_id)
            result = json.loads("".join([piece async for piece in document]))
        assert [part.data["error"] async for part in stream] == ["deleted"]
        # Elsewhere the log may be gone before its last event was read: then the client finds no run.
        assert {part.event async for part in following} <= {"error"}
    assert result["__error__"]["error"] == "deleted"


async def test_what_goes_on_elsewhere_breaks_off() -> None:
    """A stream ends without an end, after which clients ask how the run stands; a document is none."""

    async def events() -> AsyncIterator[None]:
        yield None

    unused: Any = None
    assert [piece async for piece in Reading(unused, unused, events()).stream(BEGINNING)] == [HEARTBEAT]
    with pytest.raises(GoesOnElsewhere):
        assert [piece async for piece in Reading(unused, unused, events()).result()] == []


@asynccontextmanager
async def _open(server: Frontdesk, user: UUID, path: str) -> AsyncGenerator[AsyncIterator[str]]:
    """A response that has begun: its first heartbeat is there."""
    async with server.client(user) as client, client.stream("GET", path) as response:
        assert response.status_code == 200
        pieces = response.aiter_text()
        await anext(pieces)
        yield pieces


async def test_a_run_without_a_thread_is_temporary(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Unless its client keeps it; what it sends along is quoted."""
    model.queue(Text("Hi."), streaming)
    model.queue(Text("Hi."), streaming)
    sent = {"messages": [["system", "Be Zork."], ["human", "Hello"]]}
    async with langgraph_client(frontdesk, ada) as client:
        for completion in ("delete", "keep"):
            assert texts(await client.runs.wait(None, "prime", input=sent, on_completion=completion)) == [
                "Hello", "Hi.",
            ]  # fmt: skip
    assert await rows(frontdesk.service.url, "select temporary from chat_conversations order by created_at") == [
        (True,),
        (False,),
    ]
    asked = [request.body["messages"] for request in model.requests if streaming(request)][-1]
    assert ("Zork" in asked[1]["content"], asked[1]["role"]) == (True, "user")
