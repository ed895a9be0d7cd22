"""Prometheus metrics of this process: turns counted as they end, and gauges set when they are scraped.

`docs/metrics.md` lists them. Where several worker processes share a port, each writes its metrics to a shared folder
(prometheus_client's multiprocess mode), and the one that is scraped reports the metrics of all.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Literal, get_args
from uuid import UUID

from opentelemetry.trace import format_trace_id, get_current_span
from prometheus_client import (
    GC_COLLECTOR,
    PROCESS_COLLECTOR,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from graph.models.chat import BreakerState, ChatModel
from graph.supervision import BackgroundTask, Tick
from graph.turns.registry import TurnRegistry
from nodes.employees import EMPLOYEES
from storage.errors import Gone, StorageUnavailable
from storage.event_log import EventLogWriter
from storage.feedback import Rating
from storage.metrics import REJECTED, Finding, Metrics, Outcome, TurnMetrics
from storage.pool import Pool, PoolUsage

FIRST_TOKEN_BUCKETS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 25)
TURN_BUCKETS = (0.25, 0.5, 1, 2, 3, 5, 8, 12, 18, 25, 40, 150)
"""Seconds: closest near the promised times, up to the longest that a turn can take."""
UPDATE_SECONDS = 1.0
"""Between two updates of the gauges that other workers report."""
LEAST = ("process_start_time_seconds", "process_max_fds")
"""Process metrics of which workers report the smallest value: their sum means nothing."""

Mode = Literal["livesum", "livemin", "livemax", "livemostrecent"]
"""How a gauge's values in several live workers become one."""


class PrometheusMetrics:
    """The metrics of one application, in a registry of its own: tests run several applications in one process.

    Args:
        shared: folder that the worker processes share; None for a single process.
    """

    def __init__(self, shared: Path | None = None) -> None:
        registry = self._registry = CollectorRegistry()
        self._updates: list[Callable[[], None]] = []
        self._workers: CollectorRegistry | None = None
        if shared:
            self._workers = CollectorRegistry()
            self._workers.register(WorkersCollector(shared))
            self._updates.append(ProcessMetrics(registry).update)
        counter, histogram = partial(Counter, registry=registry), partial(Histogram, registry=registry)
        self._turns = counter("frontdesk_turns", "Turns that ended, by employee and outcome.", ["employee", "outcome"])
        for employee, outcome in product(EMPLOYEES, get_args(Outcome)):
            self._turns.labels(employee.slug, outcome)  # 0 instead of absent, so that the first one is an increase
        self._feedback = counter("frontdesk_feedback", "Answers that were rated.", ["employee", "rating"])
        for employee, rating in product(EMPLOYEES, get_args(Rating)):
            self._feedback.labels(employee.slug, rating)
        self._first_token = histogram(
            "frontdesk_first_token_seconds", "Time to the first token.", ["employee"], buckets=FIRST_TOKEN_BUCKETS
        )
        self._duration = histogram(
            "frontdesk_turn_seconds", "Time to the end of the answer.", ["employee"], buckets=TURN_BUCKETS
        )
        self._restarts = counter("frontdesk_background_task_restarts", "Restarts of a background task.", ["task"])
        self._unrecorded = counter("frontdesk_unrecorded_turns", "Turns whose metrics could not be stored.")
        # Counted in the whole installation, so workers do not add up.
        self._jobs = self._gauge("frontdesk_waiting_jobs", "Jobs that no worker runs yet.", mode="livemostrecent")

    def count_turn(self, turn: TurnMetrics) -> None:
        """Count a turn that ended, and its times."""
        self._turns.labels(turn["employee"], turn["outcome"]).inc()
        if turn["outcome"] not in REJECTED:
            self._duration.labels(turn["employee"]).observe(turn["latency_ms"] / 1000)
        if turn["ttft_ms"] is not None:
            self._first_token.labels(turn["employee"]).observe(turn["ttft_ms"] / 1000)

    def count_feedback(self, employee: str, rating: Rating) -> None:
        """Count an answer that was rated for the first time."""
        self._feedback.labels(employee, rating).inc()

    def count_unrecorded(self) -> None:
        """Count a turn whose metrics could not be stored."""
        self._unrecorded.inc()

    def count_restart(self, task: str) -> None:
        """Count the restart of a background task."""
        self._restarts.labels(task).inc()

    def set_waiting_jobs(self, waiting: int | None) -> None:
        """Set the number of jobs that wait in the whole installation; None where it is unknown."""
        self._jobs.set(float("nan") if waiting is None else waiting)

    def watch(
        self,
        registry: TurnRegistry,
        writer: EventLogWriter,
        pools: Mapping[str, Callable[[], PoolUsage]],
        models: Iterable[object],
    ) -> None:
        """Read these gauges whenever they are scraped."""
        self._read("frontdesk_running_turns", "Turns that run here.", lambda: registry.count)
        self._read("frontdesk_waiting_messages", "Messages that wait for their conversation.", lambda: registry.waiting)
        self._read("frontdesk_journal_waiting_events", "Events not in the event log yet.", lambda: writer.unwritten)
        used = self._gauge("frontdesk_pool_used_connections", "Connections in use.", "pool")
        size = self._gauge("frontdesk_pool_connections", "Open connections.", "pool")
        waiting = self._gauge("frontdesk_pool_waiting", "Callers that wait for a connection.", "pool")
        state = self._gauge("frontdesk_model_breaker", "Circuit breakers in this state.", "model", "state")
        chat_models = [model for model in models if isinstance(model, ChatModel)]

        def update() -> None:
            for pool, usage in pools.items():
                use = usage()
                used.labels(pool).set(use.used)
                size.labels(pool).set(use.size)
                waiting.labels(pool).set(use.waiting)
            for label in {model.label for model in chat_models}:  # two servers may have a model of the same name
                states = [model.breaker for model in chat_models if model.label == label]
                for name in get_args(BreakerState):
                    state.labels(label, name).set(states.count(name))

        self._updates.append(update)

    def watch_tasks(self, tasks: Sequence[BackgroundTask]) -> None:
        """Read the state of these tasks, and of those added later, whenever it is scraped; of workers the worst."""
        up = self._gauge("frontdesk_background_task_up", "1 while it runs, 0 while it is down.", "task", mode="livemin")
        silent = self._gauge(
            "frontdesk_background_task_silent_seconds", "Since it last completed a round.", "task", mode="livemax"
        )

        def update() -> None:
            for task in tasks:
                up.labels(task.name).set(task.trouble is None)
                silent.labels(task.name).set(task.silent_for)
                self._restarts.labels(task.name)  # 0 instead of absent, so that the first one is an increase

        self._updates.append(update)

    async def run(self, tick: Tick) -> None:
        """Update the gauges that other workers report, until cancelled."""
        while True:
            self._update()
            tick()
            await asyncio.sleep(UPDATE_SECONDS)

    async def text(self) -> bytes:
        """All metrics in Prometheus' text format, with prometheus_client's own of the process."""
        self._update()
        if self._workers:
            return await asyncio.to_thread(generate_latest, self._workers)  # reads files
        return generate_latest(self._registry) + generate_latest(REGISTRY)

    def _update(self) -> None:
        for update in self._updates:
            update()

    def _read(self, name: str, description: str, value: Callable[[], float]) -> None:
        gauge = self._gauge(name, description)
        self._updates.append(lambda: gauge.set(value()))

    def _gauge(self, name: str, description: str, *labels: str, mode: Mode = "livesum") -> Gauge:
        return Gauge(name, description, labels, registry=self._registry, multiprocess_mode=mode)


