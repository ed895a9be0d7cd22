"""The job queue: Procrastinate's tables, in a schema and with a role of their own that sees nothing else."""

from typing import Any, LiteralString

from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager
from psycopg_pool import AsyncConnectionPool

from storage.connections import DEFAULT_TIMEOUT, Connection, connection_parameters
from storage.pool import Pool

OPTIONS: LiteralString = "-c search_path=procrastinate -c role=frontdesk_jobs"


def connector(url: str) -> PsycopgConnector:
    """Procrastinate's connector to the database at `url`."""
    return PsycopgConnector(
        pool_factory=_FailFastPool,
        conninfo=url,
        kwargs={**connection_parameters(url), "options": OPTIONS},
        min_size=1,
        max_size=3,
        timeout=DEFAULT_TIMEOUT,
    )


class _FailFastPool(AsyncConnectionPool[Any]):
    """Pool that gives up opening after the default timeout; psycopg would try for half a minute."""

    async def open(self, wait: bool = False, timeout: float = DEFAULT_TIMEOUT) -> None:  # noqa: ASYNC109 - as in the base class
        """Open the pool."""
        await super().open(wait, timeout)


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
