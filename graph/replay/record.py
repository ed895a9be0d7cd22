"""A turn written down: each node's input, what the outside world answered it, and its result.

The file is JSON Lines, to be read by people too: the first line says what was asked, then a line a node.
Everything a node gets from outside (the clock, the database, the models) comes through its parts, so a
recording of the parts' answers is all that is needed to run the real nodes again, offline.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from langgraph.config import get_config

from graph.build import build
from graph.dependencies import Dependencies, Options
from graph.replay.serialize import plain, restored, told
from nodes.state import Context, Input, State

FORMAT = 1
OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "clock": (), "classify": (), "embed": (), "summarise": (), "extract": (),
    "limits": ("take",), "queue": ("take", "wait", "leave", "interrupt"),
    "who_answered": ("current_employee",), "conversations": ("history",),
    "recall": ("nearest",), "model": ("stream",), "second": ("stream",), "turns": ("accept", "answer", "finish"),
    "summaries": ("save",), "facts": ("remember",), "metrics": ("record",),
}  # fmt: skip
"""The parts that reach outside, with their methods; a part without methods is called itself."""
STREAMS = ("model.stream", "second.stream")
"""Ways that answer in pieces."""


@dataclass
class Call:
    """One question of a node to the outside, and what it was told."""

    part: str
    given: list[Any]
    answer: Any = None
    raised: dict[str, Any] | None = None


@dataclass
class Step:
    """One node's run."""

    node: str
    input: dict[str, Any]
    calls: list[Call] = field(default_factory=list[Call])
    result: Any = None


@dataclass
class Recording:
    """A turn, node by node."""

    title: str
    input: dict[str, Any]
    context: dict[str, Any]
    options: dict[str, Any]
    model: str
    follows_instructions: bool
    """Whether the model also wrote summary and facts."""
    second: str | None = None
    """The model that would have taken over."""
    steps: list[Step] = field(default_factory=list[Step])

    def step(self, node: str) -> Step:
        """The run of this node. Raises KeyError where it did not run."""
        found = next((step for step in self.steps if step.node == node), None)
        if found is None:
            raise KeyError(node)
        return found

    def write(self, path: Path) -> None:
        """Write the file."""
        head = {name: value for name, value in asdict(self).items() if name != "steps"}
        lines = [{"recording": FORMAT, **head}, *(asdict(step) for step in self.steps)]
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Recording":
        """Read the file.

        Raises:
            ValueError: it is no recording, or one of another format.
        """
        try:
            head, *steps = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if head.pop("recording") != FORMAT:
                raise ValueError(f"{path} is a recording of another format")
            return cls(**head, steps=[_step(step) for step in steps])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is no recording: {error}") from error


async def record(parts: Dependencies, given: Input, context: Context, title: str) -> Recording:
    """Run a turn for real and write down what happens."""
    recording = Recording(
        title=title,
        input=cast(dict[str, Any], plain(given)),
        context=asdict(context),
        options=asdict(parts.options),
        model=parts.model.label,
        follows_instructions=parts.extract is not None,
        second=parts.second.label if parts.second else None,
    )
    calls: dict[str, list[Call]] = {}
    listening = listen(parts, lambda node, call: calls.setdefault(node, []).append(call))
    steps: dict[str, Step] = {}
    async for event in cast(
        AsyncIterator[dict[str, Any]],
        build(listening).compile().astream(given, context=context, stream_mode="tasks"),
    ):
        if "input" in event:
            steps[event["id"]] = Step(event["name"], plain(event["input"]))
        else:
            steps[event["id"]].result = plain(event["result"])
    for step in steps.values():
        step.calls = calls.get(step.node, [])
    recording.steps = list(steps.values())
    return recording


def listen(parts: Dependencies, heard: Callable[[str, Call], None]) -> Dependencies:
    """The same parts, with everything they are asked reported under the node that asked."""

    def ear(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        return _ear(name, ask, lambda call: heard(current_node(), call))

    return swapped(parts, ear)


def swapped(parts: Dependencies, swap: Callable[[str, Callable[..., Any]], Callable[..., Any]]) -> Dependencies:
    """The parts with each way to the outside put through `swap` (called with its name and the way itself)."""
    changed: dict[str, Any] = {}
    for name, methods in OUTSIDE.items():
        part = getattr(parts, name)
        if part is None:
            continue
        if methods:
            changed[name] = _Stand(
                part, {method: swap(f"{name}.{method}", getattr(part, method)) for method in methods}
            )
        else:
            changed[name] = swap(name, part)
    return replace(parts, **changed)


def current_node() -> str:
    """The name of the node that is running."""
    return str(get_config().get("metadata", {})["langgraph_node"])


class _Stand:
    """A part with some of its methods replaced."""

    def __init__(self, part: object, methods: dict[str, Callable[..., Any]]) -> None:
        self._part = part
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        return self._methods[name] if name in self._methods else getattr(self._part, name)


def _ear(name: str, ask: Callable[..., Any], heard: Callable[[Call], None]) -> Callable[..., Any]:
    def note(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        # A prompt is the node's input already.
        call = Call(name, [] if name in STREAMS else [plain(value) for value in (*args, *kwargs.values())])
        heard(call)
        return call

    async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        call = note(args, kwargs)
        call.answer = []
        try:
            async for piece in ask(*args, **kwargs):
                call.answer.append(plain(piece))
                yield piece
        except Exception as error:  # whatever it was, it is part of what happened
            call.raised = told(error)
            raise

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        call = note(args, kwargs)
        try:
            answer = await ask(*args, **kwargs)
        except Exception as error:  # whatever it was, it is part of what happened
            call.raised = told(error)
            raise
        call.answer = plain(answer)
        return answer

    def called(*args: Any, **kwargs: Any) -> Any:
        call = note(args, kwargs)
        call.answer = plain(ask(*args, **kwargs))
        return restored(call.answer)

    if name in STREAMS:
        return stream
    return called if name == "clock" else awaited


def options(recording: Recording) -> Options:
    """The limits the turn was run with."""
    known = {one.name for one in fields(Options)}
    return Options(**{name: value for name, value in recording.options.items() if name in known})


def state(step: Step) -> State:
    """The state that the node was given."""
    return cast(State, restored(step.input))


def _step(line: dict[str, Any]) -> Step:
    return Step(line["node"], line["input"], [Call(**call) for call in line["calls"]], line["result"])
