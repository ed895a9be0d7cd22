"""Record a turn: each node's input, every call it makes to its dependencies, and its result.

A node reaches the clock, the database and the models through its dependencies only, so a recording of these calls is
enough to run the real nodes again offline.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, cast

from langgraph.config import get_config

from graph.dependencies import Dependencies
from graph.pipeline import build
from graph.replay.recording import Call, Recording, Step, error_to_json, from_json, to_json
from nodes.state import Context, Input

RECORDED_CALLS: Mapping[str, tuple[str, ...]] = {
    "clock": (), "suspect": (), "classify": (), "embed": (), "prepare": (), "understand": (), "summarise": (),
    "extract": (), "run_tool": (),
    "admission": ("is_used_up", "admit"), "queue": ("wait", "leave", "interrupt"),
    "facts": ("nearest", "remember"), "recall": ("recall",),
    "model": ("stream",), "second": ("stream",), "turns": ("accept", "history", "answer", "save_summary", "finish"),
    "metrics": ("record",),
}  # fmt: skip
"""The dependencies whose calls are recorded, with their methods; one without methods is called itself."""
STREAMS = ("model.stream", "second.stream")
"""Calls that return an async generator."""
SYNCHRONOUS = ("clock", "admission.is_used_up")
"""Calls that are not awaited."""

AnyCall = Callable[..., Any]


async def record(dependencies: Dependencies, given: Input, context: Context, title: str) -> Recording:
    """Run a turn with real dependencies and record it."""
    recording = Recording(
        title=title,
        input=cast(dict[str, Any], to_json(given)),
        context=asdict(context),
        options=asdict(dependencies.options),
        model=dependencies.model.label,
        follows_instructions=dependencies.extract is not None,
        second=dependencies.second.label if dependencies.second else None,
    )
    calls: dict[str, list[Call]] = {}

    def on_call(call: Call) -> None:
        calls.setdefault(current_node(), []).append(call)

    graph = build(with_calls(dependencies, lambda name, call: _recorded(name, call, on_call))).compile()
    recording.steps = await collect_steps(graph.astream(given, context=context, stream_mode="tasks"), calls)
    return recording


async def collect_steps(tasks: AsyncIterator[Any], calls: Mapping[str, list[Call]]) -> list[Step]:
    """The steps of a run, from LangGraph's `tasks` stream, with each node's calls."""
    steps: dict[str, Step] = {}
    async for event in cast("AsyncIterator[dict[str, Any]]", tasks):
        if "input" in event:
            steps[event["id"]] = Step(event["name"], to_json(event["input"]))
        else:
            steps[event["id"]].result = to_json(event["result"])
    for step in steps.values():
        step.calls = calls.get(step.node, [])
    return list(steps.values())


def with_calls(dependencies: Dependencies, wrap: Callable[[str, AnyCall], AnyCall]) -> Dependencies:
    """The dependencies with each of `RECORDED_CALLS` replaced by what `wrap` makes of its name and the call itself."""
    replaced: dict[str, Any] = {}
    for name, methods in RECORDED_CALLS.items():
        real = getattr(dependencies, name)
        if real is None:
            continue
        if methods:
            wrapped = {method: wrap(f"{name}.{method}", getattr(real, method)) for method in methods}
            replaced[name] = _Proxy(real, wrapped)
        else:
            replaced[name] = wrap(name, real)
    return replace(dependencies, **replaced)


class _Proxy:
    """A dependency with some of its methods replaced."""

    def __init__(self, real: object, methods: dict[str, AnyCall]) -> None:
        self._real = real
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        return self._methods[name] if name in self._methods else getattr(self._real, name)


def current_node() -> str:
    """The name of the node that is running."""
    return str(get_config().get("metadata", {})["langgraph_node"])


def arguments(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """A call's arguments as JSON; none for a stream, whose prompt is in the node's input."""
    return [] if name in STREAMS else [to_json(value) for value in (*args, *kwargs.values())]


def _recorded(name: str, real: AnyCall, on_call: Callable[[Call], None]) -> AnyCall:
    """The real call, reported to `on_call` with its arguments and, once known, its result or error."""

    def started(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        call = Call(name, arguments(name, args, kwargs))
        on_call(call)
        return call

    async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        call = started(args, kwargs)
        call.answer = []
        try:
            async for chunk in real(*args, **kwargs):
                call.answer.append(to_json(chunk))
                yield chunk
        except Exception as error:  # any: it is part of the recording
            call.raised = error_to_json(error)
            raise

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        call = started(args, kwargs)
        try:
            answer = await real(*args, **kwargs)
        except Exception as error:  # any: it is part of the recording
            call.raised = error_to_json(error)
            raise
        call.answer = to_json(answer)
        return answer

    def called(*args: Any, **kwargs: Any) -> Any:
        call = started(args, kwargs)
        call.answer = to_json(real(*args, **kwargs))
        return from_json(call.answer)

    if name in STREAMS:
        return stream
    return called if name in SYNCHRONOUS else awaited
