"""A turn as a UI message stream, version 1.

Everything here follows from the turn's events, so that every reader gets the same bytes.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from uuid import UUID

from api.doors.shared import KEEP_ALIVE, Events, Failure, Numbered
from graph.turns.turn import encode_line, error_of
from nodes.state import FinishReason
from nodes.stream_events import Done, Notice, Start, Token, ToolCall, ToolResult
from storage.turns import answer_id

FINISH_REASONS: Mapping[FinishReason, str] = {
    "stop": "stop", "length": "length", "timeout": "other", "blocked": "content-filter",
}  # fmt: skip
"""The dialect's word for each; what is stopped has a chunk of its own."""
TEXT = "text"
"""The id of the text part: a message has one at a time."""
DONE = b"data: [DONE]\n\n"
BEGUN_AGAIN = "The answer began again, which this client cannot show in its place. Resume its stream to read it whole."

_DELTA = b'data: {"type":"text-delta","id":"text","delta":%s}\n\n'


class MessageWriter:
    """Writes a turn's events as chunks of a message.

    Args:
        resets: whether the client knows `reset-step`, by which text is taken back; for others an answer that begins
            again ends with an error.
        whole_after: the number of a notice `restarted`; the text that it takes back is left out.
    """

    def __init__(self, *, resets: bool, whole_after: int = 0) -> None:
        self.is_over = False
        """Whether the message's last chunk was written."""
        self._resets = resets
        self._whole_after = whole_after
        self._has_step = False
        self._has_text = False
        self._said = False
        self._tools: list[bytes] = []

    def write(self, numbered: Numbered) -> Iterator[bytes]:
        """The chunks of an event."""
        match numbered.event:
            case Start() as start:
                yield from self._begin(start)
            case Token(text):
                if numbered.number < self._whole_after:
                    return
                if not self._has_text:
                    self._has_text = self._said = True
                    yield _chunk("text-start", id=TEXT)
                yield _DELTA % encode_line(text)
            case ToolCall() | ToolResult() as tool:
                yield from self._tool(tool)
            case Notice() as notice:
                yield _chunk("data-notice", data=notice, transient=True)
                if notice.code == "restarted":
                    yield from self._take_back()
            case Done() as done:
                yield from self._end(done)
            case Failure() as failure:
                yield from self.fail(failure)

    def fail(self, failure: Failure) -> Iterator[bytes]:
        """The last chunks of a message that breaks off."""
        data = {"code": failure.code, "retryable": failure.retryable, "retryAfter": failure.retry_after}
        yield from self._break_off(data, failure.message)

    def _begin(self, start: Start) -> Iterator[bytes]:
        route = route_data(start.route.reason, start.route.confidence, start.route.runner_up)
        metadata = {
            "turnId": start.turn_id,
            "conversationId": start.conversation_id,
            "employee": start.employee,
            "route": route,
            "model": start.model,
        }
        self._has_step = True
        yield _chunk("start", messageId=str(answer_id(UUID(start.turn_id))), messageMetadata=metadata)
        yield _chunk("data-route", id="route", data={"employee": start.employee, **route})
        yield _chunk("start-step")

    def _tool(self, tool: ToolCall | ToolResult) -> Iterator[bytes]:
        """A tool that is run here and not by the client, between two texts."""
        yield from self._close_text()
        known = {"toolCallId": tool.call_id, "providerExecuted": True, "dynamic": True}
        match tool:
            case ToolCall():
                chunk = _chunk("tool-input-available", toolName=tool.tool, input={"words": tool.words}, **known)
            case ToolResult(reference_id=None):
                chunk = _chunk("tool-output-error", errorText=tool.words, **known)
            case ToolResult():
                chunk = _chunk("tool-output-available", output=tool, **known)
        self._tools.append(chunk)
        yield chunk

    def _take_back(self) -> Iterator[bytes]:
        if not self._said:
            return
        if self._resets:
            self._has_text = self._said = False
            yield _chunk("reset-step")
            yield from self._tools  # they go with the step, but not with the text
        else:
            yield from self._break_off({"code": "restarted", "retryable": True, "retryAfter": None}, BEGUN_AGAIN)

    def _end(self, done: Done) -> Iterator[bytes]:
        self.is_over = True
        yield from self._close_text()
        if done.facts_used or done.turns_recalled:
            recalled = [{"turnId": turn.turn_id, "date": turn.date} for turn in done.turns_recalled]
            yield _chunk("data-facts", id="facts", data={"factsUsed": done.facts_used, "turnsRecalled": recalled})
        if done.references or done.unverified:
            data = {"references": done.references, "unverified": done.unverified}
            yield _chunk("data-figures", id="figures", data=data)
        yield _chunk("finish-step")
        metadata = _metadata(done)
        if done.finish_reason == "stopped":
            yield _chunk("message-metadata", messageMetadata=metadata)
            yield _chunk("abort", reason="stopped")
        else:
            yield _chunk("finish", finishReason=FINISH_REASONS[done.finish_reason], messageMetadata=metadata)
        yield DONE

    def _break_off(self, data: dict[str, Any], message: str) -> Iterator[bytes]:
        self.is_over = True
        yield from self._close_text()
        yield _chunk("data-error", data=data, transient=True)
        yield _chunk("error", errorText=message)
        if self._has_step:
            yield _chunk("finish-step")
        yield _chunk("finish", finishReason="error")
        yield DONE

    def _close_text(self) -> Iterator[bytes]:
        if self._has_text:
            self._has_text = False
            yield _chunk("text-end", id=TEXT)


async def message_stream(events: Events, writer: MessageWriter) -> AsyncIterator[bytes]:
    """The turn as a stream.

    Where it goes on in another process it ends with an error: clients take a stream that only ends for a whole answer.
    """
    async for numbered in events:
        if numbered is None:
            yield KEEP_ALIVE
            continue
        for chunk in writer.write(numbered):
            yield chunk
        if writer.is_over:
            return
    gone = error_of("shutting_down")
    for chunk in writer.fail(Failure(gone.code, gone.message, gone.retryable)):
        yield chunk


def route_data(reason: str, confidence: float, runner_up: str | None) -> dict[str, Any]:
    """Why this employee answers."""
    return {"reason": reason, "confidence": confidence, "runnerUp": runner_up}


def _metadata(done: Done) -> dict[str, Any]:
    """What is known of a message at its end."""
    prompt, completion = done.usage["prompt_tokens"], done.usage["completion_tokens"]
    return {
        "model": done.model,
        "usage": {"inputTokens": prompt, "outputTokens": completion, "totalTokens": prompt + completion},
        "finishReason": done.finish_reason,
        "fallback": done.fallback,
        "generatedBy": done.generated_by,
    }


def _chunk(type_: str, **fields: Any) -> bytes:
    return b"data: %s\n\n" % encode_line({"type": type_, **fields})
