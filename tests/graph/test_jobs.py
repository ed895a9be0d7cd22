"""Periodic jobs: run on one of the workers, again and again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from graph import jobs
from graph.jobs import job_app, run_worker
from storage.pool import Pool
from storage.retention import Pruned
from tests.support.database import rows

EVERY_SECOND = "* * * * * *"


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that looks for a job as often as there is one."""
    monkeypatch.setattr(jobs, "POLL_SECONDS", 0.1)


class Prunes:
    """Counts calls, and has an event for the second one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count = 0
        self.twice = asyncio.Event()
        self._error = error

    async def prune(self) -> Pruned:
        """Find nothing old, or fail."""
        self.count += 1
        if self.count >= 2:
            self.twice.set()
        if self._error:
            raise self._error
        return Pruned(
            events=0,
            rate_limits=0,
            idempotency_keys=0,
            queue=0,
            audit=0,
            admin_audit=0,
            metrics=0,
            threads=0,
            temporary=0,
            conversations=0,
        )


@asynccontextmanager
async def workers(pool: Pool, prunes: Prunes, count: int) -> AsyncGenerator[None]:
    """So many workers on the same database."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            app = job_app(prunes.prune, prune_at=EVERY_SECOND)
            task = asyncio.create_task(run_worker(app, pool, lambda: None))
            stack.push_async_callback(_cancelled, task)
        yield


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_job_runs_again_and_again_and_leaves_no_row(database_url: str, pool: Pool) -> None:
    """On one of two workers; a finished job is deleted."""
    prunes = Prunes()
    async with asyncio.timeout(60), workers(pool, prunes, 2):
        await prunes.twice.wait()
    finished = await rows(
        database_url, "select count(*) from procrastinate.procrastinate_jobs where status in ('succeeded', 'failed')"
    )
    assert finished == [(0,)]


async def test_a_job_that_fails_runs_again_at_its_next_time(pool: Pool) -> None:
    """The worker goes on."""
    prunes = Prunes(RuntimeError())
    async with asyncio.timeout(60), workers(pool, prunes, 1):
        await prunes.twice.wait()
