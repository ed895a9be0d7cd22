"""What the operating system and Python say of a process, where several processes are one server.

prometheus_client has these figures for a process that is alone; in its multiprocess mode they are missing. Here each
process hands its own on, under the same names, and they are added up.
"""

from typing import Literal

from prometheus_client import GC_COLLECTOR, PROCESS_COLLECTOR, CollectorRegistry, Counter, Gauge, Metric

LEAST = ("process_start_time_seconds", "process_max_fds")
"""Of which a sum says nothing: the least is told, of the process that runs longest or has the lowest limit."""


class ProcessFigures:
    """Those of this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._figures: dict[str, Counter | Gauge] = {}
        self._counted: dict[tuple[str, ...], float] = {}

    def look(self) -> None:
        """Hand on how they stand now."""
        for source in (PROCESS_COLLECTOR, GC_COLLECTOR):
            for family in source.collect():
                self._hand_on(family)

    def _hand_on(self, family: Metric) -> None:
        for sample in family.samples:
            figure = self._figures.get(family.name) or self._make(family, tuple(sample.labels))
            one = figure.labels(**sample.labels) if sample.labels else figure
            if isinstance(one, Gauge):
                one.set(sample.value)
            else:
                place = (family.name, *sample.labels.values())
                one.inc(max(0.0, sample.value - self._counted.get(place, 0.0)))
                self._counted[place] = sample.value

    def _make(self, family: Metric, labels: tuple[str, ...]) -> Counter | Gauge:
        name, what, registry = family.name, family.documentation, self._registry
        mode: Literal["livemin", "livesum"] = "livemin" if name in LEAST else "livesum"
        made = (
            Counter(name, what, labels, registry=registry)
            if family.type == "counter"
            else Gauge(name, what, labels, registry=registry, multiprocess_mode=mode)
        )
        self._figures[name] = made
        return made
