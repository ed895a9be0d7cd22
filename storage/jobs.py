"""Procrastinate's tables, in a schema of their own, acted on as a role that sees nothing else."""

from typing import LiteralString

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager
from psycopg.rows import DictRow

from storage.pool import PATIENCE

Connection = psycopg.AsyncConnection[DictRow]

# As options of the connection and not by SET: the library listens on connections that it opens itself.
OPTIONS: LiteralString = "-c search_path=procrastinate -c role=frontdesk_jobs"


def connector(url: str) -> PsycopgConnector:
    """Connections for jobs."""
    return PsycopgConnector(conninfo=url, kwargs={"options": OPTIONS}, min_size=1, max_size=3, timeout=PATIENCE)


async def create_tables(conn: Connection) -> None:
    """Make Procrastinate's tables where they are not there yet."""
    cursor = await conn.execute("select to_regclass('procrastinate.procrastinate_jobs') is not null as there")
    row = await cursor.fetchone()
    if row and row["there"]:
        return
    async with conn.transaction():
        await conn.execute("set local search_path to procrastinate")
        await conn.execute(SchemaManager.get_schema())
