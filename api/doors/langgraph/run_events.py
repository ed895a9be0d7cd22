"""A turn as the events of a run.

Everything here follows from the turn's events and the messages before it, so that every reader gets the same bytes.
An event's id is the number of the turn's event, and the place of its kind in `KINDS`: it is the same whatever else a
reader asks for.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID, uuid5

from api.doors.langgraph.assistants import GRAPH
from api.doors.langgraph.messages import Message, Values, ai, answer
from api.doors.shared import Failure, Numbered
from graph.turns.turn import encode_line
from nodes.state import FinishReason
from nodes.stream_events import EVENT_NAMES, Done, Notice, Start, Token, ToolCall, ToolResult
from storage.thread_runs import RunStatus
from storage.turns import answer_id

StreamMode = Literal[
    "values", "messages", "messages-tuple", "updates", "custom", "events",
    "debug", "tasks", "checkpoints", "tools", "lifecycle",
]  # fmt: skip
"""What a reader may ask for; the second line's have nothing to say here, and are ignored."""
KINDS = (
    "metadata", "values", "messages/metadata", "messages/partial", "messages/complete", "messages", "updates", "custom",
    "events", "error", "end",
)  # fmt: skip
"""Kinds of events in the order in which they are sent; of each there is at most one for an event of the turn."""
OF_MODE: Mapping[StreamMode, tuple[str, ...]] = {
    "values": ("values",),
    "messages": ("messages/metadata", "messages/partial", "messages/complete"),
    "messages-tuple": ("messages",),
    "updates": ("updates",),
    "custom": ("custom",),
    "events": ("events",),
}
ALWAYS = ("metadata", "error", "end")
STATUSES: Mapping[FinishReason, RunStatus] = {"stopped": "interrupted", "timeout": "timeout"}
"""How a run ended; with every other reason it is a success."""


Place: TypeAlias = tuple[int, int]
"""What an id says: the number of a turn's event, and the place in `KINDS`."""
BEGINNING: Place = (0, 0)


class Frame(NamedTuple):
    """An event of a run."""

    place: Place
    data: bytes
    """As it is sent."""


