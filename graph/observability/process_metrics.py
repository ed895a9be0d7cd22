"""Figures of several processes that are one server: what prometheus_client's multiprocess mode leaves open.

It fails on a file that a process has only just made, and it has no figures of the processes themselves.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from prometheus_client import GC_COLLECTOR, PROCESS_COLLECTOR, CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.multiprocess import MultiProcessCollector

LEAST = ("process_start_time_seconds", "process_max_fds")
"""Of which a sum says nothing: the least is told, of the process that runs longest or has the lowest limit."""


class FiguresOfAll(MultiProcessCollector):
    """What all of them wrote.

    A file is empty for a moment when it is made, and for good where its process was killed then. The library cannot
    read one; whoever made it has counted nothing yet.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(None, str(folder))  # type: ignore[no-untyped-call]
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Every figure, added up."""
        written = [str(file) for file in self._folder.glob("*.db") if _size(file)]
        figures: Iterable[Metric] = self.merge(written)  # type: ignore[no-untyped-call]
        return figures


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # of a worker that is gone
        return 0


class ProcessFigures:
    """What the operating system and Python say of this process, handed on under the names that they have elsewhere."""

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
