"""Retention: delete old rows in batches, each a short transaction that finds them through an index by age.

A run ends after so many batches of each kind, and the next one goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import LiteralString, TypedDict, cast

import psycopg
from structlog.stdlib import get_logger

from storage.checkpoints import first_checkpoint_id
from storage.errors import StorageError
from storage.idempotency import KEPT_HOURS
from storage.old_conversations import OldConversations
from storage.pool import Pool

log = get_logger(__name__)

BATCH = 1000
"""Rows, or checkpoint threads, per transaction: few enough to stay far below the statement timeout."""
PAUSE = 0.05
"""Seconds between two batches, so that they do not keep the disk busy."""
TEMPORARY_DAYS = 1.0
"""Days after its last message for which a temporary conversation is kept."""
MOST_BATCHES = 500
"""Batches of each kind in one run, which takes a minute or two then."""

STATEMENTS: Mapping[str, LiteralString] = {
    "events": (
        "delete from chat_turn_events where ctid = any(array(select ctid from chat_turn_events"
        " where created_at < now() - make_interval(secs => %(kept)s) order by created_at limit %(batch)s))"
    ),
    # An hour is the longest window.
    "rate_limits": (
        "delete from chat_rate_limits where ctid = any(array(select ctid from chat_rate_limits"
        " where created_at < now() - interval '2 hours' order by created_at limit %(batch)s))"
    ),
    "idempotency_keys": (
        "delete from chat_idempotency where ctid = any(array(select ctid from chat_idempotency"
        " where created_at < now() - make_interval(hours => %(keys)s) order by created_at limit %(batch)s))"
    ),
    # Leases in the future were taken before the clock was set back.
    "queue": (
        "delete from chat_queue where ctid = any(array(select ctid from chat_queue"
        " where lease_until < now() - interval '1 minute' or lease_until > now() + interval '1 minute'"
        " order by lease_until limit %(batch)s))"
    ),
    "audit": (
        "delete from chat_guard_events where ctid = any(array(select ctid from chat_guard_events"
        " where created_at < now() - make_interval(secs => %(audit)s) order by created_at limit %(batch)s))"
    ),
    "admin_audit": (
        "delete from chat_admin_audit where ctid = any(array(select ctid from chat_admin_audit"
        " where created_at < now() - make_interval(secs => %(audit)s) order by created_at limit %(batch)s))"
    ),
    "metrics": (
        "delete from xai_chat_metrics where ctid = any(array(select ctid from xai_chat_metrics"
        " where created_at < now() - make_interval(secs => %(metrics)s) order by created_at limit %(batch)s))"
    ),
}
"""How to delete a batch of each of our tables."""

OLD_THREADS: LiteralString = (
    'select c.thread_id from langgraph.checkpoints c where c.checkpoint_id collate "C" < %(first)s'
    " and not exists (select from langgraph.checkpoints newer"
    '  where newer.thread_id = c.thread_id and newer.checkpoint_id collate "C" >= %(first)s)'
    ' order by c.checkpoint_id collate "C" limit %(batch)s'
)
"""Threads without any newer checkpoint; a checkpoint's id begins with its time."""
DELETE_THREADS: tuple[LiteralString, ...] = (
    "delete from langgraph.checkpoint_writes where thread_id = any(%(threads)s)",
    "delete from langgraph.checkpoint_blobs where thread_id = any(%(threads)s)",
    "delete from langgraph.checkpoints where thread_id = any(%(threads)s)",
)


class Pruned(TypedDict):
    """How many rows were deleted, of LangGraph's how many threads, of conversations they and their turns."""

    events: int
    rate_limits: int
    idempotency_keys: int
    queue: int
    audit: int
    admin_audit: int
    metrics: int
    threads: int
    temporary: int
    conversations: int


class Retention:
    """Prunes the tables that would grow for ever.

    Args:
        hours: how long checkpoints and the event log are kept.
        audit_days: how long the guard's findings and the administrators' audit log are kept.
        metrics_days: how long turns' metrics are kept; None for ever.
        messages_days: how long a conversation is kept after its last message; None for ever.
    """

    def __init__(
        self,
        pool: Pool,
        hours: float,
        *,
        audit_days: float = 365,
        metrics_days: float | None = None,
        messages_days: float | None = None,
    ) -> None:
        self._pool = pool
        self._hours = hours
        self._audit_days = audit_days
        self._metrics_days = metrics_days
        self._messages_days = messages_days

    async def prune(self) -> Pruned:
        """Delete what is too old; concurrent runs do no harm.

        Where a batch fails, the batches before it stay deleted, and the next run goes on from there.
        """
        kept = {"metrics"} if self._metrics_days is None else set[str]()
        deleted = {
            name: await _in_batches(name, partial(self._delete_rows, statement)) if name not in kept else 0
            for name, statement in STATEMENTS.items()
        }
        deleted["threads"] = await _in_batches("threads", self._delete_threads)
        temporary = OldConversations(self._pool, TEMPORARY_DAYS, temporary=True)
        deleted["temporary"] = await _in_batches("temporary", temporary.delete_batch)
        deleted["conversations"] = 0
        if self._messages_days is not None:
            old = OldConversations(self._pool, self._messages_days)
            deleted["conversations"] = await _in_batches("conversations", old.delete_batch)
        return cast(Pruned, deleted)

    async def _delete_rows(self, statement: LiteralString) -> int:
        async with self._pool.as_maintenance() as conn:
            return (await conn.execute(statement, self.parameters())).rowcount

    def parameters(self) -> dict[str, float]:
        """Parameters of `STATEMENTS`: times in seconds, but hours for idempotency keys, and rows per batch."""
        return {
            "kept": self._hours * 3600,
            "keys": KEPT_HOURS,
            "audit": self._audit_days * 86_400,
            "metrics": (self._metrics_days or 0) * 86_400,
            "batch": BATCH,
        }

    async def _delete_threads(self) -> int:
        """Delete a batch of old threads with all their rows."""
        async with self._pool.as_graph() as conn:
            first = first_checkpoint_id(time.time() - self._hours * 3600)
            cursor = await conn.execute(OLD_THREADS, {"first": first, "batch": BATCH})
            threads = list({row["thread_id"] for row in await cursor.fetchall()})
            for statement in DELETE_THREADS:
                await conn.execute(statement, {"threads": threads})
        return len(threads)


async def _in_batches(name: str, batch: Callable[[], Awaitable[int]]) -> int:
    """Delete batch after batch until none is left, or the run has had its share; returns how many rows were deleted."""
    deleted = 0
    try:
        for _ in range(MOST_BATCHES):
            if not (count := await batch()):
                return deleted
            deleted += count
            await asyncio.sleep(PAUSE)
    except (StorageError, psycopg.Error):
        # The other tables are pruned all the same, and the next run tries this one again.
        log.warning("pruning failed", what=name, deleted=deleted, exc_info=True)
    else:
        log.info("pruning goes on in the next run", what=name, deleted=deleted)
    return deleted
