"""Rounds of an answer: the tools that a model calls are run, and it is asked again with what they found.

What was called stays called: after a break, with another model, and where it is called again, the results are used that
are there.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid5

import msgspec
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import ToolCallChunk

from nodes.answer.output import AnswerOutput
from nodes.employees import Slug
from nodes.stream_events import ToolCall, ToolFigure, ToolResult
from nodes.text.cleaning import clean
from nodes.text.pii.detection import OptionalKind
from nodes.text.pii.masking import mask
from nodes.tools.quoting import quoted_error, quoted_result
from nodes.tools.registry import TOOLS_OF
from nodes.tools.results import Result
from nodes.tools.running import Outcome, RunTool, ToolRequest

ROUNDS = 4
"""Requests for an answer in which tools are offered; in the last of them none may be called."""
FIRST_FIGURES = 24
"""Of a result, that its event has: those that an answer shows and a page makes buttons of."""
MAX_WORDS = 300
"""Characters of what an event says of a call."""
NOT_COMPUTED = "This could not be computed."
NO_OBJECT = "The arguments are no JSON object."
OUT_OF_REACH = (
    "\n\nThe tools cannot be reached at this moment, so you can look up nothing. Where a request needs it, say so."
)
"""Added to a system prompt that speaks of tools, for a model that cannot call any."""

_NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class Offered(NamedTuple):
    """The tools that come with a request to a model."""

    schemas: Sequence[Mapping[str, Any]] = ()
    may_call: bool = True

    def fields(self) -> dict[str, Any]:
        """The fields of the request; the schemas stay where none may be called, so that caches recognise it."""
        if not self.schemas:
            return {}
        return {"tools": list(self.schemas), "tool_choice": "auto" if self.may_call else "none"}


@dataclass
class Called:
    """A call, as a model writes it."""

    call_id: str = ""
    name: str = ""
    arguments: str = ""

    def add(self, piece: ToolCallChunk) -> None:
        """Add the next piece of it."""
        self.call_id += piece["id"] or ""
        self.name += piece["name"] or ""
        self.arguments += piece["args"] or ""


@dataclass
class ToolRounds:
    """The tools of one turn.

    Args:
        run: runs a tool.
        schemas: the tools that are offered.
        room: characters that results may take in the prompt, all together.
        also: kinds that are masked beside those that always are.
    """

    run: RunTool
    user_id: UUID
    turn_id: UUID
    employee: Slug
    today: date
    schemas: Sequence[Mapping[str, Any]]
    room: int
    also: Collection[OptionalKind] = ()
    exchanged: list[AnyMessage] = field(default_factory=list[AnyMessage], init=False)
    """Calls and what they found so far, as they follow the prompt."""
    found: dict[UUID, Result] = field(default_factory=dict[UUID, Result], init=False)
    """What was computed, by the ids of the calls."""
    _events: dict[UUID, ToolResult] = field(default_factory=dict[UUID, ToolResult], init=False)
    _rounds: int = field(default=0, init=False)

    @property
    def results(self) -> list[ToolResult]:
        """What came of each call, as clients were told."""
        return list(self._events.values())

    @property
    def offered(self) -> Offered:
        """What the next request offers."""
        return Offered(self.schemas, self._rounds < ROUNDS - 1)

    def refused(self, prompt: list[AnyMessage]) -> list[AnyMessage]:
        """The prompt for a model that cannot call tools: what they found until now is told in another way."""
        self.schemas = ()
        found = [HumanMessage(one.text) for one in self.exchanged if isinstance(one, ToolMessage)]
        self.exchanged = cast("list[AnyMessage]", found)
        return [SystemMessage(prompt[0].text + OUT_OF_REACH), *prompt[1:]]

    async def answer(self, pieces: Sequence[ToolCallChunk], said: str, output: AnswerOutput) -> None:
        """Run what a reply calls, one after the other; `said` is the text before it."""
        self._rounds += 1
        calls = dict[int, Called]()
        for piece in pieces:
            calls.setdefault(piece["index"] or 0, Called()).add(piece)
        messages: list[AnyMessage] = []
        written: list[dict[str, Any]] = []
        for number, called in enumerate(calls.values(), 1):
            name = _NO_NAME.sub("_", called.name)[:64] or "unknown"
            call_id = called.call_id or f"call_{self._rounds}_{number}"
            arguments = _arguments(called.arguments)
            quoted = await self._answer(name, arguments, output)
            written.append({"name": name, "args": arguments or {}, "id": call_id})
            messages.append(ToolMessage(quoted, tool_call_id=call_id))
        self.exchanged += [AIMessage(said, tool_calls=written), *messages]

    async def _answer(self, name: str, arguments: Mapping[str, Any] | None, output: AnswerOutput) -> str:
        """What the model reads of a call."""
        outcome = await self.call(name, arguments, output)
        if outcome["result"] is None:
            return quoted_error(name, outcome["error"] or "")
        if name == "hand_over" and arguments:
            self._hand_over(arguments["employee"])
        quoted = quoted_result(name, outcome["result"], self.room // 2)
        self.room -= len(quoted)
        return quoted

    def _hand_over(self, slug: Slug) -> None:
        """Offer a colleague's tools from here on; who answers stays the same, and says so."""
        self.employee, self.schemas = slug, [tool.schema() for tool in TOOLS_OF[slug]]

    async def call(self, name: str, arguments: Mapping[str, Any] | None, output: AnswerOutput) -> Outcome:
        """Run a tool and say so; the same call again gives what is there."""
        key = uuid5(self.turn_id, f"{name} {json.dumps(arguments, sort_keys=True)}")
        if key in self.found:
            return Outcome(result=self.found[key], error=None)
        output.report(ToolCall(str(key), name, self._words(name, arguments)))
        outcome = await self._run(key, name, arguments)
        event = self._events[key] = self._event(str(key), name, outcome["result"])
        output.report(event)
        if outcome["result"] is not None:
            self.found[key] = outcome["result"]
        return outcome

    async def _run(self, key: UUID, name: str, arguments: Mapping[str, Any] | None) -> Outcome:
        if arguments is None:
            return Outcome(result=None, error=NO_OBJECT)
        return await self.run(ToolRequest(self.user_id, self.turn_id, key, self.employee, name, arguments, self.today))

    def _words(self, name: str, arguments: Mapping[str, Any] | None) -> str:
        """A call in words, masked: it is the model's own."""
        said = [f"{one.replace('_', ' ')} {_value(value)}" for one, value in (arguments or {}).items() if value]
        return self._masked(f"{name.replace('_', ' ').capitalize()}{': ' if said else ''}{', '.join(said)}")

    def _event(self, call_id: str, name: str, result: Result | None) -> ToolResult:
        if result is None:
            return ToolResult(call_id, name, NOT_COMPUTED, (), 0, None)
        figures = tuple(msgspec.convert(one, ToolFigure) for one in result["figures"][:FIRST_FIGURES])
        words, rows = self._masked(result["words"]), result["row_count"]
        known = result.get("texts", {})
        texts = {text: known[text] for text in [words, *(one.name for one in figures)] if text in known}
        return ToolResult(call_id, name, words, figures, rows, call_id, result.get("proposal_id"), texts)

    def _masked(self, words: str) -> str:
        return mask(words[: 4 * MAX_WORDS], self.also).text[:MAX_WORDS]


def _arguments(text: str) -> Mapping[str, Any] | None:
    """The arguments of a call, cleaned as a message is; None where they are no JSON object."""
    try:
        read = msgspec.json.decode(text or "{}")
        return _cleaned(read) if isinstance(read, dict) else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return clean(value).text
        case dict():
            return {clean(str(name)).text: _cleaned(one) for name, one in cast("dict[str, Any]", value).items()}
        case list():
            return [_cleaned(one) for one in value]
        case _:
            return value


def _value(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(_value, value))
        case dict():
            return ", ".join(f"{name} {_value(one)}" for name, one in cast("dict[str, Any]", value).items())
        case _:
            return str(value)
