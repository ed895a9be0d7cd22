"""Users: a row from the first thing stored about them until they erase their account."""

from typing import TypedDict
from uuid import UUID

from storage.connections import Connection
from storage.pool import Pool


async def ensure_user(conn: Connection, user_id: UUID) -> None:
    """Insert the user's row, if there is none; every other row of theirs refers to it."""
    await conn.execute(
        "insert into chat_users (user_id) values (%(user_id)s) on conflict do nothing", {"user_id": user_id}
    )


class UserSettings(TypedDict):
    """What a user chose for all conversations."""

    memory: bool
    """Whether facts are recalled and learned."""


class Users:
    """Accounts of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def settings(self, user_id: UUID) -> UserSettings:
        """The user's settings; the defaults where nothing is stored of the user."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select memory from chat_users where user_id = %(user_id)s", {"user_id": user_id}
            )
            row = await cursor.fetchone()
        return UserSettings(memory=row["memory"] if row else True)

    async def switch_memory(self, user_id: UUID, *, on: bool) -> None:
        """Switch memory on or off, from the user's next message on."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute(
                "insert into chat_users (user_id, memory) values (%(user_id)s, %(on)s)"
                " on conflict (user_id) do update set memory = excluded.memory",
                {"user_id": user_id, "on": on},
            )

    async def erase(self, user_id: UUID) -> None:
        """Delete everything stored about the user; metrics stay, without the user id."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute("delete from chat_users where user_id = %(user_id)s", {"user_id": user_id})
