"""Admit as many turns a minute as the user may have, and one at a time in each conversation."""

import math
from typing import Protocol
from uuid import UUID, uuid5

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.state import Context, Notice, Refusal, State, asking, claimed
from nodes.stream_events import Admitted, Refused, emit, note
from nodes.wait_for_conversation import Queue, wait_for_turn
from storage.errors import StorageError
from storage.rate_limits import Allowance

log = get_logger(__name__)


class Limits(Protocol):
    """Counts requests."""

    async def take(self, user_id: UUID) -> Allowance | None:
        """Count this one and say what is left; None without a limit."""
        ...


class Limited(TypedDict):
    """What the limit said."""

    messages: list[AnyMessage]
    """The guard's reply to an attack, so that LangGraph clients have one to show."""
    allowance: Allowance | None
    refusal: Refusal | None
    notices: list[Notice]


async def rate_limit(state: State, runtime: Runtime[Context], *, limits: Limits, queue: Queue) -> Limited:
    """Count every message, and refuse what is too much; let a turn pass when the limit cannot be asked, and say so.

    What the guard refuses is counted, too, so that attacks are not free; beyond the limit they hear of the limit. A
    turn that is admitted waits here until its conversation is free, or is refused, as the client asked for.
    """
    limited = await _limited(state, runtime, limits)
    if limited["refusal"] is None and (busy := await _waited(state, runtime, queue)):
        limited["refusal"] = Refusal(code="conversation_busy", message=busy, rule=None)
    if refusal := limited["refusal"]:
        emit(runtime, Refused(kind="refused", refusal=refusal))
        if refusal["code"] == "blocked":
            limited["messages"] = [AIMessage(refusal["message"], id=str(uuid5(UUID(state["turn_id"]), "refusal")))]
    return limited


async def _waited(state: State, runtime: Runtime[Context], queue: Queue) -> str | None:
    return await wait_for_turn(
        queue,
        asking(runtime),
        state["conversation_id"],
        UUID(state["turn_id"]),
        policy=state.get("while_busy", "wait"),
        claimed=claimed(runtime),
    )


async def _limited(state: State, runtime: Runtime[Context], limits: Limits) -> Limited:
    """What the limit says of it, and where it has nothing to say, the guard."""
    notices = state["notices"]
    try:
        allowance = await limits.take(asking(runtime))
    except StorageError:
        log.exception("rate limit unavailable, the turn goes on")
        notice = Notice(code="rate_limit_unavailable", message="Your request could not be counted; it goes on.")
        return Limited(messages=[], allowance=None, refusal=state["refusal"], notices=note(runtime, notices, notice))
    emit(runtime, Admitted(kind="admitted", allowance=allowance))
    return Limited(messages=[], allowance=allowance, refusal=_refusal(allowance) or state["refusal"], notices=notices)


def _refusal(allowance: Allowance | None) -> Refusal | None:
    if allowance is None or allowance["retry_after"] is None:
        return None
    seconds = math.ceil(allowance["retry_after"])
    message = f"That is more than {allowance['limit']} messages a minute. Try again in {seconds} s."
    return Refusal(code="rate_limited", message=message, rule=None)
