"""What is done before the tests run, and in which order they do. Fixtures are in tests/fixtures.py."""

import gc
import os
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
    """Leave the tests without servers for the end: they are short, so that no process ends long before another.

    Those of a group are one long piece of work. pytest-xdist 3.8 reads the group from the end of a test's id, where it
    no longer gets it with pytest 9.2, which has another attribute; delete that once a release of it writes this one.
    """
    items.sort(key=lambda item: item.path.is_relative_to(SHORT) and not item.get_closest_marker("xdist_group"))
    for item in items:
        if grouped := getattr(item, "_nodeid", None):
            item._id = NodeId.parse(grouped)


SHORT = Path(__file__).with_name("nodes")
"""The folder of these tests."""
