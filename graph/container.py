"""Composition root: put the program together once per process, from the settings."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

from graph.account import UserData
from graph.database import Say, database_for_serving
from graph.dependencies import Dependencies, Options
from graph.desk import desk_over
from graph.documents.importing import DocumentImporter
from graph.jobs import job_app, run_worker
from graph.models.chat import NoModel
from graph.models.embeddings import Embedder, NoEmbeddings, embed_ahead
from graph.models.factory import LocalModels, Models, open_local_models, open_models, open_remote_embedder
from graph.observability.metrics import CountedMetrics, PrometheusMetrics
from graph.observability.tracing import Tracing
from graph.pipeline import Pipeline, build
from graph.prices import Prices
from graph.re_embedding import ROUND_SECONDS, ReEmbedding
from graph.readiness import Readiness
from graph.service import Service
from graph.settings import Settings
from graph.supervision import Supervisor, Tick, Work
from graph.turns.executor import TurnExecutor
from graph.turns.leases import LeaseKeeper
from graph.turns.manager import TurnManager
from graph.turns.registry import TurnRegistry
from graph.turns.subscribe import Subscriptions
from nodes.prompts import prompt_texts
from nodes.questions.understanding import Questions
from nodes.state import turn_clock
from nodes.tools.running import run_tool
from storage.checkpoints import Checkpointer
from storage.conversation_queue import ConversationQueue
from storage.errors import StorageUnavailable
from storage.event_log import EventLog, EventLogWriter
from storage.fact_vectors import FactVectors
from storage.facts import Facts
from storage.finance.document_queue import DocumentQueue
from storage.finance.references import References
from storage.health import DatabaseHealth
from storage.idempotency import IdempotencyKeys
from storage.jobs import Jobs
from storage.leases import Leases
from storage.metrics import Metrics
from storage.misroutes import Misroutes
from storage.notifications import Notifications
from storage.pool import Pool
from storage.rate_limits import Admission, RateLimits
from storage.recall import Recall
from storage.retention import Retention
from storage.turn_records import TurnRecords
from storage.turns import Turns
from storage.versions import Versions

STOP_WITHIN = 1.5
"""Seconds that running turns get when the process is asked to end."""
LEASES_CONNECTIONS = 1
"""Of its own: a lease that is renewed behind a hundred readers is lost. Renewing and adopting share it."""


class Pools(NamedTuple):
    """Connections to the database, apart where one kind of work must not wait behind another."""

    turns: Pool
    """What answers wait for: the steps of turns, idempotency keys and the event log. Nothing holds one for long."""
    records: Pool
    """Everything else: lists, searches, metrics, exports, jobs, and readers of other processes' turns."""
    leases: Pool


class _Process(NamedTuple):
    """What the parts of one process share."""

    settings: Settings
    url: str
    owner: UUID
    """Of the leases of its turns."""
    pools: Pools
    health: DatabaseHealth
    registry: TurnRegistry
    notifications: Notifications
    writer: EventLogWriter
    telemetry: PrometheusMetrics
    tracing: Tracing | None


@asynccontextmanager
async def open_service(
    settings: Settings, say: Say, local: LocalModels | None = None, tracing: Tracing | None = None
) -> AsyncGenerator[Service, None]:
    """Everything that serves turns, for the length of the block; at its end running turns get `STOP_WITHIN`.

    Args:
        local: the local models, where they are loaded already.
        tracing: how turns are traced, if they are; it is closed with the block.
    """
    async with AsyncExitStack() as stack:
        if tracing:
            stack.push_async_callback(tracing.close)
        p = await _open_process(settings, say, tracing, stack)
        opening = open_dependencies(
            settings, p.url, say, local=local, pools=p.pools, owner=p.owner, notifications=p.notifications,
            tracing=tracing,
        )  # fmt: skip
        d = await stack.enter_async_context(opening)
        d = replace(d, metrics=CountedMetrics(p.pools.turns, p.telemetry), events_logged=p.writer.flushed)
        turns, importer = _turns(p, d), _importer(p, d)
        vectors = await stack.enter_async_context(_open_vectors(p, d))
        usage = {name: pool.usage for name, pool in (*p.pools._asdict().items(), ("vectors", vectors))}
        p.telemetry.watch(p.registry, p.writer, usage, (d.model, d.second))
        async with _background(p, d, turns.leases, vectors, importer) as supervisor:
            try:
                yield _service(p, d, turns, importer, supervisor)
            finally:
                left = await p.registry.close(STOP_WITHIN)
        await p.writer.close(STOP_WITHIN)
        await _release(Leases(p.pools.leases, p.owner), left, p.health)


async def _open_process(settings: Settings, say: Say, tracing: Tracing | None, stack: AsyncExitStack) -> _Process:
    url, fit, prepare = await stack.enter_async_context(database_for_serving(settings, say))
    owner, registry = uuid4(), TurnRegistry(settings.max_turns)
    health = DatabaseHealth(url, prepare, prepared=fit)
    pools = await _open_pools(settings, url, health, stack)
    return _Process(
        settings=settings,
        url=url,
        owner=owner,
        pools=pools,
        health=health,
        registry=registry,
        notifications=Notifications(settings.direct_url(url), registry.stop, owner),
        writer=EventLogWriter(EventLog(pools.turns)),
        telemetry=PrometheusMetrics(settings.multiproc_dir),
        tracing=tracing,
    )


