"""Span attributes of failures and of requests to models, named by OpenTelemetry's conventions for GenAI."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from opentelemetry.trace import Span, StatusCode

from nodes.errors import ModelError
from nodes.text.pii.detection import OptionalKind
from nodes.text.pii.masking import mask

ROLES = {"human": "user", "ai": "assistant"}
"""The conventions' names of roles, where LangChain has others."""
OPENAI = "https://api.openai.com/v1"


def set_error(span: Span, error: BaseException) -> None:
    """Mark the span as failed, with a code or the exception's class: an exception's text may quote a message."""
    span.set_attribute("error.type", error.code if isinstance(error, ModelError) else type(error).__qualname__)
    span.set_status(StatusCode.ERROR)


def server_attributes(url: str | None) -> Mapping[str, str | int]:
    """Host and port of a model's server; without a URL OpenAI's."""
    parts = urlsplit(url or OPENAI)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {"server.address": parts.hostname or "", "server.port": port}


class RequestSpan:
    """The span of a request to a chat model, filled in while the reply arrives.

    Args:
        span: ended by the caller.
        prompt: the messages sent, where the span is to have content; else None.
        also: kinds that are masked in content beside those that always are.
    """

    def __init__(self, span: Span, prompt: Sequence[BaseMessage] | None, also: Collection[OptionalKind] = ()) -> None:
        self._span = span
        self._also = also
        self._started = time.perf_counter()
        self._received = False
        self._reply: list[str] | None = None if prompt is None else []
        self._finish_reason = ""
        if prompt is not None:
            # What was stored before a kind was masked is in the prompt as it was.
            texts = [(ROLES.get(message.type, message.type), mask(str(message.text), also).text) for message in prompt]
            messages = [_message(role, text) for role, text in texts]
            span.set_attribute("gen_ai.input.messages", _json(messages))

    def add(self, reply: AIMessage) -> None:
        """Set the attributes that a chunk, or a whole reply, has."""
        if not self._received and isinstance(reply, AIMessageChunk):
            self._span.set_attribute("gen_ai.response.time_to_first_chunk", time.perf_counter() - self._started)
        self._received = True
        if usage := reply.usage_metadata:
            self._span.set_attribute("gen_ai.usage.input_tokens", usage["input_tokens"])
            self._span.set_attribute("gen_ai.usage.output_tokens", usage["output_tokens"])
            if (cached := usage.get("input_token_details", {}).get("cache_read")) is not None:
                self._span.set_attribute("gen_ai.usage.cache_read.input_tokens", cached)
        if reason := reply.response_metadata.get("finish_reason"):
            self._finish_reason = reason
            self._span.set_attribute("gen_ai.response.finish_reasons", [reason])
        if model := reply.response_metadata.get("model_name"):
            self._span.set_attribute("gen_ai.response.model", model)
        if self._reply is not None:
            self._reply.append(str(reply.text))

    def set_output(self) -> None:
        """Set the whole reply as an attribute, where the span is to have content."""
        if self._reply:
            text = mask("".join(self._reply), self._also).text  # these are the model's own words, not masked yet
            message = {**_message("assistant", text), "finish_reason": self._finish_reason}
            self._span.set_attribute("gen_ai.output.messages", _json([message]))


def _message(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _json(messages: list[dict[str, object]]) -> str:
    return json.dumps(messages, ensure_ascii=False)
