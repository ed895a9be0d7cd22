"""Procrastinate's tables, in a schema of their own, acted on as a role that sees nothing else."""

from typing import LiteralString

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager
from psycopg.rows import DictRow

from storage.pool import PATIENCE, TCP, Pool

Connection = psycopg.AsyncConnection[DictRow]

# As options of the connection and not by SET: the library listens on connections that it opens itself.
OPTIONS: LiteralString = "-c search_path=procrastinate -c role=frontdesk_jobs"


def connector(url: str) -> PsycopgConnector:
    """Connections for jobs."""
    return PsycopgConnector(conninfo=url, kwargs={**TCP, "options": OPTIONS}, min_size=1, max_size=3, timeout=PATIENCE)


class Jobs:
    """The jobs of the whole installation, for who watches them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def waiting(self) -> int:
        """How many nobody does yet.

        Raises:
            StorageUnavailable: nobody can tell.
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
    """Make Procrastinate's tables where they are not there yet."""
    cursor = await conn.execute("select to_regclass('procrastinate.procrastinate_jobs') is not null as there")
    row = await cursor.fetchone()
    if row and row["there"]:
        return
    async with conn.transaction():
        await conn.execute("set local search_path to procrastinate")
        await conn.execute(SchemaManager.get_schema())
