"""Changes of what a user's documents brought are made one after the other, by the one that holds the user's row."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import LiteralString
from uuid import UUID

from storage.connections import Connection, milliseconds
from storage.errors import ImportRunning
from storage.pool import Pool

STATEMENT_SECONDS = 120.0
"""For a statement of who holds it, as a document may have 200,000 rows."""
WAIT_SECONDS = 10.0
"""For which somebody who asks to undo or delete an import waits for another one, before they are told."""
LOOK_SECONDS = 0.2


@asynccontextmanager
async def locked_finances(pool: Pool, user_id: UUID, *, wait: float = WAIT_SECONDS) -> AsyncGenerator[Connection]:
    """A transaction of the user in which nobody else adds or takes back rows of their documents.

    It waits for its turn without a connection: to store the rows of a large document takes many seconds, and a few
    clicks of one user must not take all connections meanwhile.

    Args:
        wait: seconds to wait for its turn.

    Raises:
        ImportRunning: it was not its turn in that time.
    """
    until = time.monotonic() + wait
    while True:
        async with pool.as_user(user_id) as conn:
            row = await (await conn.execute(_LOCK, {"user_id": user_id})).fetchone()
            assert row is not None
            if row["is_locked"]:
                await conn.execute(_MORE_TIME, {"timeout": milliseconds(STATEMENT_SECONDS)})
                yield conn
                return
        if time.monotonic() > until:
            raise ImportRunning
        await asyncio.sleep(LOOK_SECONDS)


_LOCK: LiteralString = """
    with mine as materialized (
        select from chat_users where user_id = %(user_id)s for no key update skip locked)
    select exists (select from mine) or not exists (select from chat_users where user_id = %(user_id)s) as is_locked
"""
"""Who has no row has no documents either, and nothing to wait for."""
_MORE_TIME: LiteralString = "select set_config('statement_timeout', %(timeout)s, true)"
