"""What is done now and then, once in the whole installation: jobs on Procrastinate.

Any number of workers take them from the same tables; each job runs on one of them. A job that fails is tried at
its next time.
"""

from collections.abc import Iterable
from typing import Protocol

from procrastinate import App
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from structlog.stdlib import get_logger

from graph.supervision import Tick
from storage.jobs import connector
from storage.retention import Pruned

log = get_logger(__name__)

EVERY_TEN_MINUTES = "*/10 * * * *"
STALLED_SECONDS = 30
"""Silence after which a worker is taken for dead, and its jobs for undone."""


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


async def work(app: App, tick: Tick) -> None:
    """Do jobs until cancelled, or until the worker ends because the database is away."""
    async with app.open_async():
        app.job_manager = Watched(app.connector, tick)
        await app.run_worker_async(
            install_signal_handlers=False,
            delete_jobs="always",
            concurrency=2,
            shutdown_graceful_timeout=1.0,
            stalled_worker_timeout=STALLED_SECONDS,
        )


class Watched(JobManager):
    """Procrastinate's jobs, which say each time that the worker has looked for one."""

    def __init__(self, connector: BaseConnector, tick: Tick) -> None:
        super().__init__(connector)
        self._tick = tick

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job for the worker, if there is one."""
        job = await super().fetch_job(queues, worker_id)
        self._tick()
        return job
