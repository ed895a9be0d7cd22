"""Record how the turn went, in one row of metrics and one line of the log, whatever became of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

import msgspec
from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.employees import Slug, find
from nodes.prompts import estimate, size
from nodes.retrying import retried
from nodes.state import Answer, Context, FinishReason, PromptSize, Refusal, State, WhileBusy, asking, since
from nodes.stream_events import background_usage, timing_so_far
from storage.errors import Gone, StorageUnavailable
from storage.metrics import Metrics, Outcome, TurnMetrics
from storage.turns import Turns

log = get_logger(__name__)

LARGEST = 1_000_000_000
"""The largest number that is recorded: an integer column takes it, and the sum of two, whatever a model's server says
that it has counted."""


@dataclass(frozen=True)
class TurnLogLine:
    """Outcome of a turn, in numbers, names and codes.

    Without the reason of its route, which may quote the message.
    """

    outcome: Outcome
    error_code: str | None
    employee: Slug | None = None
    """None for a turn that ended before routing."""
    confidence: float | None = None
    """Confidence of the routing, 0 to 1."""
    model: str | None = None
    finish_reason: FinishReason | None = None
    fallback: bool = False
    latency_ms: int | None = None
    ttft_ms: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    estimated: bool | None = None
    """Whether the token counts are estimates."""

    def log(self, **ids: str) -> None:
        """Log the line; `ids` are for a task whose log context has none."""
        log.info("turn", **ids, **asdict(self))


class Recorded(TypedDict):
    """The turn is over."""

    employee: None
    """A choice holds for one turn, and not for the next one in the same LangGraph thread."""
    while_busy: WhileBusy
    version: None


async def record_metrics(
    state: State,
    runtime: Runtime[Context],
    *,
    clock: Callable[[], float],
    metrics: Metrics,
    turns: Turns,
    model: str,
    events_logged: Callable[[UUID], Awaitable[None]] | None = None,
) -> Recorded:
    """One row under the employee that really answered, and one line in the log; then the turn is done.

    Args:
        events_logged: returns once the event log has all events of a turn; a turn that is done is not recovered, so
            what is missing there would never be added.

    Raises:
        StorageUnavailable: the database is away; the process that takes the turn over records it.
        Gone: the account was erased meanwhile.
    """
    user_id, turn_id = asking(runtime), UUID(state["turn_id"])
    if state["answer"] and events_logged:
        await events_logged(turn_id)
    try:
        await _record(state, user_id, measured(state, model, clock), metrics)
    except (StorageUnavailable, Gone):
        raise
    except Exception:  # any: else one process after the other would run the turn, and pay for it, for its numbers
        log.exception("metrics not recorded", turn_id=state["turn_id"])
        if state["answer"]:
            await retried(lambda: turns.finish(user_id, turn_id))
    return Recorded(employee=None, while_busy="wait", version=None)


async def _record(state: State, user_id: UUID, numbers: TurnMetrics, metrics: Metrics) -> None:
    refusal, turn_id = state["refusal"], UUID(state["turn_id"])
    # What was turned away by a limit went nowhere, so there is nothing to audit; and it must cost next to nothing.
    findings = state["findings"] if refusal is None or _is_blocked(refusal) else []
    finish = state["answer"] is not None
    if await retried(lambda: metrics.record(user_id, turn_id, numbers, findings, finish=finish)):
        ids = {"turn_id": state["turn_id"], "conversation_id": state["conversation_id"], "user_id": str(user_id)}
        log_line(state, numbers).log(**ids)


def measured(state: State, model: str, clock: Callable[[], float]) -> TurnMetrics:
    """The turn in numbers that the columns take. `model` would have answered, for turns it never reached."""
    answer = state["answer"]
    text = answer["text"] if answer else ""
    usage = answer["usage"] if answer and not answer["usage"]["estimated"] else None
    prompt, background = _asked(state), background_usage()
    written = answer is None or answer.get("attempts") != 0  # by a model, or it would have been
    return TurnMetrics(
        employee=_employee(state),
        model=answer["model"] if answer else model,
        outcome=_outcome(state),
        latency_ms=_number(answer["latency_ms"] if answer else since(state, clock)),
        ttft_ms=_number(answer["ttft_ms"]) if answer and answer["ttft_ms"] is not None else None,
        prompt_chars=_number(prompt["chars"]),
        completion_chars=_number(len(text)),
        prompt_tokens_est=_number(prompt["tokens"]),
        completion_tokens_est=_number(estimate(text)) if written else 0,
        prompt_tokens=_number(usage["prompt_tokens"]) if usage else None,
        completion_tokens=_number(usage["completion_tokens"]) if usage else None,
        cached_tokens=_number(usage["cached_tokens"]) if usage and "cached_tokens" in usage else None,
        background_model=background.model,
        background_prompt_tokens=_number(background.prompt_tokens) if background.model else None,
        background_cached_tokens=_number(background.cached_tokens) if background.model else None,
        background_completion_tokens=_number(background.completion_tokens) if background.model else None,
        prompt_version=(answer or state).get("prompt_version"),
        timing=_timing(answer),
        attempts=answer.get("attempts") if answer else None,
        success=_outcome(state) in ("done", "stopped"),
        error_code=_error_code(state),
    )


def _number(given: int) -> int:
    """The number, or the nearest one that is recorded."""
    return min(max(given, 0), LARGEST)


def _timing(answer: Answer | None) -> Mapping[str, float | None] | None:
    """Milliseconds of each step of the answer, or of those that were over when the turn ended without one."""
    if answer:
        return answer.get("timing")
    timing = timing_so_far()
    return msgspec.to_builtins(timing) if timing else None


def _asked(state: State) -> PromptSize:
    """What the model was asked, or would have been as far as the turn came."""
    if state["answer"] and "prompt" in state["answer"]:
        return state["answer"]["prompt"]
    if state["prompt"]:
        return size(state["prompt"])
    return PromptSize(chars=len(state["message"]), tokens=estimate(state["message"]))


def log_line(state: State, numbers: TurnMetrics) -> TurnLogLine:
    """The turn's line in the log; tokens are estimated where the model did not count them, as in `done`."""
    answer, route, refusal = state["answer"], state["route"], state["refusal"]
    usage = answer["usage"] if answer else None
    return TurnLogLine(
        outcome=numbers["outcome"],
        error_code=numbers["error_code"],
        employee=_employee(state),
        confidence=route["confidence"] if route else None,
        model=numbers["model"],
        finish_reason=answer["finish_reason"] if answer else "blocked" if _is_blocked(refusal) else None,
        fallback=answer["fallback"] if answer else False,
        latency_ms=numbers["latency_ms"],
        ttft_ms=numbers["ttft_ms"],
        prompt_tokens=usage["prompt_tokens"] if usage else None,
        completion_tokens=usage["completion_tokens"] if usage else None,
        estimated=usage["estimated"] if usage else None,
    )


def _is_blocked(refusal: Refusal | None) -> bool:
    return refusal is not None and refusal["code"] == "blocked"


def _employee(state: State) -> Slug:
    if state["route"]:
        return state["route"]["employee"]
    asked = find(state.get("employee"))
    return asked.slug if asked else "prime"


def _outcome(state: State) -> Outcome:
    if state["refusal"]:
        return "limited" if state["refusal"]["code"] == "rate_limited" else "refused"
    answer = state["answer"]
    if answer is None:
        return "failed"
    if answer["fallback"] and answer["error_code"]:  # a prepared answer has none where no model is set
        return "fallback"
    return "stopped" if answer["finish_reason"] == "stopped" else "done"


def _error_code(state: State) -> str | None:
    if state["refusal"]:
        return state["refusal"]["code"]
    answer = state["answer"]
    if answer is None:
        return state["failure"]
    # What follows the answer is named where nothing worse is.
    return answer["error_code"] or _undone(state)


def _undone(state: State) -> str | None:
    if state["facts_failed"]:
        return "facts_failed"
    return "summary_failed" if state["summary_failed"] else None
