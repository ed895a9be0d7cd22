"""LangGraph's checkpoints, in a schema of their own, acted on as a role that sees nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import cast

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from storage.connections import PATIENCE, Connection, Connections, Use


class Saver(AsyncPostgresSaver):
    """LangGraph's saver, whose pool can be watched."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._connections = connections

    def use(self) -> Use:
        """How its pool stands just now."""
        return self._connections.use()


@asynccontextmanager
async def checkpointer(
    url: str, *, size: int = 5, on_full_disk: Callable[[], None] = lambda: None
) -> AsyncGenerator[Saver]:
    """LangGraph's saver over a pool of its own, for the length of the block."""
    connections = Connections(url, size=size, wait=PATIENCE, configure=_enter_schema, on_full_disk=on_full_disk)
    async with connections:
        saver = Saver(connections)
        # The saver takes one lock around every statement, for the sake of a single connection. With a
        # pool that only queues everyone behind each other; the pool itself is the limit.
        saver.lock = cast(asyncio.Lock, asyncio.Semaphore(size))
        yield saver


async def create_tables(conn: Connection) -> None:
    """Run LangGraph's own migrations in the schema, and add the index that finds old checkpoints; safe to repeat."""
    await conn.execute("set search_path to langgraph")
    await AsyncPostgresSaver(conn).setup()
    # Concurrently, as the library makes its own: turns go on meanwhile. One that broke off leaves an index of no use.
    cursor = await conn.execute(
        "select from pg_index where indexrelid = to_regclass('checkpoints_age') and not indisvalid"
    )
    if cursor.rowcount:
        await conn.execute("drop index concurrently checkpoints_age")
    await conn.execute(
        'create index concurrently if not exists checkpoints_age on checkpoints (checkpoint_id collate "C")'
    )
    await conn.execute("reset search_path")


def first_id(moment: float) -> str:
    """The smallest id that a checkpoint of this moment (Unix time in seconds) can have: they are UUIDs, version 6.

    Its digits begin with the time, in tenths of a microsecond since 1582, so that texts compare as times do.
    """
    ticks = int(moment * 10_000_000) + 0x01B21DD213814000
    return f"{ticks >> 28:08x}-{ticks >> 12 & 0xFFFF:04x}-6{ticks & 0xFFF:03x}-0000-000000000000"


async def _enter_schema(conn: Connection) -> None:
    conn.prepare_threshold = 0
    await conn.execute("set search_path to langgraph")
    await conn.execute("set role frontdesk_graph")
    await conn.execute("select set_config('statement_timeout', %(limit)s, false)", {"limit": f"{PATIENCE:.0f}s"})
