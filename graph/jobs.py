"""Periodic jobs on Procrastinate, each run once at a time in the whole installation.

Any number of workers take jobs from the same tables. A job that fails runs again at its next time.
"""

from collections.abc import Awaitable, Callable, Iterable

from procrastinate import App, PsycopgConnector
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from structlog.stdlib import get_logger

from graph.supervision import Tick
from storage.jobs import job_connections
from storage.pool import Pool
from storage.retention import Pruned

log = get_logger(__name__)

EVERY_TEN_MINUTES = "*/10 * * * *"
POLL_SECONDS = 5.0
"""Seconds between two looks for a job, besides notifications."""
STALLED_SECONDS = 30
"""Without a worker's heartbeat, after which its jobs count as failed."""


def job_app(prune: Callable[[], Awaitable[Pruned]], *, prune_at: str = EVERY_TEN_MINUTES) -> App:
    """The jobs; `run_worker` connects them to their queue.

    Args:
        prune: deletes old rows.
        prune_at: when it does so, as a cron expression.
    """
    app = App(connector=PsycopgConnector())

    @app.periodic(cron=prune_at)
    @app.task(name="prune", queueing_lock="prune")
    async def prune_job(timestamp: int) -> None:  # noqa: ARG001 - passed by the library
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        log.info("pruned", **await prune())

    return app


async def run_worker(app: App, pool: Pool, tick: Tick) -> None:
    """Run jobs until cancelled, or until the worker ends because the database is unreachable."""
    async with app.open_async(job_connections(pool)):
        app.job_manager = TickingJobManager(app.connector, tick)
        await app.run_worker_async(
            install_signal_handlers=False,
            delete_jobs="always",
            concurrency=2,
            listen_notify=False,  # all jobs are periodic, so none is in a hurry
            fetch_job_polling_interval=POLL_SECONDS,
            shutdown_graceful_timeout=1.0,
            stalled_worker_timeout=STALLED_SECONDS,
        )


class TickingJobManager(JobManager):
    """Procrastinate's job manager, which ticks whenever the worker looks for a job."""

    def __init__(self, connector: BaseConnector, tick: Tick) -> None:
        super().__init__(connector)
        self._tick = tick

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job, if there is one."""
        job = await super().fetch_job(queues, worker_id)
        self._tick()
        return job
