"""OpenTelemetry traces: a span for each run of a turn, for each node in it, and for each request to a model.

Without a collector there is no `Tracing`, and nothing here runs. Spans have no content unless it is asked for; then
they have what models receive and reply, masked.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, assert_never
from uuid import uuid4

from langchain_core.messages import BaseMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langgraph.runtime import Runtime
from opentelemetry.context import Context as TraceContext
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider, use_span

from graph.dependencies import Node
from graph.observability.genai_attributes import RequestSpan, server_attributes, set_error
from graph.settings import Settings
from graph.turns.turn import Turn
from nodes.answer.attempts import out_of_time
from nodes.employees import find
from nodes.errors import ModelUnavailable
from nodes.state import Context, State
from nodes.stream_events import Done, Error
from nodes.text.pii.detection import OptionalKind
from nodes.tools.running import Outcome, RunTool, ToolRequest
from storage.metrics import REJECTED
from storage.turn_status import TurnStatus

FLUSH_SECONDS = 0.5
"""For the last spans to reach the collector when the process ends."""
WARNING_INTERVAL = 60.0
"""Seconds between two warnings about an unreachable collector."""
EXPORT_LOGGERS = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")
"""Loggers that report an unreachable collector, several times for each batch."""


@dataclass(frozen=True)
class Tracing:
    """Traces of one process."""

    spans: TracerProvider
    provider: str
    """`gen_ai.provider.name` of the models."""
    content: bool
    """Whether spans of requests to models have the messages."""
    mask: Collection[OptionalKind]
    """Kinds that are masked in content beside those that always are."""
    close: Callable[[], Awaitable[None]]
    """Sends the spans that are left, for at most `FLUSH_SECONDS`."""

    @contextmanager
    def turn(self, turn: Turn) -> Generator[None]:
        """A span for a run of the turn. The first run is part of the request's trace, any other has its own trace."""
        attributes: dict[str, str | int] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.provider.name": self.provider,
            "gen_ai.conversation.id": turn.conversation_id,
            "enduser.id": str(turn.user_id),
            "frontdesk.turn.id": str(turn.turn_id),
            "frontdesk.turn.run": turn.attempt,
        }
        parent = None if turn.attempt == 1 else TraceContext()
        span = self._tracer().start_span("invoke_agent", parent, attributes=attributes)
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield
            finally:
                _set_route(span, turn)
                _set_outcome(span, turn)

    def node(self, name: str, node: Node) -> Node:
        """The node, with a span for each run of it."""
        tracer = self._tracer()

        # Not functools.wraps: LangGraph reads a node's parameters from its signature.
        async def run(state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
            with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
                try:
                    return await node(state, runtime)
                except Exception as error:  # any: it is raised again
                    set_error(span, error)
                    raise

        return run

    def tools(self, run_tool: RunTool) -> RunTool:
        """The running of tools, with a span for each call."""
        tracer = self._tracer()

        async def run(request: ToolRequest) -> Outcome:
            attributes = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": request.name,
                "gen_ai.tool.type": "function",
                "gen_ai.tool.call.id": str(request.reference_id),
            }
            with tracer.start_as_current_span(f"execute_tool {request.name}", attributes=attributes) as span:
                outcome = await run_tool(request)
                if outcome["result"] is None:
                    span.set_attribute("error.type", "tool_failed")
                    span.set_status(StatusCode.ERROR)
                return outcome

        return run

    @contextmanager
    def chat(self, model: ChatOpenAI, prompt: Sequence[BaseMessage]) -> Generator[RequestSpan]:
        """A span for a request to a chat model."""
        options = {"gen_ai.request.temperature": model.temperature, "gen_ai.request.max_tokens": model.max_tokens}
        given = {name: value for name, value in options.items() if value is not None}
        with self._request("chat", model.model_name, {**given, **server_attributes(model.openai_api_base)}) as span:
            request = RequestSpan(span, prompt if self.content else None, self.mask)
            try:
                yield request
            finally:
                request.set_output()

    @contextmanager
    def embeddings(self, model: OpenAIEmbeddings) -> Generator[None]:
        """A span for a request to an embedding model."""
        with self._request("embeddings", model.model, server_attributes(model.openai_api_base)):
            yield

    @contextmanager
    def _request(self, operation: str, model: str, attributes: Mapping[str, str | int | float]) -> Generator[Span]:
        names = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": self.provider,
            "gen_ai.request.model": model,
        }
        # Not the current span: a generator may be closed in another context than it was started in.
        span = self._tracer().start_span(
            f"{operation} {model}", kind=SpanKind.CLIENT, attributes={**names, **attributes}
        )
        try:
            yield span
        except (asyncio.CancelledError, GeneratorExit):
            if out_of_time():  # a turn that was stopped has not failed
                set_error(span, ModelUnavailable("model_timeout"))
            raise
        except Exception as error:  # any: it is raised again
            set_error(span, error)
            raise
        finally:
            span.end()

    def _tracer(self) -> Tracer:
        return self.spans.get_tracer("frontdesk")


