"""API keys: what programs show instead of a person's token. Only hashes of them are kept."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, TypedDict, cast
from uuid import UUID

from storage.pool import Pool
from storage.users import ensure_user

KeyScope = Literal["chat", "read"]
"""What a key is good for: sending messages and following, stopping and deleting what was sent; or reading."""
MAX_KEYS = 50
"""Keys of a user."""
QUIET_SECONDS = 60.0
"""Seconds in which a key that is used again is not written down as used again."""


class TooManyKeys(Exception):
    """The user has as many keys as they may."""


class ApiKey(TypedDict):
    """A key, without what is secret of it."""

    key_id: UUID
    name: str
    hint: str
    """How it begins."""
    scopes: list[KeyScope]
    created_at: datetime
    expires_at: datetime | None
    """None: it does not expire."""
    last_used_at: datetime | None
    """To the minute; None before its first use."""


class KeyOwner(TypedDict):
    """Whose a key is, and what it may do."""

    user_id: UUID
    scopes: list[KeyScope]


class ApiKeys:
    """The keys of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(
        self,
        user_id: UUID,
        key_hash: bytes,
        *,
        hint: str,
        name: str,
        scopes: Collection[KeyScope],
        seconds: float | None,
    ) -> ApiKey:
        """Add a key, which expires after so many seconds, or never.

        Raises:
            TooManyKeys: the user has as many as they may.
        """
        values = {
            "user_id": user_id, "hash": key_hash, "hint": hint, "name": name, "scopes": sorted(scopes),
            "seconds": seconds, "max": MAX_KEYS,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            await ensure_user(conn, user_id)
            cursor = await conn.execute(
                "insert into chat_api_keys (user_id, key_hash, hint, name, scopes, expires_at)"
                " select %(user_id)s, %(hash)s, %(hint)s, %(name)s, %(scopes)s,"
                "  now() + make_interval(secs => %(seconds)s)"
                " where (select count(*) from chat_api_keys where user_id = %(user_id)s) < %(max)s"
                " returning key_id, name, hint, scopes, created_at, expires_at, last_used_at",
                values,
            )
            row = await cursor.fetchone()
        if row is None:
            raise TooManyKeys
        return cast(ApiKey, row)

    async def list(self, user_id: UUID) -> list[ApiKey]:
        """The user's keys, the newest first, expired ones included."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select key_id, name, hint, scopes, created_at, expires_at, last_used_at from chat_api_keys"
                " where user_id = %(user_id)s order by created_at desc, key_id",
                {"user_id": user_id},
            )
            return cast("list[ApiKey]", await cursor.fetchall())

    async def revoke(self, user_id: UUID, key_id: UUID) -> bool:
        """Delete a key; returns whether it existed."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "delete from chat_api_keys where user_id = %(user_id)s and key_id = %(key_id)s",
                {"user_id": user_id, "key_id": key_id},
            )
            return cursor.rowcount == 1

    async def use(self, key_hash: bytes) -> KeyOwner | None:
        """Whose key has this hash; None where none has, or it has expired."""
        rows = await self._pool.call(
            "select * from use_api_key(%(hash)s, %(quiet)s)", {"hash": key_hash, "quiet": QUIET_SECONDS}, accepting=True
        )
        return cast(KeyOwner, rows[0]) if rows else None
