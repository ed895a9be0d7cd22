"""Wait for one's turn in a conversation that is being answered."""

from collections.abc import Mapping
from typing import Literal, Protocol
from uuid import UUID

from storage.conversation_queue import MOST_IN_CONVERSATION, MOST_OF_USER, Place

LONGEST = 120.0
"""Seconds after which waiting is given up: several answers may be before this one. By a clock that nobody sets."""

WhileBusy = Literal["wait", "reject", "interrupt"]

BUSY = "This conversation is being answered. Wait for the answer, or stop it."
FULL: Mapping[Place, str] = {
    "conversation_full": f"{MOST_IN_CONVERSATION} messages wait in this conversation already. Wait for their answers.",
    "user_full": f"{MOST_OF_USER} of your messages wait already. Wait for their answers.",
}


class Queue(Protocol):
    """Knows whose turn it is."""

    async def take(self, user_id: UUID, conversation_id: str, turn_id: UUID, *, claimed: bool) -> Place:
        """Take a place, unless too many wait; says whether it is the first and nobody is being answered."""
        ...

    async def wait(self, user_id: UUID, turn_id: UUID, seconds: float) -> bool:
        """Wait at the place for so long at most; says whether its time has come."""
        ...

    async def leave(self, user_id: UUID, turn_id: UUID) -> None:
        """Give the place up."""
        ...

    async def interrupt(self, user_id: UUID, conversation_id: str) -> None:
        """Have the answer that is being written end where it stands."""
        ...


async def wait_for_turn(
    queue: Queue, user_id: UUID, conversation_id: str, turn_id: UUID, *, policy: WhileBusy, claimed: bool
) -> str | None:
    """Wait until the message may be answered, as the policy has it; returns why it may not be, in words for a person.

    Args:
        queue: where it waits.
        user_id: whose message it is.
        conversation_id: where it belongs.
        turn_id: the turn that is to answer it.
        policy: what is to happen while another message is being answered.
        claimed: whether an idempotency key was claimed for the turn.

    Raises:
        LeaseLost: the turn is another process's by now.
    """
    place = await queue.take(user_id, conversation_id, turn_id, claimed=claimed)
    if place == "first":
        return None
    if place != "waiting":
        return BUSY if policy == "reject" else FULL[place]
    if policy == "interrupt":
        await queue.interrupt(user_id, conversation_id)
    if policy != "reject" and await queue.wait(user_id, turn_id, LONGEST):
        return None
    await queue.leave(user_id, turn_id)
    return BUSY