def _service(
    p: _Process, d: Dependencies, turns: "_Turns", importer: DocumentImporter, supervisor: Supervisor
) -> Service:
    return Service(
        turns=turns.manager,
        subscriptions=turns.subscriptions,
        registry=p.registry,
        leases=turns.leases,
        user_data=_user_data(p, d, importer),
        dependencies=d,
        health=p.health,
        notifications=p.notifications,
        event_log_writer=p.writer,
        metrics=p.telemetry,
        jobs=Jobs(p.pools.records),
        readiness=Readiness(p.registry, p.health, supervisor, d.model),
        supervisor=supervisor,
        url=p.url,
    )


async def _release(leases: Leases, turns: list[UUID], health: DatabaseHealth) -> None:
    """Give up the leases of these turns; without a database others find that out by themselves."""
    with suppress(StorageUnavailable):
        health.require_usable()  # else it would wait for a connection
        await leases.release(turns)


@asynccontextmanager
async def open_dependencies(
    settings: Settings,
    url: str,
    say: Say,
    *,
    local: LocalModels | None = None,
    pools: Pools | None = None,
    owner: UUID | None = None,
    notifications: Notifications | None = None,
    tracing: Tracing | None = None,
) -> AsyncGenerator[Dependencies, None]:
    """Everything that the nodes need, over the migrated database at `url`, for the length of the block.

    Args:
        pools: the connections; without them, as in LangGraph's own server, it has a pool of its own.
        owner: the process that runs turns on a lease; None in LangGraph's own server.
        notifications: wake a message that waits for its conversation; without them it polls.
    """
    prompt_texts()  # so that the first turn finds them read
    async with AsyncExitStack() as stack:
        opened = await _open_models(settings, say, local, stack, tracing)
        if pools is None:
            pools = Pools(*[await stack.enter_async_context(_open_pool(settings, url, settings.turn_connections))] * 3)
        yield _dependencies(settings, opened, pools, owner, notifications, tracing)


def _dependencies(
    settings: Settings,
    opened: "_OpenModels",
    pools: Pools,
    owner: UUID | None,
    notifications: Notifications | None,
    tracing: Tracing | None,
) -> Dependencies:
    models, local, embedder = opened
    limits = RateLimits(pools.turns, settings.rate_limit)
    desk, references = desk_over(pools.records, embedder.embed, embedder.name), References(pools.records)
    run = partial(run_tool, desk=desk, references=references)
    return Dependencies(
        options=_options(settings, models),
        clock=turn_clock(),
        limits=limits,
        admission=Admission(pools.turns, limits, owner),
        queue=ConversationQueue(pools.turns, owner, notifications),
        suspect=local.suspect,
        classify=local.classify,
        embed=embedder.embed,
        embedding_model=embedder.name,
        embed_ahead=partial(_embed_ahead, local, embedder),
        model=models.model,
        second=models.second,
        prepare=local.prepare,
        understand=Questions(desk, references, local.knows, local.frames),
        run_tool=tracing.tools(run) if tracing else run,
        turns=Turns(pools.turns, owner),
        summarise=models.summarise,
        extract=models.extract,
        facts=Facts(pools.turns, embedder.name),
        recall=Recall(pools.turns, embedder.name),
        metrics=Metrics(pools.turns),
    )


async def _open_pools(settings: Settings, url: str, health: DatabaseHealth, stack: AsyncExitStack) -> Pools:
    sizes = (settings.turn_connections, settings.record_connections, LEASES_CONNECTIONS)
    pools = [_open_pool(settings, url, size, health.report_full_disk) for size in sizes]
    return Pools(*[await stack.enter_async_context(pool) for pool in pools])


def _open_pool(
    settings: Settings, url: str, size: int, on_full_disk: Callable[[], None] = lambda: None
) -> AbstractAsyncContextManager[Pool]:
    return Pool.open(
        url,
        size=size,
        accept_timeout=settings.accept_timeout,
        statement_timeout=settings.statement_timeout,
        on_full_disk=on_full_disk,
    )


class _Turns(NamedTuple):
    manager: TurnManager
    subscriptions: Subscriptions
    leases: LeaseKeeper


def _turns(p: _Process, d: Dependencies) -> _Turns:
    turns, others = p.pools.turns, p.pools.records
    keys, records, event_log = IdempotencyKeys(turns, p.owner), TurnRecords(turns), EventLog(turns)
    pipeline = Pipeline(build(d, p.tracing), Checkpointer(others, turns))
    executor = TurnExecutor(pipeline, d, p.registry, keys, records, event_log, p.writer, p.tracing)
    subscriptions = Subscriptions(p.registry, EventLog(others), TurnRecords(others), d.turns, p.notifications)
    misroutes, versions = Misroutes(others), Versions(others)
    manager = TurnManager(executor, keys, subscriptions, misroutes, versions, d.limits, p.health)
    return _Turns(manager, subscriptions, LeaseKeeper(executor, Leases(p.pools.leases, p.owner)))


