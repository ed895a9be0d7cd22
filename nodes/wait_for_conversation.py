"""Wait until the conversation is free: one message of it is answered at a time, in the order of arrival."""

from collections.abc import Mapping
from uuid import UUID

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.state import Context, Refusal, State, asking, claimed
from nodes.stream_events import Refused, emit, stop_requested
from storage.conversation_queue import ConversationQueue, Reached
from storage.rate_limits import MOST_IN_CONVERSATION, MOST_OF_USER, Admission, Place

MAX_WAIT = 120.0
"""Seconds after which waiting is given up: several answers may come before this one. By a monotonic clock."""

BUSY = "This conversation is being answered. Wait for the answer, or stop it."
WITHDRAWN = "This message was withdrawn while it waited for its conversation."
FULL: Mapping[Place | None, str] = {
    "conversation_full": f"{MOST_IN_CONVERSATION} messages wait in this conversation already. Wait for their answers.",
    "user_full": f"{MOST_OF_USER} of your messages wait already. Wait for their answers.",
}


class Waited(TypedDict):
    """Whether the message may be answered now."""

    last_employee: str | None
    refusal: Refusal | None


async def wait_for_conversation(
    state: State, runtime: Runtime[Context], *, admission: Admission, queue: ConversationQueue
) -> Waited:
    """Wait at the message's place in the conversation; refuse where the client wants no waiting, or it has no place.

    `rate_limit` took the place, unless the database could not be asked then. A message that is the first there does not
    come here.

    Raises:
        LeaseLost: another process runs the turn by now.
    """
    user_id, turn_id = asking(runtime), UUID(state["turn_id"])
    place, last = state["place"], state["last_employee"]
    if place is None:
        admitted = await admission.admit(
            user_id, state["conversation_id"], turn_id, has_key=claimed(runtime), counted=False
        )
        place, last = admitted["place"], admitted["employee"]
    if place == "waiting":
        reached = await _wait(state, user_id, turn_id, queue)
        place, last = ("first", reached["employee"]) if reached else (place, last)
    if place == "first":
        return Waited(last_employee=last, refusal=None)
    message = BUSY if place == "waiting" or state.get("while_busy") == "reject" else FULL[place]
    message = WITHDRAWN if stop_requested().is_set() else message
    emit(runtime, Refused("conversation_busy", message))
    refusal = Refusal(code="conversation_busy", message=message, rule=None)
    return Waited(last_employee=last, refusal=refusal)


async def _wait(state: State, user_id: UUID, turn_id: UUID, queue: ConversationQueue) -> Reached | None:
    """Wait as long as the client wants to; where that is not long enough the place is given up."""
    policy, stop = state.get("while_busy", "wait"), stop_requested()
    if policy == "interrupt":
        await queue.interrupt(user_id, state["conversation_id"])
    reached = None if policy == "reject" else await queue.wait(user_id, turn_id, MAX_WAIT, stop)
    if reached is None:
        await queue.leave(user_id, turn_id)
    return reached
