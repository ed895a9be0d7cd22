"""What spans say of failures, and of requests to models, in the words of OpenTelemetry's conventions for GenAI."""

import json
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from opentelemetry.trace import Span, StatusCode

from nodes.errors import ModelError
from nodes.text.pii.masking import mask

ROLES = {"human": "user", "ai": "assistant"}
"""LangChain's names of who speaks, where the conventions have others."""
OPENAI = "https://api.openai.com/v1"


def failed(span: Span, error: BaseException) -> None:
    """Say that it failed, by a code or the kind of the error: an exception's text may quote what somebody said."""
    span.set_attribute("error.type", error.code if isinstance(error, ModelError) else type(error).__qualname__)
    span.set_status(StatusCode.ERROR)


def server(url: str | None) -> Mapping[str, str | int]:
    """Where a request goes; without a URL to OpenAI itself."""
    parts = urlsplit(url or OPENAI)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {"server.address": parts.hostname or "", "server.port": port}


class Call:
    """A request to a model while it lasts.

    Args:
        span: its span; whoever began it ends it.
        prompt: what is sent, where spans are to say it; else None.
    """

    def __init__(self, span: Span, prompt: Sequence[BaseMessage] | None) -> None:
        self._span = span
        self._began = time.perf_counter()
        self._heard = False
        self._said: list[str] | None = None if prompt is None else []
        self._finish_reason = ""
        if prompt is not None:
            said = [_message(ROLES.get(one.type, one.type), str(one.text)) for one in prompt]
            span.set_attribute("gen_ai.input.messages", _json(said))

    def hear(self, piece: AIMessage) -> None:
        """Note what the next piece, or the whole reply, says of itself."""
        if not self._heard and isinstance(piece, AIMessageChunk):
            self._span.set_attribute("gen_ai.response.time_to_first_chunk", time.perf_counter() - self._began)
        self._heard = True
        if usage := piece.usage_metadata:
            self._span.set_attribute("gen_ai.usage.input_tokens", usage["input_tokens"])
            self._span.set_attribute("gen_ai.usage.output_tokens", usage["output_tokens"])
        if reason := piece.response_metadata.get("finish_reason"):
            self._finish_reason = reason
            self._span.set_attribute("gen_ai.response.finish_reasons", [reason])
        if model := piece.response_metadata.get("model_name"):
            self._span.set_attribute("gen_ai.response.model", model)
        if self._said is not None:
            self._said.append(str(piece.text))

    def end(self) -> None:
        """Say what was heard in all, where spans are to say it."""
        if self._said:
            # Masked here, too: these are the model's own words, before they are as clients see them.
            said = mask("".join(self._said)).text
            reply = {**_message("assistant", said), "finish_reason": self._finish_reason}
            self._span.set_attribute("gen_ai.output.messages", _json([reply]))


def _message(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _json(messages: list[dict[str, object]]) -> str:
    return json.dumps(messages, ensure_ascii=False)
