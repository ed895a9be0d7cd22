"""Have a model answer, stream its answer, and commit it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
import stamina
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.answer.attempts import Model, write
from nodes.answer.output import AnswerOutput, Draft
from nodes.employees import employee
from nodes.prompts import estimate, estimate_messages, size
from nodes.state import Answer, Context, Notice, State, Usage, asking, since
from nodes.stream_events import done_of, emit, stop_requested, timing_so_far
from nodes.text.pii.masking import Kind
from storage.errors import StorageUnavailable
from storage.metrics import Finding
from storage.turns import Answered, Turns

log = get_logger(__name__)

COMMIT_SECONDS = 60.0
"""For how long a finished answer waits for a database that is away, before it is given up."""

FALLBACK = "fallback"
"""The model's name when none answered."""

FILTERED = (
    "The content filter of the model's provider stopped this answer before its first word. "
    "Try to put the question in other words."
)
"""What is said where such a filter leaves nothing."""

REPORTED = (
    "employee", "model", "finish_reason", "fallback", "usage", "prompt", "prompt_version", "timing", "attempts",
    "latency_ms", "ttft_ms",
)  # fmt: skip
"""What is kept of an answer, with its notices, beside what has a column of its own."""


class Generated(TypedDict):
    """The answer, committed."""

    messages: list[AnyMessage]
    answer: Answer
    notices: list[Notice]
    findings: list[Finding]


async def generate(
    state: State,
    runtime: Runtime[Context],
    *,
    clock: Callable[[], float],
    models: Sequence[Model],
    turns: Turns,
    seconds: float,
    attempts: int,
) -> Generated:
    """Stream a model's answer; say the employee's own words where there is none; commit what was said.

    `models` are asked in their order, the next one where the one before cannot answer.
    """
    output = AnswerOutput(state, runtime, clock)
    stop = stop_requested()
    draft = await write(models, state["prompt"], output=output, stop=stop, seconds=seconds, attempts=attempts)
    fallback = _is_missing(draft)
    if fallback:
        _fall_back(state, draft, output)
    elif draft.finish_reason == "blocked":
        output.note(Notice(code="filtered", message="A filter of the model's provider stopped the answer here."))
    answer = _answer(state, draft, fallback=fallback, first=output.ttft_ms, whole=since(state, clock))
    if timing := timing_so_far():
        answer["timing"] = msgspec.to_builtins(timing)
    answer["message_id"] = str(await _commit(turns, state, runtime, answer, output.notices))
    emit(runtime, done_of(state["turn_id"], state["conversation_id"], answer))
    # Under the id it was shown with, or LangGraph's `messages` stream would show the answer twice.
    message = AIMessage(draft.text, id=output.message_id)
    findings = [*state["findings"], *_findings(draft.text, draft.masked)]
    return Generated(messages=[message], answer=answer, notices=output.notices, findings=findings)


async def _commit(turns: Turns, state: State, runtime: Runtime[Context], answer: Answer, notices: list[Notice]) -> UUID:
    """Keep the answer, as soon as the database is there; returns its message id."""
    async for attempt in stamina.retry_context(
        on=StorageUnavailable, attempts=None, timeout=COMMIT_SECONDS, wait_initial=0.1, wait_max=1.0, wait_jitter=0.1
    ):
        with attempt:
            return await turns.answer(asking(runtime), UUID(state["turn_id"]), _record(state, answer, notices))
    raise AssertionError("unreachable")  # the last attempt returns or raises


def _is_missing(draft: Draft) -> bool:
    """Whether something has to be said in the model's place.

    What was stopped, ran out of time or was cut off by a filter stays as it is.
    """
    if draft.finish_reason == "stopped":
        return False
    cut = draft.finish_reason == "timeout" or (draft.finish_reason == "blocked" and draft.begun)
    return (draft.error_code is not None and not cut) or not draft.text.strip()


def _fall_back(state: State, draft: Draft, output: AnswerOutput) -> None:
    """Take back a broken answer and say what this employee says without a model."""
    assert state["route"] is not None
    log.warning("turn falls back", code=draft.error_code)
    if draft.text:
        output.retract()
    if draft.error_code == "model_filtered":
        said = "A filter of the model's provider stopped the answer; this is a prepared reply."
        output.note(Notice(code="filtered", message=said))
        draft.text, draft.finish_reason = FILTERED, "blocked"
    else:
        output.note(Notice(code="fallback", message="No model can be reached; this is a prepared reply."))
        draft.text, draft.finish_reason = employee(state["route"]["employee"]).fallback, "stop"
    draft.prompt_tokens = draft.completion_tokens = draft.cached_tokens = None
    draft.masked = Counter()
    output.send(draft.text)


def _answer(state: State, draft: Draft, *, fallback: bool, first: int | None, whole: int) -> Answer:
    assert state["route"] is not None
    return Answer(
        message_id="",
        employee=state["route"]["employee"],
        text=draft.text,
        model=FALLBACK if fallback else draft.model,
        finish_reason=draft.finish_reason or "stop",
        fallback=fallback,
        usage=_usage(draft),
        prompt=size(draft.prompt),
        prompt_version=state.get("prompt_version"),
        attempts=draft.attempts,
        latency_ms=whole,
        ttft_ms=first,
        facts_used=[] if fallback else [memory["fact_id"] for memory in state["memories"]],
        error_code=draft.error_code,
    )


def _usage(draft: Draft) -> Usage:
    if draft.prompt_tokens is None or draft.completion_tokens is None:
        prompt, completion = estimate_messages(draft.prompt), estimate(draft.text)
        return Usage(prompt_tokens=prompt, completion_tokens=completion, estimated=True)
    counted = Usage(prompt_tokens=draft.prompt_tokens, completion_tokens=draft.completion_tokens, estimated=False)
    return counted if draft.cached_tokens is None else {**counted, "cached_tokens": draft.cached_tokens}


def _findings(text: str, masked: Counter[Kind]) -> list[Finding]:
    """For the audit: what was masked in the answer, with a hash of what is left."""
    if not masked:
        return []
    log.info("numbers were masked in the answer", numbers=dict(masked))
    text_hash = hashlib.sha256(text.encode()).hexdigest()
    return [Finding(kind=kind, action="answer_masked", rule=None, text_hash=text_hash) for kind in masked]


def _record(state: State, answer: Answer, notices: list[Notice]) -> Answered:
    assert state["route"] is not None
    return Answered(
        conversation_id=state["conversation_id"],
        message=state["message"],
        asked_employee=state.get("employee"),
        employee=state["route"]["employee"],
        route=state["route"],
        answer=answer["text"],
        finish_reason=answer["finish_reason"],
        error_code=answer["error_code"],
        report={**{name: value for name, value in answer.items() if name in REPORTED}, "notices": notices},
        used=answer["facts_used"],
    )
