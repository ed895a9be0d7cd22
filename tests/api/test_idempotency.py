"""Sending twice."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.support.app import Event, Frontdesk, Serve, read_events
from tests.support.database import row, rows
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
        " (select coalesce(sum(count), 0)::int from chat_rate_limits)",
    )


async def test_twenty_at_once_are_one_turn(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """On two servers: one turn, one call of the model, one count, and twenty identical streams."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    sending = [asyncio.create_task(send(server, ada)) for server in (frontdesk, other) for _ in range(10)]
    await model.received(streaming)
    gate.set()
    answers = await asyncio.gather(*sending)
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


async def test_a_key_whose_process_died_is_claimed_anew(frontdesk: Frontdesk, ada: UUID) -> None:
    """Where no turn came of it in a while, nothing was accepted, and the message is answered now."""
    with psycopg.connect(frontdesk.service.url, autocommit=True) as conn:
        conn.execute("insert into chat_users values (%s)", [ada])
        first, _ = await send(frontdesk, ada, key="to know the hash")
        conn.execute(
            "insert into chat_idempotency select user_id, %s, body_hash, gen_random_uuid(), now() - interval '1 minute'"
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
