"""What this process does, in the terms of Prometheus: turns as they end, and what is going on just now.

`docs/metrics.md` has every figure. Where several processes serve on one port, each writes into a folder that they
share (prometheus_client's multiprocess mode), and whichever is asked tells of all of them.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, get_args
from uuid import UUID

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from graph.models.chat import ChatModel
from graph.models.circuit_breaker import State
from graph.observability.process_metrics import FiguresOfAll, ProcessFigures
from graph.supervision import BackgroundTask, Tick
from graph.turns.event_log import EventLogWriter
from graph.turns.registry import TurnRegistry
from nodes.employees import EMPLOYEES
from storage.audit import Finding
from storage.errors import Gone, StorageUnavailable
from storage.metrics import AWAY, Measured, Metrics, Outcome
from storage.pool import Pool, Use

FIRST_TOKEN = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 25)
WHOLE_TURN = (0.25, 0.5, 1, 2, 3, 5, 8, 12, 18, 25, 40, 150)
"""Seconds up to which is counted: closest where the promises lie, and up to the longest that a turn can take."""
Combined = Literal["livesum", "livemin", "livemax", "livemostrecent"]
"""What is told of a gauge that several processes have."""
BEAT = 1.0
"""Seconds after which other processes know how it stands here."""


class Pooled(Protocol):
    """Has connections to the database that several share."""

    def use(self) -> Use:
        """How they stand just now."""
        ...


class Telemetry:
    """The figures of one application. Their registry is its own: all who share an interpreter share the library's.

    Args:
        shared: the folder in which several processes add their figures up; None for one that is alone.
    """

    def __init__(self, shared: Path | None = None) -> None:
        registry = self._registry = CollectorRegistry()
        self._looks: list[Callable[[], None]] = []
        self._together: CollectorRegistry | None = None
        if shared:
            self._together = CollectorRegistry()
            self._together.register(FiguresOfAll(shared))
            self._looks.append(ProcessFigures(registry).look)
        self._turns = Counter(
            "frontdesk_turns",
            "Turns that ended here, by who answered and what became of them.",
            ["employee", "outcome"],
            registry=registry,
        )
        for employee in EMPLOYEES:
            for outcome in get_args(Outcome):
                self._turns.labels(employee.slug, outcome)  # 0 and not absent, so that the first failure is a rise
        self._first_token = Histogram(
            "frontdesk_first_token_seconds",
            "From the request to the first token.",
            ["employee"],
            buckets=FIRST_TOKEN,
            registry=registry,
        )
        self._whole = Histogram(
            "frontdesk_turn_seconds",
            "From the request to the end of the answer, of turns that were not turned away.",
            ["employee"],
            buckets=WHOLE_TURN,
            registry=registry,
        )
        self._restarts = Counter(
            "frontdesk_background_task_restarts",
            "Times that a background task failed and was started again.",
            ["task"],
            registry=registry,
        )
        self._unrecorded = Counter(
            "frontdesk_unrecorded_turns", "Turns whose numbers could not be written down.", registry=registry
        )
        # Everyone's and not this process's: of several who say it, the last one knows.
        self._jobs = self._gauge("frontdesk_waiting_jobs", "Jobs that nobody does yet.", mode="livemostrecent")

    def count(self, turn: Measured) -> None:
        """Add a turn that ended."""
        self._turns.labels(turn["employee"], turn["outcome"]).inc()
        if turn["outcome"] not in AWAY:
            self._whole.labels(turn["employee"]).observe(turn["latency_ms"] / 1000)
        if turn["ttft_ms"] is not None:
            self._first_token.labels(turn["employee"]).observe(turn["ttft_ms"] / 1000)

    def miss(self) -> None:
        """Note that a turn ended whose numbers nobody has."""
        self._unrecorded.inc()

    def jobs(self, waiting: int | None) -> None:
        """How many jobs wait, in the whole installation; None where nobody can tell."""
        self._jobs.set(float("nan") if waiting is None else waiting)

    def watch(
        self, registry: TurnRegistry, writer: EventLogWriter, pools: Mapping[str, Pooled], models: Iterable[object]
    ) -> None:
        """Look at these whenever somebody asks."""
        self._look(self._gauge("frontdesk_running_turns", "Turns that run here."), lambda: registry.count)
        waiting = self._gauge("frontdesk_waiting_messages", "Messages that nobody answers yet.")
        self._look(waiting, lambda: registry.waiting)
        held = self._gauge("frontdesk_journal_waiting_events", "Events that are not in the journal yet.")
        self._look(held, lambda: writer.unwritten)
        used = self._gauge("frontdesk_pool_used_connections", "Connections that somebody holds.", "pool")
        size = self._gauge("frontdesk_pool_connections", "Connections that are open.", "pool")
        callers = self._gauge("frontdesk_pool_waiting", "Who waits for a connection.", "pool")
        for name, pool in pools.items():
            self._look(used.labels(name), _asking(pool, lambda use: use.used))
            self._look(size.labels(name), _asking(pool, lambda use: use.size))
            self._look(callers.labels(name), _asking(pool, lambda use: use.waiting))
        breaker = self._gauge("frontdesk_model_breaker", "Breakers that are in this state.", "model", "state")
        asked = [model for model in models if isinstance(model, ChatModel)]
        for label in {model.label for model in asked}:  # two servers may have a model of the same name
            named = [model for model in asked if model.label == label]
            for state in get_args(State):
                self._look(breaker.labels(label, state), _being(named, state))

    def supervise(self, tasks: Sequence[BackgroundTask]) -> None:
        """Look at these, and those that join them, whenever somebody asks. Of several processes the worst is told."""
        up = self._gauge("frontdesk_background_task_up", "Whether it runs (1) or is down (0).", "task", mode="livemin")
        last = self._gauge(
            "frontdesk_background_task_silent_seconds",
            "Since it completed a round.",
            "task",
            mode="livemax",
        )

        def look() -> None:
            for task in tasks:
                up.labels(task.name).set(task.trouble is None)
                last.labels(task.name).set(task.silent_for)
                self._restarts.labels(task.name)  # 0 and not absent, so that the first one is a rise

        self._looks.append(look)

    def restarted(self, task: str) -> None:
        """Count a background task that is started again."""
        self._restarts.labels(task).inc()

    async def run(self, tick: Tick) -> None:
        """Keep up to date what other processes tell of this one, until cancelled."""
        while True:
            self._look_at_all()
            tick()
            await asyncio.sleep(BEAT)

    async def text(self) -> bytes:
        """All of it, in Prometheus' text format, and what the library itself keeps of the process."""
        self._look_at_all()
        if self._together:
            return await asyncio.to_thread(generate_latest, self._together)  # it reads files
        return generate_latest(self._registry) + generate_latest(REGISTRY)

    def _look_at_all(self) -> None:
        for look in self._looks:
            look()

    def _look(self, gauge: Gauge, at: Callable[[], float]) -> None:
        self._looks.append(lambda: gauge.set(at()))

    def _gauge(self, name: str, what: str, *labels: str, mode: Combined = "livesum") -> Gauge:
        return Gauge(name, what, labels, registry=self._registry, multiprocess_mode=mode)


class CountedMetrics(Metrics):
    """Metrics whose new rows are counted for Prometheus, too."""

    def __init__(self, pool: Pool, telemetry: Telemetry) -> None:
        super().__init__(pool)
        self._telemetry = telemetry

    async def record(self, user_id: UUID, turn_id: UUID, measured: Measured, findings: Sequence[Finding] = ()) -> bool:
        """Write the turn's row and what the guard found, once; says whether they are new."""
        try:
            new = await super().record(user_id, turn_id, measured, findings)
        except (StorageUnavailable, Gone):
            raise  # it is tried again, or there is nothing to record any more
        except Exception:
            self._telemetry.miss()
            raise
        if new:
            self._telemetry.count(measured)
        return new


def _asking(pool: Pooled, what: Callable[[Use], float]) -> Callable[[], float]:
    return lambda: what(pool.use())


def _being(models: Sequence[ChatModel], state: State) -> Callable[[], float]:
    return lambda: sum(model.breaker == state for model in models)
