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
    """Run LangGraph's own migrations in the schema; safe to repeat."""
    await conn.execute("set search_path to langgraph")
    await AsyncPostgresSaver(conn).setup()
    await conn.execute("reset search_path")


async def _enter_schema(conn: Connection) -> None:
    conn.prepare_threshold = 0
    await conn.execute("set search_path to langgraph")
    await conn.execute("set role frontdesk_graph")
    await conn.execute("select set_config('statement_timeout', %(limit)s, false)", {"limit": f"{PATIENCE:.0f}s"})
