"""Delete what is only kept for a while, in batches: each its own short transaction, found through an index by age."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import LiteralString, TypedDict, cast

import psycopg
from structlog.stdlib import get_logger

from storage.checkpoints import first_id
from storage.errors import StorageError
from storage.idempotency import KEPT_HOURS
from storage.pool import Pool

log = get_logger(__name__)

BATCH = 1000
"""Rows, or threads, that one transaction deletes: far from the statement time-out, however much is old."""
PAUSE = 0.05
"""Seconds between two batches, so that they never keep the disk to themselves."""

STATEMENTS: Mapping[str, LiteralString] = {
    "events": (
        "delete from chat_turn_events where ctid = any(array(select ctid from chat_turn_events"
        " where created_at < now() - make_interval(secs => %(kept)s) order by created_at limit %(batch)s))"
    ),
    # Times of the last hour decide, which is the longest window.
    "limits": (
        "delete from chat_rate_limits where ctid = any(array(select ctid from chat_rate_limits"
        " where created_at < now() - interval '2 hours' order by created_at limit %(batch)s))"
    ),
    "keys": (
        "delete from chat_idempotency where ctid = any(array(select ctid from chat_idempotency"
        " where created_at < now() - make_interval(hours => %(keys)s) order by created_at limit %(batch)s))"
    ),
    # Ahead of now are leases from before the clock was set back.
    "places": (
        "delete from chat_queue where ctid = any(array(select ctid from chat_queue"
        " where lease_until < now() - interval '1 minute' or lease_until > now() + interval '1 minute'"
        " order by lease_until limit %(batch)s))"
    ),
    "audit": (
        "delete from chat_guard_events where ctid = any(array(select ctid from chat_guard_events"
        " where created_at < now() - make_interval(secs => %(audit)s) order by created_at limit %(batch)s))"
    ),
    "metrics": (
        "delete from xai_chat_metrics where ctid = any(array(select ctid from xai_chat_metrics"
        " where created_at < now() - make_interval(secs => %(metrics)s) order by created_at limit %(batch)s))"
    ),
}
"""How a batch of each table of ours is deleted: found by age, and deleted where it lies."""

OLD_THREADS: LiteralString = (
    'select c.thread_id from langgraph.checkpoints c where c.checkpoint_id collate "C" < %(first)s'
    " and not exists (select from langgraph.checkpoints young"
    '  where young.thread_id = c.thread_id and young.checkpoint_id collate "C" >= %(first)s)'
    ' order by c.checkpoint_id collate "C" limit %(batch)s'
)
"""Threads none of whose checkpoints is young; a checkpoint's id begins with its time."""
OF_THREADS: tuple[LiteralString, ...] = (
    "delete from langgraph.checkpoint_writes where thread_id = any(%(threads)s)",
    "delete from langgraph.checkpoint_blobs where thread_id = any(%(threads)s)",
    "delete from langgraph.checkpoints where thread_id = any(%(threads)s)",
)


class Pruned(TypedDict):
    """How many rows went, and how many of LangGraph's threads."""

    events: int
    limits: int
    keys: int
    places: int
    audit: int
    metrics: int
    threads: int


class Pruning:
    """Looks after the tables that would grow for ever.

    Args:
        hours: how long checkpoints and the journal are kept.
        audit_days: how long what the guard found is kept.
        metrics_days: how long turns' numbers are kept; None for ever.
    """

    def __init__(self, pool: Pool, hours: float, *, audit_days: float = 365, metrics_days: float | None = None) -> None:
        self._pool = pool
        self._hours = hours
        self._audit_days = audit_days
        self._metrics_days = metrics_days

    async def prune(self) -> Pruned:
        """Delete what is too old; several at once do no harm.

        Where a batch fails, what went before it stays deleted, and the next run goes on from there.
        """
        kept_for_ever = {"metrics"} if self._metrics_days is None else set[str]()
        gone = {
            name: await _in_batches(name, partial(self._rows, statement)) if name not in kept_for_ever else 0
            for name, statement in STATEMENTS.items()
        }
        return cast(Pruned, {**gone, "threads": await _in_batches("threads", self._threads)})

    async def _rows(self, statement: LiteralString) -> int:
        async with self._pool.as_keeper() as conn:
            return (await conn.execute(statement, self.values())).rowcount

    def values(self) -> dict[str, float]:
        """What `STATEMENTS` are given: times in seconds, but for the keys, and rows of a batch."""
        return {
            "kept": self._hours * 3600,
            "keys": KEPT_HOURS,
            "audit": self._audit_days * 86_400,
            "metrics": (self._metrics_days or 0) * 86_400,
            "batch": BATCH,
        }

    async def _threads(self) -> int:
        """Delete a batch of old threads with all that belongs to them."""
        async with self._pool.as_graph() as conn:
            first = first_id(time.time() - self._hours * 3600)
            cursor = await conn.execute(OLD_THREADS, {"first": first, "batch": BATCH})
            threads = list({row["thread_id"] for row in await cursor.fetchall()})
            for statement in OF_THREADS:
                await conn.execute(statement, {"threads": threads})
        return len(threads)


async def _in_batches(name: str, batch: Callable[[], Awaitable[int]]) -> int:
    """Delete batch after batch until none is left; returns how many went."""
    gone = 0
    try:
        while count := await batch():
            gone += count
            await asyncio.sleep(PAUSE)
    except (StorageError, psycopg.Error):
        # Not for the other tables, whose turn comes next, nor for good.
        log.warning("pruning broke off", what=name, gone=gone, exc_info=True)
    return gone