def _importer(p: _Process, d: Dependencies) -> DocumentImporter:
    return DocumentImporter(
        DocumentQueue(p.pools.records, d.embedding_model),
        partial(d.embed, whole=True),
        currency=p.settings.currency,
        also_masked=d.options.mask,
        readers=p.settings.document_readers,
    )


def _open_vectors(p: _Process, d: Dependencies) -> AbstractAsyncContextManager[FactVectors]:
    return FactVectors.open(
        p.url, p.pools.records, model=d.embedding_model, statement_timeout=p.settings.statement_timeout
    )


def _user_data(p: _Process, d: Dependencies, importer: DocumentImporter) -> UserData:
    exports = p.settings.record_connections // 2  # the others must not wait for clients that read slowly
    return UserData(
        p.pools.records,
        exports=exports,
        registry=p.registry,
        embed=partial(d.embed, whole=True),
        model=d.embedding_model,
        limits=d.limits,
        prices=Prices.of(p.settings),
        desk=desk_over(p.pools.records, d.embed, d.embedding_model),
        document_arrived=importer.arrived.set,
    )


@asynccontextmanager
async def _background(
    p: _Process, d: Dependencies, leases: LeaseKeeper, vectors: FactVectors, importer: DocumentImporter
) -> AsyncGenerator[Supervisor]:
    """The background tasks, for the length of the block; `silent_after` is several times what a round of each takes."""
    with_database = partial(_with_database, p.health)
    app = job_app(_retention(p.settings, p.pools.records).prune)
    async with Supervisor.open(p.telemetry.count_restart, STOP_WITHIN) as supervisor:
        p.telemetry.watch_tasks(supervisor.tasks)
        supervisor.start("health_probe", p.health.run, silent_after=10)
        supervisor.start("notifications", with_database(p.notifications.listen), silent_after=20)
        supervisor.start("journal_writer", with_database(p.writer.run), silent_after=15)
        supervisor.start("lease_renewal", with_database(leases.run), silent_after=10)
        supervisor.start("adoption", with_database(leases.run_adoption), silent_after=10)
        for number in range(p.settings.document_readers):
            supervisor.start(f"document_reader_{number + 1}", with_database(importer.run), silent_after=60)
        supervisor.start("jobs_worker", with_database(partial(run_worker, app, p.pools.records)), silent_after=60)
        if d.embedding_model != NoEmbeddings.name:
            re_embedding = ReEmbedding(vectors, d.embed)
            supervisor.start("re_embedding", with_database(re_embedding.run), silent_after=3 * ROUND_SECONDS)
        if p.settings.multiproc_dir:
            supervisor.start("figures_writer", p.telemetry.run, silent_after=10)
        yield supervisor


def _retention(settings: Settings, pool: Pool) -> Retention:
    return Retention(
        pool,
        settings.keep_hours,
        audit_days=settings.keep_audit_days,
        metrics_days=settings.keep_metrics_days,
        messages_days=settings.keep_messages_days,
    )


def _with_database(health: DatabaseHealth, work: Work) -> Work:
    """Wait for a database first, so that without one a task waits, and is not started again and again."""

    async def run(tick: Tick) -> None:
        await health.wait_until_usable()
        await work(tick)

    return run


class _OpenModels(NamedTuple):
    models: Models
    local: LocalModels
    embedder: Embedder


async def _open_models(
    settings: Settings, say: Say, local: LocalModels | None, stack: AsyncExitStack, tracing: Tracing | None
) -> _OpenModels:
    # Side by side: each keeps a core busy for a second or two.
    loading = asyncio.create_task(_local_models(say, local, stack))
    models = await open_models(settings, stack, say, tracing)
    local, embedder = await loading, None
    if settings.remote_embeddings:
        embedder = await open_remote_embedder(settings, stack, tracing)
    return _OpenModels(models, local, embedder or local.embedder)


def _embed_ahead(local: LocalModels, embedder: Embedder, message: str) -> None:
    """Begin to embed a message, and what the router will read of it where that is something else."""
    embed_ahead({local.embedder, embedder}, message)
    if (mended := local.mend(message)) != message:
        embed_ahead({local.embedder}, mended)


async def _local_models(say: Say, given: LocalModels | None, stack: AsyncExitStack) -> LocalModels:
    return await stack.enter_async_context(open_local_models(say)) if given is None else given


def _options(settings: Settings, models: Models) -> Options:
    return Options(
        max_chars=settings.max_input_chars,
        context_tokens=models.context_tokens,
        answer_tokens=models.answer_tokens,
        attempts=settings.attempts,
        turn_seconds=settings.turn_timeout,
        memory_seconds=settings.memory_timeout,
        has_model=not isinstance(models.model, NoModel),
        summary_after=settings.summary_after,
        calls_tools=models.calls_tools,
        mask=tuple(settings.mask),
    )
