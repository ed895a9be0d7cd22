"""LangGraph's checkpoints, with a role that sees nothing else, and only of turns that are stored."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, CheckpointTuple, empty_checkpoint
from psycopg import AsyncConnection

from storage.checkpoints import Checkpointer, first_checkpoint_id
from storage.conversations import Conversations
from storage.errors import StorageUnavailable
from storage.migrate import migrate
from storage.pool import Pool
from storage.users import Users
from tests.storage.rows import Owner, accepted, rows, save_accepted
from tests.support.postgres import waits_for_a_lock

WAITING = "select count(distinct pid) from pg_locks where not granted and relation = 'langgraph.checkpoints'::regclass"
THREADS = (
    "select thread_id from langgraph.checkpoints union all select thread_id from langgraph.checkpoint_blobs"
    " union all select thread_id from langgraph.checkpoint_writes"
)


@pytest.fixture
async def saver(database_url: str, pool: Pool) -> AsyncGenerator[Checkpointer]:
    """The checkpointer; it reads over at most three connections."""
    async with Pool.open(database_url, size=3) as records:
        yield Checkpointer(records, pool)


@pytest.fixture
async def turn(pool: Pool, ada: UUID) -> UUID:
    """A turn of Ada's."""
    return await save_accepted(pool, ada, accepted())


def thread(turn_id: UUID, user: UUID) -> RunnableConfig:
    """The config of a turn's run."""
    return {
        "configurable": {"thread_id": str(turn_id), "checkpoint_ns": "", "checkpoint_id": "1"},
        "metadata": {"user_id": str(user)},
    }


def latest(turn_id: UUID) -> RunnableConfig:
    """The config that finds a thread's latest checkpoint."""
    return {"configurable": {"thread_id": str(turn_id), "checkpoint_ns": ""}}


def values_of(turn_id: UUID) -> dict[str, Any]:
    """Values of every kind: of JSON's types and of others, short and long."""
    return {
        "message": f"the words of {turn_id}",
        "attempt": 1,
        "route": {"employee": "tag", "confidence": 0.5, "runner_up": None, "seen": True},
        "notices": ["masked"],
        "prompt": [HumanMessage("How much?", id="1")],
        "history": {"summary": "They spoke of rent. " * 500},
    }


async def save_checkpoint(saver: Checkpointer, turn_id: UUID, user: UUID) -> str:
    """Store a checkpoint; returns its id."""
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = values_of(turn_id)
    versions: ChannelVersions = dict.fromkeys(checkpoint["channel_values"], "1")
    checkpoint["channel_versions"] = versions
    await saver.aput(thread(turn_id, user), checkpoint, {"step": 0}, versions)
    return checkpoint["id"]


async def save_writes(saver: Checkpointer, turn_id: UUID, user: UUID, *values: str, channel: str = "answer") -> None:
    """Store what a task wrote."""
    await saver.aput_writes(thread(turn_id, user), [(channel, value) for value in values or ("words",)], "a task")


async def test_a_checkpoint_is_read_as_it_was_written(saver: Checkpointer, pool: Pool, turn: UUID, ada: UUID) -> None:
    """With simple values and others; threads are not mixed."""
    checkpoint_id = await save_checkpoint(saver, turn, ada)
    await save_checkpoint(saver, await save_accepted(pool, ada, accepted()), ada)
    found = await saver.aget_tuple(latest(turn))
    assert found is not None
    assert found.checkpoint["id"] == checkpoint_id
    assert found.checkpoint["channel_values"] == values_of(turn)
    assert found.metadata == {"step": 0, "user_id": str(ada)}
    assert await saver.aget_tuple(latest(uuid4())) is None


async def test_a_new_thread_is_read_without_the_database(saver: Checkpointer, turn: UUID, ada: UUID) -> None:
    """Once: the next read finds what was saved meanwhile, and so does a read after the block that read nothing."""
    await save_checkpoint(saver, turn, ada)
    with saver.new_thread(str(turn)):
        assert await saver.aget_tuple(latest(turn)) is None
        assert await saver.aget_tuple(latest(turn)) is not None
    with saver.new_thread(str(turn)):
        pass
    assert await saver.aget_tuple(latest(turn)) is not None


@pytest.mark.parametrize(("channel", "kept"), [("answer", "first"), ("__error__", "second")])
async def test_writes_are_stored_as_langgraph_does(
    saver: Checkpointer, owner: Owner, turn: UUID, ada: UUID, channel: str, kept: str
) -> None:
    """What a task wrote stays when the task runs again; its error is replaced."""
    for value in ("first", "second"):
        await save_writes(saver, turn, ada, value, channel=channel)
    ((kind, blob),) = rows(owner, "select type, blob from langgraph.checkpoint_writes")
    assert saver.serde.loads_typed((kind, blob)) == kept


