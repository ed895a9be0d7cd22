"""What is done now and then, once in the whole installation."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from graph.jobs import jobs, work
from storage.retention import Pruned
from tests.support.database import rows

EVERY_TWO_SECONDS = "* * * * * */2"


class Pruning:
    """Notes that it was asked to prune, and when that was twice."""

    def __init__(self) -> None:
        self.asked = 0
        self.enough = asyncio.Event()

    async def prune(self) -> Pruned:
        """Nothing is old."""
        self.asked += 1
        if self.asked >= 2:
            self.enough.set()
        return Pruned(events=0, rate_limits=0, idempotency_keys=0, queue=0, audit=0, metrics=0, threads=0)


class Broken(Pruning):
    """Is asked, and fails."""

    async def prune(self) -> Pruned:
        """Note it and fail."""
        await super().prune()
        raise RuntimeError


@asynccontextmanager
async def working(url: str, *prunings: Pruning) -> AsyncGenerator[None]:
    """A worker for each of them, on the same database."""
    async with AsyncExitStack() as stack:
        for pruning in prunings:
            task = asyncio.create_task(work(jobs(url, pruning, every=EVERY_TWO_SECONDS), lambda: None))
            stack.push_async_callback(_ended, task)
        yield


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_job_comes_again_and_again_and_leaves_nothing_behind(database_url: str) -> None:
    """At its times, on one of the workers; done jobs are not kept."""
    pruning = Pruning()
    async with asyncio.timeout(60), working(database_url, pruning, pruning):
        await pruning.enough.wait()
    times = await rows(
        database_url, "select count(*) from procrastinate.procrastinate_jobs where status in ('succeeded', 'failed')"
    )
    assert times == [(0,)]


async def test_a_job_that_fails_is_tried_again_at_its_next_time(database_url: str) -> None:
    """The worker goes on."""
    pruning = Broken()
    async with asyncio.timeout(60), working(database_url, pruning):
        await pruning.enough.wait()
    assert pruning.asked >= 2
