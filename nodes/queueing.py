"""Wait for one's turn in a conversation that is being answered."""

import asyncio
from typing import Literal, Protocol
from uuid import UUID

LOOK_AGAIN = 0.1
"""Seconds between two looks whether it is one's turn: between an answer's end and the next one's beginning."""
LONGEST = 120.0
"""Seconds after which waiting is given up: several answers may be before this one."""

WhileBusy = Literal["wait", "reject", "interrupt"]


class Queue(Protocol):
    """Knows whose turn it is."""

    async def wait(self, user_id: UUID, conversation_id: str, turn_id: UUID) -> bool:
        """Take or keep a place; says whether it is the first and nobody is being answered."""
        ...

    async def leave(self, user_id: UUID, turn_id: UUID) -> None:
        """Give the place up."""
        ...

    async def interrupt(self, user_id: UUID, conversation_id: str) -> None:
        """Have the answer that is being written end where it stands."""
        ...


async def its_turn(queue: Queue, user_id: UUID, conversation_id: str, turn_id: UUID, policy: WhileBusy) -> bool:
    """Whether the message may be answered now, after waiting as the policy has it."""
    if await queue.wait(user_id, conversation_id, turn_id):
        return True
    if policy == "interrupt":
        await queue.interrupt(user_id, conversation_id)
    if policy != "reject":
        for _ in range(round(LONGEST / LOOK_AGAIN)):
            await asyncio.sleep(LOOK_AGAIN)
            if await queue.wait(user_id, conversation_id, turn_id):
                return True
    await queue.leave(user_id, turn_id)
    return False
