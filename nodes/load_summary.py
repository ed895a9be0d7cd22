"""Read what was said before."""

from typing import Protocol
from uuid import UUID

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.state import Context, State, asking
from storage.messages import History


class Conversations(Protocol):
    """Holds what was said."""

    async def history(self, user_id: UUID, conversation_id: str, *, before_turn: UUID) -> History:
        """The summary with its watermark, and every message that it does not cover."""
        ...


class Read(TypedDict):
    """The conversation so far."""

    history: History


async def load_summary(state: State, runtime: Runtime[Context], *, conversations: Conversations) -> Read:
    """The rolling summary, and the messages that it does not cover or that are recent."""
    turn = UUID(state["turn_id"])
    return Read(history=await conversations.history(asking(runtime), state["conversation_id"], before_turn=turn))
