"""The service of one process: the pipeline over an open database, ready to run turns."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

from procrastinate import App

from graph.account import Records
from graph.build import build
from graph.container import Local, open_parts
from graph.database import Say, fit, patient_database
from graph.dependencies import Parts
from graph.jobs import job_app, run_worker
from graph.observability.metrics import CountedMetrics, PrometheusMetrics
from graph.observability.tracing import Tracing
from graph.pipeline import Pipeline
from graph.readiness import CHECK_SECONDS, Readiness
from graph.settings import Settings
from graph.supervision import Supervisor, Tick, Work
from graph.turns.event_log import Scribe
from graph.turns.executor import Runner
from graph.turns.leases import Heart
from graph.turns.manager import Sender
from graph.turns.registry import Running
from graph.turns.request import Books
from graph.turns.subscribe import Rejoin
from storage.checkpoints import checkpointer
from storage.errors import StorageUnavailable
from storage.event_log import Journal, News
from storage.health import Pulse
from storage.idempotency import Keys
from storage.jobs import Jobs
from storage.leases import Leases
from storage.pool import Pool
from storage.retention import Pruning
from storage.turn_records import TurnRecords

STOP_WITHIN = 1.5
"""Seconds that running turns get when the process is asked to end."""
RECORDS_CONNECTIONS = 5
EXPORT_CONNECTIONS = 3
LEASES_CONNECTIONS = 2
"""Of their own: a lease that is renewed behind a hundred readers is lost."""


@dataclass(frozen=True)
class Service:
    """What the HTTP layer talks to."""

    runner: Runner
    sender: Sender
    records: Records
    rejoin: Rejoin
    heart: Heart
    parts: Parts
    pulse: Pulse
    news: News
    telemetry: PrometheusMetrics
    jobs: Jobs
    readiness: Readiness
    supervisor: Supervisor
    url: str

    async def drain(self, seconds: float) -> None:
        """Begin no more turns, send away who only reads here, and give running turns so many seconds to finish."""
        self.runner.running.closing = True
        self.news.wake()
        await self.runner.running.drain(seconds)

    async def figures(self) -> bytes:
        """How it stands here, for Prometheus; also where there is no database."""
        waiting = None
        if self.pulse.answers():
            with suppress(StorageUnavailable, TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    waiting = await self.jobs.waiting()
        self.telemetry.set_waiting_jobs(waiting)
        return await self.telemetry.text()


@asynccontextmanager
async def open_service(
    settings: Settings, say: Say, local: Local | None = None, tracing: Tracing | None = None
) -> AsyncGenerator[Service, None]:
    """Open everything for the length of the block; at its end running turns get `STOP_WITHIN`.

    Args:
        local: the embedding model with its router, where it is loaded already.
        tracing: how turns are traced, if they are; it is closed with the block.
    """
    async with AsyncExitStack() as stack:
        if tracing:
            stack.push_async_callback(tracing.close)
        url, seen = await stack.enter_async_context(patient_database(settings, say))
        owner = uuid4()
        telemetry = PrometheusMetrics(settings.multiproc_dir)
        pulse = Pulse(url, partial(fit, settings, url, say), fit=seen)
        open_pool = partial(Pool.open, url, haste=settings.accept_timeout, on_full_disk=pulse.found_full_disk)
        turns = await stack.enter_async_context(open_pool())
        running = Running()
        news = News(url, running.stop, owner)
        parts = await stack.enter_async_context(open_parts(settings, url, say, local, owner, turns, news, tracing))
        parts = replace(parts, metrics=CountedMetrics(parts.metrics, telemetry))
        saver = await stack.enter_async_context(checkpointer(url, on_full_disk=pulse.found_full_disk))
        pool = await stack.enter_async_context(open_pool(size=RECORDS_CONNECTIONS))
        journal, keys, turn_records = Journal(pool), Keys(pool, owner), TurnRecords(pool)
        leases = Leases(await stack.enter_async_context(open_pool(size=LEASES_CONNECTIONS)), owner)
        scribe = Scribe(journal)
        books = Books(keys, turn_records, journal, scribe.take, scribe.written)
        runner = Runner(Pipeline(build(parts, tracing), saver), parts, books, running, tracing)
        rejoin = Rejoin(running, journal, turn_records, parts.turns, news)
        exports = await stack.enter_async_context(Pool.open(url, size=EXPORT_CONNECTIONS))
        embed = partial(parts.embed, whole=True)
        records = Records(pool, exports, running, embed, parts.embedding_model, parts.limits)
        pools = {
            "turns": turns.use,
            "records": pool.use,
            "exports": exports.use,
            "checkpoints": saver.use,
            "recall": parts.recall.use,
        }
        telemetry.watch(running, scribe, pools, (parts.model, parts.second))
        heart = Heart(runner, leases)
        pruning = Pruning(
            pool, settings.keep_hours, audit_days=settings.keep_audit_days, metrics_days=settings.keep_metrics_days
        )
        app = job_app(url, pruning.prune)
        async with _at_work(telemetry, pulse, news, scribe, heart, app, counted=bool(settings.multiproc_dir)) as tasks:
            readiness = Readiness(running, pulse, tasks, parts.model.reachable)
            try:
                sender = Sender(runner, keys, rejoin)
                yield Service(
                    runner, sender, records, rejoin, heart, parts, pulse, news, telemetry, Jobs(pool), readiness,
                    tasks, url,
                )  # fmt: skip
            finally:
                left = await running.close(STOP_WITHIN)
        await scribe.close(STOP_WITHIN)
        with suppress(StorageUnavailable):
            await leases.release(left)


@asynccontextmanager
async def _at_work(
    telemetry: PrometheusMetrics, pulse: Pulse, news: News, scribe: Scribe, heart: Heart, app: App, *, counted: bool
) -> AsyncGenerator[Supervisor]:
    """The background tasks, for the length of the block. Each is given several times what a round of it takes."""

    # And not again and again meanwhile: without a database they wait, and go on as soon as there is one.
    def with_database(work: Work) -> Work:
        async def run(tick: Tick) -> None:
            await pulse.fit()
            await work(tick)

        return run

    async with Supervisor.open(telemetry.count_restart, STOP_WITHIN) as supervisor:
        telemetry.watch_tasks(supervisor.tasks)
        supervisor.start("health_probe", pulse.run, patience=10)
        supervisor.start("notifications", with_database(news.listen), patience=20)
        supervisor.start("journal_writer", with_database(scribe.run), patience=15)
        supervisor.start("lease_renewal", with_database(heart.run), patience=10)
        supervisor.start("adoption", with_database(heart.run_adoption), patience=10)
        supervisor.start("jobs_worker", with_database(partial(run_worker, app)), patience=60)
        if counted:
            supervisor.start("figures_writer", telemetry.run, patience=10)
        yield supervisor
