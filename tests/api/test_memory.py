"""Facts remembered about a user, as they see them."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.app import Frontdesk, Serve
from tests.support.database import rows
from tests.support.model_script import Json, Status, embedding, streaming, structured
from tests.support.model_server import ModelServer

BISCUITS, OVENS = "The user sells biscuits.", "The user has two ovens."


def extracted(*facts: str, replaces: tuple[int, ...] = (), confidence: float = 0.9) -> Json:
    """The model's reply with these facts."""
    return Json({"facts": [{"fact": fact, "confidence": confidence, "replaces": [*replaces]} for fact in facts]})


async def teach(frontdesk: Frontdesk, model: ModelServer, user: UUID, facts: Json, message: str = "hello") -> UUID:
    """A turn from which these facts are learned; returns its id."""
    model.queue(facts, structured)
    answer = await frontdesk.chat(user, message)
    return UUID(answer.headers["x-turn-id"])


async def remembered(client: httpx.AsyncClient, **query: Any) -> dict[str, dict[str, Any]]:
    """The facts, by their text."""
    items: list[dict[str, Any]] = (await client.get("/memory", params=query)).json()["items"]
    return {item["fact"]: item for item in items}


async def prompted(frontdesk: Frontdesk, model: ModelServer, user: UUID, message: str) -> str:
    """The whole prompt for this message."""
    count = sum(map(streaming, model.requests))
    await frontdesk.chat(user, message)
    request = await model.received(streaming, count + 1)
    return str(request.body["messages"])


