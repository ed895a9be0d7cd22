"""Fixtures of the HTTP tests."""

from collections.abc import AsyncIterator

import pytest

from tests.support.collector import Collector


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """A collector, for applications that send what they have at once."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    async with Collector() as running:
        yield running
