"""Deletion: no table of any schema keeps anything of what was deleted."""

from uuid import UUID

from tests.api.test_account import MARK, extracted, with_history
from tests.support.app import Frontdesk
from tests.support.database import rows, traces
from tests.support.model_script import Text, plain, streaming, structured
from tests.support.model_server import ModelServer


async def test_a_deleted_conversation_leaves_no_trace(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Checkpoints and the facts learned only there included."""
    model.queue(extracted(f"The user sells {MARK}."), structured)
    model.always(Text(f"{MARK} is deductible."), streaming)
    model.always(Text(f"They asked about {MARK}."), plain)
    await frontdesk.chat(ada, f"I sell {MARK}", conversation_id=f"{MARK}-1")
    model.always(Text("Sweets."), streaming)
    model.always(Text("They asked."), plain)
    await frontdesk.chat(ada, "What do I sell?", conversation_id="another")
    before = await traces(frontdesk.service.url, MARK)
    async with frontdesk.client(ada) as client:
        assert (await client.delete(f"/conversations/{MARK}-1")).status_code == 204
    assert {"public.chat_messages", "public.memory_embeddings", "langgraph.checkpoint_blobs"} <= set(before)
    assert await traces(frontdesk.service.url, MARK) == {}


async def test_a_forgotten_fact_leaves_no_trace(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Neither the fact, its vector and its use by an answer, nor a checkpoint with it."""
    model.queue(extracted(f"The user sells {MARK}."), structured)
    await frontdesk.chat(ada, "I sell sweets")
    await frontdesk.chat(ada, "What do I sell?")
    async with frontdesk.client(ada) as client:
        (fact,) = (await client.get("/memory")).json()["items"]
        assert (await client.delete(f"/memory/{fact['fact_id']}")).status_code == 204
    assert await traces(frontdesk.service.url, MARK) == {}
    # What `done` said is told again to the letter; the id in it leads nowhere.
    assert await traces(frontdesk.service.url, fact["fact_id"]) == {"public.chat_turn_events": 1}


async def test_a_corrected_fact_leaves_no_trace_of_its_old_text(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """In memory or in checkpoints; the message stays as it was sent."""
    model.queue(extracted(f"The user sells {MARK}."), structured)
    await frontdesk.chat(ada, "I sell sweets")
    await frontdesk.chat(ada, "What do I sell?")
    async with frontdesk.client(ada) as client:
        (fact,) = (await client.get("/memory")).json()["items"]
        assert (await client.patch(f"/memory/{fact['fact_id']}", json={"fact": "The user sells tubas."})).is_success
    assert await traces(frontdesk.service.url, MARK) == {}


async def test_an_erased_account_leaves_no_trace(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """Of texts or the user's id; metrics stay without it, and other users keep their data."""
    await with_history(frontdesk, model, ada)
    model.always(Text("Hello."), streaming)
    model.always(Text("They met."), plain)
    await frontdesk.chat(bob, "hello there")
    url = frontdesk.service.url
    numbers = await rows(url, "select count(*) from xai_chat_metrics")
    assert len(await traces(url, str(ada))) >= 10
    async with frontdesk.client(ada) as client:
        assert (await client.delete("/account")).status_code == 204
        assert (await client.get("/conversations")).json()["items"] == []
        assert (await client.get("/memory")).json()["items"] == []
        assert (await client.delete("/account")).status_code == 204
    assert await traces(url, MARK, str(ada)) == {}
    assert await rows(url, "select count(*) from xai_chat_metrics") == numbers
    assert await rows(url, "select user_id from xai_chat_metrics where user_id is not null") == [(bob,)]
    async with frontdesk.client(bob) as client:
        assert [one["title"] for one in (await client.get("/conversations")).json()["items"]] == ["hello there"]
    assert (await frontdesk.chat(ada, "hello again")).status == 200
