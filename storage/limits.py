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
        async with self._pool.as_user(user_id) as conn:
            # A count lost in a crash costs nothing; waiting for the disk on every request would.
            await conn.execute("set local synchronous_commit = off")
            cursor = await conn.execute(
                "select remaining, reset_after, retry_after from take_rate_limit(%(user_id)s, %(limit)s, %(seconds)s)",
                {"user_id": user_id, "limit": self._limit, "seconds": WINDOW_SECONDS},
            )
            row = await cursor.fetchone()
        assert row is not None
        return Allowance(
            limit=self._limit,
            window=WINDOW_SECONDS,
            remaining=row["remaining"],
            reset_after=row["reset_after"],
            retry_after=row["retry_after"],
        )
