"""Wait until the conversation is free: one message of it is answered at a time, in the order of arrival."""

from collections.abc import Mapping
from uuid import UUID

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.state import Context, Refusal, State, asking, claimed
from nodes.stream_events import Refused, emit
from storage.conversation_queue import MOST_IN_CONVERSATION, MOST_OF_USER, ConversationQueue, Place

MAX_WAIT = 120.0
"""Seconds after which waiting is given up: several answers may come before this one. By a monotonic clock."""

BUSY = "This conversation is being answered. Wait for the answer, or stop it."
FULL: Mapping[Place, str] = {
    "conversation_full": f"{MOST_IN_CONVERSATION} messages wait in this conversation already. Wait for their answers.",
    "user_full": f"{MOST_OF_USER} of your messages wait already. Wait for their answers.",
}


class Waited(TypedDict):
    """Whether the message may be answered now."""

    refusal: Refusal | None


async def wait_for_conversation(state: State, runtime: Runtime[Context], *, queue: ConversationQueue) -> Waited:
    """Take a place in the conversation, and wait there if it is busy; refuse where the client wants no waiting.

    Raises:
        LeaseLost: another process runs the turn by now.
    """
    busy = await _wait(state, runtime, queue)
    if busy is None:
        return Waited(refusal=None)
    emit(runtime, Refused("conversation_busy", busy))
    return Waited(refusal=Refusal(code="conversation_busy", message=busy, rule=None))


async def _wait(state: State, runtime: Runtime[Context], queue: ConversationQueue) -> str | None:
    """Why the message may not be answered, in words for a person; None once it may."""
    user_id, turn_id, conversation_id = asking(runtime), UUID(state["turn_id"]), state["conversation_id"]
    policy = state.get("while_busy", "wait")
    place = await queue.take(user_id, conversation_id, turn_id, claimed=claimed(runtime))
    if place == "first":
        return None
    if place != "waiting":
        return BUSY if policy == "reject" else FULL[place]
    if policy == "interrupt":
        await queue.interrupt(user_id, conversation_id)
    if policy != "reject" and await queue.wait(user_id, turn_id, MAX_WAIT):
        return None
    await queue.leave(user_id, turn_id)
    return BUSY
