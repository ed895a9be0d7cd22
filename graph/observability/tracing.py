"""Traces of turns, for OpenTelemetry: a span for the turn, one for each node it passes, one for each model asked.

Where no collector is set there is no `Tracing`, and nothing of this runs. No span says what was said, unless that is
asked for; then it is what models are sent and answer, with numbers masked that nobody may keep.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langgraph.runtime import Runtime
from opentelemetry.context import Context as Ancestry
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider, use_span

from graph.node_wrappers import Node
from graph.observability.genai_attributes import Call, failed, server
from graph.settings import Settings
from graph.turns.outcome import outcome_of
from graph.turns.turn import Turn
from nodes.answer.attempts import out_of_time
from nodes.employees import find
from nodes.errors import ModelUnavailable
from nodes.state import Context, State
from nodes.stream_events import Done
from storage.metrics import AWAY


@dataclass(frozen=True)
class Tracing:
    """How one process is traced."""

    spans: TracerProvider
    provider: str
    """Who serves the models, in the conventions' words."""
    content: bool
    """Whether spans say what was said."""
    close: Callable[[], Awaitable[None]]
    """Sends what there still is, within a moment."""

    @contextmanager
    def turn(self, turn: Turn) -> Generator[None]:
        """The block is an attempt at the turn; only the first belongs to the request that began it."""
        known: dict[str, str | int] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.provider.name": self.provider,
            "gen_ai.conversation.id": turn.conversation_id,
            "enduser.id": str(turn.user_id),
            "frontdesk.turn.id": str(turn.turn_id),
            "frontdesk.turn.run": turn.attempt,
        }
        span = self._tracer().start_span("invoke_agent", None if turn.attempt == 1 else Ancestry(), attributes=known)
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield
            finally:
                _tell_beginning(span, turn)
                _tell_end(span, turn)

    def node(self, name: str, node: Node) -> Node:
        """The node, with a span for each time it runs."""
        tracer = self._tracer()

        # LangGraph reads a node's parameters from its signature, so this is written out and not wrapped.
        async def run(state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
            with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
                try:
                    return await node(state, runtime)
                except Exception as error:  # whatever it is, the run's driver knows what to make of it
                    failed(span, error)
                    raise

        return run

    @contextmanager
    def chat(self, model: ChatOpenAI, prompt: Sequence[BaseMessage]) -> Generator[Call]:
        """The block asks the model this; whichever way it is left, the span ends."""
        limits = {"gen_ai.request.temperature": model.temperature, "gen_ai.request.max_tokens": model.max_tokens}
        known = {name: value for name, value in limits.items() if value is not None}
        with self._asking("chat", model.model_name, {**known, **server(model.openai_api_base)}) as span:
            call = Call(span, prompt if self.content else None)
            try:
                yield call
            finally:
                call.end()

    @contextmanager
    def embeddings(self, model: OpenAIEmbeddings) -> Generator[None]:
        """The block has the model embed something."""
        with self._asking("embeddings", model.model, server(model.openai_api_base)):
            yield

    @contextmanager
    def _asking(self, operation: str, model: str, known: Mapping[str, str | int | float]) -> Generator[Span]:
        names = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": self.provider,
            "gen_ai.request.model": model,
        }
        # Not made the current span: a generator may be closed from elsewhere than where it was begun.
        span = self._tracer().start_span(f"{operation} {model}", kind=SpanKind.CLIENT, attributes={**names, **known})
        try:
            yield span
        except (asyncio.CancelledError, GeneratorExit):
            if out_of_time():  # and not because somebody stopped it
                failed(span, ModelUnavailable("model_timeout"))
            raise
        except Exception as error:  # whatever it is, the caller knows what to make of it
            failed(span, error)
            raise
        finally:
            span.end()

    def _tracer(self) -> Tracer:
        return self.spans.get_tracer("frontdesk")


def tracing(settings: Settings) -> Tracing | None:
    """How this process is traced; None where no collector is set."""
    if settings.collector is None:
        return None
    from graph.observability.otlp import Collector

    collector = Collector(settings.collector, settings.collector_headers, settings.otel_service_name)
    provider = "openai" if settings.remote_model else "llama.cpp"
    return Tracing(collector.spans, provider, settings.otel_content, collector.close)


def _tell_beginning(span: Span, turn: Turn) -> None:
    """Who answers, and how sure that choice was."""
    slug = turn.end.employee if isinstance(turn.end, Done) else None
    if turn.start:
        slug = turn.start.employee.slug
        span.set_attribute("gen_ai.request.model", turn.start.model)
        span.set_attribute("frontdesk.route.confidence", turn.start.route.confidence)
    if who := find(slug):
        span.update_name(f"invoke_agent {who.name}")
        span.set_attribute("gen_ai.agent.id", who.slug)
        span.set_attribute("gen_ai.agent.name", who.name)


def _tell_end(span: Span, turn: Turn) -> None:
    """What became of it, in the numbers that `done` says."""
    if isinstance(done := turn.end, Done):
        span.set_attribute("gen_ai.response.finish_reasons", [done.finish_reason])
        span.set_attribute("gen_ai.usage.input_tokens", done.usage["prompt_tokens"])
        span.set_attribute("gen_ai.usage.output_tokens", done.usage["completion_tokens"])
        span.set_attribute("frontdesk.usage.estimated", done.usage["estimated"])
        # The span lasts until all that follows the answer is done, so it does not say when that was out.
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
        if outcome not in AWAY:  # as with a status of 400 to 499, nothing of ours has failed
            span.set_status(StatusCode.ERROR)
