"""A thread's runs as events of the thread protocol, which `threads.stream` of LangGraph's SDKs reads.

Everything here follows from a turn's events, its place in the thread and what is stored of it, so that every reader
gets the same bytes. An event's number is made of the run's place, the number of the turn's event, and the place of its
kind in `KINDS`: it grows over all runs of a thread, and is the same whatever else a reader asks for.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from api.doors.langgraph.assistants import GRAPH
from api.doors.langgraph.messages import Message, Values, answer, counted, empty_state
from api.doors.shared import Failure, Numbered
from graph.turns.turn import began_at, encode_line
from nodes.stream_events import EVENT_NAMES, Done, Notice, Start, Token, ToolCall, ToolResult
from storage.turns import answer_id

CHANNEL_OF: Mapping[str, str] = {
    "running": "lifecycle", "taken-back": "messages", "message-start": "messages", "block-start": "messages",
    "delta": "messages", "block-finish": "messages", "message-finish": "messages", "tool": "tools",
    "checkpoint": "checkpoints", "values": "values", "custom": "custom", "end": "lifecycle",
}  # fmt: skip
"""The channel of each kind of event, in the order in which they are sent; a turn's event has at most one of each."""
KINDS = tuple(CHANNEL_OF)
KIND_BITS, NUMBER_BITS = 4, 28
"""Of an event's number, which must be below 2^53 for JavaScript: what is left is the run's place in its thread."""


class Frame(NamedTuple):
    """An event of a thread."""

    seq: int
    data: bytes
    """As it is sent."""


