"""A recorded turn and its file: JSON Lines that people can read, the input on the first line, then a line a node."""

import asyncio
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel

from graph.dependencies import Options
from nodes.errors import ContextTooLong, EmbeddingUnavailable, ModelDown, ModelRejected, ModelUnavailable
from nodes.state import State
from storage.errors import StorageUnavailable

FORMAT = 1
MIN_VECTOR = 64
"""A list of at least so many floats is a vector, of which only the length is kept."""

_MESSAGES: dict[str, type[BaseMessage]] = {
    "human": HumanMessage,
    "ai": AIMessage,
    "system": SystemMessage,
    "AIMessageChunk": AIMessageChunk,
}
_ERRORS: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (StorageUnavailable, EmbeddingUnavailable, ModelUnavailable, ModelDown, ModelRejected, ContextTooLong)
}


@dataclass
class Call:
    """A node's call to one of its dependencies (`part`): arguments, and the result or the error."""

    part: str
    given: list[Any]
    answer: Any = None
    raised: dict[str, Any] | None = None


@dataclass
class Step:
    """One run of a node."""

    node: str
    input: dict[str, Any]
    calls: list[Call] = field(default_factory=list[Call])
    result: Any = None

    def state(self) -> State:
        """The state that was the node's input."""
        return cast(State, from_json(self.input))


@dataclass
class Recording:
    """A turn, node by node."""

    title: str
    input: dict[str, Any]
    context: dict[str, Any]
    options: dict[str, Any]
    model: str
    follows_instructions: bool
    """Whether the model also wrote the summary and extracted facts."""
    second: str | None = None
    """The second model, if one was set."""
    steps: list[Step] = field(default_factory=list[Step])

    def step(self, node: str) -> Step:
        """The run of this node. Raises KeyError where it did not run."""
        found = next((step for step in self.steps if step.node == node), None)
        if found is None:
            raise KeyError(node)
        return found

    def pipeline_options(self) -> Options:
        """The options of the turn, without those that no longer exist."""
        known = {option.name for option in fields(Options)}
        return Options(**{name: value for name, value in self.options.items() if name in known})

    def write(self, path: Path) -> None:
        """Write the file."""
        head = {name: value for name, value in asdict(self).items() if name != "steps"}
        lines = [{"recording": FORMAT, **head}, *(asdict(step) for step in self.steps)]
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Recording":
        """Read the file.

        Raises:
            ValueError: it is not a recording, or has another format.
        """
        try:
            head, *steps = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if head.pop("recording") != FORMAT:
                raise ValueError(f"{path} is a recording of another format")
            return cls(**head, steps=[_step(step) for step in steps])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is no recording: {error}") from error


def _step(line: dict[str, Any]) -> Step:
    return Step(line["node"], line["input"], [Call(**call) for call in line["calls"]], line["result"])


def to_json(value: Any) -> Any:
    """The value as JSON; messages, pydantic models and vectors in a short form."""
    match value:
        case BaseMessage():
            return {"$message": value.type, **_message(value)}
        case BaseModel():
            return value.model_dump(mode="json")
        case dict():
            return {str(key): to_json(entry) for key, entry in value.items()}
        case list() | tuple():
            entries: list[Any] = list(value)
            if len(entries) >= MIN_VECTOR and all(isinstance(entry, float) for entry in entries):
                return {"$vector": len(entries)}
            return [to_json(entry) for entry in entries]
        case asyncio.Event():
            return value.is_set()
        case str() | int() | float() | bool() | None:
            return value
        case _:
            return str(value)


def from_json(value: Any) -> Any:
    """The value that `to_json` got; a vector becomes zeros."""
    match value:
        case {"$message": kind, **rest}:
            return _MESSAGES[str(kind)](**cast(dict[str, Any], rest))
        case {"$vector": length}:
            return [0.0] * length
        case dict():
            return {key: from_json(entry) for key, entry in cast(dict[str, Any], value).items()}
        case list():
            return [from_json(entry) for entry in list[Any](value)]
        case _:
            return value


def _message(message: BaseMessage) -> dict[str, Any]:
    kept = ("content", "id", "usage_metadata", "response_metadata", "tool_call_chunks")
    return {name: entry for name in kept if (entry := getattr(message, name, None))} | {"content": message.content}


def error_to_json(error: Exception) -> dict[str, Any]:
    """The error's class, code and Retry-After."""
    details = {name: getattr(error, name) for name in ("code", "retry_after") if hasattr(error, name)}
    return {"error": type(error).__name__, **details}


def raise_recorded(raised: dict[str, Any]) -> None:
    """Raise the error that `error_to_json` got."""
    kind = _ERRORS[raised["error"]]
    if issubclass(kind, ModelUnavailable):
        raise kind(raised["code"], retry_after=0.0)  # a replay does not wait
    raise kind(raised["code"]) if "code" in raised else kind()
