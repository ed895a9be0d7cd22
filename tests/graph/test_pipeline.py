"""Running the threads of turns, with LangGraph's checkpoints in the database."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.graph import END, START, StateGraph

from graph.pipeline import Pipeline
from nodes.state import Context, Input, Output, State
from storage.checkpoints import Checkpointer
from storage.pool import Pool
from tests.graph.turns.samples import a_turn
from tests.nodes.states import ADA, a_state
from tests.nodes.stored import accept


@pytest.fixture
async def checkpointer(database_url: str, pool: Pool) -> AsyncGenerator[Checkpointer]:
    """The checkpointer of the test's database."""
    async with Pool.open(database_url) as records:
        yield Checkpointer(records, pool)


class TwoSteps:
    """A pipeline of two nodes, which note how often the checkpoints were read by then, and the message they found."""

    def __init__(self, checkpointer: Checkpointer) -> None:
        self._checkpointer = checkpointer
        self.noted: list[tuple[str, int, str]] = []
        graph = StateGraph(State, Context, input_schema=Input, output_schema=Output)
        graph.add_node("route", self._route)
        graph.add_node("generate", self._generate)
        graph.add_edge(START, "route")
        graph.add_edge("route", "generate")
        graph.add_edge("generate", END)
        self.pipeline = Pipeline(graph, checkpointer)

    def reads(self) -> int:
        """How often a connection of the checkpointer was asked for."""
        return self._checkpointer._records._connections.get_stats().get("requests_num", 0)

    async def _route(self, state: State) -> Mapping[str, Any]:
        text = state["messages"][-1].text
        self.noted.append(("route", self.reads(), text))
        return {"message": text}

    async def _generate(self, state: State) -> Mapping[str, Any]:
        self.noted.append(("generate", self.reads(), state["message"]))
        return {}


async def test_a_new_turn_reads_no_checkpoint(checkpointer: Checkpointer, pool: Pool) -> None:
    """There can be none; one is saved at the end."""
    steps, turn = TwoSteps(checkpointer), a_turn(user_id=ADA)
    await accept(pool, "one", turn_id=turn.turn_id)
    await steps.pipeline.begin(turn, Input(messages=[HumanMessage("one")]))
    assert steps.noted == [("route", 0, "one"), ("generate", 0, "one")]
    assert await checkpointer.aget_tuple({"configurable": {"thread_id": str(turn.turn_id)}})


async def test_a_recovered_turn_goes_on_from_its_checkpoint(checkpointer: Checkpointer, pool: Pool) -> None:
    """After the node that it is recovered from, also in the process that began it."""
    steps, turn = TwoSteps(checkpointer), a_turn(user_id=ADA)
    await accept(pool, "one", turn_id=turn.turn_id)
    await steps.pipeline.begin(turn, Input(messages=[HumanMessage("one")]))
    await steps.pipeline.restart_after(turn, "route", a_state("as stored"))
    before = steps.reads()
    await steps.pipeline.run(turn, None)
    [*_, (node, reads, message)] = steps.noted
    assert (node, message, len(steps.noted)) == ("generate", "as stored", 3)
    assert reads > before
