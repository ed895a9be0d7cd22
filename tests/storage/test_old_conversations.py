"""Conversations that nobody used for long are deleted with all that hangs on them, in small transactions."""

import asyncio
from uuid import UUID

import psycopg
import pytest

from storage import old_conversations, retention
from storage.facts import Facts
from storage.metrics import Metrics
from storage.pool import Pool
from storage.retention import Retention
from storage.turns import Turns
from tests.storage.rows import Owner, accepted, answered, new_fact, rows, save_accepted, save_answered, turn_metrics
from tests.support.postgres import waits_for_a_lock


async def prune(pool: Pool) -> int:
    """Delete conversations older than thirty days; returns how many they and their turns were."""
    return (await Retention(pool, 24, messages_days=30).prune())["conversations"]


def age(owner: Owner, conversation: str) -> None:
    """Let the conversation have been used last more than thirty days ago."""
    owner.execute(
        "update chat_conversations set updated_at = now() - interval '31 days' where convo_id = %(convo_id)s",
        {"convo_id": conversation},
    )


async def save_turns(pool: Pool, user: UUID, count: int, conversation: str = "old") -> list[UUID]:
    """Store so many answered turns of a conversation; returns their ids in order."""
    return [await save_answered(pool, user, answered(conversation=conversation)) for _ in range(count)]


def left(owner: Owner) -> list[tuple[str, int]]:
    """The conversations that are left, with how many messages each has."""
    return rows(
        owner,
        "select c.convo_id, count(m.id)::int from chat_conversations c left join chat_messages m"
        " on m.user_id = c.user_id and m.convo_id = c.convo_id group by 1 order by 1",
    )


async def test_by_default_messages_stay_for_ever(pool: Pool, owner: Owner, ada: UUID) -> None:
    """However old they are."""
    await save_turns(pool, ada, 1)
    age(owner, "old")
    assert (await Retention(pool, 24).prune())["conversations"] == 0
    assert left(owner) == [("old", 2)]


async def test_a_temporary_conversation_is_deleted_after_a_day(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """With its turns; younger ones stay, and so do other users' conversations of the same name."""
    for conversation in ("old", "young"):
        await save_answered(pool, ada, answered(conversation=conversation, temporary=True))
    await save_turns(pool, bob, 1)
    owner.execute("update chat_conversations set updated_at = now() - interval '25 hours' where convo_id = 'old'")
    assert (await Retention(pool, 24).prune())["temporary"] == 2
    assert rows(owner, "select user_id, convo_id from chat_conversations order by convo_id") == [
        (bob, "old"),
        (ada, "young"),
    ]


async def test_an_old_conversation_is_deleted_with_what_was_learned_only_there(
    pool: Pool, facts: Facts, owner: Owner, ada: UUID, bob: UUID
) -> None:
    """Of every user; a fact that was said again later stays, and so do the metrics and younger conversations."""
    (old,) = await save_turns(pool, ada, 1)
    (young,) = await save_turns(pool, ada, 1, "young")
    await save_turns(pool, bob, 1)
    await facts.remember(ada, [new_fact("Sells biscuits."), new_fact("Lives in Berlin.")], source=old)
    await facts.remember(ada, [new_fact("Lives in Berlin.")], source=young)
    await Turns(pool).save_summary(ada, "old", "About biscuits.", turn_id=old, seen=9)
    await Metrics(pool).record(ada, old, turn_metrics())
    age(owner, "old")
    assert await prune(pool) == 4
    assert left(owner) == [("young", 2)]
    assert rows(owner, "select fact from user_memory_facts") == [("Lives in Berlin.",)]
    assert rows(owner, "select convo_id from chat_convo_summaries") == []
    assert rows(owner, "select id from xai_chat_metrics") == [(old,)]


async def test_a_long_conversation_is_deleted_in_parts_and_by_several_runs(
    pool: Pool, owner: Owner, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest turns first; each run has a bound, and the next one goes on where it stopped."""
    monkeypatch.setattr(old_conversations, "TURNS", 2)
    monkeypatch.setattr(retention, "MOST_BATCHES", 1)
    turns = await save_turns(pool, ada, 5)
    age(owner, "old")
    assert await prune(pool) == 2
    assert rows(owner, "select turn_id from chat_turns order by created_at") == [(turn,) for turn in turns[2:]]
    assert await prune(pool) == 2
    assert await prune(pool) == 2
    assert left(owner) == []


async def test_a_conversation_that_is_used_again_stays(
    pool: Pool, owner: Owner, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was not deleted before."""
    monkeypatch.setattr(old_conversations, "TURNS", 2)
    monkeypatch.setattr(retention, "MOST_BATCHES", 1)
    await save_turns(pool, ada, 3)
    age(owner, "old")
    await prune(pool)
    await save_turns(pool, ada, 1)
    assert await prune(pool) == 0
    assert left(owner) == [("old", 4)]


async def test_a_conversation_in_which_a_message_is_just_being_stored_stays(
    pool: Pool, owner: Owner, ada: UUID
) -> None:
    """The deletion does not wait for it."""
    await save_turns(pool, ada, 1)
    age(owner, "old")
    async with pool.as_user(ada) as conn:
        await conn.execute("update chat_conversations set updated_at = now() where convo_id = 'old'")
        assert await prune(pool) == 0
    assert left(owner) == [("old", 2)]


async def test_turns_are_accepted_while_old_conversations_are_deleted(
    pool: Pool, database_url: str, owner: Owner, ada: UUID, bob: UUID
) -> None:
    """Also of the same user: here a transaction of a deletion with many rows cannot end."""
    await save_turns(pool, ada, 20)
    owner.execute(
        "insert into chat_conversations (user_id, convo_id)"
        " select user_id, 'old-' || n from chat_conversations, generate_series(1, 500) n"
    )
    owner.execute("update chat_conversations set updated_at = now() - interval '31 days'")
    with psycopg.connect(database_url) as busy:
        busy.execute("select from chat_messages where convo_id = 'old' for update")
        deletion = asyncio.create_task(prune(pool))
        await waits_for_a_lock(database_url)
        for user in (ada, bob):
            await save_accepted(pool, user, accepted(conversation="new"))
        assert not deletion.done()
    assert await deletion == 521
    assert left(owner) == [("new", 2)]
