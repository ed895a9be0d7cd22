"""How often a user may ask."""

from typing import TypedDict
from uuid import UUID

from storage.pool import Pool

WINDOW_SECONDS = 60


class Allowance(TypedDict):
    """What the limit leaves a user; times in seconds."""

    limit: int
    window: int
    remaining: int
    reset_after: float
    """Until one more request becomes free."""
    retry_after: float | None
    """Until a refused request would pass; None when this one did."""


class Limits:
    """The rate limit, exact over any window of a minute.

    Args:
        limit: requests a user may make in `WINDOW_SECONDS`; 0 switches the limit off.
    """

    def __init__(self, pool: Pool, limit: int) -> None:
        self._pool = pool
        self._limit = limit

    async def take(self, user_id: UUID) -> Allowance | None:
        """Count this request and say what is left, in one statement, so that two at once cannot both be the last.

        None when there is no limit.
        """
        if self._limit == 0:
            return None
        async with self._pool.as_user(user_id, hasty=True) as conn:
            # A count lost in a crash costs nothing; waiting for the disk on every request would.
            await conn.execute("set local synchronous_commit = off")
            cursor = await conn.execute(
                "select remaining, reset_after, retry_after from take_rate_limit(%(user_id)s, %(limit)s, %(seconds)s)",
                {"user_id": user_id, "limit": self._limit, "seconds": WINDOW_SECONDS},
            )
            row = await cursor.fetchone()
        assert row is not None
        return self._allowance(row["remaining"], row["reset_after"], row["retry_after"])

    async def peek(self, user_id: UUID) -> Allowance | None:
        """What is left, without counting anything; None when there is no limit."""
        if self._limit == 0:
            return None
        async with self._pool.as_user(user_id, hasty=True) as conn:
            cursor = await conn.execute(
                "select count(*) as used, extract(epoch from min(t) - clock_timestamp())::float8 + %(seconds)s as reset"
                " from chat_rate_limits l, unnest(l.admitted_at) t"
                " where l.user_id = %(user_id)s and t > clock_timestamp() - make_interval(secs => %(seconds)s)",
                {"user_id": user_id, "seconds": WINDOW_SECONDS},
            )
            row = await cursor.fetchone()
        assert row is not None
        return self._allowance(max(0, self._limit - row["used"]), row["reset"] or 0.0, None)

    def _allowance(self, remaining: int, reset_after: float, retry_after: float | None) -> Allowance:
        return Allowance(
            limit=self._limit,
            window=WINDOW_SECONDS,
            remaining=remaining,
            reset_after=reset_after,
            retry_after=retry_after,
        )
