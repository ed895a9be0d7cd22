"""Idempotency keys: which turn a client's key names."""

from typing import TypedDict
from uuid import UUID

from storage.pool import Pool
from storage.users import meet

KEPT_HOURS = 24
"""How long a key means the same turn."""
UNBEGUN_SECONDS = 15
"""A key whose turn is not written down after so long belongs to a process that died, and can be claimed anew."""


class Claim(TypedDict):
    """A key, and what it stands for."""

    turn_id: UUID
    body_hash: str
    mine: bool
    """Whether this very request has claimed it, and is to run the turn."""


class Keys:
    """The keys of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, user_id: UUID, key: str, body_hash: str, turn_id: UUID) -> Claim:
        """Take the key for a new turn, unless it names one already; of many at once, one takes it."""
        values = {
            "user_id": user_id,
            "key": key,
            "body_hash": body_hash,
            "turn_id": turn_id,
            "hours": KEPT_HOURS,
            "unbegun": UNBEGUN_SECONDS,
        }
        async with self._pool.as_user(user_id, hasty=True) as conn:
            await meet(conn, user_id)
            cursor = await conn.execute(
                "insert into chat_idempotency as k (user_id, key, body_hash, turn_id)"
                " values (%(user_id)s, %(key)s, %(body_hash)s, %(turn_id)s)"
                " on conflict (user_id, key) do update"
                " set body_hash = excluded.body_hash, turn_id = excluded.turn_id, created_at = now()"
                " where k.created_at < now() - make_interval(hours => %(hours)s)"
                " or (k.created_at < now() - make_interval(secs => %(unbegun)s)"
                "     and not exists (select from chat_turns t where t.user_id = k.user_id and t.turn_id = k.turn_id))"
                " returning turn_id",
                values,
            )
            if cursor.rowcount == 1:
                return Claim(turn_id=turn_id, body_hash=body_hash, mine=True)
            cursor = await conn.execute(
                "select turn_id, body_hash from chat_idempotency where user_id = %(user_id)s and key = %(key)s", values
            )
            row = await cursor.fetchone()
        if row is None:  # given up between the two statements
            return await self.claim(user_id, key, body_hash, turn_id)
        return Claim(turn_id=row["turn_id"], body_hash=row["body_hash"], mine=False)

    async def give_up(self, user_id: UUID, turn_id: UUID) -> None:
        """Let whoever sends again begin anew: this turn was refused, and nothing is kept of it."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "delete from chat_idempotency where user_id = %(user_id)s and turn_id = %(turn_id)s",
                {"user_id": user_id, "turn_id": turn_id},
            )
