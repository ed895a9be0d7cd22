"""A server without a database, at its beginning and at its end."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from api.server.ending import EXIT_DEADLINE
from storage.local.ports import free_port
from tests.support.app import live, read_events, ready
from tests.support.fork_server import ForkServer
from tests.support.model_server import ModelServer
from tests.support.postgres import Postgres
from tests.support.process import Start, announcement, starting
from tests.support.prometheus import counted, scraped


@pytest.fixture
async def start(postgres: Postgres, model: ModelServer, learned: Path, forks: ForkServer) -> AsyncIterator[Start]:
    """Starts servers on the database that can be stopped."""
    async with starting(postgres.url(), model.url, learned, forks) as begin:
        yield begin


async def test_a_server_starts_without_a_database_and_works_once_there_is_one(
    postgres: Postgres, start: Start, ada: UUID
) -> None:
    """Nobody has to start it again, what it says of itself meanwhile is no guess, and its last line waits."""
    await postgres.stop()
    process = await start("serve", "--port", str(free_port()), announced=False)
    announced = asyncio.create_task(announcement(process.process))
    async with process.client(ada) as client:
        await live(client)
        response = await client.post("/chat", json={"message": "Hello"})
        assert (response.status_code, response.json()["code"]) == (503, "storage_unavailable")
        found = await scraped(process, ada)
        assert math.isnan(found["frontdesk_waiting_jobs",])
        assert counted(found, "frontdesk_turns_total") == {}  # it was no turn
        assert not announced.done()
        await postgres.start()
        assert " answers" in await announced
        assert process.log.read_text().count("No PostgreSQL answers at DATABASE_URL") == 1
        await ready(client)
        async with client.stream("POST", "/chat", json={"message": "Hello"}) as answer:
            assert answer.status_code == 200
            assert [event.name async for event in read_events(answer)][-1] == "done"


@pytest.mark.parametrize(("how", "codes"), [("stopped", {0}), ("standing still", {0, 1})])
async def test_a_server_ends_also_without_a_database(
    postgres: Postgres, start: Start, how: str, codes: set[int]
) -> None:
    """In seconds; what waits for a database that stands still, and cannot be ended in good order, is cut off."""
    process = await start()
    if how == "stopped":
        await postgres.stop()
    else:
        postgres.pause()
    async with process.client(UUID(int=0)) as client:
        while (await client.get("/health/ready")).status_code == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    async with asyncio.timeout(3 * EXIT_DEADLINE):
        assert await process.end() in codes
