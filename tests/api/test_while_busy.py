"""A second message while the first one is being answered."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from graph.turns import leases
from nodes import wait_for_conversation
from nodes.wait_for_conversation import FULL
from storage import conversation_queue
from storage.rate_limits import MOST_IN_CONVERSATION as MOST
from tests.support.app import Answer, Frontdesk, Serve
from tests.support.database import row, rows
from tests.support.listening import in_line, listening, until
from tests.support.model_script import Gate, Hang, Text, streaming
from tests.support.model_server import ModelServer


@pytest.fixture
async def other(serve: Serve, frontdesk: Frontdesk) -> Frontdesk:
    """A second server on the same database."""
    return await serve()


async def said(frontdesk: Frontdesk) -> list[tuple[str, str]]:
    """What was said, in order."""
    return await rows(frontdesk.service.url, "select role, content from chat_messages order by seq")


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_it_waits_and_is_answered_in_order_of_arrival(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID, elsewhere: bool
) -> None:
    """By default, on whichever server: each prompt holds the answer before it."""
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    model.queue(Text("Second answer."), streaming)
    model.queue(Text("Third answer."), streaming)
    server = other if elsewhere else frontdesk
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events:
        await until(events, "token")
        waiting: list[asyncio.Task[Answer]] = []
        for message in ("second", "third"):
            waiting.append(asyncio.create_task(server.chat(ada, message, conversation_id="c-1")))
            await in_line(frontdesk.service.url, len(waiting))
        gate.set()
        await until(events, "done")
    answers = await asyncio.gather(*waiting)
    await frontdesk.settled()
    assert [answer.text for answer in answers] == ["Second answer.", "Third answer."]
    assert await said(frontdesk) == [
        ("user", "first"), ("assistant", "First answer."), ("user", "second"), ("assistant", "Second answer."),
        ("user", "third"), ("assistant", "Third answer."),
    ]  # fmt: skip
    assert "Second answer." in str((await model.received(streaming, 3)).body["messages"])
    assert await rows(frontdesk.service.url, "select * from chat_queue") == []


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_it_is_refused_where_the_client_wants_that(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID, elsewhere: bool
) -> None:
    """At once, and nothing of it is kept; another conversation is not concerned."""
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    server = other if elsewhere else frontdesk
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events:
        await until(events, "token")
        async with server.client(ada) as client:
            asked: dict[str, Any] = {"message": "second", "conversation_id": "c-1", "while_busy": "reject"}
            refused = await client.post("/chat", json=asked)
            assert (refused.status_code, refused.json()["code"]) == (409, "conversation_busy")
            assert refused.headers["x-should-retry"] == "false"
        async with listening(server, ada, "elsewhere", conversation_id="c-2", while_busy="reject") as others:
            await until(others, "done")
        gate.set()
        await until(events, "done")
    await frontdesk.settled()
    assert "second" not in str(await said(frontdesk))
    outcomes = await rows(frontdesk.service.url, "select outcome, error_code from xai_chat_metrics order by 1")
    assert outcomes == [("done", None), ("done", None), ("refused", "conversation_busy")]
    assert (await server.chat(ada, "third", conversation_id="c-1", while_busy="reject")).status == 200


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_it_interrupts_where_the_client_wants_that(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID, elsewhere: bool
) -> None:
    """The first answer ends where it stands and is kept; the second follows it and knows it."""
    model.queue(Hang(["Well, "]), streaming)
    model.queue(Text("Second answer."), streaming)
    server = other if elsewhere else frontdesk
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events:
        await until(events, "token")
        second = await server.chat(ada, "second", conversation_id="c-1", while_busy="interrupt")
        last = (await until(events, "done"))[-1]
    await frontdesk.settled()
    assert last.data["finish_reason"] == "stopped"
    assert second.text == "Second answer."
    assert await said(frontdesk) == [
        ("user", "first"), ("assistant", "Well, "), ("user", "second"), ("assistant", "Second answer."),
    ]  # fmt: skip
    assert "Well, " in str((await model.received(streaming, 2)).body["messages"])


async def test_two_users_do_not_wait_for_each_other(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """Whose conversations happen to have the same id."""
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events:
        await until(events, "token")
        async with listening(frontdesk, bob, "hello", conversation_id="c-1", while_busy="reject") as his:
            await until(his, "done")
        gate.set()
        await until(events, "done")
    await frontdesk.settled()


async def test_ten_at_once_are_answered_one_after_the_other(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Over two servers no two answers of one conversation are ever written at the same time."""
    model.always(Text("Yes.", delay_between=0.01), streaming)
    servers = [frontdesk, other] * 4
    answers = await asyncio.gather(
        *(server.chat(ada, f"message {n}", conversation_id="c-1") for n, server in enumerate(servers))
    )
    assert [answer.status for answer in answers] == [200] * 8
    roles = [role for role, _ in await said(frontdesk)]
    assert roles == ["user", "assistant"] * 8


