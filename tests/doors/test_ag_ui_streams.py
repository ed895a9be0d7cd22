"""What AG-UI's door sends, to the byte."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.doors.ag_ui.run_events import RunWriter, SnapshotMessage, run_stream
from api.doors.shared import Event, Numbered
from graph.turns.turn import NUMBERS_PER_ATTEMPT
from nodes.state import Usage
from nodes.stream_events import Done, EmployeeCard, Notice, RecalledTurn, Route, Token
from nodes.stream_events import Start as StartEvent
from storage.errors import StorageUnavailable
from tests.doors.ag_ui import events_of
from tests.support.app import Frontdesk, Serve
from tests.support.database import appear, rows
from tests.support.model_script import Cut, Gate, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Start


def run(text: str = "Hello", thread: str = "t-1", run: str = "r-1", **fields: Any) -> dict[str, Any]:
    """A request as `HttpAgent` sends it."""
    said = [{"id": "m-1", "role": "user", "content": text}]
    return {
        "threadId": thread, "runId": run, "protocolVersion": "1.0", "tools": [], "context": [], "forwardedProps": {},
        "state": {}, "messages": said, **fields,
    }  # fmt: skip


async def test_a_run_is_as_the_protocol_specifies_it(
    serve: Serve, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Every event of an answer that began again; and any server gives the same bytes once more, by either id."""
    other = await serve()
    for reply in (Text("Hi."), Cut(["Half an "]), Text("Whole.")):
        model.queue(reply, streaming)
    async with frontdesk.client(ada) as client, other.client(ada) as elsewhere:
        await client.post("/ag-ui", json=run(run="r-0"))
        sent = await client.post("/ag-ui", json=run("And taxes?"))
        events = events_of(sent.text)
        turn = events[-1]["result"]["turnId"]
        again = [
            (await reader.get("/ag-ui/runs/r-1/events", params={"threadId": "t-1"})).text
            for reader in (client, elsewhere)
        ]
        by_turn = events_of((await elsewhere.get(f"/ag-ui/runs/{turn}/events")).text)
        shown = events_of((await elsewhere.post("/ag-ui", json=run(messages=[]))).text)
        *asked, _ = shown[2]["messages"]
        known = events_of((await elsewhere.post("/ag-ui", json=run(run="r-2", messages=asked))).text)
        unknown = await elsewhere.get("/ag-ui/runs/r-1/events", params={"threadId": "t-2"})
    assert sent.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert sent.headers["cache-control"] == "no-cache, no-transform"
    assert "r=6" in sent.headers["ratelimit"]
    taken_back = [event["messages"] for event in events if event["type"] == "MESSAGES_SNAPSHOT"]
    assert [[message["content"] for message in messages] for messages in taken_back] == [
        [], ["Hello", "Hi.", "And taxes?"],
    ]  # fmt: skip
    assert again == [sent.text, sent.text]
    assert [event["type"] for event in by_turn] == [event["type"] for event in events]
    assert [event["type"] for event in shown] == ["RUN_STARTED", "STATE_SNAPSHOT", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]
    assert [event for event in known if event["type"] == "MESSAGES_SNAPSHOT"][-1] == shown[2], "it was asked before"
    assert unknown.status_code == 404


async def test_a_long_history_is_sent_along(frontdesk: Frontdesk, ada: UUID) -> None:
    """Clients send all of it each time: it may be four times as large as a message, and no larger."""
    said = {"id": "h", "role": "assistant", "content": "a" * 1000}
    sent = [run(run=f"r-{times}", messages=[said] * times + run()["messages"]) for times in (900, 1100)]
    async with frontdesk.client(ada) as client:
        taken, refused = [await client.post("/ag-ui", json=body) for body in sent]
    assert taken.status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"threadId": ""}, "threadId: takes 1 to 255 characters"),
        ({"runId": "a/b"}, "runId: takes no slash"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
            "messages[0].content: parts of type 'image'",
        ),
        ({"messages": [{"role": "user"}]}, "messages[0].content: "),
        ({"resume": [{"interruptId": "i"}]}, "resume: nothing was interrupted"),
        ({"forwardedProps": {"while_busy": "maybe"}}, "forwardedProps: Invalid enum value 'maybe'"),
        ({"messages": None}, "messages"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    frontdesk: Frontdesk, ada: UUID, fields: dict[str, Any], said: str
) -> None:
    """With a problem document that says which field, in the one type that clients parse."""
    async with frontdesk.client(ada) as client:
        response = await client.post("/ag-ui", json={**run(), **fields})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert response.headers["content-type"] == "application/json"
    assert said in response.json()["detail"]
    assert not await rows(frontdesk.service.url, "select from chat_turns")


