"""Everything that is kept of a user."""

from contextlib import aclosing
from uuid import UUID

import psycopg
import pytest

from storage.account_export.export import Export
from storage.errors import StorageUnavailable
from storage.pool import Pool
from tests.storage.rows import answered, spoken


async def test_a_batch_that_takes_too_long_is_given_up(pool: Pool, database_url: str, ada: UUID) -> None:
    """Here somebody holds its table. Whoever asks again later gets all of it."""
    await spoken(pool, ada, answered())
    export = Export(pool, seconds=0.1)
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        await conn.execute("lock table chat_messages in access exclusive mode")
        with pytest.raises(StorageUnavailable):
            await read(export, ada)
    assert len(await read(export, ada)) == 6


async def read(export: Export, user: UUID) -> list[str]:
    """All its lines."""
    async with aclosing(export.lines(user)) as lines:
        return [line async for line in lines]
