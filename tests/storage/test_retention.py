"""Nothing grows for ever."""

import time
from collections.abc import Iterable, Mapping
from typing import LiteralString
from uuid import UUID, uuid4

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from psycopg.sql import SQL, Identifier

from storage import retention
from storage.audit import Finding
from storage.checkpoints import checkpointer, first_id
from storage.conversation_queue import ConversationQueue
from storage.event_log import Batch, EventLog, LoggedEvent
from storage.idempotency import IdempotencyKeys
from storage.metrics import Metrics
from storage.pool import Pool
from storage.rate_limits import Limits
from storage.retention import OF_THREADS, OLD_THREADS, STATEMENTS, Pruned, Pruning
from tests.storage.rows import Owner, accepted, heard, measured, rows

NOTHING = {"events": 0, "limits": 0, "keys": 0, "places": 0, "audit": 0, "metrics": 0, "threads": 0}
FOUND = Finding(kind="card", action="masked", rule=None, text_hash="0" * 64)


async def lived(pool: Pool, url: str, user: UUID) -> UUID:
    """A row in each of the tables; returns the turn."""
    turn_id = await heard(pool, user, accepted())
    event = LoggedEvent(1, "token", b'{"text":"Hello"}')
    await EventLog(pool).write([Batch(user, turn_id, [event])])
    await Limits(pool, 8).take(user)
    await IdempotencyKeys(pool).claim(user, "a key", "0" * 64, turn_id)
    await ConversationQueue(pool).take(user, "c-1", uuid4(), claimed=False)
    await Metrics(pool).record(user, turn_id, measured(), [FOUND])
    config: RunnableConfig = {"configurable": {"thread_id": str(turn_id), "checkpoint_ns": ""}}
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {"message": ["words"]}
    checkpoint["channel_versions"] = {"message": "1"}
    async with checkpointer(url) as saver:
        await saver.aput(config, checkpoint, {"step": 0}, {"message": "1"})
        await saver.aput_writes(
            {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}, [("message", "more")], "1"
        )
    return turn_id


AGING: tuple[LiteralString, ...] = (
    "update chat_turn_events set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update chat_rate_limits set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update chat_idempotency set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update chat_guard_events set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update xai_chat_metrics set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update chat_queue set lease_until = lease_until - make_interval(secs => %(seconds)s)",
    "update langgraph.checkpoints set checkpoint_id = %(first_id)s",
    "update langgraph.checkpoint_writes set checkpoint_id = %(first_id)s",
)


def age(owner: Owner, hours: float = 25) -> None:
    """Let everything become so much older."""
    for statement in AGING:
        owner.execute(statement, {"seconds": hours * 3600, "first_id": first_id(time.time() - hours * 3600)})


async def prune(pool: Pool) -> Pruned:
    """Delete what is older than a day."""
    return await Pruning(pool, 24, audit_days=1, metrics_days=1).prune()


async def test_what_is_young_stays(pool: Pool, database_url: str, ada: UUID) -> None:
    """However often somebody looks."""
    await lived(pool, database_url, ada)
    for _ in range(2):
        assert await prune(pool) == NOTHING


async def test_what_is_old_goes(pool: Pool, database_url: str, owner: Owner, ada: UUID, bob: UUID) -> None:
    """Of all users; what was said stays, and what is young stays with it."""
    await lived(pool, database_url, ada)
    age(owner)
    young = await lived(pool, database_url, bob)
    assert await prune(pool) == dict.fromkeys(NOTHING, 1)
    assert await prune(pool) == NOTHING
    left = (
        "select thread_id from langgraph.checkpoints union all select thread_id from langgraph.checkpoint_blobs"
        " union all select thread_id from langgraph.checkpoint_writes"
    )
    assert rows(owner, left) == [(str(young),)] * 3
    assert len(rows(owner, "select * from chat_messages")) == 2


async def test_a_place_from_before_the_clock_was_set_back_goes(
    pool: Pool, database_url: str, owner: Owner, ada: UUID
) -> None:
    """Its lease would run for as long as the clock was set back by."""
    await lived(pool, database_url, ada)
    owner.execute("update chat_queue set lease_until = now() + interval '1 hour'")
    assert (await Pruning(pool, 24).prune())["places"] == 1


async def test_the_time_to_keep_can_be_set(pool: Pool, database_url: str, owner: Owner, ada: UUID) -> None:
    """In hours, also in parts of them."""
    await lived(pool, database_url, ada)
    owner.execute("update chat_turn_events set created_at = now() - interval '10 minutes'")
    assert (await Pruning(pool, 1).prune())["events"] == 0
    assert (await Pruning(pool, 0.1).prune())["events"] == 1


