"""Sending twice."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from graph.turns import manager
from nodes import wait_for_conversation
from tests.support.app import Event, Frontdesk, Serve, read_events
from tests.support.database import appear, owner, row, rows
from tests.support.listening import in_line, listening, until
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer

KEY = "9b1f, a key"


@pytest.fixture
async def other(serve: Serve, frontdesk: Frontdesk) -> Frontdesk:
    """A second server on the same database."""
    return await serve()


async def send(
    frontdesk: Frontdesk, user: UUID, message: str = "Hello", key: str = KEY, **fields: Any
) -> tuple[httpx.Response, list[Event]]:
    """Send with a key and read the stream to its end."""
    asked = {"message": message, **fields}
    async with (
        frontdesk.client(user) as client,
        client.stream("POST", "/chat", json=asked, headers={"Idempotency-Key": key}) as response,
    ):
        if response.status_code != 200:
            await response.aread()
            return response, []
        return response, [event async for event in read_events(response)]


async def counts(url: str) -> tuple[int, ...]:
    """Turns, messages, and requests that the limit has counted."""
    return await row(
        url,
        "select (select count(*) from chat_turns), (select count(*) from chat_messages),"
        " (select coalesce(sum(count), 0)::int from chat_rate_limits where bucket = 'chat')",
    )


async def test_twenty_at_once_are_one_turn(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """On two servers: one turn, one call of the model, one count, and twenty identical streams."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    sent = [asyncio.create_task(send(server, ada)) for server in (frontdesk, other) for _ in range(10)]
    await model.received(streaming)
    gate.set()
    answers = await asyncio.gather(*sent)
    await frontdesk.settled()
    await other.settled()
    assert {response.status_code for response, _ in answers} == {200}
    assert len({response.headers["x-turn-id"] for response, _ in answers}) == 1
    assert all(events == answers[0][1] for _, events in answers)
    assert answers[0][1][-1].name == "done"
    assert all("ratelimit" in response.headers for response, _ in answers)
    assert await counts(frontdesk.service.url) == (1, 2, 1)
    assert sum(map(streaming, model.requests)) == 1


