"""A collector that is away, and processes that come and go while they are traced."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from graph.observability.otlp import NowAndThen
from tests.support.app import Serve
from tests.support.collector import Collector
from tests.support.listening import listening, until
from tests.support.model_script import Hang, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Start

THE_LIBRARYS_PATIENCE = 30
"""Seconds that it waits for a collector when it is shut down."""


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """A collector."""
    async with Collector() as running:
        yield running


@pytest.fixture
async def silent() -> AsyncIterator[Collector]:
    """A collector that takes everything and never says so."""
    async with Collector(answers=False) as running:
        yield running


async def test_a_process_that_ends_sends_what_it_still_has(start: Start, collector: Collector, ada: UUID) -> None:
    """Which by itself it would have done seconds later."""
    process = await start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="60000")
    async with listening(process, ada, "Hello") as events:
        await until(events, "done")
    assert collector.spans == []
    assert await process.end() == 0
    assert {"POST /chat", "record_metrics", "invoke_agent Prime"} <= {span.name for span in collector.spans}


async def test_a_silent_collector_holds_nobody_up(start: Start, silent: Collector, ada: UUID) -> None:
    """Answers come meanwhile, and the end does not wait for as long as the library would."""
    process = await start(
        OTEL_EXPORTER_OTLP_ENDPOINT=silent.url, OTEL_EXPORTER_OTLP_TIMEOUT="3600", OTEL_BSP_SCHEDULE_DELAY="10"
    )
    for _ in range(2):
        async with listening(process, ada, "Hello") as events:
            done = (await until(events, "done"))[-1]
            assert done.data["fallback"] is False
        await silent.until(bool)
    process.process.send_signal(signal.SIGINT)
    async with asyncio.timeout(THE_LIBRARYS_PATIENCE - 5):
        assert await process.process.wait() == 0


async def test_a_collector_that_is_down_is_mentioned_once(
    serve: Serve, ada: UUID, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As a warning; turns know nothing of it."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    async with Collector(status=503) as collector:
        frontdesk = await serve(otlp_endpoint=collector.url)
        for _ in range(2):
            answer = await frontdesk.chat(ada, "Hello")
            assert answer.named("done")[0]["finish_reason"] == "stop"
        await collector.until(lambda _: len(collector.headers) >= 2)  # it was tried again
    said = [record for record in caplog.records if record.name.startswith("opentelemetry")]
    assert [record.levelname for record in said] == ["WARNING"]


def test_a_warning_is_repeated_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """And not before; an error is no more than a warning here."""
    log, hush = logging.getLogger("tests.hush"), NowAndThen(60)
    log.addFilter(hush)
    for number in range(3):
        log.error("lost %d", number)
    log.removeFilter(hush)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", "lost 0")]


async def test_a_turn_that_was_taken_over_has_a_trace_of_its_own(
    start: Start, serve: Serve, collector: Collector, model: ModelServer, ada: UUID
) -> None:
    """Nobody's request is above it; it has the turn's id, and says which run it is."""
    model.queue(Hang(["Well, "]), streaming)
    first = await start()
    async with listening(first, ada, "Hello", employee="tag") as events:
        turn = (await until(events, "token"))[0].data["turn_id"]
        await first.kill()
        with pytest.raises(httpx.HTTPError):
            await until(events, "done")
    await serve(otlp_endpoint=collector.url)
    (span,) = await collector.named("invoke_agent Tag")
    assert (span.parent, span.attributes["frontdesk.turn.id"], span.attributes["frontdesk.turn.run"]) == (b"", turn, 2)
    assert span.attributes["frontdesk.outcome"] == "done"
    nodes = {one.name for one in collector.spans if one.parent == span.id}
    assert {"load_summary", "generate", "record_metrics"} <= nodes
    assert "guard" not in nodes
