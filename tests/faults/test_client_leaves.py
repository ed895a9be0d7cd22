"""A client that goes away."""

import asyncio
from uuid import UUID

from tests.support.app import Frontdesk
from tests.support.database import rows
from tests.support.listening import listening, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer


async def test_a_client_that_leaves_does_not_stop_its_turn(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The answer is finished and kept although nobody listens, and the model is not hung up on."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        turn = UUID((await until(events, "token"))[0].data["turn_id"])
    await the_server_saw_it(frontdesk)
    gate.set()
    await frontdesk.settled()
    kept = await rows(
        frontdesk.service.url,
        "select m.content, t.status from chat_messages m join chat_turns t using (user_id, turn_id)"
        " where turn_id = %(turn)s and role = 'assistant'",
        turn=turn,
    )
    assert kept == [("Well, it depends.", "done")]
    assert not (await model.received(streaming)).disconnected.is_set()


async def test_a_client_that_leaves_a_document_does_not_stop_its_turn(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """The same for who wanted JSON."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with frontdesk.client(ada) as client:
        client.headers["accept"] = "application/json"
        async with client.stream("POST", "/chat", json={"message": "Hello"}) as response:
            assert response.headers["content-type"] == "application/json"
    await the_server_saw_it(frontdesk)
    gate.set()
    await frontdesk.settled()
    kept = await rows(frontdesk.service.url, "select content from chat_messages where role = 'assistant'")
    assert kept == [("Well, it depends.",)]


async def the_server_saw_it(frontdesk: Frontdesk) -> None:
    """Some more exchanges with the server, which hears in the same order of the one that ended before."""
    for _ in range(3):
        async with frontdesk.client(None) as client:
            await client.get("/health/live")