async def test_numbers_stay_for_ever_and_what_the_guard_found_for_a_year(
    pool: Pool, database_url: str, owner: Owner, ada: UUID
) -> None:
    """Where nothing else was set; each has a time of its own."""
    await lived(pool, database_url, ada)
    age(owner, 364 * 24)
    left_alone = await Pruning(pool, 24).prune()
    assert (left_alone["audit"], left_alone["metrics"]) == (0, 0)
    age(owner, 48)
    assert (await Pruning(pool, 24).prune())["audit"] == 1
    assert (await Pruning(pool, 24, metrics_days=366).prune())["metrics"] == 1


async def test_a_thread_is_as_old_as_its_last_checkpoint(
    pool: Pool, database_url: str, owner: Owner, ada: UUID
) -> None:
    """All of it stays as long as anything of it is young."""
    turn_id = await lived(pool, database_url, ada)
    owner.execute(
        "insert into langgraph.checkpoints select thread_id, checkpoint_ns, %(id)s, null, type, checkpoint, metadata"
        " from langgraph.checkpoints",
        {"id": first_id(0)},
    )
    assert await prune(pool) == NOTHING
    assert rows(owner, "select thread_id from langgraph.checkpoints") == [(str(turn_id),)] * 2


async def test_everything_goes_in_batches(
    pool: Pool, database_url: str, owner: Owner, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run takes as many as it needs."""
    monkeypatch.setattr(retention, "BATCH", 2)
    await lived(pool, database_url, ada)
    fill(owner, 5)
    age(owner)
    assert await prune(pool) == dict.fromkeys(NOTHING, 6)


async def test_what_was_pruned_before_a_failure_stays_pruned(
    pool: Pool, database_url: str, owner: Owner, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other tables have their turn all the same, and the next run goes on."""
    monkeypatch.setattr(retention, "BATCH", 2)
    await lived(pool, database_url, ada)
    fill(owner, 5)
    age(owner)
    owner.execute(BREAKS)
    assert await prune(pool) == {**dict.fromkeys(NOTHING, 6), "events": 4}
    assert len(rows(owner, "select from chat_turn_events")) == 2
    owner.execute("drop trigger breaks on chat_turn_events")
    assert await prune(pool) == {**NOTHING, "events": 2}


BREAKS = """
create function breaks() returns trigger language plpgsql as $$
begin
    if (select count(*) from chat_turn_events) < 3 then raise exception 'it breaks off'; end if;
    return old;
end $$;
grant execute on function breaks to frontdesk_keeper;
create trigger breaks before delete on chat_turn_events for each row execute function breaks()
"""


COPIES: Mapping[LiteralString, LiteralString] = {
    "chat_turn_events": "'first', first + n, 'last', last + n",
    "chat_rate_limits": "'window_start', window_start || n",
    "chat_idempotency": "'key', key || n",
    "chat_queue": "'turn_id', md5(n::text)::uuid",
    "chat_guard_events": "'turn_id', md5(n::text)::uuid",
    "xai_chat_metrics": "'id', md5(n::text)::uuid",
    "langgraph.checkpoints": "'thread_id', thread_id || n",
    "langgraph.checkpoint_blobs": "'thread_id', thread_id || n",
    "langgraph.checkpoint_writes": "'thread_id', thread_id || n",
}
"""In what a copy of a table's row differs from it."""


def fill(owner: Owner, copies: int) -> None:
    """Copy what is in each of the tables so many times."""
    for table, change in COPIES.items():
        owner.execute(
            "insert into " + table + " overriding system value select copy.* from " + table + " t,"  # noqa: S608 (of literals)
            " generate_series(1, %(copies)s) n, jsonb_populate_record(t, jsonb_build_object(" + change + ")) copy",
            {"copies": copies},
        )


async def test_no_table_is_read_from_end_to_end(pool: Pool, database_url: str, owner: Owner, ada: UUID) -> None:
    """However full it is: each batch is found through an index, as the planner tells the roles that delete."""
    await lived(pool, database_url, ada)
    fill(owner, 20_000)
    age(owner)
    owner.execute("analyze")
    threads = [str(uuid4()) for _ in range(5)]  # more of them would be worth reading a table that is no larger
    looks: list[tuple[str, Iterable[LiteralString], Mapping[str, object]]] = [
        ("frontdesk_keeper", STATEMENTS.values(), Pruning(pool, 24, audit_days=1, metrics_days=1).values()),
        ("frontdesk_graph", [OLD_THREADS], {"first": first_id(time.time()), "batch": retention.BATCH}),
        ("frontdesk_graph", OF_THREADS, {"threads": threads}),
    ]
    for role, statements, values in looks:
        for statement in statements:
            with owner.transaction(force_rollback=True):
                owner.execute(SQL("set local role {}").format(Identifier(role)))
                plan = "\n".join(line for (line,) in rows(owner, "explain " + statement, **values))
            assert "Index" in plan, plan
            assert "Seq Scan" not in plan, plan
