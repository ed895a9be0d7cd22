"""What the AI SDK's door sends, to the byte."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.doors.ai_sdk.message_stream import MessageWriter, message_stream
from api.doors.shared import Event, Numbered
from nodes.state import Usage
from nodes.stream_events import Done, EmployeeCard, Notice, RecalledTurn, Route, Token, ToolCall, ToolResult
from nodes.stream_events import Start as StartEvent
from tests.support.app import Frontdesk
from tests.support.database import appear
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Start


def message(text: str = "Hello", chat: str = "c-1", **fields: Any) -> dict[str, Any]:
    """A request as the SDK sends it."""
    last = {"id": "m-1", "role": "user", "parts": [{"type": "text", "text": text}]}
    return {"id": chat, "messages": [last], "trigger": "submit-message", **fields}


async def test_the_response_says_what_it_is(frontdesk: Frontdesk, ada: UUID) -> None:
    """By the headers that clients and proxies look at, the limit's included; and it ends as the protocol wants."""
    async with frontdesk.client(ada) as client:
        response = await client.post("/api/chat", json=message())
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert response.headers["cache-control"] == "no-cache, no-transform"
    assert "r=7" in response.headers["ratelimit"]
    assert response.text.endswith("data: [DONE]\n\n")


async def test_a_long_history_is_sent_along(frontdesk: Frontdesk, ada: UUID) -> None:
    """Clients send all of it each time: it may be four times as large as a message, and no larger."""
    said = {"id": "h", "role": "assistant", "parts": [{"type": "text", "text": "a" * 1000}]}
    sent = [{**message(), "messages": [said] * times + message()["messages"]} for times in (900, 1100)]
    async with frontdesk.client(ada) as client:
        taken, refused = [await client.post("/api/chat", json=body) for body in sent]
    assert taken.status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"messages": []}, "messages: the last message must be the user's"),
        ({"messages": [{"role": "system", "parts": []}]}, "messages: the last message must be the user's"),
        ({"messages": [{"role": "user", "parts": [{"type": "tool-x"}]}]}, "messages[0].parts: parts of type 'tool-x'"),
        ({"id": "a/b"}, "id: takes 1 to 255 characters, and no slash"),
        ({"id": ""}, "id: takes 1 to 255 characters"),
        ({"employee": "nobody"}, "employee"),
        ({"trigger": "resume-stream"}, "trigger"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    frontdesk: Frontdesk, ada: UUID, fields: dict[str, Any], said: str
) -> None:
    """With a problem document that says which field."""
    async with frontdesk.client(ada) as client:
        response = await client.post("/api/chat", json=message(**fields))
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert said in response.json()["detail"]


async def test_a_chat_is_its_users_own(frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID) -> None:
    """Another user who names the same id, of any kind, finds nothing, nothing that runs, and stops nothing."""
    gate = asyncio.Event()
    chat = str(uuid4())
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with (
        frontdesk.client(ada) as client,
        frontdesk.client(bob) as stranger,
        client.stream("POST", "/api/chat", json=message(chat=chat)) as response,
    ):
        pieces = response.aiter_text()
        while "text-delta" not in await anext(pieces):
            pass
        for only in ("", "?message=m-1"):
            assert (await stranger.get(f"/api/chat/{chat}/stream{only}")).status_code == 204
            assert (await stranger.post(f"/api/chat/{chat}/stop{only}")).json() == {"turnId": None}
        assert (await stranger.get(f"/api/chat/{chat}/messages")).json() == []
        gate.set()
        assert "it depends." in "".join([piece async for piece in pieces])


async def test_an_answer_that_ended_is_replayed_where_it_is_asked_for(frontdesk: Frontdesk, ada: UUID) -> None:
    """For a client that lost its connection just before the end; by default only what runs is."""
    async with frontdesk.client(ada) as client:
        sent = await client.post("/api/chat", json=message())
        await frontdesk.settled()
        assert (await client.get("/api/chat/c-1/stream")).status_code == 204
        again = await client.get("/api/chat/c-1/stream", params={"ended": "true"})
        named = await client.get("/api/chat/c-1/stream", params={"ended": "true", "message": "m-1"})
        assert (await client.get("/api/chat/c-2/stream", params={"ended": "true"})).status_code == 204
    assert again.content == named.content == sent.content


async def test_a_turn_that_goes_on_elsewhere_ends_with_an_error() -> None:
    """A client would take a stream that only ends for a whole answer."""
    chunks = await written(Token("Well, "))
    assert b'"code":"shutting_down","retryable":true' in chunks[-5]
    assert [b'"type":"error"' in chunk for chunk in chunks[-4:]] == [True, False, False, False]


