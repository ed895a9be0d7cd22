"""Traces while the collector is silent or down, and while processes end."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from graph.observability.tracing import WarningThrottle, tracing
from graph.settings import Settings
from tests.support.app import Serve
from tests.support.collector import Collector
from tests.support.listening import listening, until
from tests.support.model_script import Hang, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Start


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """A collector."""
    async with Collector() as running:
        yield running


@pytest.fixture
async def silent() -> AsyncIterator[Collector]:
    """A collector that leaves every request open."""
    async with Collector(answers=False) as running:
        yield running


async def test_a_process_that_ends_sends_its_last_spans(start: Start, collector: Collector, ada: UUID) -> None:
    """Before the exporter's next batch is due."""
    process = await start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="60000")
    async with listening(process, ada, "Hello") as events:
        await until(events, "done")
    assert collector.spans == []
    assert await process.end() == 0
    assert {"POST /chat", "record_metrics", "invoke_agent Prime"} <= {span.name for span in collector.spans}


async def test_a_silent_collector_delays_no_answer(start: Start, silent: Collector, ada: UUID) -> None:
    """Turns are answered while its requests stay open, and the process ends when it is asked to."""
    process = await start(OTEL_EXPORTER_OTLP_ENDPOINT=silent.url, OTEL_BSP_SCHEDULE_DELAY="10")
    for _ in range(2):
        async with listening(process, ada, "Hello") as events:
            done = (await until(events, "done"))[-1]
            assert done.data["fallback"] is False
        await silent.until(bool)
    assert await process.end() == 0


async def test_closing_does_not_wait_for_a_silent_collector(silent: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """It returns while the thread with the last spans still waits for the collector."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600")
    traced = tracing(Settings(otlp_endpoint=silent.url, _env_file=None))  # type: ignore[call-arg]
    assert traced
    traced.spans.get_tracer("tests").start_span("one").end()
    await silent.until(bool)
    before = threading.enumerate()
    await traced.close()
    (flush,) = [thread for thread in threading.enumerate() if thread not in before and thread.name == "last spans"]
    silent.answering.set()
    await asyncio.to_thread(flush.join)


async def test_a_collector_that_is_down_is_logged_once(
    serve: Serve, ada: UUID, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As a warning; turns are answered as usual."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    async with Collector(status=503) as collector:
        frontdesk = await serve(otlp_endpoint=collector.url)
        for _ in range(2):
            answer = await frontdesk.chat(ada, "Hello")
            assert answer.named("done")[0]["finish_reason"] == "stop"
        await collector.until(lambda _: len(collector.headers) >= 2)  # it was tried again
    logged = [record for record in caplog.records if record.name.startswith("opentelemetry")]
    assert [record.levelname for record in logged] == ["WARNING"]


def test_warnings_are_throttled(caplog: pytest.LogCaptureFixture) -> None:
    """One in a minute is logged, an error as a warning."""
    log, throttle = logging.getLogger("tests.throttle"), WarningThrottle(60)
    log.addFilter(throttle)
    for number in range(3):
        log.error("lost %d", number)
    log.removeFilter(throttle)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", "lost 0")]


async def test_a_turn_that_was_taken_over_has_a_trace_of_its_own(
    start: Start, serve: Serve, collector: Collector, model: ModelServer, ada: UUID
) -> None:
    """No request is its parent; it has the turn's id and the number of the run."""
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
    nodes = {child.name for child in collector.spans if child.parent == span.id}
    assert {"load_summary", "generate", "record_metrics"} <= nodes
    assert "guard" not in nodes