async def test_the_address_says_who_answers(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """By slug or alias; nobody else is asked."""
    model.queue(Text("Yes."), streaming)
    async with frontdesk.client(ada) as client:
        response = await client.post("/ag-ui/ledger-tax", json=run())
        unknown = await client.post("/ag-ui/nobody", json=run(run="r-2"))
    assert events_of(response.text)[1]["value"]["employee"]["slug"] == "ledger"
    assert (unknown.status_code, unknown.json()["code"]) == (400, "invalid_request")


async def test_a_message_has_parts_and_forwarded_properties(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Text in parts is one message; what this server does not know is left alone."""
    model.queue(Text("Yes."), streaming)
    parts = [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]
    sent = run(
        messages=[{"id": "m", "role": "user", "content": parts}],
        forwardedProps={"temporary": True, "theirs": [1]},
        tools=[{"name": "t", "description": "", "parameters": {}}],
    )
    async with frontdesk.client(ada) as client:
        await client.post("/ag-ui", json=sent)
    assert await rows(frontdesk.service.url, "select from chat_conversations where temporary")
    (asked,) = [request for request in model.requests if streaming(request)]
    assert asked.body["messages"][-1]["content"].endswith("One\nTwo")
    assert "tools" not in asked.body


async def test_a_thread_is_its_users_own(frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID) -> None:
    """Another user who names the same thread and run, of any kind, reads nothing and stops nothing."""
    gate = asyncio.Event()
    thread, run_id = str(uuid4()), str(uuid4())
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with (
        frontdesk.client(ada) as client,
        frontdesk.client(bob) as stranger,
        client.stream("POST", "/ag-ui", json=run(thread=thread, run=run_id)) as response,
    ):
        pieces = response.aiter_text()
        while "TEXT_MESSAGE_CONTENT" not in await anext(pieces):
            pass
        (turn,) = (await rows(frontdesk.service.url, "select turn_id from chat_turns"))[0]
        for name in (run_id, turn):
            assert (await stranger.get(f"/ag-ui/runs/{name}/events")).status_code == 404
            assert (await stranger.post(f"/ag-ui/runs/{name}/cancel")).status_code == 404
        shown = events_of((await stranger.post("/ag-ui", json=run(thread=thread, run=run_id, messages=[]))).text)
        assert shown[2] == {"type": "MESSAGES_SNAPSHOT", "messages": []}
        gate.set()
        assert "it depends." in "".join([piece async for piece in pieces])


async def test_a_turn_that_goes_on_elsewhere_ends_with_an_error() -> None:
    """Without a number, because it is no event of the turn's: what follows the last number is elsewhere."""
    stream = await written(Token("Well, "))
    *_, end, error, _ = stream.split("\n\n")
    assert "TEXT_MESSAGE_END" in end
    assert error.startswith("data: ")
    assert (events_of(error)[0]["code"], events_of(error)[0]["metadata"]["frontdesk"]["retryable"]) == (
        "shutting_down", True,
    )  # fmt: skip


async def test_a_run_ends_with_an_error_where_the_messages_before_cannot_be_read() -> None:
    """To come again is what helps: half an answer cannot be taken back without them."""
    *_, error = events_of(await written(Token("Half an "), Notice("restarted", "Again."), history=None))
    assert (error["code"], error["metadata"]["frontdesk"]["retryable"]) == ("storage_unavailable", True)


async def test_facts_are_named_in_an_event_of_their_own() -> None:
    """With the turns that were recalled; an answer that ran out of time is one, and says so."""
    usage = Usage(prompt_tokens=3, completion_tokens=2, estimated=False, cached_tokens=1)
    recalled = (RecalledTurn("t-1", "2026-11-29"),)
    done = Done(
        "t-2", "c-1", None, "prime", "a model", "timeout", False, ["f-1"], usage, 9, 5, turns_recalled=recalled
    )  # fmt: skip
    *_, end, facts, finished = events_of(await written(Token("Well."), Token(""), done))
    assert end["type"] == "TEXT_MESSAGE_END"
    assert facts["value"] == {"factsUsed": ["f-1"], "turnsRecalled": [{"turnId": "t-1", "date": "2026-11-29"}]}
    assert (finished["outcome"]["type"], finished["result"]["finishReason"]) == ("success", "timeout")
    assert finished["usage"] == [
        {"model": "a model", "inputTokens": 3, "outputTokens": 2, "totalTokens": 5, "cachedInputTokens": 1}
    ]


async def test_a_run_does_not_begin_twice_for_a_reader_whose_process_was_lost() -> None:
    """What it had read is taken back by the messages alone, and what comes has another id."""
    start = await events_after_loss(after=0)
    rest = await events_after_loss(after=30)
    assert [event["type"] for event in start[:2]] == ["RUN_STARTED", "CUSTOM"]
    assert rest == start[2:]
    assert [event["type"] for event in rest[:4]] == [
        "CUSTOM", "MESSAGES_SNAPSHOT", "MESSAGES_SNAPSHOT", "TEXT_MESSAGE_START",
    ]  # fmt: skip


CARD, WHY = EmployeeCard("prime", "Prime", "Boss", "👑"), Route("a greeting", 1.0, None)
TURN = str(uuid4())
EMPTY: list[SnapshotMessage] = []


async def events_after_loss(after: int) -> list[dict[str, Any]]:
    """The events of a turn whose first process wrote nothing into the log."""
    return events_of(
        await written(Notice("restarted", "Again."), Token("Well."), first=NUMBERS_PER_ATTEMPT, after=after)
    )


async def written(*events: Event, first: int = 1, after: int = 0, history: list[SnapshotMessage] | None = EMPTY) -> str:
    """The stream of a turn that begins and goes on with these events; without `history` there is no database."""

    async def numbered() -> AsyncIterator[Numbered | None]:
        for number, event in enumerate((StartEvent(TURN, "c-1", CARD, WHY, "a model"), *events), first):
            yield Numbered(number, event)

    async def read(_: UUID) -> list[SnapshotMessage]:
        if history is None:
            raise StorageUnavailable
        return history

    frames = run_stream(numbered(), RunWriter("r-1", "t-1"), read, after=after)
    return b"".join([frame async for frame in frames]).decode()


async def test_cut_a_hundred_times_a_run_is_the_same_to_the_byte(
    start: Start, database_url: str, model: ModelServer, ada: UUID
) -> None:
    """A reader loses its connection at random points and goes on after the last number, on either process."""
    servers = await asyncio.gather(start(turn_timeout="300"), start(turn_timeout="300"))
    chance = random.Random(11)  # noqa: S311 - the same cuts in every run
    model.queue(Text([f"wörd{number} " for number in range(100)], delay_between=0.02), streaming)
    cuts = 0
    async with servers[0].client(ada) as one, servers[1].client(ada) as two:
        first = asyncio.create_task(one.post("/ag-ui", json=run()))
        await appear(database_url, "select from chat_turns")
        while cuts < 100:
            heard, last = b"", 0
            while b"RUN_FINISHED" not in heard:
                part, cut = await frames(chance.choice([one, two]), last, chance.randint(1, 4))
                heard += part
                last = int(part.rsplit(b"id: ", 1)[1].split(b"\n")[0])
                cuts += cut
            assert heard == without_silence((await first).content)


async def frames(client: httpx.AsyncClient, after: int, count: int) -> tuple[bytes, bool]:
    """So many frames of the run, and whether it was cut for that."""
    heard = b""
    headers = {"Last-Event-ID": str(after)}
    async with client.stream("GET", "/ag-ui/runs/r-1/events?threadId=t-1", headers=headers) as response:
        assert response.status_code == 200
        async for piece in response.aiter_bytes():
            heard = without_silence(heard + piece)
            ends = heard.split(b"\n\n")
            if len(ends) > count:
                return b"\n\n".join([*ends[:count], b""]), True
    return heard, False


def without_silence(stream: bytes) -> bytes:
    """The stream without what a silence sends."""
    return stream.replace(b": keep-alive\n\n", b"")
