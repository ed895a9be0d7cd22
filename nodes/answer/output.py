"""An answer while it is written: its text, as a draft over several attempts, and what clients get of it, in order."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from langchain_core.messages import AIMessageChunk, AnyMessage
from langchain_core.messages.tool import ToolCallChunk
from langgraph.runtime import Runtime

from nodes.errors import ModelErrorCode
from nodes.state import Context, FinishReason, Notice, State, since
from nodes.stream_events import RESTARTED, Token, ToolCall, ToolResult, emit, note, show
from nodes.text.pii.detection import Kind, OptionalKind
from nodes.text.pii.masking import StreamMasker
from storage.turns import answer_id

FINISH_REASONS: dict[str, FinishReason] = {"length": "length", "content_filter": "blocked"}
"""What models call the ends that are not simply the end."""


@dataclass(frozen=True)
class _Before:
    """What the replies before the latest tool calls add to the draft's counts."""

    counted: bool = True
    """False once a model did not count its tokens."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    masked: Counter[Kind] = field(default_factory=Counter[Kind])


@dataclass
class Draft:
    """The text that was sent out, and how it ended; an attempt's text stands until the next one has its first word."""

    text: str = ""
    """As it went out, masked."""
    model: str = ""
    """The label of the model that was asked last."""
    finish_reason: FinishReason | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    """Of `prompt_tokens`, where the model says."""
    error_code: ModelErrorCode | None = None
    prompt: Sequence[AnyMessage] = ()
    """What that model was asked."""
    begun: bool = False
    """Whether this attempt has sent something."""
    attempts: int = 0
    """Requests to a model so far."""
    breaks: int = 0
    """Attempts that sent something and failed then."""
    so_far: str = ""
    """The beginning of the answer, where it is continued."""
    first: str = ""
    """What of it may be sent: a number to mask may begin at its end. Once tools were called, `standing`."""
    standing: str = ""
    """What was said before the latest tools were called: it was sent, and stays whatever becomes of the rest."""
    calls: list[ToolCallChunk] = field(default_factory=list[ToolCallChunk])
    """Pieces of the calls of tools in this attempt."""
    masked: Counter[Kind] = field(default_factory=Counter[Kind])
    """How often each kind was masked in `text`."""
    also: Collection[OptionalKind] = ()
    """Kinds that are masked beside those that always are."""
    _masker: StreamMasker = field(default_factory=StreamMasker, repr=False)
    _blanks: str = ""
    _before: _Before = field(default_factory=_Before, repr=False)

    def begin(self) -> None:
        """The next attempt; it ends in its own way."""
        self.attempts += 1
        self.finish_reason = self.prompt_tokens = self.completion_tokens = self.cached_tokens = None
        self.begun = False
        self.calls = []
        self._masker = StreamMasker(self.also)
        self._masker.found.update(self._before.masked)
        self._blanks = ""
        self.first = self.standing or self._masker.feed(self.so_far)

    def stand(self) -> None:
        """What was said so far stays, and its tokens count, whatever becomes of the next attempts."""
        self.standing = self.text
        prompt, completion, cached = self.prompt_tokens, self.completion_tokens, self.cached_tokens
        counted = prompt is not None and self._before.counted
        self._before = _Before(counted, prompt or 0, completion or 0, cached or 0, Counter(self.masked))

    def take(self, chunk: AIMessageChunk) -> str:
        """Add a piece; returns what is to be sent, which is less while a number to mask may be under way."""
        self.calls += chunk.tool_call_chunks
        if (usage := chunk.usage_metadata) and self._before.counted:
            self.prompt_tokens = self._before.prompt_tokens + usage["input_tokens"]
            self.completion_tokens = self._before.completion_tokens + usage["output_tokens"]
            cached = usage.get("input_token_details", {}).get("cache_read")
            if cached is not None or self._before.cached_tokens:
                self.cached_tokens = self._before.cached_tokens + (cached or 0)
        if reason := chunk.response_metadata.get("finish_reason"):
            self.finish_reason = FINISH_REASONS.get(reason, "stop")
        return self._add(self._masker.feed(str(chunk.text)))

    def end(self) -> str:
        """End the attempt, however it ended; returns what is still to be sent."""
        return self._add(self._masker.flush())

    def _add(self, text: str) -> str:
        """Append the text; white space waits for the first word, because alone it is no answer."""
        text = self._blanks + text
        self._blanks = ""
        if not self.begun:
            if not text.strip():
                self._blanks = text
                return ""
            self.begun, self.text, self.masked = True, self.first, self._masker.found
            if self.standing:
                text = PARAGRAPH + text.lstrip()
            elif self.first == self.so_far:
                text = _joined(self.so_far, text)
        self.text += text
        return text


PARAGRAPH = "\n\n"
"""Between what is said before tools are called and after; a number to mask does not go on across it."""
SPACED = 0x0E00
"""Scripts before this code point put spaces between words; of those from here on the frequent ones do not."""


def _joined(before: str, text: str) -> str:
    """The text with a space before it where a word would run into another: models begin an answer without one."""
    if before and not before[-1].isspace() and text[0].isalnum() and max(ord(before[-1]), ord(text[0])) < SPACED:
        return f" {text}"
    return text


class AnswerOutput:
    """Sends out an answer: its text, and the notices between.

    Args:
        clock: Unix time in seconds; the one that the turn's beginning was read from.
    """

    def __init__(self, state: State, runtime: Runtime[Context], clock: Callable[[], float]) -> None:
        self.notices = state["notices"]
        """All notices of the turn."""
        self.ttft_ms: int | None = None
        """Milliseconds from the turn's beginning to the first piece."""
        self.message_id = str(answer_id(UUID(state["turn_id"])))
        """The message's id on LangGraph's `messages` stream; what replaces a retracted text is another message."""
        self._state = state
        self._runtime = runtime
        self._clock = clock

    def send(self, text: str) -> None:
        """Send a piece of text."""
        if self.ttft_ms is None:
            self.ttft_ms = since(self._state, self._clock)
        emit(self._runtime, Token(text))
        show(self._runtime, text, self.message_id)

    def retract(self) -> None:
        """Take back the text so far: another attempt begins to answer."""
        self.note(Notice(code=RESTARTED.code, message=RESTARTED.message))
        self.message_id = str(uuid5(UUID(self.message_id), "restarted"))

    def shortened(self) -> None:
        """Say, once, that the model could not read all of the prompt."""
        message = "The conversation is longer than the model can read; its older part was left out."
        if all(notice["message"] != message for notice in self.notices):
            self.note(Notice(code="context_trimmed", message=message))

    def report(self, event: ToolCall | ToolResult) -> None:
        """Say that a tool is run, or what it found."""
        emit(self._runtime, event)

    def note(self, notice: Notice) -> None:
        """Send a notice."""
        self.notices = note(self._runtime, self.notices, notice)
