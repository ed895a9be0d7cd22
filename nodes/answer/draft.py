"""An answer as far as it has come, over several attempts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from langchain_core.messages import AIMessageChunk, AnyMessage

from nodes.errors import ModelErrorCode
from nodes.state import FinishReason
from nodes.text.pii.masking import Kind
from nodes.text.pii.stream_masking import StreamMasker

FINISH_REASONS: dict[str, FinishReason] = {"length": "length", "content_filter": "blocked"}
"""What models call the ends that are not simply the end."""


@dataclass
class Draft:
    """The text that was sent out, and how it ended; an attempt's text stands until the next one has its first word."""

    text: str = ""
    """As it went out: with card numbers, IBANs and national ids masked."""
    model: str = ""
    """The label of the model that was asked last."""
    finish_reason: FinishReason | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error_code: ModelErrorCode | None = None
    prompt: Sequence[AnyMessage] = field(default=(), compare=False)
    """What that model was asked."""
    begun: bool = field(default=False, compare=False)
    """Whether this attempt has sent something."""
    breaks: int = field(default=0, compare=False)
    """Attempts that sent something and failed then."""
    masked: Counter[Kind] = field(default_factory=Counter[Kind], compare=False)
    """How many numbers were masked in `text`, by kind."""
    _masker: StreamMasker = field(default_factory=StreamMasker, compare=False, repr=False)
    _blanks: str = field(default="", compare=False)

    def begin(self) -> None:
        """The next attempt; it ends in its own way."""
        self.finish_reason = self.prompt_tokens = self.completion_tokens = None
        self.begun = False
        self._masker = StreamMasker()
        self._blanks = ""

    def take(self, chunk: AIMessageChunk) -> str:
        """Add a piece; returns what is to be sent, which is less while a number to mask may be under way."""
        if chunk.usage_metadata:
            self.prompt_tokens = chunk.usage_metadata["input_tokens"]
            self.completion_tokens = chunk.usage_metadata["output_tokens"]
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
            self.begun, self.text, self.masked = True, "", self._masker.found
        self.text += text
        return text
