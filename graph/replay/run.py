"""Run a recorded turn again, offline, with the real nodes, and explain what has changed."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START

from graph.build import Graph, build
from graph.dependencies import Dependencies, unconnected
from graph.replay.record import STREAMS, Call, Recording, Step, current_node, options, state, swapped
from graph.replay.serialize import plain, raise_again, restored
from nodes.extract_facts import FactsFound
from nodes.state import Context

VOLATILE = frozenset({"latency_ms", "ttft_ms"})
"""Measured anew in every run, and so no difference."""


class Unrecorded(Exception):
    """A node asked the outside something that it did not ask when it was recorded."""


@dataclass(frozen=True)
class Difference:
    """One place where a replay does not do what was recorded."""

    node: str
    where: str
    recorded: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.node}: {self.where}: recorded {_shown(self.recorded)}, now {_shown(self.now)}"


async def replay(recording: Recording, *, start: str = "guard", only: bool = False) -> list[Step]:
    """Run the nodes again from `start` on, each given what the outside answered it then.

    Args:
        start: the node to begin with; it gets the state it was recorded with.
        only: run this node alone.

    Returns:
        The nodes that ran, with what they asked and their results.

    Raises:
        KeyError: `start` is not in the recording.
    """
    first = recording.step(start)
    calls: dict[str, list[Call]] = {}
    graph = build(_recorded_parts(recording, lambda node, call: calls.setdefault(node, []).append(call)))
    compiled = graph.compile(checkpointer=InMemorySaver())
    config: RunnableConfig = {"configurable": {"thread_id": "replay"}}
    given: Any = restored(recording.input) if start == "guard" else None
    for number, node in enumerate(_before(graph, first) if given is None else []):
        await compiled.aupdate_state(config, state(first) if number == 0 else {}, as_node=node)
    steps: dict[str, Step] = {}
    stream = compiled.astream(
        given,
        config,
        context=Context(**recording.context),
        stream_mode="tasks",
        interrupt_after=[start] if only else None,
    )
    async for event in cast(AsyncIterator[dict[str, Any]], stream):
        if "input" in event:
            steps[event["id"]] = Step(event["name"], plain(event["input"]))
        else:
            steps[event["id"]].result = plain(event["result"])
    ran = [step for step in steps.values() if not only or step.node == start]
    for step in ran:
        step.calls = calls.get(step.node, [])
    return ran


def differences(recorded: Recording, steps: list[Step]) -> list[Difference]:
    """What the steps do otherwise than recorded, node by node: results, and what they asked of the outside."""
    found: list[Difference] = []
    names = [step.node for step in steps]
    begun = next((place for place, step in enumerate(recorded.steps) if step.node in names), 0)
    for step in recorded.steps[begun:]:
        if step.node not in names and len(names) > 1:
            found.append(Difference(step.node, "the node", "ran", "did not run"))
    for step in steps:
        try:
            before = recorded.step(step.node)
        except KeyError:
            found.append(Difference(step.node, "the node", "did not run", "ran"))
            continue
        found += [Difference(step.node, *entry) for entry in _unlike("result", before.result, step.result)]
        asked, asks = ([[call.part, call.given] for call in one.calls] for one in (before, step))
        # Nodes that ask two things at once may ask them in either order.
        found += [Difference(step.node, *entry) for entry in _unlike("asked", _sorted(asked), _sorted(asks))]
    return found


def _before(graph: Graph, step: Step) -> list[str]:
    """The nodes after which this one comes, for the state it was given."""
    for starts, end in graph.waiting_edges:
        if end == step.node and not step.input.get("refusal"):
            return list(starts)
    branching = [
        name
        for name, branches in graph.branches.items()
        for b in branches.values()
        if step.node in (b.ends or {}).values()
    ]
    direct = [begin for begin, end in graph.edges if end == step.node and begin != START]
    return (direct or branching)[:1]


def _recorded_parts(recording: Recording, heard: Callable[[str, Call], None]) -> Dependencies:
    """Parts that answer each node what they answered it then."""
    left = {step.node: deque(step.calls) for step in recording.steps}

    def again(name: str, _: Callable[..., Any]) -> Callable[..., Any]:
        def answer(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
            given = [] if name in STREAMS else [plain(value) for value in (*args, *kwargs.values())]
            node = current_node()
            heard(node, Call(name, given))
            known = next((call for call in left.get(node, ()) if call.part == name), None)
            if known is None:
                raise Unrecorded(f"{node} asked {name}, which it did not when it was recorded")
            left[node].remove(known)
            return known

        return _answering(name, answer)

    blank = unconnected(
        options(recording), recording.model, recording.second, follows_instructions=recording.follows_instructions
    )
    return swapped(blank, again)


def _answering(name: str, answer: Callable[[tuple[Any, ...], dict[str, Any]], Call]) -> Callable[..., Any]:
    async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        call = answer(args, kwargs)
        for piece in call.answer:
            yield restored(piece)
        if call.raised:
            raise_again(call.raised)

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        call = answer(args, kwargs)
        if call.raised:
            raise_again(call.raised)
        return FactsFound(**call.answer) if name == "extract" else restored(call.answer)

    def called(*args: Any, **kwargs: Any) -> Any:
        return restored(answer(args, kwargs).answer)

    if name in STREAMS:
        return stream
    return called if name == "clock" else awaited


def _unlike(where: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other} - VOLATILE):
            yield from _unlike(f"{where}.{key}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (entry, now) in enumerate(zip(one, other, strict=True)):
            yield from _unlike(f"{where}[{place}]", entry, now)
    elif one != other:
        yield where, one, other


def _sorted(asked: list[list[Any]]) -> list[list[Any]]:
    return sorted(asked, key=lambda call: str(call[0]))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:157]}…"