async def test_one_too_many_is_refused_at_once(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """And told so; its key may be sent again, and is answered once there is room."""
    frontdesk, other = await serve(rate_limit=0), await serve(rate_limit=0)
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    asked, headers = {"message": "one more", "conversation_id": "c-1"}, {"Idempotency-Key": "one more"}
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events, other.client(ada) as client:
        await until(events, "token")
        waiting = [asyncio.create_task(other.chat(ada, f"{n}", conversation_id="c-1")) for n in range(MOST)]
        await in_line(frontdesk.service.url, MOST)
        refused = await client.post("/chat", json=asked, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "conversation_busy")
        assert refused.json()["detail"] == FULL["conversation_full"]
        assert refused.headers["x-should-retry"] == "false"
        gate.set()
        await until(events, "done")
        await asyncio.gather(*waiting)
        assert (await client.post("/chat", json=asked, headers=headers)).status_code == 200
    await other.settled()
    assert len(await said(frontdesk)) == 2 * (MOST + 2)


async def test_it_gives_up_by_the_clock(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves nothing: neither a message nor a place, nor a key that means anything."""
    monkeypatch.setattr(wait_for_conversation, "MAX_WAIT", 0.3)
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events, frontdesk.client(ada) as client:
        await until(events, "token")
        asked, headers = {"message": "second", "conversation_id": "c-1"}, {"Idempotency-Key": "a key"}
        refused = await client.post("/chat", json=asked, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "conversation_busy")
        assert refused.headers["x-should-retry"] == "false"
        gate.set()
        await until(events, "done")
    await frontdesk.settled()
    assert [content for _, content in await said(frontdesk)] == ["first", "First answer."]
    assert await rows(frontdesk.service.url, "select from chat_queue union all select from chat_idempotency") == []


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_who_waits_asks_for_nothing_until_it_is_told(
    frontdesk: Frontdesk,
    other: Frontdesk,
    model: ModelServer,
    ada: UUID,
    elsewhere: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The end of the answer before is told; until then its process gives signs of life, and it does nothing."""
    monkeypatch.setattr(conversation_queue, "LOOK_AGAIN", 3600)
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.2)
    gate, looks = asyncio.Event(), "select lease_until from chat_queue"
    model.queue(Gate(["First ", "answer."], gate), streaming)
    server = other if elsewhere else frontdesk
    async with listening(frontdesk, ada, "first", conversation_id="c-1") as events:
        await until(events, "token")
        second = asyncio.create_task(server.chat(ada, "second", conversation_id="c-1"))
        await in_line(frontdesk.service.url, 1)
        renewals = {await row(frontdesk.service.url, looks)}
        while len(renewals) < 5:  # the place, a look or two, and then its process's signs of life
            renewals.add(await row(frontdesk.service.url, looks))
        asked = requests(server)
        while len(renewals) < 7:
            renewals.add(await row(frontdesk.service.url, looks))
        assert requests(server) == asked
        gate.set()
        await until(events, "done")
    assert (await second).status == 200


def requests(server: Frontdesk) -> int:
    """How often a turn of this server has asked for a connection."""
    stats: dict[str, int] = server.service.dependencies.queue._pool._connections.get_stats()
    return stats["requests_num"]
