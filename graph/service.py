"""The service of one process: the pipeline over an open database, ready to run turns."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

from graph.books import Books
from graph.build import build
from graph.databases import Say, fit, patient_database
from graph.heart import Heart
from graph.jobs import jobs, work
from graph.opening import Local, open_parts
from graph.parts import Parts
from graph.pipeline import Pipeline
from graph.records import Records
from graph.rejoin import Rejoin
from graph.runner import Runner
from graph.scribe import Scribe
from graph.sending import Sender
from graph.settings import Settings
from graph.telemetry import Counted, Pooled, Telemetry
from graph.tracing import Tracing
from storage.checkpoints import checkpointer
from storage.errors import StorageError, StorageUnavailable
from storage.jobs import Jobs
from storage.journal import Journal, News
from storage.keys import Keys
from storage.leases import Leases
from storage.migrate import pending
from storage.pool import Pool
from storage.pruning import Pruning
from storage.pulse import Pulse
from storage.turn_records import TurnRecords

STOP_WITHIN = 1.5
"""Seconds that running turns get when the process is asked to end."""
RECORDS_CONNECTIONS = 5
EXPORT_CONNECTIONS = 3
CHECK_SECONDS = 2.0
"""Within which whoever asks for the state of the database is told."""


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
    telemetry: Telemetry
    jobs: Jobs
    url: str

    async def drain(self, seconds: float) -> None:
        """Begin no more turns, send away who only reads here, and give running turns so many seconds to finish."""
        self.runner.running.closing = True
        self.news.wake()
        await self.runner.running.drain(seconds)

    async def check(self) -> dict[str, str]:
        """State of this server, database, migrations and model: `ok`, or what is wrong in a word or two."""
        reachable, database = await asyncio.gather(self.parts.model.reachable(), self._database())
        state = "shutting down" if self.runner.running.closing else "ok"
        return {"server": state, **database, "model": "ok" if reachable else "unreachable"}

    async def figures(self) -> bytes:
        """How it stands here, for Prometheus; also where there is no database."""
        waiting = None
        if self.pulse.answers():
            with suppress(StorageUnavailable, TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    waiting = await self.jobs.waiting()
        self.telemetry.jobs(waiting)
        return await self.telemetry.text()

    async def _database(self) -> dict[str, str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                missing = await pending(self.url)
        except (StorageError, TimeoutError):
            return {"database": "unreachable", "migrations": "unknown"}
        if missing:
            return {"database": "ok", "migrations": "pending"}
        return {"database": "ok" if self.pulse.answers() else "unreachable", "migrations": "ok"}


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
        telemetry = Telemetry(settings.figures_dir)
        haste = settings.accept_timeout
        turns = await stack.enter_async_context(Pool.open(url, haste=haste))
        parts = await stack.enter_async_context(open_parts(settings, url, say, local, owner, turns, tracing))
        parts = replace(parts, metrics=Counted(parts.metrics, telemetry))
        saver = await stack.enter_async_context(checkpointer(url))
        pool = await stack.enter_async_context(Pool.open(url, size=RECORDS_CONNECTIONS, haste=haste))
        journal, keys, turn_records, leases = Journal(pool), Keys(pool), TurnRecords(pool), Leases(pool, owner)
        scribe = Scribe(journal)
        books = Books(keys, turn_records, journal, scribe.take, scribe.written)
        runner = Runner(Pipeline(build(parts, tracing), saver), parts, books, tracing)
        news = await stack.enter_async_context(News.open(url, runner.running.stop, owner))
        rejoin = Rejoin(runner.running, journal, turn_records, parts.turns, news)
        exports = await stack.enter_async_context(Pool.open(url, size=EXPORT_CONNECTIONS))
        records = Records(pool, exports, runner.running, parts.embed, parts.embedding_model, parts.limits)
        pools: dict[str, Pooled] = {
            "turns": turns,
            "records": pool,
            "exports": exports,
            "checkpoints": saver,
            "recall": parts.recall,
        }
        telemetry.watch(runner.running, scribe, pools, (parts.model, parts.second))
        heart = Heart(runner, leases)
        pruning = Pruning(pool, settings.keep_hours)
        pulse = await stack.enter_async_context(Pulse.open(url, partial(fit, settings, url, say), fit=seen))
        watched = [telemetry.run] if settings.figures_dir else []
        async with _at_work(pulse, scribe.run, heart.run, partial(work, jobs(url, heart, pruning)), *watched):
            try:
                sender = Sender(runner, keys, rejoin)
                yield Service(runner, sender, records, rejoin, heart, parts, pulse, news, telemetry, Jobs(pool), url)
            finally:
                left = await runner.running.close(STOP_WITHIN)
        await scribe.close(STOP_WITHIN)
        with suppress(StorageUnavailable):
            await leases.release(left)


@asynccontextmanager
async def _at_work(pulse: Pulse, *works: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    """These go on beside the block, from when there is a database, and end with it."""

    async def begin(work: Callable[[], Awaitable[None]]) -> None:
        await pulse.fit()
        await work()

    tasks = [asyncio.create_task(begin(work)) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        # Not for ever: what talks to a server that stands still does not let itself be ended.
        await asyncio.wait(tasks, timeout=STOP_WITHIN)
