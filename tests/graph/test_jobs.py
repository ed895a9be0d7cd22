"""What is done now and then, once in the whole installation."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from graph.jobs import jobs, work
from storage.pruning import Pruned
from tests.support.database import rows


class Adoption:
    """Notes that somebody looked, and how many did at the same time."""

    def __init__(self) -> None:
        self.looked = 0
        self.enough = asyncio.Event()

    async def adopt(self) -> int:
        """Look."""
        self.looked += 1
        if self.looked >= 2:
            self.enough.set()
        return 0


class Broken(Adoption):
    """Looks, and fails."""

    async def adopt(self) -> int:
        """Look and fail."""
        await super().adopt()
        raise RuntimeError


class Pruning:
    """Has nothing to do."""

    async def prune(self) -> Pruned:
        """Nothing is old."""
        return Pruned(events=0, limits=0, keys=0, places=0, threads=0)


@asynccontextmanager
async def working(url: str, *adoptions: Adoption) -> AsyncGenerator[None]:
    """A worker for each of them, on the same database."""
    async with AsyncExitStack() as stack:
        for adoption in adoptions:
            task = asyncio.create_task(work(jobs(url, adoption, Pruning()), lambda: None))
            stack.push_async_callback(_ended, task)
        yield


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_job_comes_again_and_again_and_leaves_nothing_behind(database_url: str) -> None:
    """Every few seconds, on one of the workers at a time; done jobs are not kept."""
    adoption = Adoption()
    async with asyncio.timeout(30), working(database_url, adoption, adoption):
        await adoption.enough.wait()
    times = await rows(
        database_url, "select count(*) from procrastinate.procrastinate_jobs where status in ('succeeded', 'failed')"
    )
    assert times == [(0,)]


async def test_a_job_that_fails_is_tried_again_at_its_next_time(database_url: str) -> None:
    """The worker goes on."""
    adoption = Broken()
    async with asyncio.timeout(30), working(database_url, adoption):
        await adoption.enough.wait()
    assert adoption.looked >= 2