class CountedMetrics(Metrics):
    """Stores the metrics of turns, and counts for Prometheus each turn that it is the first to store."""

    def __init__(self, pool: Pool, prometheus: PrometheusMetrics) -> None:
        super().__init__(pool)
        self._prometheus = prometheus

    async def record(
        self,
        user_id: UUID,
        turn_id: UUID,
        measured: TurnMetrics,
        findings: Sequence[Finding] = (),
        *,
        finish: bool = False,
    ) -> bool:
        """Store the turn's row and the guard's findings, once; see the base class."""
        span = get_current_span().get_span_context()
        if span.is_valid:
            measured = {**measured, "trace_id": format_trace_id(span.trace_id)}
        try:
            new = await super().record(user_id, turn_id, measured, findings, finish=finish)
        except (StorageUnavailable, Gone):
            raise  # tried again later, or the turn was deleted
        except Exception:  # any: it is counted, and raised again
            self._prometheus.count_unrecorded()
            raise
        if new:
            self._prometheus.count_turn(measured)
        return new


class WorkersCollector(MultiProcessCollector):
    """Adds up the metrics that the worker processes wrote to their shared folder.

    prometheus_client fails on an empty file, which a worker leaves where it is killed while it creates one.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(None, str(folder))  # type: ignore[no-untyped-call]
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """The metrics of all workers."""
        files = [str(file) for file in self._folder.glob("*.db") if _size(file)]
        metrics: Iterable[Metric] = self.merge(files)  # type: ignore[no-untyped-call]
        return metrics


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # of a worker that has ended
        return 0


class ProcessMetrics:
    """prometheus_client's metrics of this process, which its multiprocess mode leaves out, under the same names."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._metrics: dict[str, Counter | Gauge] = {}
        self._counted: dict[tuple[str, ...], float] = {}

    def update(self) -> None:
        """Copy their values."""
        for collector in (PROCESS_COLLECTOR, GC_COLLECTOR):
            for family in collector.collect():
                self._copy(family)

    def _copy(self, family: Metric) -> None:
        for sample in family.samples:
            metric = self._metrics.get(family.name) or self._create(family, tuple(sample.labels))
            child = metric.labels(**sample.labels) if sample.labels else metric
            if isinstance(child, Gauge):
                child.set(sample.value)
            else:
                key = (family.name, *sample.labels.values())
                child.inc(max(0.0, sample.value - self._counted.get(key, 0.0)))
                self._counted[key] = sample.value

    def _create(self, family: Metric, labels: tuple[str, ...]) -> Counter | Gauge:
        name, description, registry = family.name, family.documentation, self._registry
        mode: Mode = "livemin" if name in LEAST else "livesum"
        if family.type == "counter":
            self._metrics[name] = Counter(name, description, labels, registry=registry)
        else:
            self._metrics[name] = Gauge(name, description, labels, registry=registry, multiprocess_mode=mode)
        return self._metrics[name]