async def test_a_fact_has_its_source(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Message and conversation, confidence, time, and that it is valid."""
    turn = await teach(frontdesk, model, ada, extracted(BISCUITS, confidence=0.75))
    async with frontdesk.client(ada) as client:
        fact = (await remembered(client))[BISCUITS]
        message = (await client.get(f"/conversations/{fact['conversation_id']}/messages")).json()["items"][0]
    assert fact["source_message_id"] == message["message_id"] == str(turn)
    assert (fact["confidence"], fact["superseded_by"], fact["superseded_at"]) == (0.75, None, None)
    assert fact["fact_id"]
    assert fact["created_at"]


async def test_a_changed_fact_supersedes_the_old_one(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The model sees the known facts and says which is no longer valid; prompts have the valid ones only."""
    await teach(frontdesk, model, ada, extracted("The user lives in Ghent."))
    await teach(frontdesk, model, ada, extracted("The user lives in Berlin.", replaces=(1,)), "I moved to Berlin")
    asked = (await model.received(structured, 2)).body["messages"]
    assert "The user lives in Ghent." in str(asked)
    async with frontdesk.client(ada) as client:
        known = await remembered(client)
    ghent, berlin = known["The user lives in Ghent."], known["The user lives in Berlin."]
    assert (ghent["superseded_by"], berlin["superseded_by"]) == (berlin["fact_id"], None)
    assert ghent["superseded_at"]
    prompt = await prompted(frontdesk, model, ada, "Where do I live?")
    assert "Berlin" in prompt
    assert "Ghent" not in prompt


async def test_a_superseded_fact_can_become_valid_again(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """When a user moves back, the same fact is valid again."""
    for city, replaces in (("Ghent", ()), ("Berlin", (1,)), ("Ghent", (1,))):
        await teach(
            frontdesk, model, ada, extracted(f"The user lives in {city}.", replaces=replaces), f"I am in {city}"
        )
    async with frontdesk.client(ada) as client:
        known = await remembered(client)
    ghent, berlin = known["The user lives in Ghent."], known["The user lives in Berlin."]
    assert (ghent["superseded_by"], berlin["superseded_by"]) == (None, ghent["fact_id"])


async def test_forgetting_a_fact_restores_the_one_it_superseded(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """After a wrong "you moved" the old place is valid, and found."""
    await teach(frontdesk, model, ada, extracted("The user lives in Ghent."))
    await teach(frontdesk, model, ada, extracted("The user lives in Berlin.", replaces=(1,)))
    async with frontdesk.client(ada) as client:
        berlin = (await remembered(client))["The user lives in Berlin."]["fact_id"]
        assert (await client.delete(f"/memory/{berlin}")).status_code == 204
        known = await remembered(client)
    assert [(fact, one["superseded_by"]) for fact, one in known.items()] == [("The user lives in Ghent.", None)]
    assert "Ghent" in await prompted(frontdesk, model, ada, "Where do I live?")


async def test_a_corrected_fact_is_found_by_its_new_meaning(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Text, hash and vector change together; the confidence is 1."""
    await teach(frontdesk, model, ada, extracted(BISCUITS))
    select = "select embedding::text, text from memory_embeddings"
    [before] = await rows(frontdesk.service.url, select)
    async with frontdesk.client(ada) as client:
        fact_id = (await remembered(client))[BISCUITS]["fact_id"]
        answer = await client.patch(f"/memory/{fact_id}", json={"fact": " The user repairs tubas. "})
        assert (await remembered(client)).keys() == {"The user repairs tubas."}
    [after] = await rows(frontdesk.service.url, select)
    assert answer.status_code == 200
    assert (answer.json()["fact"], answer.json()["confidence"]) == ("The user repairs tubas.", 1)
    assert (before[1], after[1]) == (BISCUITS, "The user repairs tubas.")
    assert before[0] != after[0]
    prompt = await prompted(frontdesk, model, ada, "What do I do for a living?")
    assert "tubas" in prompt
    assert "biscuits" not in prompt


async def test_a_correction_is_masked(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """A card number in a correction is masked like one in a message."""
    await teach(frontdesk, model, ada, extracted(BISCUITS))
    async with frontdesk.client(ada) as client:
        fact_id = (await remembered(client))[BISCUITS]["fact_id"]
        answer = await client.patch(f"/memory/{fact_id}", json={"fact": "My card is 4111 1111 1111 1111"})
    assert answer.status_code == 200
    assert "4111 1111" not in answer.text


async def test_a_correction_without_a_vector_changes_nothing(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """A fact without an embedding would never be found."""
    frontdesk = await serve(embeddings="openai")
    await teach(frontdesk, model, ada, extracted(BISCUITS))
    model.always(Status(500), embedding)
    async with frontdesk.client(ada) as client:
        fact_id = (await remembered(client))[BISCUITS]["fact_id"]
        answer = await client.patch(f"/memory/{fact_id}", json={"fact": "The user repairs tubas."})
        assert (answer.status_code, answer.json()["code"]) == (503, "embedding_unavailable")
        assert answer.headers["retry-after"]
        assert (await remembered(client)).keys() == {BISCUITS}


async def test_a_correction_to_a_known_fact_is_refused(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Both facts stay as they are."""
    await teach(frontdesk, model, ada, extracted(BISCUITS, OVENS))
    async with frontdesk.client(ada) as client:
        fact_id = (await remembered(client))[OVENS]["fact_id"]
        answer = await client.patch(f"/memory/{fact_id}", json={"fact": BISCUITS.upper()})
        assert (answer.status_code, answer.json()["code"]) == (409, "fact_known")
        assert (await remembered(client)).keys() == {BISCUITS, OVENS}


@pytest.mark.parametrize(
    "body",
    [{}, {"fact": "short"}, {"fact": "\u200b" * 9}, {"fact": "x" * 301}, {"fact": 5}, {"fact": BISCUITS, "a": 1}],
)
async def test_an_invalid_correction_is_refused(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, body: dict[str, Any]
) -> None:
    """And the fact stays."""
    await teach(frontdesk, model, ada, extracted(BISCUITS))
    async with frontdesk.client(ada) as client:
        fact_id = (await remembered(client))[BISCUITS]["fact_id"]
        answer = await client.patch(f"/memory/{fact_id}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert (await remembered(client)).keys() == {BISCUITS}


async def test_facts_are_searched_and_come_in_pages(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """The one learned last first; each once."""
    for fact in (BISCUITS, OVENS, "The user lives in Gént."):
        await teach(frontdesk, model, ada, extracted(fact))
    async with frontdesk.client(ada) as client:
        assert [*await remembered(client, q="gent")] == ["The user lives in Gént."]
        assert [*await remembered(client, q="user two")] == [OVENS]
        first = (await client.get("/memory", params={"limit": 2})).json()
        rest = (await client.get("/memory", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["fact"] for one in first["items"]] == ["The user lives in Gént.", OVENS]
    assert ([one["fact"] for one in rest["items"]], rest["next_cursor"]) == ([BISCUITS], None)


async def test_everything_can_be_forgotten(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """With every vector."""
    await teach(frontdesk, model, ada, extracted(BISCUITS, OVENS))
    async with frontdesk.client(ada) as client:
        assert (await client.delete("/memory")).status_code == 204
        assert await remembered(client) == {}
        assert (await client.delete("/memory")).status_code == 204
    assert await rows(frontdesk.service.url, "select * from memory_embeddings") == []


async def test_an_unknown_fact_is_not_found(frontdesk: Frontdesk, ada: UUID) -> None:
    """Nor is an invalid id."""
    async with frontdesk.client(ada) as client:
        for fact_id in (uuid4(), "1", "%00"):
            for answer in (
                await client.delete(f"/memory/{fact_id}"),
                await client.patch(f"/memory/{fact_id}", json={"fact": BISCUITS}),
            ):
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_turn_lists_the_facts_its_answer_used(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """`done` has their ids, the turn their texts, and the facts learned from the message."""
    first = await teach(frontdesk, model, ada, extracted(BISCUITS))
    answer = await frontdesk.chat(ada, "What do I sell?")
    async with frontdesk.client(ada) as client:
        fact_id = (await remembered(client))[BISCUITS]["fact_id"]
        taught = (await client.get(f"/turns/{first}")).json()
        used = (await client.get(f"/turns/{answer.headers['x-turn-id']}")).json()
        missing = await client.get(f"/turns/{uuid4()}")
    fact = {"fact_id": fact_id, "fact": BISCUITS}
    assert (taught["facts_used"], taught["facts_learned"]) == ([], [fact])
    assert (used["facts_used"], used["facts_learned"]) == ([fact], [])
    assert answer.named("done")[0]["facts_used"] == [fact_id]
    assert (used["status"], used["text"], used["finish_reason"]) == ("done", answer.text, "stop")
    assert (used["employee"], used["error_code"]) == (answer.headers["x-employee"], None)
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
