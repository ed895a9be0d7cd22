"""Admit as many messages a minute as the user may send."""

import math
from collections.abc import Callable
from uuid import UUID, uuid5

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.employees import find
from nodes.state import Context, Notice, Refusal, State, Usage, asking, claimed, route_report
from nodes.stream_events import Done, LimitChecked, Refused, Start, Token, emit, start_of
from storage.errors import LeaseLost, StorageError
from storage.rate_limits import NOT_ADMITTED, Admission, Allowance, Place

log = get_logger(__name__)


class Limited(TypedDict):
    """What the limit said, and where the message stands in its conversation."""

    messages: list[AnyMessage]
    """The guard's reply to an attack, so that LangGraph clients have one to show."""
    allowance: Allowance | None
    place: Place | None
    last_employee: str | None
    refusal: Refusal | None
    notices: list[Notice]


async def rate_limit(
    state: State, runtime: Runtime[Context], *, admission: Admission, embed_ahead: Callable[[str], None], model: str
) -> Limited:
    """Count every message, and refuse what is too much; where it cannot be counted the turn goes on, with a notice.

    What the guard refuses is counted, too, so that attacks are not free; beyond the limit the limit is the answer.
    What passes takes its place in its conversation in the same statement.

    Args:
        embed_ahead: begins to embed the message, so that its vector is there when `route` needs it.
        model: which would have answered; the guard's reply names it.

    Raises:
        LeaseLost: another process runs the turn by now.
    """
    if state["refusal"] is None and not admission.is_used_up(asking(runtime)):
        embed_ahead(state["message"])
    limited = await _limited(state, runtime, admission)
    refusal = limited["refusal"]
    if refusal and refusal["code"] == "blocked":
        limited["messages"] = [AIMessage(refusal["message"], id=str(uuid5(UUID(state["turn_id"]), "refusal")))]
        emit(runtime, Refused("blocked", refusal["message"], reply=_reply(state, refusal, model)))
    elif refusal:
        allowance = limited["allowance"]
        emit(runtime, Refused(refusal["code"], refusal["message"], allowance["retry_after"] if allowance else None))
    return limited


async def _limited(state: State, runtime: Runtime[Context], admission: Admission) -> Limited:
    """What the limit says, and where it lets the message pass, what the guard said."""
    notices, admitted = state["notices"], NOT_ADMITTED
    try:
        admitted = await admission.admit(
            asking(runtime),
            state["conversation_id"],
            UUID(state["turn_id"]),
            has_key=claimed(runtime),
            take_place=state["refusal"] is None,
        )
    except LeaseLost:
        raise
    except StorageError:
        log.exception("rate limit unavailable, the turn goes on")
        notice = Notice(code="rate_limit_unavailable", message="Your request could not be counted; it goes on.")
        notices = [*notices, notice]
    else:
        emit(runtime, LimitChecked(admitted["allowance"]))
    return Limited(
        messages=[],
        allowance=admitted["allowance"],
        place=admitted["place"],
        last_employee=admitted["employee"],
        refusal=_refusal(admitted["allowance"]) or state["refusal"],
        notices=notices,
    )


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
    route = route_report(slug, "guard", "rules")
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
        generated_by="template",
    )
    return start_of(state["turn_id"], state["conversation_id"], route, model), Token(refusal["message"]), done