async def test_facts_are_named_in_a_part_of_their_own() -> None:
    """With the turns that were recalled; and time that ran out is none of the protocol's reasons."""
    usage = Usage(prompt_tokens=3, completion_tokens=2, estimated=False)
    recalled = (RecalledTurn("t-1", "2026-11-29"),)
    done = Done(
        "t-2", "c-1", None, "prime", "a model", "timeout", False, ["f-1"], usage, 9, 5, turns_recalled=recalled
    )  # fmt: skip
    text, facts, step, finish, _ = (await written(Token("Well."), done))[-5:]
    assert b"text-end" in text
    assert b'"data":{"factsUsed":["f-1"],"turnsRecalled":[{"turnId":"t-1","date":"2026-11-29"}]}' in facts
    assert b"finish-step" in step
    assert b'"finishReason":"other"' in finish
    assert b'"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}' in finish


CALL = ToolCall("k-1", "totals", "Totals")
RESULT = ToolResult("k-1", "totals", "Spending, all time", (), 1, "k-1")


async def test_tools_come_between_two_texts() -> None:
    """As run by the server; one that computed nothing is an error of its own."""
    nothing = ToolResult("k-1", "totals", "This could not be computed.", (), 0, None)
    chunks = await written(Token("Let me look."), CALL, RESULT, Token("It is 12."), CALL, nothing)
    kinds = [json.loads(chunk.removeprefix(b"data: "))["type"] for chunk in chunks if chunk.startswith(b"data: {")]
    assert kinds[3:12] == [
        "text-start", "text-delta", "text-end", "tool-input-available", "tool-output-available", "text-start",
        "text-delta", "text-end", "tool-input-available",
    ]  # fmt: skip
    assert kinds[12] == "tool-output-error"


async def test_tools_stay_where_text_is_taken_back() -> None:
    """The step goes with all that is in it, so they are sent again."""
    chunks = await written(Token("Let me."), CALL, RESULT, Token("It"), Notice("restarted", "Again."), Token("So."))
    reset = next(at for at, chunk in enumerate(chunks) if b"reset-step" in chunk)
    assert [b"tool-input-available" in chunks[reset + 1], b"tool-output-available" in chunks[reset + 2]] == [True, True]
    assert chunks[reset + 1 : reset + 3] == [chunk for chunk in chunks[:reset] if b"toolCallId" in chunk]


async def written(*events: Event) -> list[bytes]:
    """The chunks of a turn that begins and goes on with these events."""
    card, route = EmployeeCard("prime", "Prime", "Boss", "👑"), Route("a greeting", 1.0, None)

    async def numbered() -> AsyncIterator[Numbered | None]:
        for number, event in enumerate((StartEvent(str(uuid4()), "c-1", card, route, "a model"), *events), 1):
            yield Numbered(number, event)

    return [chunk async for chunk in message_stream(numbered(), MessageWriter(resets=True))]


async def test_cut_a_hundred_times_a_replay_begins_with_the_same_bytes(
    start: Start, database_url: str, model: ModelServer, ada: UUID
) -> None:
    """Readers who lose their connection anywhere read on either process what the first one reads, from its start."""
    servers = await asyncio.gather(start(turn_timeout="300"), start(turn_timeout="300"))
    chance = random.Random(7)  # noqa: S311 - the same cuts in every run
    model.queue(Text([f"wörd{number} " for number in range(100)], delay_between=0.02), streaming)
    async with servers[0].client(ada) as here, servers[1].client(ada) as there:
        first = asyncio.create_task(here.post("/api/chat", json=message()))
        await appear(database_url, "select from chat_turns")
        read: list[bytes] = []
        for _ in range(20):
            read += await asyncio.gather(
                *(_begin(chance.choice((here, there)), chance.randint(1, 100)) for _ in range(5))
            )
        whole = _chunks((await first).content)
        replays = [(await client.get("/api/chat/c-1/stream?ended=true")).content for client in (here, there)]
    assert len(read) == 100
    assert all(whole.startswith(part) for part in read)
    assert [_chunks(replay) for replay in replays] == [whole, whole]


async def _begin(client: httpx.AsyncClient, frames: int) -> bytes:
    """So many frames from the first one on, where there are; then the connection is cut."""
    heard = b""
    async with client.stream("GET", "/api/chat/c-1/stream?ended=true") as response:
        assert response.status_code == 200
        async for piece in response.aiter_bytes():
            heard = _chunks(heard + piece)
            ends = heard.split(b"\n\n")
            if len(ends) > frames:
                return b"\n\n".join([*ends[:frames], b""])
    return heard


def _chunks(stream: bytes) -> bytes:
    return stream.replace(b": keep-alive\n\n", b"")
