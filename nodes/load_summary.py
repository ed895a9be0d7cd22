"""Load the conversation's summary and messages."""

from uuid import UUID

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.state import Context, State, asking
from storage.turns import History, Turns


class LoadedHistory(TypedDict):
    """The conversation so far."""

    history: History


async def load_summary(state: State, runtime: Runtime[Context], *, turns: Turns) -> LoadedHistory:
    """Load the rolling summary, every message that it does not cover, and the latest messages."""
    turn_id = UUID(state["turn_id"])
    history = await turns.history(asking(runtime), state["conversation_id"], before_turn=turn_id)
    return LoadedHistory(history=history)