class ThreadEventWriter:
    """Writes a turn's events as a thread's.

    Args:
        run_id: the turn.
        place: of the run in its thread.
        accepted: when it was; all its events say so, and clients drop what is older than the state that they read.
        channels: what is asked for.
    """

    def __init__(self, run_id: UUID, place: int, accepted: datetime, channels: AbstractSet[str]) -> None:
        self.before: Sequence[Message] = ()
        """The messages before the answer, the question included; to be set before the turn's first event."""
        self.question_id: str | None = None
        """What the client calls the question, where that is known; to be set then, too."""
        self.is_over = False
        self._run_id = run_id
        self._place = place
        self._timestamp = int(accepted.timestamp() * 1000)
        self._channels = channels
        self._message_id = str(answer_id(run_id))
        self._thread_id = ""
        self._employee = ""
        self._number = 0
        self._text: list[str] = []
        self._is_open = False
        """Whether a message has begun and not ended."""
        self._around_piece = (
            b'{"type":"event","event_id":"%s-' % str(run_id).encode(),
            (
                b',"method":"messages","params":{"namespace":[],"timestamp":%d,"data":'
                b'{"event":"content-block-delta","index":0,"delta":{"type":"text-delta","text":' % self._timestamp
            ),
        )

    def write(self, numbered: Numbered) -> Iterator[Frame]:
        """The frames of an event."""
        self._number = numbered.number
        match numbered.event:
            case Start() as start:
                yield from self._begin(start)
            case Token(text):
                if not self._is_open:
                    yield from self._open_message()
                self._text.append(text)
                yield from self._piece(text)
            case Notice() as notice:
                if notice.code == "restarted" and self._is_open:
                    yield from self._take_back(notice)
                yield from self._own(notice)
            case ToolCall() | ToolResult() as tool:
                yield from self._tool(tool)
                yield from self._own(tool)
            case Done() as done:
                yield from self._end(done)
            case Failure() as failure:
                self.is_over = True
                if self._is_open:
                    yield from self._frame("taken-back", {"event": "error", "message": failure.message})
                yield from self._lifecycle("end", "failed", error=failure.message, code=failure.code)

    def _begin(self, start: Start) -> Iterator[Frame]:
        self._thread_id, self._employee = start.conversation_id, start.employee.slug
        yield from self._lifecycle("running", "running")
        yield from self._state(self.before)
        yield from self._own(start)

    def _open_message(self) -> Iterator[Frame]:
        self._is_open = True
        metadata = {"langgraph_node": "generate", "run_id": str(self._run_id), "employee": self._employee}
        began = {"event": "message-start", "role": "ai", "id": self._message_id, "metadata": metadata}
        yield from self._frame("message-start", began)
        yield from self._frame("block-start", {"event": "content-block-start", "index": 0, "content": _block("")})

    def _piece(self, text: str) -> Iterator[Frame]:
        if "messages" in self._channels:
            seq, (before, between) = self._seq("delta"), self._around_piece
            names = b'%d-%d","seq":%d' % (self._number, KINDS.index("delta"), seq)
            said = b"%s%s%s%s}}}}" % (before, names, between, encode_line(text))
            yield Frame(seq, b"event: messages\ndata: %s\nid: %d\n\n" % (said, seq))

    def _take_back(self, notice: Notice) -> Iterator[Frame]:
        """The message ends, and begins again under the same id: clients put it in the place of what was said."""
        self._text.clear()
        yield from self._frame("taken-back", {"event": "error", "message": notice.message})
        yield from self._open_message()

    def _tool(self, tool: ToolCall | ToolResult) -> Iterator[Frame]:
        data: dict[str, Any] = {"tool_call_id": tool.call_id}
        if isinstance(tool, ToolCall):
            data |= {"event": "tool-started", "tool_name": tool.tool, "input": {"words": tool.words}}
        else:
            data |= {"event": "tool-finished", "output": tool}
        yield from self._frame("tool", data)

    def _end(self, done: Done) -> Iterator[Frame]:
        self.is_over = True
        text = "".join(self._text)
        if self._is_open:
            finish = {"event": "content-block-finish", "index": 0, "content": _block(text)}
            yield from self._frame("block-finish", finish)
            yield from self._frame("message-finish", {"event": "message-finish", "usage": counted(done.usage)})
        if done.message_id is not None:  # what is not stored is in no state
            yield from self._state([*self.before, answer(self._message_id, text, done)])
        yield from self._own(done)
        # Also where it was stopped: `interrupted` would have clients wait for what somebody is to answer.
        yield from self._lifecycle("end", "completed", status=done.finish_reason)

    def _state(self, messages: Sequence[Message]) -> Iterator[Frame]:
        ids = [empty_state(self._thread_id), *(message["id"] for message in messages)]
        parent = {"parent_id": ids[-2]} if len(ids) > 1 else {}
        yield from self._frame("checkpoint", {"id": ids[-1], **parent, "source": "loop"})
        if self.question_id and self.before:
            at = len(self.before) - 1
            messages = [*messages[:at], {**messages[at], "id": self.question_id}, *messages[at + 1 :]]
        yield from self._frame("values", Values(messages=list(messages)))

    def _lifecycle(self, kind: str, event: str, **more: str) -> Iterator[Frame]:
        yield from self._frame(kind, {"event": event, "graph_name": GRAPH, **more}, _lifecycle_id(self._run_id, event))

    def _own(self, event: Start | Notice | ToolCall | ToolResult | Done) -> Iterator[Frame]:
        """Our own event, on the channel of its name."""
        name = EVENT_NAMES[type(event)]
        if not self._channels.isdisjoint(("custom", f"custom:{name}")):
            yield self._framed("custom", {"name": name, "payload": event})

    def _frame(self, kind: str, data: object, event_id: str | None = None) -> Iterator[Frame]:
        if CHANNEL_OF[kind] in self._channels:
            yield self._framed(kind, data, event_id)

    def _framed(self, kind: str, data: object, event_id: str | None = None) -> Frame:
        seq = self._seq(kind)
        event_id = event_id or f"{self._run_id}-{self._number}-{KINDS.index(kind)}"
        return Frame(seq, _written(event_id, CHANNEL_OF[kind], data, self._timestamp, seq))

    def _seq(self, kind: str) -> int:
        return seq_of(self._place, self._number, KINDS.index(kind))


def seq_of(place: int, number: int = 0, kind: int = 0) -> int:
    """The number of an event of a thread; without its last parts one that is smaller than all of the run's events."""
    return (place << NUMBER_BITS | number) << KIND_BITS | kind


def place_of(seq: int) -> int:
    """The place of the run whose event has this number."""
    return seq >> NUMBER_BITS + KIND_BITS


def withdrawn(run_id: UUID) -> bytes:
    """The event of a run that waited and never began: it has no place among the others, and so no number."""
    data = {"event": "failed", "graph_name": GRAPH, "error": "The message was withdrawn, or refused."}
    return _written(_lifecycle_id(run_id, "failed"), "lifecycle", data, (began_at(run_id) or 0) * 1000)


def _lifecycle_id(run_id: UUID, event: str) -> str:
    """The id of an event by which clients know the run that it is of."""
    return f"synth:{run_id}:lc||{event}"


def _block(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _written(event_id: str, method: str, data: object, timestamp: int, seq: int | None = None) -> bytes:
    params = {"namespace": [], "timestamp": timestamp, "data": data}
    numbered = {} if seq is None else {"seq": seq}
    event = {"type": "event", "event_id": event_id, **numbered, "method": method, "params": params}
    id_ = b"" if seq is None else b"id: %d\n" % seq
    return b"event: %s\ndata: %s\n%s\n" % (method.encode(), encode_line(event), id_)
