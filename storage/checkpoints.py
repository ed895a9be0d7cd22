"""LangGraph's checkpoints, in a schema and with a role of their own that sees nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import cast

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from storage.connections import DEFAULT_TIMEOUT, Connection, ConnectionPool, PoolUsage, milliseconds


class Checkpointer(AsyncPostgresSaver):
    """LangGraph's Postgres checkpointer that reports the usage of its pool."""

    def __init__(self, pool: ConnectionPool) -> None:
        super().__init__(pool)
        self._pool = pool

    def usage(self) -> PoolUsage:
        """Current usage of its pool."""
        return self._pool.usage()


@asynccontextmanager
async def open_checkpointer(
    url: str, *, size: int = 5, on_full_disk: Callable[[], None] = lambda: None
) -> AsyncGenerator[Checkpointer]:
    """LangGraph's checkpointer over a pool of its own, for the length of the block."""
    pool = ConnectionPool(
        url, size=size, timeout=DEFAULT_TIMEOUT, configure=_set_schema_and_role, on_full_disk=on_full_disk
    )
    async with pool:
        saver = Checkpointer(pool)
        # The library locks around every statement, for the sake of a single connection. The pool needs no such lock.
        saver.lock = cast(asyncio.Lock, asyncio.Semaphore(size))
        yield saver


async def create_tables(conn: Connection) -> None:
    """Run LangGraph's own migrations in the schema, and add the index that finds old checkpoints; idempotent."""
    await conn.execute("set search_path to langgraph")
    await AsyncPostgresSaver(conn).setup()
    # Concurrently, as the library creates its own: turns go on meanwhile. An interrupted one leaves an invalid index.
    cursor = await conn.execute(
        "select from pg_index where indexrelid = to_regclass('checkpoints_age') and not indisvalid"
    )
    if cursor.rowcount:
        await conn.execute("drop index concurrently checkpoints_age")
    await conn.execute(
        'create index concurrently if not exists checkpoints_age on checkpoints (checkpoint_id collate "C")'
    )
    await conn.execute("reset search_path")


def first_checkpoint_id(at: float) -> str:
    """The smallest id of checkpoints created from then on (Unix time in seconds): they are UUIDs, version 6.

    Its digits begin with the time, in tenths of a microsecond since 1582, so that ids as text sort by time.
    """
    ticks = int(at * 10_000_000) + 0x01B21DD213814000
    return f"{ticks >> 28:08x}-{ticks >> 12 & 0xFFFF:04x}-6{ticks & 0xFFF:03x}-0000-000000000000"


async def _set_schema_and_role(conn: Connection) -> None:
    conn.prepare_threshold = 0
    await conn.execute("set search_path to langgraph")
    await conn.execute("set role frontdesk_graph")
    await conn.execute(
        "select set_config('statement_timeout', %(limit)s, false)", {"limit": milliseconds(DEFAULT_TIMEOUT)}
    )
