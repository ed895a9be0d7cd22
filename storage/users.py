"""Users: known from the first thing kept of them, until they erase their account."""

from uuid import UUID

from storage.pool import Connection, Pool


async def meet(conn: Connection, user_id: UUID) -> None:
    """Make the user known, before the first row of theirs is written."""
    await conn.execute(
        "insert into chat_users (user_id) values (%(user_id)s) on conflict do nothing", {"user_id": user_id}
    )


class Users:
    """All users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def erase(self, user_id: UUID) -> None:
        """Take away everything that is kept of the user; their numbers stay, without them."""
        async with self._pool.as_user(user_id) as conn:
            await conn.execute("delete from chat_users where user_id = %(user_id)s", {"user_id": user_id})
