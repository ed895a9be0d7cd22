"""Take away what is only kept for a while."""

from typing import LiteralString, TypedDict

from storage.keys import KEPT_HOURS
from storage.pool import Pool


class Pruned(TypedDict):
    """How many rows went."""

    events: int
    limits: int
    keys: int
    places: int
    threads: int


class Pruning:
    """Looks after the tables that would grow for ever.

    Args:
        hours: how long checkpoints and the journal are kept.
    """

    def __init__(self, pool: Pool, hours: float) -> None:
        self._pool = pool
        self._hours = hours

    async def prune(self) -> Pruned:
        """Take away what is too old; several at once do no harm."""
        return Pruned(
            events=await self._delete(
                "delete from chat_turn_events where created_at < now() - make_interval(secs => %(kept)s)"
            ),
            # Times of the last hour decide, which is the longest window.
            limits=await self._delete("delete from chat_rate_limits where created_at < now() - interval '2 hours'"),
            keys=await self._delete(
                "delete from chat_idempotency where created_at < now() - make_interval(hours => %(keys)s)"
            ),
            # Ahead of now are leases from before the clock was set back.
            places=await self._delete(
                "delete from chat_queue"
                " where lease_until not between now() - interval '1 minute' and now() + interval '1 minute'"
            ),
            threads=await self._threads(),
        )

    async def _delete(self, statement: LiteralString) -> int:
        async with self._pool.as_keeper() as conn:
            cursor = await conn.execute(statement, {"kept": self._hours * 3600, "keys": KEPT_HOURS})
            return cursor.rowcount

    async def _threads(self) -> int:
        """Threads whose last checkpoint is too old, with all that belongs to them."""
        async with self._pool.as_graph() as conn:
            cursor = await conn.execute(
                "with old as ("
                "  select thread_id from langgraph.checkpoints group by thread_id"
                "  having max((checkpoint ->> 'ts')::timestamptz) < now() - make_interval(secs => %(kept)s)"
                "), blobs as (delete from langgraph.checkpoint_blobs b using old where b.thread_id = old.thread_id"
                "), writes as (delete from langgraph.checkpoint_writes w using old where w.thread_id = old.thread_id"
                "), gone as (delete from langgraph.checkpoints c using old where c.thread_id = old.thread_id)"
                " select from old",
                {"kept": self._hours * 3600},
            )
            return cursor.rowcount
