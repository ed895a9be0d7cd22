"""The pipeline: its nodes with their dependencies, its edges, and how a turn runs through it.

One turn is one LangGraph thread, and one run from the message to the metrics. The checkpoint is saved once, at the end
of the run. Recovery does not need it: it begins from what is stored of the turn (`graph.turns.recovery`). It is kept
for LangGraph Studio and for looking into what happened.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, RetryPolicy
from opentelemetry.trace import get_current_span
from structlog.stdlib import get_logger

from graph.dependencies import Dependencies, Node
from graph.observability.genai_attributes import set_error
from graph.observability.tracing import Tracing
from graph.turns.turn import Turn
from nodes.extract_facts import extract_facts
from nodes.generate import generate
from nodes.guard import guard
from nodes.load_context import load_memory, load_summary
from nodes.rate_limit import rate_limit
from nodes.record_metrics import record_metrics
from nodes.roll_summary import Waiting, roll_summary
from nodes.route import route
from nodes.state import Context, Input, Output, Quoted, State
from nodes.stream_events import Step, StepDone, emit, received_by
from nodes.trim_context import trim_context
from nodes.wait_for_conversation import wait_for_conversation
from storage.checkpoints import Checkpointer
from storage.errors import Gone, StorageUnavailable

log = get_logger(__name__)

STORAGE_RETRY = RetryPolicy(
    initial_interval=0.2, backoff_factor=1.5, max_interval=1.0, max_attempts=30, retry_on=StorageUnavailable
)

STEPS: Mapping[str, Step] = {"rate_limit": "guard", "wait_for_conversation": "wait", "trim_context": "memory"}
"""Nodes that end a step on the way to the first token; `route` ends one with `Start`, and the model with its token."""

Graph = StateGraph[State, Context, Input, Output]


def build(d: Dependencies, tracing: Tracing | None = None) -> Graph:
    """The pipeline with its dependencies bound; the caller compiles it, with a checkpointer or without."""
    graph: Graph = StateGraph(State, Context, input_schema=Input, output_schema=Output)
    _add_nodes(graph, d, tracing)
    _add_edges(graph)
    return graph


def _add_nodes(graph: Graph, d: Dependencies, tracing: Tracing | None) -> None:
    def add(name: str, node: Node, retry: RetryPolicy | None = None) -> None:
        node = timed(STEPS[name], node) if name in STEPS else node
        graph.add_node(name, tracing.node(name, node) if tracing else node, retry_policy=retry)

    o, model = d.options, d.model.label
    cleaned = partial(
        guard, clock=d.clock, max_chars=o.max_chars, admission=d.admission, suspect=d.suspect, also=o.mask
    )
    add("guard", cleaned)
    add("rate_limit", partial(rate_limit, admission=d.admission, embed_ahead=d.embed_ahead, model=model))
    add("wait_for_conversation", partial(wait_for_conversation, admission=d.admission, queue=d.queue))
    add("route", partial(route, classify=d.classify, turns=d.turns, model=model))
    # From `route` on the turn is stored, and waits for a database that is away for a moment.
    add("load_summary", partial(load_summary, turns=d.turns), retry=STORAGE_RETRY)
    add("load_memory", partial(load_memory, embed=d.embed, recall=d.recall, seconds=o.memory_seconds))
    prompt = partial(
        trim_context, budget=o.context_tokens, reserve=o.answer_tokens, calls_tools=o.calls_tools, also=o.mask
    )
    add("trim_context", without_streaming(prompt))
    answer = partial(
        generate, clock=d.clock, models=[d.model, d.second] if d.second else [d.model], has_model=o.has_model,
        prepare=d.prepare, understand=d.understand, turns=d.turns, seconds=o.turn_seconds, attempts=o.attempts,
        run_tool=d.run_tool, tool_room=o.context_tokens,  # in characters: a quarter of the tokens
        also=o.mask,
    )  # fmt: skip
    add("generate", answer)
    # What follows the answer may fail, and the answer stands.
    waiting, seconds = Waiting(o.summary_after, o.context_tokens // 4), o.tail_seconds / 2
    summary = partial(roll_summary, summarise=d.summarise, turns=d.turns, seconds=seconds, waiting=waiting, also=o.mask)
    add("roll_summary", best_effort("roll_summary", summary, o.tail_seconds, failed={"summary_failed": True}))
    facts = partial(extract_facts, extract=d.extract, embed=d.embed, facts=d.facts, also=o.mask)
    add("extract_facts", best_effort("extract_facts", facts, o.tail_seconds, failed={"facts_failed": True}))
    metrics = partial(
        record_metrics, clock=d.clock, metrics=d.metrics, turns=d.turns, model=model, events_logged=d.events_logged
    )
    add("record_metrics", best_effort("record_metrics", metrics, o.tail_seconds))


def _add_edges(graph: Graph) -> None:
    graph.add_edge(START, "guard")
    graph.add_edge("guard", "rate_limit")  # what the guard refuses counts, too
    # What is refused is only counted.
    graph.add_conditional_edges("rate_limit", after_rate_limit, ["route", "wait_for_conversation", "record_metrics"])
    graph.add_conditional_edges("wait_for_conversation", after_waiting, ["route", "record_metrics"])
    graph.add_edge("route", "load_summary")
    graph.add_edge("route", "load_memory")
    graph.add_edge(["load_summary", "load_memory"], "trim_context")
    graph.add_edge("trim_context", "generate")
    graph.add_edge("generate", "roll_summary")  # the answer is committed and out
    graph.add_edge("generate", "extract_facts")
    graph.add_edge(["roll_summary", "extract_facts"], "record_metrics")
    graph.add_edge("record_metrics", END)


# `async`, because LangGraph runs a plain function in a thread.


async def after_rate_limit(state: State) -> str:
    """The node that comes next: a message that is the first in its conversation waits for nothing."""
    if state["refusal"]:
        return "record_metrics"
    return "route" if state["place"] == "first" else "wait_for_conversation"


async def after_waiting(state: State) -> str:
    """The node that comes next."""
    return "record_metrics" if state["refusal"] else "route"


# LangGraph reads a node's parameters from its signature, so each wrapper below is written out in full.


def best_effort(name: str, node: Node, seconds: float, *, failed: Mapping[str, Any] | None = None) -> Node:
    """The node with a time limit; where it fails, the answer stands and the state changes by `failed` only.

    A database that is away fails the run instead: the process that takes the turn over does what is left.
    """

    async def run(state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(seconds):
                return await node(state, runtime)
        except StorageUnavailable:
            raise
        except Gone:
            log.info("step has nothing left to do, the turn was deleted", step=name)
        except Exception as error:  # any: the answer is out, and a summary or a number is no reason to lose the rest
            set_error(get_current_span(), error)
            log.exception("step failed", step=name)
        return failed or {}

    return run


def timed(step: Step, node: Node) -> Node:
    """The node, which says when it is done."""

    async def run(state: State, runtime: Runtime[Context]) -> Any:
        update = await node(state, runtime)
        emit(runtime, StepDone(step))
        return update

    return run


def without_streaming(node: Node) -> Any:
    """The node, with the messages it returns kept out of LangGraph's `messages` stream.

    That stream takes every message in a node's dict for a part of the answer, so a chat client would show the system
    prompt, the notes, and old answers once more. It does not look into an update given as pairs.
    """

    async def run(state: State, runtime: Runtime[Context]) -> Command[Any]:
        return Command(update=list((await node(state, runtime)).items()))

    return run


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

    async def begin(self, turn: Turn, given: Input, quoted: Sequence[Quoted] = ()) -> None:
        """Run a new thread to its end; the turn gets its events."""
        with self._checkpointer.new_thread(str(turn.turn_id)):
            await self.run(turn, given, quoted)

    async def run(self, turn: Turn, given: Input | Command[Any] | None, quoted: Sequence[Quoted] = ()) -> None:
        """Run the thread to its end, from where it stands (None) or as given; the turn gets its events."""
        with received_by(turn.receive, turn.stop, lambda: turn.timing if turn.attempt == 1 else None):
            # Without a stream: `ainvoke` reads the whole state after each step.
            async for _ in self._graph.astream(  # pyright: ignore[reportUnknownMemberType]
                given, _config(turn), context=_context(turn, quoted), durability="exit", stream_mode=[]
            ):
                pass

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


def _context(turn: Turn, quoted: Sequence[Quoted]) -> Context:
    return Context(user_id=str(turn.user_id), claimed=turn.has_key, quoted=quoted)