def _set_route(span: Span, turn: Turn) -> None:
    """The employee that answers, and the confidence of that choice."""
    slug = turn.end.employee if isinstance(turn.end, Done) else None
    if turn.start:
        slug = turn.start.employee.slug
        span.set_attribute("gen_ai.request.model", turn.start.model)
        span.set_attribute("frontdesk.route.confidence", turn.start.route.confidence)
    if employee := find(slug):
        span.update_name(f"invoke_agent {employee.name}")
        span.set_attribute("gen_ai.agent.id", employee.slug)
        span.set_attribute("gen_ai.agent.name", employee.name)


def _set_outcome(span: Span, turn: Turn) -> None:
    """The turn's outcome, with the numbers of its `done` event."""
    if isinstance(done := turn.end, Done):
        span.set_attribute("gen_ai.response.finish_reasons", [done.finish_reason])
        span.set_attribute("gen_ai.usage.input_tokens", done.usage["prompt_tokens"])
        span.set_attribute("gen_ai.usage.output_tokens", done.usage["completion_tokens"])
        span.set_attribute("frontdesk.usage.estimated", done.usage["estimated"])
        if "cached_tokens" in done.usage:
            span.set_attribute("gen_ai.usage.cache_read.input_tokens", done.usage["cached_tokens"])
        if done.prompt_version:
            span.set_attribute("frontdesk.prompt.version", done.prompt_version)
        # The span also covers what follows the answer, so its own duration is longer.
        span.set_attribute("frontdesk.latency_ms", done.latency_ms)
        if done.ttft_ms is not None:
            span.set_attribute("gen_ai.response.time_to_first_chunk", done.ttft_ms / 1000)
        if done.message_id is not None and not done.fallback:
            span.set_attribute("gen_ai.response.model", done.model)
    outcome, error = outcome_of(turn)
    if outcome:
        span.set_attribute("frontdesk.outcome", outcome)
    if error:
        span.set_attribute("error.type", error)
        if outcome not in REJECTED:  # a refusal is no failure, as a status of 400 to 499 is none
            span.set_status(StatusCode.ERROR)


def tracing(settings: Settings) -> Tracing | None:
    """Traces of this process, exported over OTLP in batches from a thread; None without a collector."""
    if settings.traces_url is None:
        return None
    # Here, because most installations have no collector and these imports take a tenth of a second.
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanLimits
    from opentelemetry.sdk.trace import TracerProvider as SDKTracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": settings.otel_service_name, "service.instance.id": str(uuid4())})
    # No events: only the HTTP instrumentation records one, an exception with its text.
    spans = SDKTracerProvider(resource=resource, span_limits=SpanLimits(max_events=0), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(settings.traces_url, headers=settings.traces_headers, compression=Compression.Gzip)
    spans.add_span_processor(BatchSpanProcessor(exporter))
    throttle = WarningThrottle(WARNING_INTERVAL)
    for name in EXPORT_LOGGERS:
        logging.getLogger(name).addFilter(throttle)

    async def close() -> None:
        # The library would wait for half a minute; a daemon thread does not keep the process from ending.
        flush = threading.Thread(target=spans.shutdown, name="last spans", daemon=True)
        flush.start()
        await asyncio.to_thread(flush.join, FLUSH_SECONDS)
        for name in EXPORT_LOGGERS:
            logging.getLogger(name).removeFilter(throttle)

    provider = "openai" if settings.remote_model else "llama.cpp"
    return Tracing(spans, provider, settings.otel_content, settings.mask, close)


class WarningThrottle(logging.Filter):
    """Passes one warning in so many seconds, and errors as warnings."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._next = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        if record.levelno < logging.WARNING:
            return True
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._seconds
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def outcome_of(turn: Turn) -> tuple[str | None, str | None]:
    """How the turn ended, in the words of the metrics or `handed_over`, and its error code; None where it did not."""
    if turn.refusal:
        code = turn.refusal.code
        if code == "rate_limited":
            return "limited", code
        return ("refused" if code in ("empty_message", "conversation_busy", "blocked") else "failed"), code
    match turn.end:
        case Error(code):
            return "failed", code
        case Done(fallback=True) if turn.end.error_code:
            return "fallback", turn.end.error_code
        case Done(finish_reason="stopped"):
            return "stopped", turn.end.error_code
        case Done():
            return "done", turn.end.error_code
        case None:
            return ("handed_over" if turn.status is TurnStatus.HANDED_OVER else None), None
        case _:
            assert_never(turn.end)
