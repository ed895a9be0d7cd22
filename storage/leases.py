"""Who runs which turn, and taking over from who does not any more."""

from collections.abc import Sequence
from typing import Literal, LiteralString, TypedDict
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from storage.pool import Pool

LEASE_SECONDS = 15
"""How long a turn belongs to a process that gives no sign of life. By the database's clock, which all share."""
QUIET_SECONDS = 3
"""The same for one that is gone: the database knows by the lock that a living process holds (`present`)."""
ABSURD_SECONDS = 2 * LEASE_SECONDS
"""A lease that ends later than that was given before the database's clock was set back."""
SETTLING_SECONDS = 10
"""After its own start the database cannot know who lives: the locks are taken anew when the others are back."""


async def present(conn: psycopg.AsyncConnection[TupleRow], owner: UUID) -> None:
    """Be known to live as long as this connection does."""
    await conn.execute("select pg_advisory_lock_shared(hashtextextended(%(owner)s::text, 0))", {"owner": owner})


ADOPT: LiteralString = (
    "update chat_turns t set owner = %(owner)s, attempt = t.attempt + 1,"
    " lease_until = now() + make_interval(secs => %(seconds)s)"
    " from (select user_id, turn_id from chat_turns"
    "       where status in ('accepted', 'answered') and turn_id <> all(%(running)s)"
    # Two ranges of an index that hold nothing while all renew their leases.
    "       and (lease_until < now() + make_interval(secs => %(quiet)s)"
    "        or lease_until > now() + make_interval(secs => %(absurd)s))"
    "       and (lease_until < now() or (lease_until > now() + make_interval(secs => %(absurd)s)"
    "         or pg_postmaster_start_time() < now() - make_interval(secs => %(settling)s))"
    "        and not exists (select from pg_locks l where l.locktype = 'advisory' and l.objsubid = 1"
    "         and l.database = (select oid from pg_database where datname = current_database())"
    "         and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(owner::text, 0)))"
    "       order by lease_until limit %(limit)s for update skip locked) orphan"
    " where t.user_id = orphan.user_id and t.turn_id = orphan.turn_id"
    " returning t.user_id, t.turn_id, t.convo_id as conversation_id, t.status, t.attempt,"
    " t.stop_asked_at is not null as stop_asked"
)
"""Takes turns over whose process is gone, or gave no sign of life for as long as a lease."""


def times() -> dict[str, int]:
    """The seconds that `ADOPT` goes by."""
    return {
        "seconds": LEASE_SECONDS,
        "quiet": LEASE_SECONDS - QUIET_SECONDS,
        "absurd": ABSURD_SECONDS,
        "settling": SETTLING_SECONDS,
    }


class Held(TypedDict):
    """A turn that a process still holds."""

    turn_id: UUID
    stop_asked: bool
    """Whether somebody wants its answer to end."""


class Orphan(TypedDict):
    """A turn whose process gave no sign of life, taken over."""

    user_id: UUID
    turn_id: UUID
    conversation_id: str
    status: Literal["accepted", "answered"]
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
        async with self._pool.as_keeper() as conn:
            cursor = await conn.execute(
                "update chat_turns set lease_until = now() + make_interval(secs => %(seconds)s)"
                " where turn_id = any(%(turns)s) and owner = %(owner)s and status in ('accepted', 'answered')"
                " returning turn_id, stop_asked_at is not null as stop_asked",
                {"turns": list(turn_ids), "owner": self._owner, "seconds": LEASE_SECONDS},
            )
            return [Held(**row) for row in await cursor.fetchall()]  # type: ignore[typeddict-item]

    async def release(self, turn_ids: Sequence[UUID]) -> None:
        """Leave these turns to whoever looks next."""
        async with self._pool.as_keeper() as conn:
            await conn.execute(
                "update chat_turns set lease_until = now()"
                " where turn_id = any(%(turns)s) and owner = %(owner)s and status in ('accepted', 'answered')",
                {"turns": list(turn_ids), "owner": self._owner},
            )

    async def adopt(self, limit: int, *, running: Sequence[UUID] = ()) -> list[Orphan]:
        """Take over so many turns whose lease has run out; of several who look at once each gets others.

        A killed process's connections end with it, so its turns need not wait for their lease, nor for a lease that
        ends absurdly late. Not those that are `running` here: their lease could not be renewed, but they go on.
        """
        async with self._pool.as_keeper() as conn:
            cursor = await conn.execute(
                ADOPT,
                {**times(), "owner": self._owner, "limit": limit, "running": list(running)},
            )
            return [Orphan(**row) for row in await cursor.fetchall()]  # type: ignore[typeddict-item]
