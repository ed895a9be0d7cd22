"""Events of a turn: one closed set of structs, which clients get as they are.

`Start` comes first, and exactly one of `Done` and `Error` comes last; `Refused` stands alone, for a turn that never
started, and is answered by a status and not by an event.

Nodes emit them while the graph runs. Where the run belongs to a turn of ours they go to its receiver; elsewhere, as in
Studio, to LangGraph's custom stream.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, get_args

import msgspec
from langchain_core.messages import AIMessageChunk
from langgraph.graph.message import push_message  # pyright: ignore[reportMissingTypeStubs]
from langgraph.runtime import Runtime

from nodes import state
from nodes.employees import BY_NAME, Slug
from nodes.state import Answer, Context, DecidedBy, FinishReason, NoticeCode, ReasonCode, RouteReport, Usage
from nodes.text.translatable import Texts
from storage.event_log import EventName
from storage.rate_limits import Allowance

ErrorCode = Literal["internal", "storage_unavailable", "shutting_down", "deleted"]
RefusalCode = Literal[state.RefusalCode, ErrorCode]


class EmployeeCard(msgspec.Struct, frozen=True):
    """Who answers, to be shown."""

    slug: Slug
    name: str
    title: str
    emoji: str


class Route(msgspec.Struct, frozen=True):
    """Why this employee answers."""

    reason: str
    confidence: float
    """0 to 1."""
    runner_up: Slug | None
    decided_by: DecidedBy | None = None
    """None for a turn of an earlier release."""
    reason_code: ReasonCode | None = None
    """`reason` as a code, for pages in other languages; None for a turn of an earlier release."""
    keyword: str | None = None
    """The one that was found, with the code `keyword`."""


class Start(msgspec.Struct, frozen=True):
    """The message is stored, and an employee was chosen to answer it."""

    turn_id: str
    conversation_id: str
    employee: EmployeeCard
    route: Route
    model: str


class Notice(msgspec.Struct, frozen=True):
    """Something the person should know, at this place of the answer."""

    code: NoticeCode
    message: str


class Token(msgspec.Struct, frozen=True):
    """The next piece of the answer."""

    text: str


class ToolCall(msgspec.Struct, frozen=True):
    """A tool is run for the answer, at this place of it."""

    call_id: str
    """The same for the same call of a turn, however often the turn is run."""
    tool: str
    words: str
    """The call in words."""


class ToolFigure(msgspec.Struct, frozen=True):
    """A figure that a tool computed."""

    name: str
    value: str
    """As it is written without signs of a language: "-1234.50", "2026-03-01", "12"."""
    currency: str | None = None
    unit: str | None = None


class ToolResult(msgspec.Struct, frozen=True):
    """What a tool found. A call without one was ended with the answer."""

    call_id: str
    tool: str
    words: str
    """What was computed over what; where nothing was, that."""
    figures: tuple[ToolFigure, ...]
    """The first few."""
    row_count: int
    reference_id: str | None
    """By which the result is opened; None where nothing was computed."""
    proposal_id: str | None = None
    """Of what the user is asked to accept."""
    texts: Texts = {}
    """What the English texts of ours in it are made of, by these texts: for pages in other languages."""


class Timing(msgspec.Struct, frozen=True):
    """Where the time to the first token went: milliseconds of each step, one after the other."""

    guard_ms: float | None = None
    """Cleaned, judged, and counted against the limit."""
    wait_ms: float | None = None
    """Waited for the conversation."""
    route_ms: float | None = None
    """An employee was chosen, and the message stored."""
    memory_ms: float | None = None
    """History and facts were read, and the prompt put together."""
    model_ms: float | None = None
    """From the request to the model to the first token; None where there was none."""


class RecalledTurn(msgspec.Struct, frozen=True):
    """An earlier turn of the user that was quoted in the prompt."""

    turn_id: str
    date: str
    """The day on which it was said, ISO 8601."""


GeneratedBy = Literal["ai", "template"]
"""Who wrote an answer: a model, or people in advance (the guard's reply, and what is said where no model answers)."""


class Done(msgspec.Struct, frozen=True):
    """The answer is complete and committed."""

    turn_id: str
    conversation_id: str
    message_id: str | None
    """None for the guard's reply, which is not stored."""
    employee: Slug
    model: str
    finish_reason: FinishReason
    fallback: bool
    facts_used: list[str]
    """Ids of the facts about the user that stood in the prompt."""
    usage: Usage
    latency_ms: int
    ttft_ms: int | None
    """Milliseconds from the request to the first token."""
    error_code: str | None = None
    """Why the model's own answer is missing or short, where it is."""
    generated_by: GeneratedBy = "ai"
    prompt_version: str | None = None
    """Which text the employee was given; None for the guard's reply, and for answers of an earlier release."""
    timing: Timing | None = None
    """None for the guard's reply, and where not all steps of the turn were run in one process."""
    turns_recalled: tuple[RecalledTurn, ...] = ()
    """Earlier turns outside the window that were quoted in the prompt."""
    references: tuple[str, ...] = ()
    """Ids of what tools computed for the answer, in order."""
    unverified: tuple[str, ...] = ()
    """Figures of the answer, as they stand in it, that no tool computed and the user did not say."""


class Error(msgspec.Struct, frozen=True):
    """There will be no answer, or no more of it."""

    code: ErrorCode
    message: str
    retryable: bool


RESTARTED = Notice("restarted", "The answer broke off; this one replaces it.")
"""Takes back every piece of the answer before it."""

Event = Start | Notice | Token | ToolCall | ToolResult | Done | Error

EVENT_NAMES: dict[type[Event], EventName] = {
    Start: "start", Notice: "notice", Token: "token", ToolCall: "tool_call", ToolResult: "tool_result", Done: "done",
    Error: "error",
}  # fmt: skip
assert set(EVENT_NAMES) == set(get_args(Event))


class LimitChecked(msgspec.Struct, frozen=True):
    """The rate limit was asked, and leaves this. Goes out as headers."""

    allowance: Allowance | None


class Refused(msgspec.Struct, frozen=True):
    """The turn was turned away before it started. Goes out as a status."""

    code: RefusalCode
    message: str
    retry_after: float | None = None
    """Seconds until the same request would pass, where that is known."""
    reply: tuple[Start, Token, Done] | None = None
    """What the guard says to an attack, which goes out like an answer; it is not stored."""


Step = Literal["guard", "wait", "route", "memory", "model"]
"""A step on the way to the first token."""


class StepDone(msgspec.Struct, frozen=True):
    """A step has ended. It is for `Timing`, and goes out with `Done`."""

    step: Step


NodeEvent = Event | LimitChecked | Refused | StepDone


@dataclass
class BackgroundUsage:
    """Tokens of a turn's summary and facts, which are not part of its answer, and of whatever was asked again."""

    model: str | None = None
    """None as long as no model replied."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of `prompt_tokens`, as far as the provider says."""

    def add(self, model: str, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> None:
        """Count one reply; all replies of a turn's background are of one model."""
        self.model = model
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        self.cached_tokens += cached_tokens


@dataclass(frozen=True)
class _Run:
    receiver: Callable[[NodeEvent], None]
    stop: asyncio.Event
    timing: Callable[[], Timing | None]
    background: BackgroundUsage = field(default_factory=BackgroundUsage)


_run: ContextVar[_Run | None] = ContextVar("_run", default=None)
"""The run of a turn of ours that nodes are called in; None elsewhere, as in Studio."""


@contextmanager
def received_by(
    receiver: Callable[[NodeEvent], None], stop: asyncio.Event, timing: Callable[[], Timing | None] = lambda: None
) -> Generator[None]:
    """What nodes emit within the block goes to this receiver, and `stop` ends their answer where it stands.

    Args:
        timing: how long the steps so far took; None where not all of them ran here.
    """
    token = _run.set(_Run(receiver, stop, timing))
    try:
        yield
    finally:
        _run.reset(token)


def timing_so_far() -> Timing | None:
    """How long the steps of this run took; None where that is not known."""
    run = _run.get()
    return run.timing() if run else None


def background_usage() -> BackgroundUsage:
    """Tokens of this run's summary and facts; where the run is no turn of ours, one that nobody reads."""
    run = _run.get()
    return run.background if run else BackgroundUsage()


def stop_requested() -> asyncio.Event:
    """Set once the answer of this run is to end; never where the run is no turn of ours."""
    run = _run.get()
    return run.stop if run else asyncio.Event()


def emit(runtime: Runtime[Context], event: NodeEvent) -> None:
    """Send an event to the run's receiver."""
    if run := _run.get():
        run.receiver(event)
    elif isinstance(event, Event):
        runtime.stream_writer({"event": EVENT_NAMES[type(event)], "data": msgspec.to_builtins(event)})
    elif isinstance(event, Refused):
        runtime.stream_writer({"event": "refused", "data": {"code": event.code, "message": event.message}})


def show(runtime: Runtime[Context], text: str, message_id: str) -> None:
    """Send a piece of the answer on LangGraph's `messages` stream, too, which chat clients such as Studio's read.

    Not the model's own pieces, which that stream would take: those are not masked.
    """
    if runtime.execution_info and _run.get() is None:  # a node that is called by itself has no such stream
        push_message(AIMessageChunk(content=text, id=message_id), state_key=None)


def note(runtime: Runtime[Context], notices: list[state.Notice], notice: state.Notice) -> list[state.Notice]:
    """Send a notice, and return the turn's notices with it."""
    emit(runtime, Notice(**notice))
    return [*notices, notice]


def start_of(turn_id: str, conversation_id: str, route: RouteReport, model: str) -> Start:
    """The first event of a turn that this employee is going to answer."""
    who = BY_NAME[route["employee"]]
    card = EmployeeCard(who.slug, who.name, who.title, who.emoji)
    why = Route(
        reason=route["reason"],
        confidence=route["confidence"],
        runner_up=route["runner_up"],
        decided_by=route.get("decided_by"),
        reason_code=route.get("reason_code"),
        keyword=route.get("keyword"),
    )
    return Start(turn_id, conversation_id, card, why, model)


def done_of(turn_id: str, conversation_id: str, answer: Answer) -> Done:
    """The last event of a turn whose answer is committed."""
    return Done(
        turn_id=turn_id,
        conversation_id=conversation_id,
        message_id=answer["message_id"],
        employee=answer["employee"],
        model=answer["model"],
        finish_reason=answer["finish_reason"],
        fallback=answer["fallback"],
        facts_used=answer["facts_used"],
        usage=answer["usage"],
        latency_ms=answer["latency_ms"],
        ttft_ms=answer["ttft_ms"],
        error_code=answer["error_code"],
        generated_by="template" if answer["fallback"] else "ai",
        prompt_version=answer.get("prompt_version"),
        timing=Timing(**answer["timing"]) if "timing" in answer else None,
        turns_recalled=tuple(RecalledTurn(**turn) for turn in answer.get("turns_recalled", [])),
        references=tuple(one.reference_id for one in results_of(answer) if one.reference_id),
        unverified=tuple(answer.get("unverified", ())),
    )


def results_of(answer: Answer) -> list[ToolResult]:
    """What tools found for the answer, in order."""
    return [msgspec.convert(one, ToolResult) for one in answer.get("tools", ())]
