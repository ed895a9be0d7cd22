"""The compiled graph with its checkpoints: one turn is one thread of it, in two phases.

The first runs to the end of `generate`, where the answer is committed and a checkpoint saved. The second resumes
the thread for what follows the answer.
"""

from collections.abc import AsyncIterator
from typing import Any, Literal, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END
from langgraph.types import Command

from graph.build import Graph
from graph.turns.turn import Turn
from nodes.state import Context, Input, State
from nodes.stream_events import Event


class Pipeline:
    """Runs the threads of turns.

    Args:
        graph: the pipeline, not compiled yet.
        checkpointer: where the threads are kept.
    """

    def __init__(self, graph: Graph, checkpointer: BaseCheckpointSaver[Any]) -> None:
        # LangGraph leaves type arguments out, here and below.
        self._graph = graph.compile(  # pyright: ignore[reportUnknownMemberType]
            checkpointer=checkpointer, interrupt_after=["generate"]
        )
        self._checkpoints = checkpointer

    async def answer(self, turn: Turn, given: Input | None) -> AsyncIterator[Event]:
        """The first phase, from the beginning or (None) from where the thread stands; what its nodes say."""
        stream = self._graph.astream(  # pyright: ignore[reportUnknownMemberType]
            given, _config(turn), context=_context(turn), stream_mode="custom", durability="exit"
        )
        async for event in stream:
            yield cast(Event, event)

    async def go_on(self, turn: Turn, command: Command[Any] | None = None) -> None:
        """The second phase: from where the thread stands, or as the command says, to its end."""
        await self._graph.ainvoke(  # pyright: ignore[reportUnknownMemberType]
            command, _config(turn), context=_context(turn), durability="exit"
        )

    async def record(self, turn: Turn, failure: str | None = None) -> None:
        """Put on record how the turn ended, and do nothing else of what the thread still has to do.

        A command alone would also run what was pending: a node that broke, and everything after it.
        """
        await self._graph.aupdate_state(_config(turn), None, as_node=END)  # pyright: ignore[reportUnknownMemberType]
        await self.go_on(turn, Command(update={"failure": failure}, goto="record_metrics"))

    async def stand(self, turn: Turn, node: Literal["route", "generate"], state: State) -> None:
        """Begin the thread anew where that node has just left this state."""
        await self.forget(turn)
        await self._graph.aupdate_state(_config(turn), state, as_node=node)  # pyright: ignore[reportUnknownMemberType]

    async def forget(self, turn: Turn) -> None:
        """Keep nothing of the thread."""
        await self._checkpoints.adelete_thread(str(turn.turn_id))


def _config(turn: Turn) -> RunnableConfig:
    return {
        "configurable": {"thread_id": str(turn.turn_id)},
        "metadata": {"user_id": str(turn.user_id), "conversation_id": turn.conversation_id},
    }


def _context(turn: Turn) -> Context:
    return Context(user_id=str(turn.user_id), claimed=turn.claimed)
