"""What is known of an answer when its conversation is read again."""

import asyncio
import json
from typing import Any
from uuid import UUID

from graph.account_import import read_export
from storage.account_export.importer import AccountImporter
from storage.pool import Pool
from tests.support.app import Frontdesk
from tests.support.listening import listening, until
from tests.support.model_script import Cut, Gate, Json, Status, Text, streaming, structured
from tests.support.model_server import ModelServer


async def said(frontdesk: Frontdesk, user: UUID, conversation: str = "c-1") -> list[dict[str, Any]]:
    """The messages of a conversation."""
    async with frontdesk.client(user) as client:
        response = await client.get(f"/conversations/{conversation}/messages")
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_an_answer_keeps_what_its_start_and_end_told(frontdesk: Frontdesk, ada: UUID) -> None:
    """Who was chosen and why, the model, and how it ended; of what the user said there is nothing to tell."""
    answer = await frontdesk.chat(ada, "What can I write off for my side business?", conversation_id="c-1")
    (start,), (done,) = answer.named("start"), answer.named("done")
    question, reply = await said(frontdesk, ada)
    assert reply["employee"] == start["employee"]["slug"] == "ledger"
    assert reply["route"] == start["route"]
    assert (reply["model"], reply["finish_reason"], reply["fallback"]) == (done["model"], "stop", False)
    assert reply["notices"] == []
    nothing: dict[str, Any] = {"route": None, "model": None, "finish_reason": None, "fallback": False, "notices": []}
    assert question.items() >= {**nothing, "facts_used": [], "facts_learned": []}.items()


async def test_a_stopped_answer_is_known_for_one(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """As it was when its reader was there."""
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    async with listening(frontdesk, ada, "hello", conversation_id="c-1") as events, frontdesk.client(ada) as client:
        start = (await until(events, "token"))[0]
        await client.post(f"/turns/{start.data['turn_id']}/stop")
        await until(events, "done")
    assert (await said(frontdesk, ada))[1]["finish_reason"] == "stopped"


async def test_notices_are_kept_with_the_answer(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """In the order and the words in which they were told."""
    model.queue(Cut(["Half ", "an "]), streaming)
    model.always(Status(401), streaming)
    answer = await frontdesk.chat(ada, "My card is 4111 1111 1111 1111", conversation_id="c-1")
    _, reply = await said(frontdesk, ada)
    assert [notice["code"] for notice in reply["notices"]] == ["pii_masked", "restarted", "fallback"]
    assert reply["notices"] == answer.named("notice")
    assert (reply["model"], reply["fallback"]) == ("fallback", True)


async def test_facts_stand_with_the_answers_that_used_or_learned_them(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Until they are forgotten."""
    model.queue(Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]}), structured)
    await frontdesk.chat(ada, "I sell biscuits", conversation_id="c-1")
    await frontdesk.chat(ada, "What do I sell?", conversation_id="c-1")
    _, first, _, second = await said(frontdesk, ada)
    (fact,) = first["facts_learned"]
    assert fact["fact"] == "The user sells biscuits."
    assert (first["facts_used"], second["facts_used"], second["facts_learned"]) == ([], [fact], [])
    async with frontdesk.client(ada) as client:
        await client.delete(f"/memory/{fact['fact_id']}")
    _, first, _, second = await said(frontdesk, ada)
    assert first["facts_learned"] == second["facts_used"] == []


async def test_of_an_imported_answer_only_the_words_and_its_end_are_known(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """An export has no more of it, and nothing is made up."""
    model.queue(Text("It depends.", finish_reason="length"), streaming)
    await frontdesk.chat(ada, "Hello", conversation_id="c-1")
    async with frontdesk.client(ada) as client:
        lines = (await client.get("/export")).text.splitlines()
    parts = frontdesk.service.dependencies
    async with Pool.open(frontdesk.service.url, size=1) as pool:
        await AccountImporter(pool, parts.embed, parts.embedding_model).import_lines(
            bob, read_export(one.encode() for one in lines)
        )
    conversation = next(json.loads(line) for line in lines if json.loads(line)["type"] == "conversation")
    _, reply = await said(frontdesk, bob, conversation["conversation_id"])
    assert (reply["content"], reply["finish_reason"]) == ("It depends.", "length")
    assert (reply["route"], reply["model"], reply["notices"]) == (None, None, [])
