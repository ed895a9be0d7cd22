"""LangGraph's checkpoints, in a schema of their own, acted on as a role that sees nothing else."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import psycopg
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from storage.errors import StorageUnavailable

Connection = psycopg.AsyncConnection[DictRow]


class Saver(AsyncPostgresSaver):
    """LangGraph's saver, which says in our words that the server cannot be reached."""

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncGenerator[psycopg.AsyncCursor[DictRow]]:
        try:
            async with super()._cursor(pipeline=pipeline) as cursor:
                yield cursor
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise StorageUnavailable from error


@asynccontextmanager
async def checkpointer(url: str, *, size: int = 5) -> AsyncGenerator[Saver]:
    """LangGraph's saver over a pool of its own, for the length of the block."""
    connections: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        timeout=5,
        open=False,
        connection_class=Connection,
        configure=_enter_schema,
        check=AsyncConnectionPool.check_connection,  # pyright: ignore[reportArgumentType] - see storage.pool
        kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
    )
    async with connections:
        saver = Saver(connections)
        # The saver takes one lock around every statement, for the sake of a single connection. With a
        # pool that only queues everyone behind each other; the pool itself is the limit.
        saver.lock = cast(asyncio.Lock, asyncio.Semaphore(size))
        yield saver


async def create_tables(conn: Connection) -> None:
    """Run LangGraph's own migrations in the schema; safe to repeat."""
    await conn.execute("set search_path to langgraph")
    await AsyncPostgresSaver(conn).setup()
    await conn.execute("reset search_path")


async def _enter_schema(conn: Connection) -> None:
    await conn.execute("set search_path to langgraph")
    await conn.execute("set role frontdesk_graph")
