"""An answer as far as it has come, over several attempts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from langchain_core.messages import AIMessageChunk, AnyMessage

from nodes.errors import ModelErrorCode
from nodes.state import FinishReason


@dataclass
class Draft:
    """What the model has said; what an attempt said stands until the next one has a word to put in its place."""

    text: str = ""
    model: str = ""
    """The label of the model that was asked last."""
    message_id: str | None = None
    """The id under which LangChain streamed it."""
    finish_reason: FinishReason | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error_code: ModelErrorCode | None = None
    prompt: Sequence[AnyMessage] = field(default=(), compare=False)
    """What that model was asked."""
    begun: bool = field(default=False, compare=False)
    """Whether this attempt has said something."""
    breaks: int = field(default=0, compare=False)
    """Attempts that said something and failed then."""
    _blanks: str = field(default="", compare=False)

    def begin(self) -> None:
        """The next attempt; it ends in its own way."""
        self.message_id = self.finish_reason = self.prompt_tokens = self.completion_tokens = None
        self.begun = False
        self._blanks = ""

    def take(self, chunk: AIMessageChunk) -> str:
        """Add a piece; returns what is to be said. White space waits for the first word, for alone it says nothing."""
        self.message_id = chunk.id or self.message_id
        if chunk.usage_metadata:
            self.prompt_tokens = chunk.usage_metadata["input_tokens"]
            self.completion_tokens = chunk.usage_metadata["output_tokens"]
        if reason := chunk.response_metadata.get("finish_reason"):
            self.finish_reason = "length" if reason == "length" else "stop"
        text = self._blanks + str(chunk.text)
        self._blanks = ""
        if not self.begun and not text.strip():
            self._blanks = text
            return ""
        if not self.begun:
            self.begun, self.text = True, ""
        self.text += text
        return text
