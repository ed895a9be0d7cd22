"""Stopping an answer."""

import asyncio
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.faults.stored_turn import outcome_in_metrics, stored_answer
from tests.support.app import Answer, Frontdesk, Serve
from tests.support.database import row
from tests.support.listening import listening, until
from tests.support.model_script import Gate, Hang, streaming
from tests.support.model_server import ModelServer


@pytest.fixture
async def other(serve: Serve, frontdesk: Frontdesk) -> Frontdesk:
    """A second server on the same database."""
    return await serve()


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_stopped_answer_keeps_what_was_said(
    frontdesk: Frontdesk, other: Frontdesk, model: ModelServer, ada: UUID, elsewhere: bool
) -> None:
    """From whichever server: the model is hung up on, and the next turn knows how far the answer came."""
    model.queue(Hang(["Well, ", "it "]), streaming)
    server = other if elsewhere else frontdesk
    async with listening(frontdesk, ada, "Hello", conversation_id="c-1") as events:
        heard = await until(events, "token")
        while "".join(event.data["text"] for event in heard if event.name == "token") != "Well, it ":
            heard += await until(events, "token")
        turn = heard[0].data["turn_id"]
        async with server.client(ada) as client:
            stopped = await client.post(f"/turns/{turn}/stop")
            again = await client.post(f"/turns/{turn}/stop")
        last = (await until(events, "done"))[-1]
    assert stopped.status_code == again.status_code == 200
    assert (stopped.json()["status"], stopped.json()["text"]) == ("stopped", "Well, it ")
    assert again.json()["text"] == "Well, it "
    assert (last.data["finish_reason"], last.data["fallback"]) == ("stopped", False)
    assert (await model.received(streaming)).disconnected.is_set()
    await frontdesk.settled()
    (outcome,) = await row(
        frontdesk.service.url, "select outcome from xai_chat_metrics where id = %(id)s", id=UUID(turn)
    )
    assert outcome == "stopped"
    await frontdesk.chat(ada, "Go on", conversation_id="c-1")
    assert "Well, it " in str((await model.received(streaming, 2)).body["messages"])


async def test_a_wish_to_stop_that_was_not_heard_is_found(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """It is written down, and each sign of life looks for it."""
    model.queue(Hang(["Well, "]), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        await until(events, "token")
        async with await psycopg.AsyncConnection.connect(frontdesk.service.url, autocommit=True) as conn:
            await conn.execute("update chat_turns set stop_asked_at = now()")
        await frontdesk.service.leases.renew()
        assert (await until(events, "done"))[-1].data["finish_reason"] == "stopped"


async def test_an_answer_can_be_stopped_before_its_first_word(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Then it is empty, and no prepared reply takes its place; the next prompt is not disturbed by it."""
    model.queue(Hang(), streaming)
    async with listening(frontdesk, ada, "Hello", conversation_id="c-1") as events:
        turn = (await until(events, "start"))[0].data["turn_id"]
        await model.received(streaming)
        async with frontdesk.client(ada) as client:
            stopped = (await client.post(f"/turns/{turn}/stop")).json()
        rest = await until(events, "done")
    assert (stopped["status"], stopped["text"]) == ("stopped", "")
    assert [event.name for event in rest] == ["done"]
    await frontdesk.settled()
    await frontdesk.chat(ada, "Go on", conversation_id="c-1")
    messages = (await model.received(streaming, 2)).body["messages"]
    assert [message["content"] for message in messages if message["role"] != "system"][-2:] == ["Hello", "Go on"]


async def test_an_answer_that_is_out_cannot_be_stopped(frontdesk: Frontdesk, ada: UUID) -> None:
    """It stays as it was given, and counts as it was."""
    answer: Answer = await frontdesk.chat(ada, "Hello")
    async with frontdesk.client(ada) as client:
        told = (await client.post(f"/turns/{answer.headers['x-turn-id']}/stop")).json()
    assert (told["status"], told["finish_reason"], told["text"]) == ("done", "stop", answer.text)
    assert await stored_answer(frontdesk, answer) == answer.text
    assert await outcome_in_metrics(frontdesk, answer) == ("done", None, True)


async def test_nobody_stops_anothers_answer(frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID) -> None:
    """To Bob it is a turn that is not there; Ada's goes on."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        turn = (await until(events, "token"))[0].data["turn_id"]
        async with frontdesk.client(bob) as client:
            for name in (turn, uuid4()):
                answer = await client.post(f"/turns/{name}/stop")
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        gate.set()
        last = (await until(events, "done"))[-1]
    assert last.data["finish_reason"] == "stop"
    await frontdesk.settled()
