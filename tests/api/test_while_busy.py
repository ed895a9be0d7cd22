"""A second message while the first one is being answered."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tests.support.app import Answer, Frontdesk, Serve
from tests.support.database import rows
from tests.support.listening import listening, until
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
            await in_line(frontdesk, len(waiting))
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


async def in_line(frontdesk: Frontdesk, count: int) -> None:
    """So many wait."""
    while len(await rows(frontdesk.service.url, "select * from chat_queue")) < count:  # noqa: ASYNC110 - a table has no events
        await asyncio.sleep(0.01)


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
