"""The compiled graph with its checkpointer: one turn is one thread, and one run from the message to the metrics.

The checkpoint is saved once, at the end of the run. Recovery does not need it: it begins from what is stored of the
turn (`graph.turns.recovery`). It is kept for LangGraph Studio and for looking into what happened.
"""

from typing import Any, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END
from langgraph.types import Command

from graph.build import Graph
from graph.turns.turn import Turn
from nodes.state import Context, Input, State
from nodes.stream_events import received_by
from storage.checkpoints import Checkpointer


class Pipeline:
    """Runs the threads of turns.

    Args:
        graph: the pipeline, not compiled yet.
        checkpointer: where the threads are kept.
    """

    def __init__(self, graph: Graph, checkpointer: Checkpointer) -> None:
        # LangGraph leaves type arguments out, here and below.
        self._graph = graph.compile(checkpointer=checkpointer)  # pyright: ignore[reportUnknownMemberType]
        self._checkpointer = checkpointer

    async def begin(self, turn: Turn, given: Input) -> None:
        """Run a new thread to its end; the turn gets its events."""
        self._checkpointer.expect_new(str(turn.turn_id))
        await self.run(turn, given)

    async def run(self, turn: Turn, given: Input | Command[Any] | None) -> None:
        """Run the thread to its end, from where it stands (None) or as given; the turn gets its events."""
        with received_by(turn.receive, turn.stop):
            await self._graph.ainvoke(  # pyright: ignore[reportUnknownMemberType]
                given, _config(turn), context=_context(turn), durability="exit"
            )

    async def record(self, turn: Turn, failure: str | None = None) -> None:
        """Record how the turn ended, and do nothing else of what the thread still has to do.

        A command alone would also run what was pending: a node that broke, and everything after it.
        """
        await self._graph.aupdate_state(_config(turn), None, as_node=END)  # pyright: ignore[reportUnknownMemberType]
        await self.run(turn, Command(update={"failure": failure}, goto="record_metrics"))

    async def restart_after(self, turn: Turn, node: Literal["route", "generate"], state: State) -> None:
        """Begin the thread anew where that node has just left this state."""
        await self.forget(turn)
        await self._graph.aupdate_state(_config(turn), state, as_node=node)  # pyright: ignore[reportUnknownMemberType]

    async def forget(self, turn: Turn) -> None:
        """Delete the thread."""
        await self._checkpointer.adelete_thread(str(turn.turn_id))


def _config(turn: Turn) -> RunnableConfig:
    return {
        "configurable": {"thread_id": str(turn.turn_id)},
        "metadata": {"user_id": str(turn.user_id), "conversation_id": turn.conversation_id},
    }


def _context(turn: Turn) -> Context:
    return Context(user_id=str(turn.user_id), claimed=turn.has_key)
