"""Admit as many messages a minute as the user may send."""

import math
from uuid import UUID, uuid5

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.employees import find
from nodes.state import Context, Notice, Refusal, RouteReport, State, Usage, asking
from nodes.stream_events import Done, LimitChecked, Refused, Start, Token, emit, start_of
from storage.errors import StorageError
from storage.rate_limits import Allowance, RateLimits

log = get_logger(__name__)


class Limited(TypedDict):
    """What the limit said."""

    messages: list[AnyMessage]
    """The guard's reply to an attack, so that LangGraph clients have one to show."""
    allowance: Allowance | None
    refusal: Refusal | None
    notices: list[Notice]


async def rate_limit(state: State, runtime: Runtime[Context], *, limits: RateLimits, model: str) -> Limited:
    """Count every message, and refuse what is too much; where it cannot be counted the turn goes on, with a notice.

    What the guard refuses is counted, too, so that attacks are not free; beyond the limit the limit is the answer.

    Args:
        model: which would have answered; the guard's reply names it.
    """
    limited = await _limited(state, runtime, limits)
    refusal = limited["refusal"]
    if refusal and refusal["code"] == "blocked":
        limited["messages"] = [AIMessage(refusal["message"], id=str(uuid5(UUID(state["turn_id"]), "refusal")))]
        emit(runtime, Refused("blocked", refusal["message"], reply=_reply(state, refusal, model)))
    elif refusal:
        allowance = limited["allowance"]
        emit(runtime, Refused(refusal["code"], refusal["message"], allowance["retry_after"] if allowance else None))
    return limited


async def _limited(state: State, runtime: Runtime[Context], limits: RateLimits) -> Limited:
    """What the limit says, and where it lets the message pass, what the guard said."""
    notices = state["notices"]
    try:
        allowance = await limits.take(asking(runtime))
    except StorageError:
        log.exception("rate limit unavailable, the turn goes on")
        notice = Notice(code="rate_limit_unavailable", message="Your request could not be counted; it goes on.")
        return Limited(messages=[], allowance=None, refusal=state["refusal"], notices=[*notices, notice])
    emit(runtime, LimitChecked(allowance))
    return Limited(messages=[], allowance=allowance, refusal=_refusal(allowance) or state["refusal"], notices=notices)


def _refusal(allowance: Allowance | None) -> Refusal | None:
    if allowance is None or allowance["retry_after"] is None:
        return None
    seconds = math.ceil(allowance["retry_after"])
    message = f"That is more than {allowance['limit']} messages a minute. Try again in {seconds} s."
    return Refusal(code="rate_limited", message=message, rule=None)


def _reply(state: State, refusal: Refusal, model: str) -> tuple[Start, Token, Done]:
    """The guard's reply, in the events of an answer; it is not stored, so it has no message id."""
    asked = find(state.get("employee"))
    slug = asked.slug if asked else "prime"
    route = RouteReport(employee=slug, reason="stopped by the guard", confidence=1.0, runner_up=None)
    done = Done(
        turn_id=state["turn_id"],
        conversation_id=state["conversation_id"],
        message_id=None,
        employee=slug,
        model="guard",
        finish_reason="blocked",
        fallback=False,
        facts_used=[],
        usage=Usage(prompt_tokens=0, completion_tokens=0, estimated=False),
        latency_ms=0,
        ttft_ms=None,
    )
    return start_of(state["turn_id"], state["conversation_id"], route, model), Token(refusal["message"]), done
