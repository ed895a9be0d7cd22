"""What a conversation's messages say about each answer."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from graph.account_import import read_export
from storage.account_export.importer import AccountImporter
from storage.pool import Pool
from tests.support.app import Frontdesk
from tests.support.listening import listening, until
from tests.support.model_script import Cut, Gate, Json, Status, Text, streaming, structured
from tests.support.model_server import ModelServer


async def messages_of(frontdesk: Frontdesk, user: UUID, conversation: str = "c-1") -> list[dict[str, Any]]:
    """The messages of a conversation."""
    async with frontdesk.client(user) as client:
        response = await client.get(f"/conversations/{conversation}/messages")
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_an_answer_keeps_the_fields_of_its_start_and_done(frontdesk: Frontdesk, ada: UUID) -> None:
    """Employee, route, model and finish reason; a user's message has none of them."""
    answer = await frontdesk.chat(ada, "What can I write off for my side business?", conversation_id="c-1")
    (start,), (done,) = answer.named("start"), answer.named("done")
    question, reply = await messages_of(frontdesk, ada)
    assert reply["employee"] == start["employee"]["slug"] == "ledger"
    assert reply["route"] == start["route"]
    assert (reply["model"], reply["finish_reason"], reply["fallback"]) == (done["model"], "stop", False)
    assert (reply["notices"], reply["generated_by"]) == ([], done["generated_by"])
    nothing: dict[str, Any] = {"route": None, "model": None, "finish_reason": None, "fallback": False, "notices": []}
    assert question["generated_by"] is None
    assert question.items() >= {**nothing, "facts_used": [], "facts_learned": []}.items()


async def test_a_stopped_answer_is_marked_as_stopped(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """As in the stream."""
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    async with listening(frontdesk, ada, "hello", conversation_id="c-1") as events, frontdesk.client(ada) as client:
        start = (await until(events, "token"))[0]
        await client.post(f"/turns/{start.data['turn_id']}/stop")
        await until(events, "done")
    assert (await messages_of(frontdesk, ada))[1]["finish_reason"] == "stopped"


async def test_notices_are_kept_with_the_answer(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """In their order and with their texts."""
    model.queue(Cut(["Half ", "an "]), streaming)
    model.always(Status(401), streaming)
    answer = await frontdesk.chat(ada, "My card is 4111 1111 1111 1111", conversation_id="c-1")
    _, reply = await messages_of(frontdesk, ada)
    assert [notice["code"] for notice in reply["notices"]] == ["pii_masked", "restarted", "fallback"]
    assert reply["notices"] == answer.named("notice")
    assert (reply["model"], reply["fallback"]) == ("fallback", True)


@pytest.mark.parametrize(("status", "said"), [(200, "ai"), (401, "template")], ids=["a model", "no model"])
async def test_it_is_said_who_wrote_an_answer(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, status: int, said: str
) -> None:
    """In the stream, with the message, with the turn and in an export."""
    if status != 200:
        model.always(Status(status), streaming)
    (done,) = (await frontdesk.chat(ada, "Hello", conversation_id="c-1")).named("done")
    _, reply = await messages_of(frontdesk, ada)
    async with frontdesk.client(ada) as client:
        turn = (await client.get(f"/turns/{done['turn_id']}")).json()
        lines = [json.loads(line) for line in (await client.get("/export")).text.splitlines()]
    exported = [line["generated_by"] for line in lines if line["type"] == "message"]
    assert [done["generated_by"], reply["generated_by"], turn["generated_by"]] == [said] * 3
    assert exported == [None, said]


async def test_facts_are_listed_with_the_answers_that_used_or_taught_them(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Until they are forgotten."""
    model.queue(Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]}), structured)
    await frontdesk.chat(ada, "I sell biscuits", conversation_id="c-1")
    await frontdesk.chat(ada, "What do I sell?", conversation_id="c-1")
    _, first, _, second = await messages_of(frontdesk, ada)
    (fact,) = first["facts_learned"]
    assert fact["fact"] == "The user sells biscuits."
    assert (first["facts_used"], second["facts_used"], second["facts_learned"]) == ([], [fact], [])
    async with frontdesk.client(ada) as client:
        await client.delete(f"/memory/{fact['fact_id']}")
    _, first, _, second = await messages_of(frontdesk, ada)
    assert first["facts_learned"] == second["facts_used"] == []


async def imported(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> list[dict[str, Any]]:
    """The messages of Ada's conversation, as Bob has them after an import."""
    async with frontdesk.client(ada) as client:
        lines = (await client.get("/export")).text.splitlines()
    parts = frontdesk.service.dependencies
    async with Pool.open(frontdesk.service.url, size=1) as pool:
        await AccountImporter(pool, parts.embed, parts.embedding_model).import_lines(
            bob, read_export(one.encode() for one in lines)
        )
    conversation = next(json.loads(line) for line in lines if json.loads(line)["type"] == "conversation")
    return await messages_of(frontdesk, bob, conversation["conversation_id"])


async def test_an_imported_answer_has_text_and_finish_reason_only(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """An export has no more of it, but who wrote it."""
    model.queue(Text("It depends.", finish_reason="length"), streaming)
    await frontdesk.chat(ada, "Hello", conversation_id="c-1")
    _, reply = await imported(frontdesk, ada, bob)
    assert (reply["content"], reply["finish_reason"]) == ("It depends.", "length")
    assert (reply["route"], reply["model"], reply["notices"], reply["generated_by"]) == (None, None, [], "ai")


async def test_an_imported_prepared_reply_stays_one(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """No model is said to have written it."""
    model.always(Status(401), streaming)
    await frontdesk.chat(ada, "Hello", conversation_id="c-1")
    question, reply = await imported(frontdesk, ada, bob)
    assert (reply["model"], reply["fallback"], reply["generated_by"]) == ("fallback", True, "template")
    assert question["generated_by"] is None
