"""Who runs which turn, and taking over from who does not any more."""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from storage.pool import Pool
from storage.turn_status import TurnStatus

LEASE_SECONDS = 15
"""How long a turn belongs to a process that gives no sign of life; so do its key and its place in line before it is
accepted. By the database's clock, which all share."""
QUIET_SECONDS = 3
"""The same for one that is gone: the database knows by the lock that a living process holds (`take_presence_lock`)."""
SETTLING_SECONDS = 10
"""After its own start the database cannot know who lives: the locks are taken anew when the others are back."""


ELSEWHERE_SECONDS = 60
"""How long a turn that is on no lease (one of LangGraph's own server) keeps others of its conversation waiting."""
TERMS: dict[str, float] = {
    "lease": LEASE_SECONDS, "quiet": QUIET_SECONDS, "settling": SETTLING_SECONDS, "elsewhere": ELSEWHERE_SECONDS,
}  # fmt: skip
"""The times above, as the parameters of our functions in SQL."""


async def take_presence_lock(conn: psycopg.AsyncConnection[TupleRow], owner: UUID) -> None:
    """Take the lock by which a process is known to live, as long as this connection does."""
    await conn.execute("select pg_advisory_lock_shared(hashtextextended(%(owner)s::text, 0))", {"owner": owner})


class Pending(NamedTuple):
    """A turn that is not accepted yet."""

    user_id: UUID
    turn_id: UUID


class Held(TypedDict):
    """A turn that a process still holds."""

    turn_id: UUID
    stop_asked: bool
    """Whether its answer was asked to end."""


class Orphan(TypedDict):
    """A turn whose process gave no sign of life, taken over."""

    user_id: UUID
    turn_id: UUID
    conversation_id: str
    status: TurnStatus
    """`streaming` or `answered`."""
    attempt: int
    """Which run of it this is going to be, from 2."""
    stop_asked: bool


class Leases:
    """The leases that one process holds.

    Args:
        owner: the process.
    """

    def __init__(self, pool: Pool, owner: UUID) -> None:
        self._pool = pool
        self._owner = owner

    async def renew(self, turn_ids: Sequence[UUID]) -> list[Held]:
        """Give a sign of life; returns those of the turns that are still this process's."""
        rows = await self._pool.call(
            "select * from renew_turns(%(owner)s, %(turns)s, %(lease)s)",
            {"owner": self._owner, "turns": list(turn_ids), "lease": LEASE_SECONDS},
        )
        return [Held(**row) for row in rows]  # type: ignore[typeddict-item]

    async def renew_pending(self, turns: Sequence[Pending]) -> set[UUID]:
        """Renew the claims and places of turns that are not accepted yet, all in one transaction.

        What another transaction is just changing is left for the next time: no transaction waits for another here.

        Returns:
            Those whose idempotency key is claimed for this process, or was until they were accepted.
        """
        values = {
            "users": [turn.user_id for turn in turns],
            "turns": [turn.turn_id for turn in turns],
            "owner": self._owner,
            "seconds": LEASE_SECONDS,
        }
        async with self._pool.as_maintenance() as conn:
            await conn.execute(
                "update chat_idempotency k set lease_until = now() + make_interval(secs => %(seconds)s)"
                " from (select k.user_id, k.key from chat_idempotency k"
                "       join unnest(%(users)s::uuid[], %(turns)s::uuid[]) as p(user_id, turn_id)"
                "       on k.user_id = p.user_id and k.turn_id = p.turn_id"
                "       where k.owner = %(owner)s and k.lease_until is not null for update of k skip locked) mine"
                " where k.user_id = mine.user_id and k.key = mine.key",
                values,
            )
            await conn.execute(
                "update chat_queue q set lease_until = now() + make_interval(secs => %(seconds)s)"
                " from (select q.user_id, q.turn_id from chat_queue q"
                "       join unnest(%(users)s::uuid[], %(turns)s::uuid[]) as p(user_id, turn_id)"
                "       on q.user_id = p.user_id and q.turn_id = p.turn_id"
                "       where q.owner = %(owner)s for update of q skip locked) mine"
                " where q.user_id = mine.user_id and q.turn_id = mine.turn_id",
                values,
            )
            cursor = await conn.execute(
                "select k.turn_id from chat_idempotency k"
                " join unnest(%(users)s::uuid[], %(turns)s::uuid[]) as p(user_id, turn_id)"
                " on k.user_id = p.user_id and k.turn_id = p.turn_id where k.owner = %(owner)s",
                values,
            )
            return {row["turn_id"] for row in await cursor.fetchall()}

    async def release(self, turn_ids: Sequence[UUID]) -> None:
        """Let the leases of these turns end, so that another process adopts them."""
        async with self._pool.as_maintenance() as conn:
            await conn.execute(
                "update chat_turns set lease_until = now()"
                " where turn_id = any(%(turns)s) and owner = %(owner)s and status in ('streaming', 'answered')",
                {"turns": list(turn_ids), "owner": self._owner},
            )

    async def adopt(self, limit: int, *, running: Sequence[UUID] = ()) -> list[Orphan]:
        """Take over so many turns whose lease has run out; of several who look at once each gets others.

        A killed process's connections end with it, so its turns need not wait for their lease, nor for a lease that
        ends absurdly late. Not those that are `running` here: their lease could not be renewed, but they go on.
        """
        rows = await self._pool.call(
            "select * from adopt_turns(%(owner)s, %(running)s, %(limit)s, %(lease)s, %(quiet)s, %(settling)s)",
            {**TERMS, "owner": self._owner, "limit": limit, "running": list(running)},
        )
        return [Orphan(**{**row, "status": TurnStatus(row["status"])}) for row in rows]  # type: ignore[typeddict-item]
