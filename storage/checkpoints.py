"""LangGraph's checkpoints, in a schema and with a role of their own that sees nothing else."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast
from uuid import UUID

import msgspec
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncCursor
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from storage.connections import Connection
from storage.indexes import drop_invalid_indexes
from storage.pool import Pool

MAX_INLINE = 2000
"""Bytes of a value that is kept within its checkpoint; a longer one gets a row of its own."""


class Checkpointer(AsyncPostgresSaver):
    """LangGraph's Postgres checkpointer for threads that are turns: a checkpoint is saved in one statement.

    A thread is saved only while its turn is stored, and is deleted with it.

    Args:
        records: connections that read checkpoints.
        turns: connections that save them.
    """

    def __init__(self, records: Pool, turns: Pool) -> None:
        super().__init__(cast(Any, None))  # `_cursor` is all that uses it
        self._records = records
        self._turns = turns
        self._new: set[str] = set()

    @contextmanager
    def new_thread(self, thread_id: str) -> Generator[None]:
        """A block in which the first read of this thread, which has no checkpoint yet, does not ask the database."""
        self._new.add(thread_id)
        try:
            yield
        finally:
            self._new.discard(thread_id)  # also where it was cancelled before it read

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest checkpoint of a thread."""
        thread_id = config.get("configurable", {})["thread_id"]
        if thread_id in self._new:
            self._new.discard(thread_id)
            return None
        return await super().aget_tuple(config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint; `metadata` of the run must have the turn's `user_id`."""
        given = config.get("configurable", {})
        thread_id, namespace = given["thread_id"], given["checkpoint_ns"]
        # The base class gives all but strings and numbers a row each, a dozen for each turn.
        values = checkpoint["channel_values"]
        inline = {name: value for name, value in values.items() if _fits_inline(value)}
        blobs = {name: value for name, value in values.items() if name not in inline}
        versions = {name: version for name, version in new_versions.items() if name in blobs}
        rows = self._dump_blobs(thread_id, namespace, blobs, versions)
        described = cast(dict[str, Any], get_serializable_checkpoint_metadata(config, metadata))
        await self._turns.call(
            "select save_checkpoint(%(user_id)s, %(turn_id)s, %(ns)s, %(id)s, %(parent)s, %(checkpoint)s, %(metadata)s,"
            " %(channels)s, %(versions)s, %(types)s, %(blobs)b)",
            {
                "user_id": UUID(described["user_id"]),
                "turn_id": UUID(thread_id),
                "ns": namespace,
                "id": checkpoint["id"],
                "parent": given.get("checkpoint_id"),
                "checkpoint": Jsonb({**checkpoint, "channel_values": inline}),
                "metadata": Jsonb(described),
                "channels": [row[2] for row in rows],
                "versions": [row[3] for row in rows],
                "types": [row[4] for row in rows],
                "blobs": [row[5] for row in rows],
            },
        )
        return {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint["id"]}}

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a task wrote after a checkpoint; `metadata` of the run must have the turn's `user_id`."""
        given = config.get("configurable", {})
        thread_id, namespace, checkpoint_id = given["thread_id"], given["checkpoint_ns"], given["checkpoint_id"]
        rows = self._dump_writes(thread_id, namespace, checkpoint_id, task_id, task_path, writes)
        await self._turns.call(
            "select save_writes(%(user_id)s, %(turn_id)s, %(ns)s, %(id)s, %(task_id)s, %(task_path)s, %(replace)s,"
            " %(idx)s, %(channels)s, %(types)s, %(blobs)b)",
            {
                "user_id": UUID(config.get("metadata", {})["user_id"]),
                "turn_id": UUID(thread_id),
                "ns": namespace,
                "id": checkpoint_id,
                "task_id": task_id,
                "task_path": task_path,
                "replace": all(channel in WRITES_IDX_MAP for channel, _ in writes),  # as the base class does
                "idx": [row[5] for row in rows],
                "channels": [row[6] for row in rows],
                "types": [row[7] for row in rows],
                "blobs": [row[8] for row in rows],
            },
        )

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncGenerator[AsyncCursor[DictRow]]:  # noqa: ARG002 - as in the base class
        """A cursor of the base class's statements, in a transaction with the role and in the schema of checkpoints.

        The base class's needs a session that has both.
        """
        async with self._records.as_graph() as conn, conn.cursor(binary=True) as cursor:
            yield cursor


def _fits_inline(value: Any) -> bool:
    """Whether the value is small, and comes back from JSON as it was."""
    try:
        encoded = msgspec.json.encode(value)
        return len(encoded) <= MAX_INLINE and msgspec.json.decode(encoded) == value
    except (TypeError, ValueError):
        return False


async def create_tables(conn: Connection) -> None:
    """Run those of LangGraph's own migrations that are missing, in the schema; goes on where it stopped."""
    await drop_invalid_indexes(conn, "langgraph")  # the library takes a half-made one for made
    await conn.execute("set search_path to langgraph")
    await AsyncPostgresSaver(conn).setup()
    await conn.execute("reset search_path")


def first_checkpoint_id(at: float) -> str:
    """The smallest id of checkpoints created from then on (Unix time in seconds): they are UUIDs, version 6.

    Its digits begin with the time, in tenths of a microsecond since 1582, so that ids as text sort by time.
    """
    ticks = int(at * 10_000_000) + 0x01B21DD213814000
    return f"{ticks >> 28:08x}-{ticks >> 12 & 0xFFFF:04x}-6{ticks & 0xFFF:03x}-0000-000000000000"
