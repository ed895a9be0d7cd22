"""The job queue: Procrastinate's tables, in a schema and with a role of their own that sees nothing else."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, cast

from procrastinate.schema import SchemaManager
from psycopg_pool import AsyncConnectionPool

from storage.connections import Connection
from storage.pool import Pool

UNRECORDED = "03.04.00_50_post_add_retry_failed_job_procedure"
"""The last migration in the tables of releases that did not record them."""


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


async def create_tables(conn: Connection, *, say: Callable[[str], None]) -> None:
    """Create Procrastinate's tables, or apply those of its migrations that are missing: each once, in its own order.

    Args:
        say: is told of each migration.
    """
    shipped = await asyncio.to_thread(library_migrations)
    cursor = await conn.execute("select to_regclass('procrastinate.procrastinate_jobs') is not null as present")
    row = await cursor.fetchone()
    if not (row and row["present"]):
        async with conn.transaction():
            await conn.execute("set local search_path to procrastinate")
            await conn.execute(SchemaManager.get_schema())
            await _record(conn, list(shipped))
        return
    applied = {row["name"] async for row in await conn.execute("select name from public.frontdesk_job_migrations")}
    if not applied:
        applied = {name for name in shipped if name <= UNRECORDED}
        await _record(conn, list(applied))
    for name in [name for name in shipped if name not in applied]:
        say(f"migration of the job queue {name}")
        async with conn.transaction():
            await conn.execute("set local search_path to procrastinate")
            await conn.execute(shipped[name].encode())  # as bytes: a file of the library's and no literal
            await _record(conn, [name])


def library_migrations() -> dict[str, str]:
    """The migrations that Procrastinate ships, by name, in its order: the SQL of each."""
    return {path.stem: path.read_text() for path in sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))}


async def _record(conn: Connection, names: list[str]) -> None:
    await conn.execute(
        "insert into public.frontdesk_job_migrations (name) select unnest(%(names)s::text[])", {"names": names}
    )
