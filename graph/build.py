"""The whole pipeline on one screen."""

from functools import partial
from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import RetryPolicy

from graph.dependencies import Parts
from graph.node_wrappers import Node, best_effort
from graph.observability.tracing import Tracing
from graph.unseen import unseen
from nodes.extract_facts import extract_facts
from nodes.generate import generate
from nodes.guard import guard
from nodes.load_memory import load_memory
from nodes.load_summary import load_summary
from nodes.rate_limit import rate_limit
from nodes.record_metrics import record_metrics
from nodes.roll_summary import roll_summary
from nodes.route import route
from nodes.state import NO_FACTS, NO_SUMMARY, Context, Input, Output, State
from nodes.trim_context import trim_context
from storage.errors import StorageUnavailable

AWAY = RetryPolicy(
    initial_interval=0.2, backoff_factor=1.5, max_interval=1.0, max_attempts=30, retry_on=StorageUnavailable
)

Graph = StateGraph[State, Context, Input, Output]


def build(p: Parts, tracing: Tracing | None = None) -> Graph:
    """The pipeline with its parts bound; the caller compiles it, with a checkpointer or without."""
    graph: Graph = StateGraph(State, Context, input_schema=Input, output_schema=Output)

    def add(name: str, node: Node, retry: RetryPolicy | None = None) -> None:
        graph.add_node(name, tracing.node(name, node) if tracing else node, retry_policy=retry)

    o = p.options
    add("guard", partial(guard, clock=p.clock, max_chars=o.max_chars))
    add("rate_limit", partial(rate_limit, limits=p.limits, queue=p.queue))
    add("route", partial(route, classify=p.classify, conversations=p.who_answered, turns=p.turns))
    # From `route` on the turn is accepted, and waits for a database that is away for a moment.
    add("load_summary", partial(load_summary, conversations=p.conversations), retry=AWAY)
    add("load_memory", partial(load_memory, embed=p.embed, recall=p.recall, seconds=o.memory_seconds))
    prompt = partial(trim_context, budget=o.context_tokens, reserve=o.answer_tokens)
    add("trim_context", unseen(prompt))
    models = [p.model, p.second] if p.second else [p.model]
    answer = partial(generate, clock=p.clock, models=models, turns=p.turns, stops=p.stops)
    add("generate", partial(answer, seconds=o.turn_seconds, attempts=o.attempts))
    # What follows the answer may fail, and the answer stands.
    summary = partial(roll_summary, summarise=p.summarise, summaries=p.summaries)
    add("roll_summary", best_effort("roll_summary", summary, seconds=o.tail_seconds, failed=NO_SUMMARY))
    facts = partial(extract_facts, extract=p.extract, embed=p.embed, recall=p.recall, facts=p.facts)
    add("extract_facts", best_effort("extract_facts", facts, seconds=o.tail_seconds, failed=NO_FACTS))
    metrics = partial(record_metrics, clock=p.clock, metrics=p.metrics, turns=p.turns, model=p.model.label)
    add("record_metrics", best_effort("record_metrics", metrics, seconds=o.tail_seconds))

    graph.add_edge(START, "guard")
    graph.add_edge("guard", "rate_limit")  # what the guard refuses counts, too
    graph.add_conditional_edges("rate_limit", unless_refused, ["route", "record_metrics"])
    graph.add_edge("route", "load_summary")
    graph.add_edge("route", "load_memory")
    graph.add_edge(["load_summary", "load_memory"], "trim_context")
    graph.add_edge("trim_context", "generate")
    graph.add_edge("generate", "roll_summary")  # a driver may pause here: the answer is out
    graph.add_edge("generate", "extract_facts")
    graph.add_edge(["roll_summary", "extract_facts"], "record_metrics")
    graph.add_edge("record_metrics", END)
    return graph


def unless_refused(state: State) -> Literal["route", "record_metrics"]:
    """On to the answer, unless the turn was refused; a refused one is still counted."""
    return "record_metrics" if state["refusal"] else "route"
