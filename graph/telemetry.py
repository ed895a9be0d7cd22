"""What this process does, in the terms of Prometheus: turns as they end, and what is going on just now."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from graph.models import ChatModel
from graph.running import Running
from graph.scribe import Scribe
from nodes.record_metrics import Metrics
from storage.audit import Finding
from storage.metrics import Measured
from storage.pool import Pool, Use

FIRST_TOKEN = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 25)
WHOLE_TURN = (0.25, 0.5, 1, 2, 3, 5, 8, 12, 18, 25, 40, 150)
"""Seconds up to which is counted: closest where the promises lie, and up to the longest that a turn can take."""


class Telemetry:
    """The figures of one application. Their registry is its own: all who share an interpreter share the library's."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._turns = Counter(
            "frontdesk_turns",
            "Turns that ended here, by who answered and what became of them.",
            ["employee", "outcome"],
            registry=registry,
        )
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

    def count(self, turn: Measured) -> None:
        """Add a turn that ended."""
        self._turns.labels(turn["employee"], turn["outcome"]).inc()
        if turn["outcome"] not in ("limited", "refused"):
            self._whole.labels(turn["employee"]).observe(turn["latency_ms"] / 1000)
        if turn["ttft_ms"] is not None:
            self._first_token.labels(turn["employee"]).observe(turn["ttft_ms"] / 1000)

    def watch(self, running: Running, scribe: Scribe, pools: Mapping[str, Pool], models: Iterable[object]) -> None:
        """Look at these whenever somebody asks."""
        self._gauge("frontdesk_running_turns", "Turns that run here.").set_function(lambda: running.count)
        held = self._gauge("frontdesk_journal_waiting_events", "Events that are not in the journal yet.")
        held.set_function(lambda: scribe.held)
        used = self._gauge("frontdesk_pool_used_connections", "Connections that somebody holds.", "pool")
        size = self._gauge("frontdesk_pool_connections", "Connections that are open.", "pool")
        waiting = self._gauge("frontdesk_pool_waiting", "Who waits for a connection.", "pool")
        for name, pool in pools.items():
            used.labels(name).set_function(_asking(pool, lambda use: use.used))
            size.labels(name).set_function(_asking(pool, lambda use: use.size))
            waiting.labels(name).set_function(_asking(pool, lambda use: use.waiting))
        rests = self._gauge("frontdesk_model_left_alone", "1 while a model that failed is left alone.", "model")
        for model in models:
            if isinstance(model, ChatModel):
                rests.labels(model.label).set_function(model.left_alone)

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(name, what, labels, registry=self._registry)


class Counted:
    """Keeps the numbers of turns, and counts each that is new."""

    def __init__(self, metrics: Metrics, telemetry: Telemetry) -> None:
        self._metrics = metrics
        self._telemetry = telemetry

    async def record(self, user_id: UUID, turn_id: UUID, measured: Measured, findings: Sequence[Finding]) -> bool:
        """Write the turn's row and what the guard found, once; says whether the row is new."""
        new = await self._metrics.record(user_id, turn_id, measured, findings)
        if new:
            self._telemetry.count(measured)
        return new


def _asking(pool: Pool, what: Callable[[Use], float]) -> Callable[[], float]:
    return lambda: what(pool.use())
