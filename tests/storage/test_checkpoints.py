"""LangGraph's checkpoints, with a role that sees nothing else."""

import asyncio
import time
from collections.abc import AsyncGenerator

import psycopg
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection

from storage.checkpoints import first_checkpoint_id, open_checkpointer
from storage.errors import StorageUnavailable
from storage.migrate import migrate
from tests.storage.rows import Owner, rows

WAITING = "select count(distinct pid) from pg_locks where not granted and relation = 'langgraph.checkpoints'::regclass"


@pytest.fixture
async def saver(database_url: str) -> AsyncGenerator[AsyncPostgresSaver]:
    """The checkpointer with at most three connections."""
    async with open_checkpointer(database_url, size=3) as opened:
        yield opened


def thread(name: str) -> RunnableConfig:
    """The config of a thread."""
    return {"configurable": {"thread_id": name, "checkpoint_ns": ""}}


async def save_checkpoint(saver: AsyncPostgresSaver, name: str) -> str:
    """Store a checkpoint; returns its id."""
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {"message": f"the words of {name}"}
    checkpoint["channel_versions"] = {"message": "1"}
    await saver.aput(thread(name), checkpoint, {"step": 0}, {"message": "1"})
    return checkpoint["id"]


async def test_a_checkpoint_is_read_as_it_was_written(saver: AsyncPostgresSaver) -> None:
    """Other threads are not mixed in."""
    checkpoint_id = await save_checkpoint(saver, "ada:1")
    await save_checkpoint(saver, "bob:1")
    found = await saver.aget_tuple(thread("ada:1"))
    assert found is not None
    assert found.checkpoint["id"] == checkpoint_id
    assert found.checkpoint["channel_values"] == {"message": "the words of ada:1"}
    assert await saver.aget_tuple(thread("eve:1")) is None


async def test_a_thread_can_be_deleted(saver: AsyncPostgresSaver, owner: Owner) -> None:
    """All of it, and nothing of another thread."""
    await save_checkpoint(saver, "ada:1")
    await save_checkpoint(saver, "bob:1")
    await saver.adelete_thread("ada:1")
    left = "select thread_id from langgraph.checkpoints union all select thread_id from langgraph.checkpoint_blobs"
    assert set(rows(owner, left)) == {("bob:1",)}


async def test_the_checkpointer_cannot_read_messages(saver: AsyncPostgresSaver) -> None:
    """Its role has rights in its own schema only."""
    async with saver._cursor() as cursor:  # pyright: ignore[reportPrivateUsage]
        await cursor.execute("select current_user::text as role")
        assert await cursor.fetchone() == {"role": "frontdesk_graph"}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await cursor.execute("select * from public.chat_messages")


async def test_concurrent_reads_use_several_connections(saver: AsyncPostgresSaver, database_url: str) -> None:
    """Three reads wait in Postgres for a locked table at the same time."""
    await save_checkpoint(saver, "ada:1")
    async with (
        asyncio.timeout(30),
        await AsyncConnection.connect(database_url) as blocker,
        asyncio.TaskGroup() as group,
    ):
        await blocker.execute("lock table langgraph.checkpoints in access exclusive mode")
        reads = [group.create_task(saver.aget_tuple(thread("ada:1"))) for _ in range(3)]
        while await waiting(blocker) < len(reads):
            pass
        await blocker.rollback()
    assert all(isinstance(read.result(), CheckpointTuple) for read in reads)


async def waiting(conn: AsyncConnection) -> int:
    """How many connections wait for the checkpoints."""
    cursor = await conn.execute(WAITING)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_a_lost_connection_is_unavailable(saver: AsyncPostgresSaver, owner: Owner) -> None:
    """The checkpointer raises an error of storage."""

    async def lose() -> None:
        async with saver._cursor() as cursor:  # pyright: ignore[reportPrivateUsage]
            owner.execute("select pg_terminate_backend(%(pid)s, 10000)", {"pid": cursor.connection.info.backend_pid})
            await cursor.execute("select 1")

    with pytest.raises(StorageUnavailable):
        await lose()


def test_the_first_checkpoint_id_of_a_time_sorts_before_later_ids() -> None:
    """Ids that the library makes lie between those of the times before and after."""
    before = time.time()
    checkpoint_id = empty_checkpoint()["id"]
    assert first_checkpoint_id(before) < checkpoint_id < first_checkpoint_id(time.time() + 0.001)
    assert len(checkpoint_id) == len(first_checkpoint_id(before))


async def test_an_invalid_index_is_created_again(database_url: str, owner: Owner) -> None:
    """An interrupted creation leaves one, which would prevent the next."""
    valid = "select indisvalid from pg_index where indexrelid = 'langgraph.checkpoints_age'::regclass"
    assert rows(owner, valid) == [(True,)]
    owner.execute("update pg_index set indisvalid = false where indexrelid = 'langgraph.checkpoints_age'::regclass")
    await migrate(database_url)
    assert rows(owner, valid) == [(True,)]
