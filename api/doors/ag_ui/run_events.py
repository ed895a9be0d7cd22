"""A turn as the events of a run.

Frames follow from the turn's events, so that every reader gets the same bytes. Where text is taken back, what was said
before comes from the conversation: clients drop every message that a snapshot does not have.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, NotRequired
from uuid import UUID, uuid5

from typing_extensions import TypedDict

from api.doors.shared import KEEP_ALIVE, Events, Failure, Numbered
from graph.turns.turn import encode_line, error_of
from nodes.stream_events import Done, ErrorCode, Notice, Start, Token, ToolCall, ToolResult
from storage.errors import StorageUnavailable
from storage.turns import answer_id

PROTOCOL_VERSION = "1.0"
FRAMES_PER_EVENT = 10
"""Numbers that each event of a turn has for its frames; it has four at most."""


class SnapshotMessage(TypedDict):
    """A message of the conversation."""

    id: str
    role: Literal["user", "assistant"]
    content: str
    name: NotRequired[str]
    """Of an answer: who gave it."""


History = Callable[[UUID], Awaitable[Sequence[SnapshotMessage]]]
"""What was said up to the question of a turn."""


class Frame(NamedTuple):
    """An event of the dialect."""

    number: int
    """Grows; the same for every reader. 0: it follows from no event."""
    data: bytes
    """As it is sent."""


class RunWriter:
    """Writes a turn's events as a run's.

    Args:
        run_id: as the client calls the run.
        thread_id: as the client calls the conversation; None where it does not say.
    """

    def __init__(self, run_id: str, thread_id: str | None) -> None:
        self.turn_id: UUID | None = None
        """Known from its first event on."""
        self.is_over = False
        """Whether the run's last event was written."""
        self._run_id = run_id
        self._thread_id = thread_id
        self._employee = ""
        self._message_id = UUID(int=0)
        self._before_delta = b""
        self._number = 0
        self._has_begun = False
        self._has_text = False

    def show(
        self, state: object, messages: Sequence[SnapshotMessage], *, clear: bool, running: bool
    ) -> Iterator[Frame]:
        """The thread as it is, in a run of its own, or before the turn that is answered there."""
        yield from self._begin_run()
        yield self._frame("STATE_SNAPSHOT", snapshot=state)
        yield from self._snapshot(messages, clear=clear)
        if not running:
            self.is_over = True
            yield self._frame("RUN_FINISHED", **self._ids(), outcome={"type": "success"})

    def write(self, numbered: Numbered, before: Sequence[SnapshotMessage] = ()) -> Iterator[Frame]:
        """The frames of an event.

        Args:
            numbered: the event.
            before: where it takes back text, what was said up to the question.
        """
        self._number = numbered.number * FRAMES_PER_EVENT
        match numbered.event:
            case Start() as start:
                yield from self._begin(start)
            case Token(text):
                if text:  # an empty one is none in this dialect
                    yield from self._say(text)
            case ToolCall() | ToolResult() as tool:
                yield from self._tool(tool)
            case Notice() as notice:
                yield self._custom("notice", notice)
                if notice.code == "restarted":
                    yield from self._take_back(numbered.number, before)
            case Done() as done:
                yield from self._end(done)
            case Failure() as failure:
                yield from self._fail(failure)

    def break_off(self, code: ErrorCode) -> Iterator[Frame]:
        """The last frames here of a turn that goes on; they are none of its own, and the client comes again."""
        self._number = 0
        error = error_of(code)
        yield from self._fail(Failure(error.code, error.message, error.retryable))

    def _begin_run(self) -> Iterator[Frame]:
        if not self._has_begun:
            self._has_begun = True
            yield self._frame("RUN_STARTED", **self._ids(), protocolVersion=PROTOCOL_VERSION)

    def _begin(self, start: Start) -> Iterator[Frame]:
        self.turn_id = UUID(start.turn_id)
        self._thread_id = self._thread_id or start.conversation_id
        self._message_id = answer_id(self.turn_id)
        self._employee = start.employee.name
        yield from self._begin_run()
        route = {
            "turnId": start.turn_id,
            "conversationId": start.conversation_id,
            "employee": start.employee,
            "reason": start.route.reason,
            "confidence": start.route.confidence,
            "runnerUp": start.route.runner_up,
            "decidedBy": start.route.decided_by,
            "model": start.model,
        }
        yield self._custom("route", route)

    def _say(self, text: str) -> Iterator[Frame]:
        if not self._has_text:
            self._has_text = True
            message = {"messageId": str(self._message_id)}
            self._before_delta = encode_line({"type": "TEXT_MESSAGE_CONTENT", **message})[:-1]
            yield self._frame("TEXT_MESSAGE_START", **message, role="assistant", name=self._employee)
        number = self._next()
        yield Frame(number, b'id: %d\ndata: %s,"delta":%s}\n\n' % (number, self._before_delta, encode_line(text)))

    def _tool(self, tool: ToolCall | ToolResult) -> Iterator[Frame]:
        """A call in the answer's message, and what came of it as a message of the tool's: it is run here."""
        call = {"toolCallId": tool.call_id}
        if isinstance(tool, ToolResult):
            content = encode_line(tool).decode()
            yield self._frame(
                "TOOL_CALL_RESULT", messageId=f"{tool.call_id}-result", **call, content=content, role="tool"
            )
            return
        parent = {"parentMessageId": str(self._message_id)}
        yield self._frame("TOOL_CALL_START", **call, toolCallName=tool.tool, **parent)
        yield self._frame("TOOL_CALL_ARGS", **call, delta=encode_line({"words": tool.words}).decode())
        yield self._frame("TOOL_CALL_END", **call)

    def _take_back(self, number: int, before: Sequence[SnapshotMessage]) -> Iterator[Frame]:
        """Also where nothing was said: what a lost process said last is in no log, but may have been read."""
        assert self.turn_id, "known since its first event"
        yield from self._close_text()
        yield from self._snapshot(before, clear=True)
        self._message_id = uuid5(self.turn_id, str(number))

    def _close_text(self) -> Iterator[Frame]:
        if self._has_text:
            self._has_text = False
            yield self._frame("TEXT_MESSAGE_END", messageId=str(self._message_id))

    def _snapshot(self, messages: Sequence[SnapshotMessage], *, clear: bool) -> Iterator[Frame]:
        """The messages of the thread.

        Clients leave those that they know in their place and put others behind them. They know a question by an id of
        their own, so everything is taken away first.
        """
        if clear:
            yield self._frame("MESSAGES_SNAPSHOT", messages=[])
        yield self._frame("MESSAGES_SNAPSHOT", messages=messages)

    def _end(self, done: Done) -> Iterator[Frame]:
        self.is_over = True
        yield from self._close_text()
        if done.facts_used or done.turns_recalled:
            recalled = [{"turnId": turn.turn_id, "date": turn.date} for turn in done.turns_recalled]
            yield self._custom("facts", {"factsUsed": done.facts_used, "turnsRecalled": recalled})
        result = {
            "turnId": done.turn_id,
            "conversationId": done.conversation_id,
            "messageId": done.message_id,
            "employee": done.employee,
            "finishReason": done.finish_reason,
            "fallback": done.fallback,
            "generatedBy": done.generated_by,
            "references": done.references,
            "unverified": done.unverified,
        }
        outcome = {"type": "cancelled" if done.finish_reason == "stopped" else "success"}
        yield self._frame("RUN_FINISHED", **self._ids(), result=result, outcome=outcome, usage=[_usage(done)])

    def _fail(self, failure: Failure) -> Iterator[Frame]:
        self.is_over = True
        yield from self._close_text()
        more = {"retryable": failure.retryable, "retryAfter": failure.retry_after}
        yield self._frame("RUN_ERROR", message=failure.message, code=failure.code, metadata={"frontdesk": more})

    def _ids(self) -> dict[str, Any]:
        return {"threadId": self._thread_id, "runId": self._run_id}

    def _custom(self, name: str, value: object) -> Frame:
        return self._frame("CUSTOM", name=f"frontdesk.{name}", value=value)

    def _frame(self, kind: str, **fields: Any) -> Frame:
        number = self._next()
        told = b"id: %d\n" % number if number else b""
        return Frame(number, b"%sdata: %s\n\n" % (told, encode_line({"type": kind, **fields})))

    def _next(self) -> int:
        """The number of the next frame of the event; 0 where there is none."""
        number = self._number
        self._number += bool(number)
        return number


