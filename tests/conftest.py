"""What is done before the tests run, and in which order they do. Fixtures are in tests/fixtures.py."""

import gc
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId

from tests.support.memory import memory


def pytest_configure(config: pytest.Config) -> None:
    """Keep temporary files in memory where there is room: on a disk, cloning a database takes ten times the CPU."""
    gc.set_threshold(50_000)  # what is imported stays, and looking through it takes a sixth of a start
    if folder := memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))
    # The process that hands the tests out to others needs no fixtures; they import the application, for two seconds.
    if config.option.dist == "no" or config.option.collectonly:
        config.pluginmanager.import_plugin("tests.fixtures")


def pytest_collection_finish() -> None:
    """Collect garbage as a server does: else a fifth of the CPU goes into looking through what was imported."""
    from api.server.serve import tune_garbage_collector

    tune_garbage_collector()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests so that the cores have work at all times.

    Those that break something wait most of the time, so they are spread over the run, beside those that compute. Those
    without servers come last: they are short, so that no process ends long before another.

    Those of a group are one long piece of work. pytest-xdist 3.8 reads the group from the end of a test's id, where it
    no longer gets it with pytest 9.2, which has another attribute; delete that once a release of it writes this one.
    """
    kinds = [_kind(item) for item in items]
    places = [(kind == "short", place) for kind, place in zip(kinds, _evenly(kinds), strict=True)]
    items[:] = [items[number] for number in sorted(range(len(items)), key=places.__getitem__)]
    for item in items:
        if grouped := getattr(item, "_nodeid", None):
            item._id = NodeId.parse(grouped)


def _kind(item: pytest.Item) -> str:
    """What the test does most of the time; those of a group are handed out first in any case."""
    if item.path.is_relative_to(TESTS / "nodes") and not item.get_closest_marker("xdist_group"):
        return "short"
    return "waits" if item.path.is_relative_to(TESTS / "faults") else "computes"


def _evenly(kinds: Sequence[str]) -> Iterator[float]:
    """For each of them its place between 0 and 1, which it has among its own kind."""
    counts, seen = Counter(kinds), Counter[str]()
    for kind in kinds:
        seen[kind] += 1
        yield seen[kind] / (counts[kind] + 1)


TESTS = Path(__file__).parent
