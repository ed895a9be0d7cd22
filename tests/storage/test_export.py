"""Exports of everything stored about a user."""

from contextlib import aclosing
from uuid import UUID

import psycopg
import pytest

from storage.account_export.exporter import AccountExporter
from storage.errors import StorageUnavailable, TooManyExports
from storage.pool import Pool
from tests.storage.rows import answered, save_answered


async def test_a_batch_that_takes_too_long_is_cancelled(pool: Pool, database_url: str, ada: UUID) -> None:
    """Here because its table is locked. A later export is complete."""
    await save_answered(pool, ada, answered())
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        await conn.execute("lock table chat_messages in access exclusive mode")
        with pytest.raises(StorageUnavailable):
            await read(AccountExporter(pool, batch_seconds=0.1), ada)
    assert len(await read(AccountExporter(pool), ada)) == 6


async def test_exports_beyond_the_most_at_once_are_refused(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Each user's own, so that readers who pause do not take every connection; until one ends."""
    exporter = AccountExporter(pool, wait_seconds=0.1)
    async with aclosing(exporter.lines(ada)) as paused:
        await anext(paused)
        with pytest.raises(TooManyExports):
            await read(exporter, bob)
    assert len(await read(exporter, bob)) == 2


async def read(exporter: AccountExporter, user: UUID) -> list[str]:
    """All lines of the user's export."""
    async with aclosing(exporter.lines(user)) as lines:
        return [line async for line in lines]
