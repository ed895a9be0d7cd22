"""Replay a recorded turn offline with the real nodes, and list the differences to the recording."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START

from graph.dependencies import Dependencies, unconnected
from graph.pipeline import Graph, build
from graph.replay.record import STREAMS, SYNCHRONOUS, AnyCall, arguments, collect_steps, current_node, with_calls
from graph.replay.recording import Call, Recording, Step, from_json, raise_recorded
from nodes.extract_facts import FactsFound
from nodes.state import Context

VOLATILE = frozenset({"latency_ms", "ttft_ms"})
"""Measured anew in every run, and so no difference."""


class UnrecordedCall(Exception):
    """A node made a call that is not in the recording."""


@dataclass(frozen=True)
class Difference:
    """A value that differs between the recording and the replay."""

    node: str
    where: str
    recorded: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.node}: {self.where}: recorded {_short(self.recorded)}, now {_short(self.now)}"


async def replay(recording: Recording, *, start: str = "guard", only: bool = False) -> list[Step]:
    """Run the nodes again from `start` on; each of their calls gets its recorded answer.

    Args:
        start: the first node, which gets its recorded state.
        only: run this node alone.

    Returns:
        The nodes that ran, with their calls and results.

    Raises:
        KeyError: `start` is not in the recording.
    """
    first = recording.step(start)
    calls: dict[str, list[Call]] = {}
    graph = build(_recorded_parts(recording, lambda node, call: calls.setdefault(node, []).append(call)))
    compiled = graph.compile(checkpointer=InMemorySaver())
    config: RunnableConfig = {"configurable": {"thread_id": "replay"}}
    given: Any = from_json(recording.input) if start == "guard" else None
    for number, node in enumerate(_predecessors(graph, first) if given is None else []):
        await compiled.aupdate_state(config, first.state() if number == 0 else {}, as_node=node)
    tasks = compiled.astream(
        given,
        config,
        context=Context(**recording.context),
        stream_mode="tasks",
        interrupt_after=[start] if only else None,
    )
    return [step for step in await collect_steps(tasks, calls) if not only or step.node == start]


def differences(recorded: Recording, steps: list[Step]) -> list[Difference]:
    """The differences between the recording and these steps, node by node, in results and calls."""
    found: list[Difference] = []
    names = [step.node for step in steps]
    first = next((index for index, step in enumerate(recorded.steps) if step.node in names), 0)
    for step in recorded.steps[first:]:
        if step.node not in names and len(names) > 1:
            found.append(Difference(step.node, "the node", "ran", "did not run"))
    for step in steps:
        try:
            before = recorded.step(step.node)
        except KeyError:
            found.append(Difference(step.node, "the node", "did not run", "ran"))
            continue
        found += [Difference(step.node, *values) for values in _unequal("result", before.result, step.result)]
        found += [Difference(step.node, *values) for values in _unequal("calls", _calls(before), _calls(step))]
    return found


def _calls(step: Step) -> list[list[Any]]:
    # Sorted, because a node that makes two calls at once may make them in either order.
    return sorted(([call.part, call.given] for call in step.calls), key=lambda call: str(call[0]))


def _predecessors(graph: Graph, step: Step) -> list[str]:
    """The nodes after which this one runs, given the state that it got."""
    for starts, end in graph.waiting_edges:
        if end == step.node and not step.input.get("refusal"):
            return list(starts)
    branching = [
        name
        for name, branches in graph.branches.items()
        for branch in branches.values()
        if step.node in (branch.ends or {}).values()
    ]
    direct = [begin for begin, end in graph.edges if end == step.node and begin != START]
    return (direct or branching)[:1]


def _recorded_parts(recording: Recording, on_call: Callable[[str, Call], None]) -> Dependencies:
    """Parts whose calls return their recorded answers."""
    left = {step.node: deque(step.calls) for step in recording.steps}

    def take(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        node = current_node()
        on_call(node, Call(name, arguments(name, args, kwargs)))
        recorded = next((call for call in left.get(node, ()) if call.part == name), None)
        if recorded is None:
            raise UnrecordedCall(f"{node} called {name}, which is not in the recording")
        left[node].remove(recorded)
        return recorded

    blank = unconnected(
        recording.pipeline_options(),
        recording.model,
        recording.second,
        follows_instructions=recording.follows_instructions,
    )
    return with_calls(blank, lambda name, _: _replayed(name, take))


def _replayed(name: str, take: Callable[[str, tuple[Any, ...], dict[str, Any]], Call]) -> AnyCall:
    """A call that returns or raises what the recorded call did."""

    async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        call = take(name, args, kwargs)
        for chunk in call.answer:
            yield from_json(chunk)
        if call.raised:
            raise_recorded(call.raised)

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        call = take(name, args, kwargs)
        if call.raised:
            raise_recorded(call.raised)
        return FactsFound(**call.answer) if name == "extract" else from_json(call.answer)

    def called(*args: Any, **kwargs: Any) -> Any:
        return from_json(take(name, args, kwargs).answer)

    if name in STREAMS:
        return stream
    return called if name in SYNCHRONOUS else awaited


def _unequal(where: str, recorded: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """The place and both values of each difference."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for key in sorted({*recorded, *now} - VOLATILE):
            yield from _unequal(f"{where}.{key}", recorded.get(key), now.get(key))
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, (one, other) in enumerate(zip(recorded, now, strict=True)):
            yield from _unequal(f"{where}[{index}]", one, other)
    elif recorded != now:
        yield where, recorded, now


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:157]}…"
