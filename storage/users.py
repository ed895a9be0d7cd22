"""Users: a row from the first thing stored about them until they erase their account."""

from uuid import UUID

from storage.connections import Connection
from storage.pool import Pool


async def ensure_user(conn: Connection, user_id: UUID) -> None:
    """Insert the user's row, if there is none; every other row of theirs refers to it."""
    await conn.execute(
        "insert into chat_users (user_id) values (%(user_id)s) on conflict do nothing", {"user_id": user_id}
    )


class Users:
    """Accounts of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def erase(self, user_id: UUID) -> None:
        """Delete everything stored about the user; metrics stay, without the user id."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute("delete from chat_users where user_id = %(user_id)s", {"user_id": user_id})
