"""Numbers that the guard masks."""

from uuid import UUID

import psycopg
from psycopg import sql

from tests.faults.stored_turn import stored_answer
from tests.support.app import Frontdesk, Serve, read_events
from tests.support.database import rows
from tests.support.model_script import Hang, Json, Text, plain, streaming, structured
from tests.support.model_server import ModelServer

CARD = "4242 4242 4242 4242"
MASKED = "Pay with [card •4242], please."


async def test_a_masked_number_reaches_neither_the_model_nor_any_table(
    frontdesk: Frontdesk, model: ModelServer, database_url: str, ada: UUID
) -> None:
    """Not messages, checkpoints or summaries: every table of every schema is searched."""
    answer = await frontdesk.chat(ada, f"My card {CARD} was charged twice, who do I call?")
    assert [notice["code"] for notice in answer.named("notice")] == ["pii_masked"]
    assert CARD not in str([request.body for request in model.requests])
    assert "[card •4242]" in str(model.requests[0].body)
    assert tables_with(database_url, CARD) == []
    assert "chat_messages" in tables_with(database_url, "[card •4242]")


async def test_a_number_in_the_models_answer_is_masked_wherever_its_tokens_split(
    serve: Serve, model: ModelServer, database_url: str, ada: UUID
) -> None:
    """In the stream, when read again, and in every table; the audit records it."""
    frontdesk = await serve(rate_limit=0)
    for place in range(len(CARD) + 1):
        model.queue(Text(["Pay ", "with ", CARD[:place], CARD[place:], ", ", "please."]), streaming)
        answer = await frontdesk.chat(ada, "How?")
        assert answer.text == await stored_answer(frontdesk, answer) == MASKED
        turn = answer.headers["x-turn-id"]
        async with frontdesk.client(ada) as client, client.stream("GET", f"/turns/{turn}/events") as response:
            assert [event async for event in read_events(response)] == answer.events
    model.queue(Text(list(f"Pay with {CARD}, please.")), streaming)
    assert (await frontdesk.chat(ada, "How?")).text == MASKED
    found = await rows(database_url, "select distinct kind, action from chat_guard_events")
    assert found == [("card", "answer_masked")]
    assert tables_with(database_url, CARD) == []


async def test_a_number_at_the_end_of_a_broken_answer_is_masked(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """The turn times out while the number is held back."""
    frontdesk = await serve(turn_timeout=1)
    model.always(Hang(["Pay ", "with ", CARD[:7], CARD[7:]]), streaming)
    answer = await frontdesk.chat(ada, "How?")
    assert answer.text == await stored_answer(frontdesk, answer) == "Pay with [card •4242]"
    assert answer.named("done")[0]["finish_reason"] == "timeout"


async def test_numbers_in_summaries_and_facts_are_masked(
    frontdesk: Frontdesk, model: ModelServer, database_url: str, ada: UUID
) -> None:
    """A model may write a number that nobody sent."""
    model.queue(Text(f"They pay with {CARD}."), plain)
    model.queue(Json({"facts": [{"fact": f"The user pays with {CARD}.", "confidence": 0.9}]}), structured)
    await frontdesk.chat(ada, "I pay by card.", conversation_id="c-1")
    async with frontdesk.client(ada) as client:
        assert (await client.get("/conversations/c-1")).json()["summary"] == "They pay with [card •4242]."
        facts = (await client.get("/memory")).json()["items"]
    assert [fact["fact"] for fact in facts] == ["The user pays with [card •4242]."]
    assert tables_with(database_url, CARD) == []


async def test_secrets_and_contacts_are_masked_on_both_ways(
    serve: Serve, model: ModelServer, database_url: str, ada: UUID
) -> None:
    """In the message and in the streamed answer, contacts by setting; the audit has their kinds."""
    frontdesk = await serve(mask=["email", "phone"])
    model.queue(
        Text(["Use ", "gh" + "p_AbCdEf0123456789", "GhIjKlMnOp", " and ", "ada", "@example", ".com", "."]), streaming
    )
    answer = await frontdesk.chat(ada, "My password is Sommer2024! and my phone is +49 170 1234567.")
    assert answer.text == await stored_answer(frontdesk, answer) == "Use [secret] and [email]."
    assert "My password is [secret] and my phone is [phone •4567]." in str(model.requests[0].body)
    found = await rows(database_url, "select kind, action from chat_guard_events order by action, kind")
    assert found == [
        ("email", "answer_masked"),
        ("secret", "answer_masked"),
        ("phone", "masked"),
        ("secret", "masked"),
    ]


ADDRESS, PHONE = "ada@example.com", "+49 170 1234567"


async def test_the_setting_masks_wherever_text_is_stored(
    serve: Serve, model: ModelServer, database_url: str, ada: UUID
) -> None:
    """Messages, answers, titles, summaries and facts, from a model or by hand."""
    frontdesk = await serve(mask=["email", "phone"])
    contacts = f"{ADDRESS} or {PHONE}"
    model.queue(Text(f"# Write to {ADDRESS}\nThey are at {contacts}."), plain)
    model.queue(Json({"facts": [{"fact": f"The user is at {contacts}.", "confidence": 0.9}]}), structured)
    model.queue(Text(["Mail ", "ada@exam", "ple.com", " or +49 1", "70 1234567", "."]), streaming)
    answer = await frontdesk.chat(ada, f"Reach me at {contacts}.", conversation_id="c-1")
    assert await stored_answer(frontdesk, answer) == "Mail [email] or [phone •4567]."
    async with frontdesk.client(ada) as client:
        (fact,) = (await client.get("/memory")).json()["items"]
        found = await client.get("/conversations/c-1")
        assert (fact["fact"], found.json()["title"]) == (
            "The user is at [email] or [phone •4567].",
            "Write to [email]",
        )
        corrected = await client.patch(f"/memory/{fact['fact_id']}", json={"fact": f"Only {ADDRESS} is right"})
        renamed = await client.patch("/conversations/c-1", json={"title": f"From {PHONE}"})
        assert corrected.json()["fact"] == "Only [email] is right"
        assert renamed.json()["title"] == "From [phone •4567]"
        turn = f"/turns/{answer.headers['x-turn-id']}/feedback"
        rated = await client.put(turn, json={"rating": "down", "reason": "other", "comment": f"Ask {ADDRESS}"})
        assert rated.json()["comment"] == "Ask [email]"
    assert tables_with(database_url, ADDRESS) == tables_with(database_url, PHONE) == []


def tables_with(database_url: str, text: str) -> list[str]:
    """The tables of all schemas with a row that contains the text, binary columns included."""
    with psycopg.connect(database_url) as conn:
        tables = conn.execute(
            "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
            " and table_schema not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        return [name for schema, name in tables if _holds(conn, schema, name, text)]


def _holds(conn: psycopg.Connection, schema: str, name: str, text: str) -> bool:
    rows = conn.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, name))).fetchall()
    wanted = text.encode()
    return any(
        wanted in (bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode())
        for row in rows
        for value in row
    )
