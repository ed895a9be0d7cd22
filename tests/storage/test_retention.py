"""Retention: what is old is deleted, in batches and through indexes."""

import time
from collections.abc import Iterable, Mapping
from typing import LiteralString
from uuid import UUID, uuid4

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from psycopg.sql import SQL, Identifier

from storage import retention
from storage.admin_audit import AdminAudit
from storage.checkpoints import Checkpointer, first_checkpoint_id
from storage.event_log import Batch, EventLog, LoggedEvent
from storage.idempotency import IdempotencyKeys
from storage.metrics import Finding, Metrics
from storage.old_conversations import CONVERSATIONS, FIND_OLD, FIND_OLD_TEMPORARY
from storage.pool import Pool
from storage.rate_limits import RateLimits
from storage.retention import DELETE_THREADS, OLD_THREADS, STATEMENTS, Pruned, Retention
from tests.storage.rows import Owner, accepted, rows, save_accepted, take_place, turn_metrics

AGED = ("events", "rate_limits", "idempotency_keys", "queue", "audit", "admin_audit", "metrics", "threads")
NOTHING = dict.fromkeys([*AGED, "temporary", "conversations"], 0)
FOUND = Finding(kind="card", action="masked", rule=None, text_hash="0" * 64)


async def insert_rows(pool: Pool, url: str, user: UUID) -> UUID:
    """Insert a row into each of the tables; returns the turn's id."""
    turn_id = await save_accepted(pool, user, accepted())
    told = LoggedEvent(1, "token", b'{"text":"Hello"}')
    await EventLog(pool).write([Batch(user, turn_id, [told])])
    await RateLimits(pool, 8).take(user)
    await IdempotencyKeys(pool).claim(user, "a key", "0" * 64, turn_id)
    await take_place(pool, user)
    await Metrics(pool).record(user, turn_id, turn_metrics(), [FOUND])
    await AdminAudit(pool).record(user, "audit")
    config: RunnableConfig = {
        "configurable": {"thread_id": str(turn_id), "checkpoint_ns": ""},
        "metadata": {"user_id": str(user)},
    }
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {"message": ["words" * 1000]}  # too long to be kept inline
    checkpoint["channel_versions"] = {"message": "1"}
    async with Pool.open(url, size=1) as records:
        saver = Checkpointer(records, pool)
        await saver.aput(config, checkpoint, {"step": 0}, {"message": "1"})
        await saver.aput_writes(
            {**config, "configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}},
            [("message", "more")],
            "1",
        )
    return turn_id


AGING: tuple[LiteralString, ...] = (
    "update chat_turn_events set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update chat_rate_limits set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update chat_idempotency set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update chat_admin_audit set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update chat_guard_events set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update xai_chat_metrics set created_at = created_at - make_interval(secs => %(seconds)s)",
    "update chat_queue set lease_until = lease_until - make_interval(secs => %(seconds)s)",
    "update langgraph.checkpoints set checkpoint_id = %(first_id)s",
    "update langgraph.checkpoint_writes set checkpoint_id = %(first_id)s",
)


def age(owner: Owner, hours: float = 25) -> None:
    """Make every row so many hours older."""
    for statement in AGING:
        owner.execute(statement, {"seconds": hours * 3600, "first_id": first_checkpoint_id(time.time() - hours * 3600)})


async def prune(pool: Pool) -> Pruned:
    """Delete what is older than a day."""
    return await Retention(pool, 24, audit_days=1, metrics_days=1).prune()


async def test_young_rows_stay(pool: Pool, database_url: str, ada: UUID) -> None:
    """However often pruning runs."""
    await insert_rows(pool, database_url, ada)
    for _ in range(2):
        assert await prune(pool) == NOTHING


async def test_old_rows_of_all_users_are_deleted(
    pool: Pool, database_url: str, owner: Owner, ada: UUID, bob: UUID
) -> None:
    """Messages stay, and so do young rows."""
    await insert_rows(pool, database_url, ada)
    age(owner)
    young = await insert_rows(pool, database_url, bob)
    assert await prune(pool) == NOTHING | dict.fromkeys(AGED, 1)
    assert await prune(pool) == NOTHING
    left = (
        "select thread_id from langgraph.checkpoints union all select thread_id from langgraph.checkpoint_blobs"
        " union all select thread_id from langgraph.checkpoint_writes"
    )
    assert rows(owner, left) == [(str(young),)] * 3
    assert len(rows(owner, "select * from chat_messages")) == 2


async def test_a_queue_place_with_a_lease_in_the_future_is_deleted(
    pool: Pool, database_url: str, owner: Owner, ada: UUID
) -> None:
    """It was taken before the clock was set back, and would hold for as long."""
    await insert_rows(pool, database_url, ada)
    owner.execute("update chat_queue set lease_until = now() + interval '1 hour'")
    assert (await Retention(pool, 24).prune())["queue"] == 1


async def test_the_retention_time_can_be_set(pool: Pool, database_url: str, owner: Owner, ada: UUID) -> None:
    """In hours and fractions of them."""
    await insert_rows(pool, database_url, ada)
    owner.execute("update chat_turn_events set created_at = now() - interval '10 minutes'")
    assert (await Retention(pool, 1).prune())["events"] == 0
    assert (await Retention(pool, 0.1).prune())["events"] == 1


async def test_by_default_metrics_stay_for_ever_and_findings_for_a_year(
    pool: Pool, database_url: str, owner: Owner, ada: UUID
) -> None:
    """Each has its own setting."""
    await insert_rows(pool, database_url, ada)
    age(owner, 364 * 24)
    deleted = await Retention(pool, 24).prune()
    assert (deleted["audit"], deleted["metrics"]) == (0, 0)
    age(owner, 48)
    assert (await Retention(pool, 24).prune())["audit"] == 1
    assert (await Retention(pool, 24, metrics_days=366).prune())["metrics"] == 1


async def test_a_thread_is_as_old_as_its_last_checkpoint(
    pool: Pool, database_url: str, owner: Owner, ada: UUID
) -> None:
    """All its rows stay as long as one is young."""
    turn_id = await insert_rows(pool, database_url, ada)
    owner.execute(
        "insert into langgraph.checkpoints select thread_id, checkpoint_ns, %(id)s, null, type, checkpoint, metadata"
        " from langgraph.checkpoints",
        {"id": first_checkpoint_id(0)},
    )
    assert await prune(pool) == NOTHING
    assert rows(owner, "select thread_id from langgraph.checkpoints") == [(str(turn_id),)] * 2


async def test_rows_are_deleted_in_batches(
    pool: Pool, database_url: str, owner: Owner, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run takes as many batches as it needs."""
    monkeypatch.setattr(retention, "BATCH", 2)
    await insert_rows(pool, database_url, ada)
    copy_rows(owner, 5)
    age(owner)
    assert await prune(pool) == NOTHING | dict.fromkeys(AGED, 6)


async def test_a_failing_table_does_not_stop_the_others(
    pool: Pool, database_url: str, owner: Owner, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its batches before the failure stay deleted, and the next run goes on from there."""
    monkeypatch.setattr(retention, "BATCH", 2)
    await insert_rows(pool, database_url, ada)
    copy_rows(owner, 5)
    age(owner)
    owner.execute(FAILING_TRIGGER)
    assert await prune(pool) == {**NOTHING, **dict.fromkeys(AGED, 6), "events": 4}
    assert len(rows(owner, "select from chat_turn_events")) == 2
    owner.execute("drop trigger fails on chat_turn_events")
    assert await prune(pool) == {**NOTHING, "events": 2}


FAILING_TRIGGER = """
create function fails() returns trigger language plpgsql as $$
begin
    if (select count(*) from chat_turn_events) < 3 then raise exception 'it fails'; end if;
    return old;
end $$;
grant execute on function fails to frontdesk_keeper;
create trigger fails before delete on chat_turn_events for each row execute function fails()
"""


COPIES: Mapping[LiteralString, LiteralString] = {
    "chat_turn_events": "'first', first + n, 'last', last + n",
    "chat_rate_limits": "'window_start', window_start || n",
    "chat_idempotency": "'key', key || n",
    "chat_queue": "'turn_id', md5(n::text)::uuid",
    "chat_admin_audit": "'id', id + n",
    "chat_guard_events": "'turn_id', md5(n::text)::uuid",
    "xai_chat_metrics": "'id', md5(n::text)::uuid",
    "langgraph.checkpoints": "'thread_id', thread_id || n",
    "langgraph.checkpoint_blobs": "'thread_id', thread_id || n",
    "langgraph.checkpoint_writes": "'thread_id', thread_id || n",
}
"""How a copy of a row differs from the row, by table."""


def copy_rows(owner: Owner, copies: int) -> None:
    """Insert so many copies of each row of the tables."""
    for table, change in COPIES.items():
        owner.execute(
            "insert into " + table + " overriding system value select copy.* from " + table + " t,"  # noqa: S608 (of literals)
            " generate_series(1, %(copies)s) n, jsonb_populate_record(t, jsonb_build_object(" + change + ")) copy",
            {"copies": copies},
        )


async def test_old_rows_are_found_through_an_index(pool: Pool, database_url: str, owner: Owner, ada: UUID) -> None:
    """However large a table is, no plan has a sequential scan."""
    await insert_rows(pool, database_url, ada)
    copy_rows(owner, 5_000)
    owner.execute(
        "insert into chat_conversations (user_id, convo_id) select user_id, convo_id || n"
        " from chat_conversations, generate_series(1, 5000) n"
    )
    age(owner)
    owner.execute("analyze")
    threads = [str(uuid4()) for _ in range(5)]  # for more of them a sequential scan of so small a table would pay
    queries: list[tuple[str, Iterable[LiteralString], Mapping[str, object]]] = [
        ("frontdesk_keeper", STATEMENTS.values(), Retention(pool, 24, audit_days=1, metrics_days=1).parameters()),
        ("frontdesk_graph", [OLD_THREADS], {"first": first_checkpoint_id(time.time()), "batch": retention.BATCH}),
        ("frontdesk_graph", DELETE_THREADS, {"threads": threads}),
        ("frontdesk_keeper", [FIND_OLD, FIND_OLD_TEMPORARY], {"seconds": 86_400, "conversations": CONVERSATIONS}),
    ]
    for role, statements, values in queries:
        for statement in statements:
            with owner.transaction(force_rollback=True):
                owner.execute(SQL("set local role {}").format(Identifier(role)))
                plan = "\n".join(line for (line,) in rows(owner, "explain " + statement, **values))
            assert "Index" in plan, plan
            assert "Seq Scan" not in plan, plan