class RunWriter:
    """Writes a turn's events as a run's, and keeps the values as they are after them.

    Args:
        modes: what is asked for.
    """

    def __init__(self, modes: Collection[StreamMode] = ()) -> None:
        self.before: Sequence[Message] = ()
        """The thread's messages before the answer, the question included; to be set before the turn's first event."""
        self.failure: Failure | None = None
        """Why there is no answer."""
        self.is_over = False
        self._kinds = {*ALWAYS, *(kind for mode in modes for kind in OF_MODE.get(mode, ()))}
        self._metadata: dict[str, Any] = {}
        self._run_id = UUID(int=0)
        self._message_id = ""
        self._number = 0
        self._around_piece = b"", b""
        self._text: list[str] = []
        self._answer: Message | None = None

    @property
    def tells_messages(self) -> bool:
        """Whether what is asked for has the messages before the answer."""
        return not self._kinds.isdisjoint(("values", "events"))

    def values(self) -> Values:
        """The thread's values, with the answer once it is complete."""
        return Values(messages=[*self.before, *([self._answer] if self._answer else [])])

    def write(self, numbered: Numbered) -> Iterator[Frame]:
        """The frames of an event."""
        self._number = numbered.number
        match numbered.event:
            case Start() as start:
                yield from self._begin(start)
            case Token(text) as token:
                self._text.append(text)
                yield from self._partial(text)
                yield from self._own(token)
                if "events" in self._kinds:
                    yield from self._event("on_chat_model_stream", "generate", {"chunk": self._chunk(text)})
            case Notice() as notice:
                if notice.code == "restarted":
                    yield from self._take_back()
                yield from self._own(notice)
            case ToolCall() | ToolResult() as tool:
                yield from self._own(tool)
            case Done() as done:
                yield from self._end(done)
            case Failure() as failure:
                self.failure, self.is_over = failure, True
                yield from self._frame("error", {"error": failure.code, "message": failure.message})

    def _begin(self, start: Start) -> Iterator[Frame]:
        self._run_id, self._message_id = UUID(start.turn_id), str(answer_id(UUID(start.turn_id)))
        self._metadata = {
            "thread_id": start.conversation_id, "run_id": start.turn_id, "graph_id": GRAPH,
            "langgraph_node": "generate", "employee": start.employee.slug,
        }  # fmt: skip
        self._encode_around_piece()
        yield from self._frame("metadata", {"run_id": str(self._run_id), "attempt": 1})
        yield from self._frame("values", self.values())
        route = {"employee": start.employee.slug, "route": start.route}
        yield from self._frame("updates", {"route": route})
        yield from self._own(start)
        yield from self._event("on_chain_start", GRAPH, {"input": self.values()})

    def _partial(self, text: str) -> Iterator[Frame]:
        if len(self._text) == 1:
            yield from self._frame("messages/metadata", {self._message_id: {"metadata": self._metadata}})
        if "messages/partial" in self._kinds:
            said = ai(self._message_id, "".join(self._text), self._metadata["employee"])
            yield from self._frame("messages/partial", [said])
        if "messages" in self._kinds:
            before, after = self._around_piece
            yield self._framed("messages", before + encode_line(text) + after)

    def _take_back(self) -> Iterator[Frame]:
        """What was said is no part of the answer; what comes is another message."""
        if not self._text:
            return
        removed = {"type": "remove", "id": self._message_id, "content": ""}
        yield from self._frame("values", self.values())
        yield from self._frame("messages", [removed, self._metadata])
        self._text.clear()
        self._message_id = str(uuid5(self._run_id, str(self._number)))
        self._encode_around_piece()

    def _end(self, done: Done) -> Iterator[Frame]:
        self.is_over = True
        text = "".join(self._text)
        self._answer = answer(str(answer_id(self._run_id)), text, done)
        yield from self._frame("values", self.values())
        yield from self._frame("messages/complete", [answer(self._message_id, text, done)])
        yield from self._frame("updates", {"generate": {"messages": [self._answer]}})
        yield from self._own(done)
        yield from self._event("on_chain_end", GRAPH, {"output": self.values()})
        status = STATUSES.get(done.finish_reason, "success")
        yield from self._frame("end", {"run_id": str(self._run_id), "status": status})

    def _chunk(self, text: str) -> Message:
        return {**ai(self._message_id, text, self._metadata["employee"]), "type": "AIMessageChunk"}

    def _encode_around_piece(self) -> None:
        """What stands before and after each piece of the answer, which are many."""
        chunk = self._chunk("")
        del chunk["content"]
        self._around_piece = b'[%s,"content":' % encode_line(chunk)[:-1], b"},%s]" % encode_line(self._metadata)

    def _own(self, event: Start | Token | Notice | ToolCall | ToolResult | Done) -> Iterator[Frame]:
        """Our own event, as `custom`."""
        yield from self._frame("custom", {"event": EVENT_NAMES[type(event)], "data": event})

    def _event(self, kind: str, name: str, data: Mapping[str, object]) -> Iterator[Frame]:
        """An event of LangChain's."""
        of = {"event": kind, "name": name, "run_id": str(self._run_id), "data": data}
        yield from self._frame("events", {**of, "metadata": self._metadata, "tags": [], "parent_ids": []})

    def _frame(self, kind: str, data: object) -> Iterator[Frame]:
        if kind in self._kinds:
            yield self._framed(kind, encode_line(data))

    def _framed(self, kind: str, data: bytes) -> Frame:
        place = self._number, KINDS.index(kind)
        return Frame(place, b"event: %s\ndata: %s\nid: %d-%d\n\n" % (kind.encode(), data, *place))


def place_of(last_event_id: str) -> Place:
    """The place after which a reader goes on; the beginning where it has read nothing.

    Raises:
        ValueError: it is no id of ours.
    """
    if last_event_id in ("", "-1"):
        return BEGINNING
    number, _, kind = last_event_id.partition("-")
    return int(number), int(kind or len(KINDS))