async def test_sent_again_later_it_is_told_again(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """By the server that ran it and by any other, as a stream and as a document."""
    model.queue(Text("Yes, you can."), streaming)
    first, events = await send(frontdesk, ada)
    await frontdesk.settled()
    for server in (frontdesk, other):
        again, told = await send(server, ada)
        assert told == events
        for name in ("x-turn-id", "x-conversation-id", "x-employee", "x-route-confidence"):
            assert again.headers[name] == first.headers[name]
        async with server.client(ada) as client:
            headers = {"Idempotency-Key": KEY, "Accept": "application/json"}
            document = (await client.post("/chat", json={"message": "Hello"}, headers=headers)).json()
        assert document["text"] == "Yes, you can."
    assert await counts(frontdesk.service.url) == (1, 2, 1)
    assert sum(map(streaming, model.requests)) == 1


@pytest.mark.parametrize("change", [{"message": "Hello!"}, {"employee": "tag"}, {"conversation_id": "c-2"}])
async def test_another_body_is_refused(
    frontdesk: Frontdesk, other: Frontdesk, ada: UUID, change: dict[str, str]
) -> None:
    """Whatever differs; and nothing of it is kept."""
    await send(frontdesk, ada)
    for server in (frontdesk, other):
        refused, _ = await send(server, ada, **change)
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_mismatch")
    await frontdesk.settled()
    assert await counts(frontdesk.service.url) == (1, 2, 1)


async def test_a_key_is_its_users(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """Two users may choose the same one, and neither learns of it."""
    first, _ = await send(frontdesk, ada)
    second, _ = await send(frontdesk, bob, "Something else")
    await frontdesk.settled()
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["x-turn-id"] != second.headers["x-turn-id"]


async def test_what_was_refused_may_be_sent_again(serve: Serve, ada: UUID) -> None:
    """With the same key, here or elsewhere: a refusal is not what the key stands for from then on."""
    frontdesk, other = await serve(rate_limit=1), await serve(rate_limit=0)
    await send(frontdesk, ada, key="another")
    for _ in range(2):
        refused, _ = await send(frontdesk, ada)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    await frontdesk.settled()
    answered, events = await send(other, ada)
    await other.settled()
    assert (answered.status_code, events[-1].name) == (200, "done")
    assert await rows(frontdesk.service.url, "select key from chat_idempotency order by key") == [(KEY,), ("another",)]


async def test_a_key_of_yesterday_is_a_new_one(frontdesk: Frontdesk, ada: UUID) -> None:
    """Keys are kept for a day."""
    first, _ = await send(frontdesk, ada)
    await frontdesk.settled()
    with psycopg.connect(frontdesk.service.url, autocommit=True) as conn:
        conn.execute("update chat_idempotency set created_at = now() - interval '25 hours'")
    second, _ = await send(frontdesk, ada)
    await frontdesk.settled()
    assert first.headers["x-turn-id"] != second.headers["x-turn-id"]


async def test_a_key_whose_message_waits_is_alive(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """However long it waits: sent again, here or elsewhere, it is the same turn; another body is refused meanwhile."""
    url, gate = frontdesk.service.url, asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events:
        await until(events, "token")
        sent = [asyncio.create_task(send(frontdesk, ada, conversation_id="c-1"))]
        await in_line(url, 1)
        # An hour passes, over which its process gives signs of life.
        await owner(
            url,
            "update chat_idempotency set created_at = created_at - interval '1 hour', lease_until = now() + interval"
            " '2 s'",
            "update chat_queue set lease_until = now() + interval '2 s'",
        )
        await appear(url, ALIVE)
        for server in (frontdesk, other):
            sent += [asyncio.create_task(send(server, ada, conversation_id="c-1")) for _ in range(2)]
            mismatch, _ = await send(server, ada, "Something else", conversation_id="c-1")
            assert (mismatch.status_code, mismatch.json()["code"]) == (409, "idempotency_mismatch")
            assert mismatch.headers["x-should-retry"] == "false"
        gate.set()
        await until(events, "done")
    answers = await asyncio.gather(*sent)
    await frontdesk.settled()
    await other.settled()
    assert {response.status_code for response, _ in answers} == {200}
    assert len({response.headers["x-turn-id"] for response, _ in answers}) == 1
    assert all(told == answers[0][1] for _, told in answers)
    assert await counts(url) == (2, 4, 2)
    assert sum(map(streaming, model.requests)) == 2


ALIVE = """
select from chat_idempotency join chat_queue using (user_id, turn_id)
where least(chat_idempotency.lease_until, chat_queue.lease_until) > now() + interval '10 s'
"""


async def test_what_is_refused_elsewhere_begins_where_it_is_waited_for(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message waits too long at one server; who sent it again to another hears of it at once, and waits there."""
    monkeypatch.setattr(manager, "POLL_SECONDS", 3600)
    monkeypatch.setattr(wait_for_conversation, "MAX_WAIT", 1.0)
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events:
        await until(events, "token")
        first = asyncio.create_task(send(frontdesk, ada, conversation_id="c-1"))
        await in_line(frontdesk.service.url, 1)
        async with asyncio.timeout(30):
            while not frontdesk.service.notifications._waiting:  # noqa: ASYNC110 - until its wait has begun
                await asyncio.sleep(0.01)
        monkeypatch.setattr(wait_for_conversation, "MAX_WAIT", 120.0)
        again = asyncio.create_task(send(other, ada, conversation_id="c-1"))
        refused, _ = await first
        assert (refused.status_code, refused.json()["code"]) == (409, "conversation_busy")
        await in_line(frontdesk.service.url, 1)
        gate.set()
        await until(events, "done")
    answered, told = await again
    await other.settled()
    assert (answered.status_code, told[-1].name) == (200, "done")
    assert await counts(frontdesk.service.url) == (2, 4, 3)


@pytest.mark.parametrize("how", ["answered", "failed"])
async def test_an_end_of_which_no_event_is_kept_is_told_again(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID, how: str
) -> None:
    """The journal is kept for a shorter time than keys can be: what there is of the turn is told from its record."""
    _, events = await send(frontdesk, ada)
    await frontdesk.settled()
    await owner(frontdesk.service.url, "delete from chat_turn_events")
    if how == "failed":
        await owner(
            frontdesk.service.url, "update chat_turns set status = 'failed', report = null, error_code = 'internal'"
        )
    again, told = await send(other, ada)
    assert again.status_code == 200
    assert [event.name for event in told] == (["start", "token", "done"] if how == "answered" else ["start", "error"])
    assert told[0].data["route"] == events[0].data["route"]
    if how == "answered":
        assert told[1].data["text"] == "".join(event.data["text"] for event in events if event.name == "token")
        assert told[-1].data == events[-1].data
    assert await counts(frontdesk.service.url) == (1, 2, 1)


async def test_a_key_whose_process_died_is_claimed_anew(frontdesk: Frontdesk, ada: UUID) -> None:
    """Where its lease has run out and no turn came of it, nothing was accepted, and the message is answered now."""
    with psycopg.connect(frontdesk.service.url, autocommit=True) as conn:
        conn.execute("insert into chat_users values (%s)", [ada])
        first, _ = await send(frontdesk, ada, key="to know the hash")
        conn.execute(
            "insert into chat_idempotency (user_id, key, body_hash, turn_id, owner, lease_until)"
            " select user_id, %s, body_hash, gen_random_uuid(), gen_random_uuid(), now() - interval '1 second'"
            " from chat_idempotency",
            [KEY],
        )
    answered, events = await send(frontdesk, ada)
    await frontdesk.settled()
    assert (answered.status_code, events[-1].name) == (200, "done")
    assert answered.headers["x-turn-id"] != first.headers["x-turn-id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "é".encode().decode("latin-1")])
async def test_a_key_that_is_none_is_refused(frontdesk: Frontdesk, ada: UUID, key: str) -> None:
    """1 to 255 printable ASCII characters."""
    async with frontdesk.client(ada) as client:
        headers = [(b"idempotency-key", key.encode("latin-1"))]
        refused = await client.post("/chat", json={"message": "Hello"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
