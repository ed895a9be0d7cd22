"""The job queue: Procrastinate's tables, in a schema and with a role of their own that sees nothing else."""

from contextlib import AbstractAsyncContextManager
from typing import Any, cast

from procrastinate.schema import SchemaManager
from psycopg_pool import AsyncConnectionPool

from storage.connections import Connection
from storage.pool import Pool


class _JobConnections:
    """What Procrastinate asks of a pool: a connection for each statement, here in a transaction of its own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        return self._pool.as_jobs()


def job_connections(pool: Pool) -> AsyncConnectionPool[Any]:
    """The pool as Procrastinate's connector takes it when the app is opened."""
    return cast(AsyncConnectionPool[Any], _JobConnections(pool))


class Jobs:
    """Jobs of the whole installation."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def count_waiting(self) -> int:
        """How many are due and not started.

        Raises:
            StorageUnavailable: the database cannot be reached.
        """
        async with self._pool.as_jobs() as conn:
            cursor = await conn.execute(
                "select count(*) from procrastinate.procrastinate_jobs"
                " where status = 'todo' and (scheduled_at is null or scheduled_at <= now())"
            )
            row = await cursor.fetchone()
        assert row
        return int(row["count"])


async def create_tables(conn: Connection) -> None:
    """Create Procrastinate's tables; idempotent."""
    cursor = await conn.execute("select to_regclass('procrastinate.procrastinate_jobs') is not null as present")
    row = await cursor.fetchone()
    if row and row["present"]:
        return
    async with conn.transaction():
        await conn.execute("set local search_path to procrastinate")
        await conn.execute(SchemaManager.get_schema())
