"""A turn as a response object, and as the events by which one is built.

Everything here follows from the turn's events and its id, so that a stream has the same bytes for every reader,
on every server, each time. Sequence numbers count within an attempt at the turn, as the numbers of its events do.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid5

from typing_extensions import TypedDict

from api.doors.shared import Failure, Numbered
from graph.turns.turn import NUMBERS_PER_ATTEMPT, began_at, encode_line
from nodes.state import FinishReason
from nodes.stream_events import Done, Notice, Start, Token, ToolCall, ToolResult
from storage.turns import answer_id

Status = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]
STATUSES: Mapping[FinishReason, Status] = {
    "stop": "completed", "length": "incomplete", "timeout": "incomplete", "stopped": "cancelled",
    "blocked": "incomplete",
}  # fmt: skip
REASONS: Mapping[FinishReason, str] = {
    "length": "max_output_tokens", "timeout": "max_output_tokens", "blocked": "content_filter",
}  # fmt: skip
"""Why a response is incomplete; the dialect has no word for time that ran out."""


MAX_METADATA_CHARS = 512
"""Of a value."""


class OutputText(TypedDict):
    """A text of the answer."""

    type: Literal["output_text"]
    text: str
    annotations: list[Any]
    logprobs: list[Any]


class OutputMessage(TypedDict):
    """An answer in the output."""

    type: Literal["message"]
    id: str
    status: Literal["in_progress", "completed", "incomplete"]
    role: Literal["assistant"]
    content: list[OutputText]


class ResponseObject(TypedDict):
    """A response. What is null was not asked of the model, whatever the request said."""

    id: str
    object: Literal["response"]
    created_at: int
    completed_at: int | None
    status: Status
    incomplete_details: dict[str, str] | None
    model: str
    previous_response_id: None
    conversation: dict[str, str] | None
    instructions: None
    output: list[OutputMessage]
    error: dict[str, str] | None
    tools: list[Any]
    tool_choice: Literal["none"]
    truncation: Literal["auto"]
    parallel_tool_calls: Literal[False]
    text: dict[str, Any]
    top_p: float
    presence_penalty: float
    frequency_penalty: float
    top_logprobs: int
    temperature: float
    reasoning: None
    usage: dict[str, Any] | None
    max_output_tokens: None
    max_tool_calls: None
    store: Literal[True]
    background: bool
    service_tier: Literal["default"]
    metadata: dict[str, str]
    safety_identifier: None
    prompt_cache_key: None


class Frame(NamedTuple):
    """An event of the dialect."""

    sequence_number: int
    data: bytes
    """As it is sent."""


class ResponseWriter:
    """Writes a turn's events as the dialect's, and keeps the response as it is after them.

    Args:
        turn_id: the turn.
        created_at: when it began, in Unix time, where its id does not say so.
    """

    def __init__(self, turn_id: UUID, created_at: int = 0) -> None:
        self.response = _blank(turn_id, began_at(turn_id) or created_at)
        self._turn_id = turn_id
        self._sequence = 0
        self._index = 0
        self._item: OutputMessage | None = None
        self._text: list[str] = []
        self._before_delta = b""
        self._notices: list[str] = []

    @property
    def is_over(self) -> bool:
        """Whether the turn's last event was written."""
        return self.response["status"] not in ("queued", "in_progress")

    def write(self, numbered: Numbered) -> Iterator[Frame]:
        """The frames of an event."""
        attempt = (numbered.number - 1) // NUMBERS_PER_ATTEMPT
        self._sequence = max(self._sequence, attempt * NUMBERS_PER_ATTEMPT)
        match numbered.event:
            case Start() as start:
                yield from self._begin(start)
            case Token(text):
                yield self._delta(text)
            case Notice(code="restarted"):
                yield from self._close("incomplete")
                self._index += 1
                yield from self._open(uuid5(self._turn_id, str(numbered.number)))
            case ToolCall() | ToolResult():
                pass  # an item of a tool would be one that the client is to run
            case Notice() as notice:
                self._notices.append(notice.code)
            case Done() as done:
                yield from self._end(done)
            case Failure() as failure:
                yield from self._fail(failure)

    def take(self, numbered: Numbered) -> None:
        """Take an event, whose frames nobody reads."""
        for _ in self.write(numbered):
            pass

    def snapshot(self) -> ResponseObject:
        """The response with what was said so far."""
        if self._item and not self.is_over:
            self.response["output"] = [OutputMessage({**self._item, "content": [_text("".join(self._text))]})]
        return self.response

    def _begin(self, start: Start) -> Iterator[Frame]:
        self.response["status"] = "in_progress"
        self.response["model"] = start.employee.slug
        self.response["conversation"] = {"id": start.conversation_id}
        self.response["metadata"] = {"frontdesk_turn_id": start.turn_id, "frontdesk_route": start.route.reason}
        yield self._frame("response.created", response=self.response)
        yield self._frame("response.in_progress", response=self.response)
        yield from self._open(answer_id(self._turn_id))

    def _open(self, item_id: UUID) -> Iterator[Frame]:
        """Begin an answer."""
        self._text = []
        self._item = OutputMessage(
            type="message", id=message_id(item_id), status="in_progress", role="assistant", content=[]
        )
        yield self._frame("response.output_item.added", output_index=self._index, item=self._item)
        yield self._frame("response.content_part.added", **self._place(), part=_text(""))
        self._before_delta = encode_line({"type": "response.output_text.delta", **self._place(), "logprobs": []})[:-1]

    def _delta(self, text: str) -> Frame:
        self._text.append(text)
        number = self._sequence
        self._sequence += 1
        data = b'event: response.output_text.delta\ndata: %s,"delta":%s,"sequence_number":%d}\n\n'
        return Frame(number, data % (self._before_delta, encode_line(text), number))

    def _close(self, status: Literal["completed", "incomplete"]) -> Iterator[Frame]:
        """End an answer."""
        assert self._item
        text = "".join(self._text)
        self._item = OutputMessage({**self._item, "status": status, "content": [_text(text)]})
        yield self._frame("response.output_text.done", **self._place(), text=text, logprobs=[])
        yield self._frame("response.content_part.done", **self._place(), part=_text(text))
        yield self._frame("response.output_item.done", output_index=self._index, item=self._item)

    def _end(self, done: Done) -> Iterator[Frame]:
        whole = done.finish_reason == "stop"
        yield from self._close("completed" if whole else "incomplete")
        assert self._item
        reason, usage = REASONS.get(done.finish_reason), done.usage
        self.response["status"] = STATUSES[done.finish_reason]
        self.response["completed_at"] = self.response["created_at"] + done.latency_ms // 1000 if whole else None
        self.response["incomplete_details"] = {"reason": reason} if reason else None
        self.response["output"] = [self._item]
        self.response["usage"] = {
            "input_tokens": usage["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": usage.get("cached_tokens", 0), "cache_write_tokens": 0},
            "output_tokens": usage["completion_tokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage["prompt_tokens"] + usage["completion_tokens"],
        }
        self.response["metadata"]["frontdesk_model"] = done.model
        self.response["metadata"]["frontdesk_finish_reason"] = done.finish_reason
        if done.fallback:
            self.response["metadata"]["frontdesk_fallback"] = "true"
        for name, values in (("references", done.references), ("unverified", done.unverified)):
            if values:  # of as many as a value may have characters
                self.response["metadata"][f"frontdesk_{name}"] = ";".join(values)[:MAX_METADATA_CHARS]
        if self._notices:
            self.response["metadata"]["frontdesk_notices"] = ",".join(self._notices)
        # What is stopped has no event of its own, and comes as incomplete, with the status `cancelled`.
        yield self._frame(f"response.{'completed' if whole else 'incomplete'}", response=self.response)

    def _fail(self, failure: Failure) -> Iterator[Frame]:
        began = self.response["status"] == "in_progress"
        self.response["status"] = "failed"
        self.response["error"] = {"code": "server_error", "message": failure.message}
        if began:
            yield from self._close("incomplete")
            yield self._frame("response.failed", response=self.response)
        else:  # a message that is refused after its status; clients raise what has an `error`
            error = {"message": failure.message, "type": "invalid_request_error", "code": failure.code, "param": None}
            yield self._frame("error", code=failure.code, message=failure.message, param=None, error=error)

    def _place(self) -> dict[str, Any]:
        assert self._item
        return {"item_id": self._item["id"], "output_index": self._index, "content_index": 0}

    def _frame(self, kind: str, **fields: Any) -> Frame:
        number = self._sequence
        self._sequence += 1
        data = encode_line({"type": kind, **fields, "sequence_number": number})
        return Frame(number, b"event: %s\ndata: %s\n\n" % (kind.encode(), data))


def response_id(turn_id: UUID) -> str:
    """The response's id."""
    return f"resp_{turn_id.hex}"


def message_id(message: UUID) -> str:
    """A message's id."""
    return f"msg_{message.hex}"


def _text(text: str) -> OutputText:
    return OutputText(type="output_text", text=text, annotations=[], logprobs=[])


def _blank(turn_id: UUID, created: int) -> ResponseObject:
    return ResponseObject(
        id=response_id(turn_id),
        object="response",
        created_at=created,
        completed_at=None,
        status="queued",
        incomplete_details=None,
        model="frontdesk",
        previous_response_id=None,
        conversation=None,
        instructions=None,
        output=[],
        error=None,
        tools=[],
        tool_choice="none",
        truncation="auto",
        parallel_tool_calls=False,
        text={"format": {"type": "text"}},
        top_p=1.0,
        presence_penalty=0.0,
        frequency_penalty=0.0,
        top_logprobs=0,
        temperature=1.0,
        reasoning=None,
        usage=None,
        max_output_tokens=None,
        max_tool_calls=None,
        store=True,
        background=False,
        service_tier="default",
        metadata={},
        safety_identifier=None,
        prompt_cache_key=None,
    )