async def run_stream(events: Events, writer: RunWriter, history: History, *, after: int = 0) -> AsyncIterator[bytes]:
    """The run as a stream.

    Where the turn goes on in another process, or the database is asked in vain, it ends with an error: clients take a
    stream that only ends for a whole answer.

    Args:
        events: the turn's, from the first one.
        writer: writes them.
        history: asked where text is taken back.
        after: the last number that was read; frames up to it are left out.
    """
    code: ErrorCode = "shutting_down"
    async for numbered in events:
        if numbered is None:
            yield KEEP_ALIVE
            continue
        try:
            before = await _before(numbered, writer, history)
        except StorageUnavailable:
            code = "storage_unavailable"
            break
        # A start that is published again, because the first one was lost with its process, is known to the reader.
        begins_again = isinstance(numbered.event, Start) and 0 < after < numbered.number * FRAMES_PER_EVENT
        for frame in writer.write(numbered, before):
            if frame.number > after and not begins_again:
                yield frame.data
        if writer.is_over:
            return
    for frame in writer.break_off(code):
        yield frame.data


async def shown_stream(
    shown: Sequence[Frame], events: Events | None, writer: RunWriter, history: History
) -> AsyncIterator[bytes]:
    """A thread that is shown, and the turn that is answered there, if any."""
    for frame in shown:
        yield frame.data
    if events:
        async for piece in run_stream(events, writer, history):
            yield piece


async def _before(numbered: Numbered, writer: RunWriter, history: History) -> Sequence[SnapshotMessage]:
    """Where the event takes back text: what was said before."""
    takes_back = isinstance(numbered.event, Notice) and numbered.event.code == "restarted"
    return await history(writer.turn_id) if takes_back and writer.turn_id else ()


def _usage(done: Done) -> dict[str, Any]:
    prompt, completion = done.usage["prompt_tokens"], done.usage["completion_tokens"]
    cached = done.usage.get("cached_tokens")
    return {
        "model": done.model,
        "inputTokens": prompt,
        "outputTokens": completion,
        "totalTokens": prompt + completion,
        **({"cachedInputTokens": cached} if cached is not None else {}),
    }
