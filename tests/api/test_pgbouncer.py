"""The application behind PgBouncer in transaction mode, which gives each transaction another session."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from langchain_core.runnables import RunnableConfig

from graph.models.factory import LocalModels
from storage.checkpoints import Checkpointer
from storage.pool import Pool
from tests.support.app import Frontdesk, Serve, read_events, ready, serving
from tests.support.database import disappear, owner
from tests.support.fork_server import ForkServer
from tests.support.listening import in_line, listening, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.pgbouncer import PGBOUNCER, bouncing
from tests.support.process import Process, Start, environment, run

pytestmark = pytest.mark.skipif(
    PGBOUNCER is None and not os.environ.get("CI"),
    reason="pgbouncer is not installed here; where CI is set, it must be",
)

MORE_THAN_PREPARE = 8
"""Times after which psycopg would have prepared a statement, in a session that the next transaction may not get."""


@pytest.fixture
async def pooled_url(database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """The test's database behind PgBouncer."""
    async with bouncing(tmp_path, database_url) as url:
        yield url


@pytest.fixture
async def serve(pooled_url: str, model: ModelServer, local: LocalModels, tmp_path: Path) -> AsyncIterator[Serve]:
    """Starts servers behind PgBouncer."""
    async with serving(pooled_url, model.url, local, tmp_path) as start:
        yield start


@pytest.fixture
async def pooled(serve: Serve, database_url: str) -> Frontdesk:
    """A server behind PgBouncer, but for what needs a session."""
    return await serve(direct_database_url=database_url, rate_limit=0)


@pytest.fixture
async def other(start: Start, pooled_url: str, database_url: str) -> Process:
    """A second one, as a process of its own."""
    return await start(DATABASE_URL=pooled_url, direct_database_url=database_url, rate_limit="0")


async def test_messages_are_answered_and_saved(pooled: Frontdesk, pooled_url: str, ada: UUID) -> None:
    """Many at once; they are exported, and LangGraph reads the states of their threads."""
    answers = await asyncio.gather(*(pooled.chat(ada, "Hello") for _ in range(MORE_THAN_PREPARE)))
    assert [answer.events[-1].name for answer in answers] == ["done"] * MORE_THAN_PREPARE
    async with pooled.client(ada) as client:
        exported = (await client.get("/export")).text
    assert exported.count('"type" : "message"') == 2 * MORE_THAN_PREPARE
    async with Pool.open(pooled_url) as pool:
        saver, turns = Checkpointer(pool, pool), [answer.headers["x-turn-id"] for answer in answers]
        configs: list[RunnableConfig] = [{"configurable": {"thread_id": turn, "checkpoint_ns": ""}} for turn in turns]
        found = await asyncio.gather(*(saver.aget_tuple(config) for config in configs * 2))
    assert all(found)


async def test_a_busy_conversation_is_waited_for_and_followed_from_another_process(
    pooled: Frontdesk, other: Process, model: ModelServer, database_url: str, ada: UUID
) -> None:
    """Notifications come, and the process that answers is known to live."""
    gate = asyncio.Event()
    model.queue(Gate(["First ", "answer."], gate), streaming)
    async with listening(pooled, ada, "Hello", conversation_id="c-1") as here:
        (start, *_) = await until(here, "token")
        async with (
            other.client(ada) as client,
            client.stream("GET", f"/turns/{start.data['turn_id']}/events") as response,
        ):
            there = read_events(response)
            await until(there, "token")
            waiting = asyncio.create_task(_answer(other, ada))
            await in_line(database_url, 1)
            gate.set()
            await until(there, "done")
        assert (await waiting)[-1] == "done"
    await pooled.settled()


async def test_jobs_run(database_url: str, serve: Serve) -> None:
    """One that waits is taken, and every background task is well."""
    await owner(
        database_url,
        "set search_path to procrastinate",
        "insert into procrastinate_jobs (queue_name, task_name, args, status)"
        " values ('default', 'prune', '{\"timestamp\": 0}', 'todo')",
    )
    pooled = await serve(direct_database_url=database_url)
    await disappear(database_url, "select from procrastinate.procrastinate_jobs")
    async with pooled.client(None) as client:
        await ready(client)


@pytest.mark.parametrize(
    ("command", "wrong"),
    [("serve", "DATABASE_URL"), ("migrate", "DATABASE_URL"), ("migrate", "FRONTDESK_DIRECT_DATABASE_URL")],
)
async def test_without_a_direct_url_the_start_says_what_is_missing(
    command: str, wrong: str, pooled_url: str, model: ModelServer, learned: Path, forks: ForkServer
) -> None:
    """Instead of losing notifications and locks; also where that URL leads to the pooler, too."""
    surroundings = {**environment(pooled_url, model.url, learned), wrong: pooled_url}
    done = await run(forks, command, folder=learned, environment=surroundings)
    assert done.returncode == 1
    assert f"Error: {wrong} leads to a pooler in transaction mode" in done.stderr
    assert "set FRONTDESK_DIRECT_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


async def _answer(server: Process, user: UUID) -> list[str]:
    """The names of the events of an answer in the conversation."""
    async with listening(server, user, "And tax?", conversation_id="c-1") as events:
        return [event.name async for event in events]