async def test_nothing_is_saved_of_a_turn_that_is_not_stored(
    saver: Checkpointer, owner: Owner, turn: UUID, ada: UUID, bob: UUID
) -> None:
    """One that was refused, or is another user's."""
    for turn_id, user in ((uuid4(), ada), (turn, bob)):
        await save_checkpoint(saver, turn_id, user)
        await save_writes(saver, turn_id, user)
    assert rows(owner, THREADS) == []


Save = Callable[[Checkpointer, UUID, UUID], Awaitable[object]]
Deletion = Callable[[Pool, UUID], Awaitable[object]]
SAVES: dict[str, tuple[Save, str]] = {
    "a checkpoint": (save_checkpoint, "langgraph.checkpoint_blobs"),
    "writes": (save_writes, "langgraph.checkpoint_writes"),
}
"""Each with the table that it locks first."""
DELETIONS: dict[str, Deletion] = {
    "its conversation": lambda pool, user: Conversations(pool).delete(user, "c-1"),
    "its user": lambda pool, user: Users(pool).erase(user),
}


@pytest.mark.parametrize(("save", "table"), SAVES.values(), ids=SAVES.keys())
@pytest.mark.parametrize("delete", DELETIONS.values(), ids=DELETIONS.keys())
async def test_a_deletion_takes_along_what_is_just_being_saved(
    saver: Checkpointer,
    pool: Pool,
    owner: Owner,
    database_url: str,
    turn: UUID,
    ada: UUID,
    save: Save,
    table: str,
    delete: Deletion,
) -> None:
    """It waits until that is saved."""
    async with (
        asyncio.timeout(30),
        await AsyncConnection.connect(database_url) as blocker,
        asyncio.TaskGroup() as group,
    ):
        await blocker.execute(f"lock table {table} in exclusive mode".encode())
        group.create_task(_awaited(save(saver, turn, ada)))
        await waits_for_a_lock(database_url)
        group.create_task(_awaited(delete(pool, ada)))
        await waits_for_a_lock(database_url, count=2)
        await blocker.rollback()
    assert rows(owner, "select from chat_turns") == []
    assert rows(owner, THREADS) == []


@pytest.mark.parametrize("save", [save for save, _ in SAVES.values()], ids=SAVES.keys())
async def test_nothing_is_saved_of_a_turn_that_is_just_being_deleted(
    saver: Checkpointer, owner: Owner, database_url: str, turn: UUID, ada: UUID, save: Save
) -> None:
    """Saving waits until that is decided."""
    async with (
        asyncio.timeout(30),
        await AsyncConnection.connect(database_url) as deleting,
        asyncio.TaskGroup() as group,
    ):
        await deleting.execute("delete from chat_conversations")
        group.create_task(_awaited(save(saver, turn, ada)))
        await waits_for_a_lock(database_url)
        await deleting.commit()
    assert rows(owner, THREADS) == []


async def _awaited(work: Awaitable[object]) -> None:
    await work


async def test_a_thread_can_be_deleted(saver: Checkpointer, pool: Pool, owner: Owner, turn: UUID, ada: UUID) -> None:
    """All of it, and nothing of another thread."""
    other = await save_accepted(pool, ada, accepted())
    for turn_id in (turn, other):
        await save_checkpoint(saver, turn_id, ada)
        await save_writes(saver, turn_id, ada)
    await saver.adelete_thread(str(turn))
    assert rows(owner, THREADS) == [(str(other),)] * 4


async def test_the_checkpointer_cannot_read_messages(saver: Checkpointer) -> None:
    """Its role has rights in its own schema only."""
    async with saver._cursor() as cursor:  # pyright: ignore[reportPrivateUsage]
        await cursor.execute("select current_user::text as role")
        assert await cursor.fetchone() == {"role": "frontdesk_graph"}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await cursor.execute("select * from public.chat_messages")


async def test_concurrent_reads_use_several_connections(
    saver: Checkpointer, database_url: str, turn: UUID, ada: UUID
) -> None:
    """Three reads wait in Postgres for a locked table at the same time."""
    await save_checkpoint(saver, turn, ada)
    async with (
        asyncio.timeout(30),
        await AsyncConnection.connect(database_url) as blocker,
        asyncio.TaskGroup() as group,
    ):
        await blocker.execute("lock table langgraph.checkpoints in access exclusive mode")
        reads = [group.create_task(saver.aget_tuple(latest(turn))) for _ in range(3)]
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


async def test_a_lost_connection_is_unavailable(saver: Checkpointer, owner: Owner) -> None:
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
