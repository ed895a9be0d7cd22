"""What is done now and then, once in the whole installation: jobs on Procrastinate.

Any number of workers take them from the same tables; each job runs on one of them. A job that fails is tried at
its next time.
"""

import asyncio
from typing import Protocol

from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from structlog.stdlib import get_logger

from storage.jobs import connector
from storage.pruning import Pruned

log = get_logger(__name__)

EVERY_TEN_MINUTES = "*/10 * * * *"
STALLED_SECONDS = 30
"""Silence after which a worker is taken for dead, and its jobs for undone."""
AGAIN = 2.0
"""Seconds until the next attempt while the database is away."""


class Pruning(Protocol):
    """Takes away what is only kept for a while."""

    async def prune(self) -> Pruned:
        """What is too old."""
        ...


def jobs(url: str, pruning: Pruning, *, every: str = EVERY_TEN_MINUTES) -> App:
    """The jobs, as a worker on the database at `url` does them.

    Args:
        every: when old rows are deleted, as cron has it.
    """
    app = App(connector=connector(url))

    @app.periodic(cron=every)
    @app.task(name="prune", queueing_lock="prune")
    async def prune(timestamp: int) -> None:  # noqa: ARG001 - as the library calls it
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        log.info("pruned", **await pruning.prune())

    return app


async def work(app: App) -> None:
    """Do jobs until cancelled, also over times in which the database is away."""
    while True:
        try:
            async with app.open_async():
                await app.run_worker_async(
                    install_signal_handlers=False,
                    delete_jobs="always",
                    concurrency=2,
                    shutdown_graceful_timeout=1.0,
                    stalled_worker_timeout=STALLED_SECONDS,
                )
        except ConnectorException:
            log.warning("no jobs are done, the database is away")
        await asyncio.sleep(AGAIN)
