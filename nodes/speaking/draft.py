"""Get an answer out of a model: retries, one time budget, and what to make of a failure."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import stamina
from langchain_core.messages import AIMessageChunk, AnyMessage

from nodes.errors import ModelError, ModelUnavailable
from nodes.speaking.stopping import Stopped, stoppable
from nodes.state import FinishReason

LONGEST_WAIT = 8.0
"""Seconds between two attempts at most, also when the model asks for more: the budget is short."""


class Model(Protocol):
    """A chat model."""

    @property
    def label(self) -> str:
        """Its name as clients see it."""
        ...

    def stream(self, prompt: Sequence[AnyMessage]) -> AsyncGenerator[AIMessageChunk, None]:
        """The answer in pieces; the call is aborted when the generator is closed.

        Raises:
            ModelError: what came was no answer.
        """
        ...

    async def reachable(self) -> bool:
        """Whether it answers at all just now."""
        ...


@dataclass
class Draft:
    """An answer as far as it has come."""

    text: str = ""
    message_id: str | None = None
    """The id under which LangChain streamed it."""
    finish_reason: FinishReason | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error_code: str | None = None

    def begin(self) -> None:
        """Forget what an attempt that said nothing left behind: the next one ends in its own way."""
        self.message_id = self.finish_reason = self.prompt_tokens = self.completion_tokens = None

    def take(self, chunk: AIMessageChunk) -> str:
        """Add a piece; returns its text."""
        self.message_id = chunk.id or self.message_id
        if chunk.usage_metadata:
            self.prompt_tokens = chunk.usage_metadata["input_tokens"]
            self.completion_tokens = chunk.usage_metadata["output_tokens"]
        if reason := chunk.response_metadata.get("finish_reason"):
            self.finish_reason = "length" if reason == "length" else "stop"
        text = str(chunk.text)
        self.text += text
        return text


async def write(
    model: Model,
    prompt: Sequence[AnyMessage],
    *,
    say: Callable[[str], None],
    stop: asyncio.Event,
    seconds: float,
    attempts: int,
) -> Draft:
    """Have the model answer within `seconds`, the whole stream included, and say it as it comes.

    Failures before the first token are tried again, `attempts` times in all, as long as another try can
    succeed. Once `stop` is set no more is said. Never raises for the model's sake: `error_code` tells, and
    `text` holds what was said.
    """
    draft = Draft()

    def worth_another_try(error: Exception) -> bool | float:
        if not isinstance(error, ModelUnavailable) or draft.text:
            return False
        return min(error.retry_after, LONGEST_WAIT) if error.retry_after is not None else True

    try:
        async with asyncio.timeout(seconds), stoppable(stop):
            async for attempt in stamina.retry_context(
                on=worth_another_try, attempts=attempts, timeout=None, wait_initial=0.25, wait_max=4.0, wait_jitter=0.5
            ):
                with attempt:
                    await _listen(model, prompt, draft, say)
    except Stopped:
        draft.finish_reason = "stopped"
    except TimeoutError:
        draft.error_code = "model_timeout"
        draft.finish_reason = "timeout"
    except ModelError as error:
        draft.error_code = error.code
    return draft


async def _listen(model: Model, prompt: Sequence[AnyMessage], draft: Draft, say: Callable[[str], None]) -> None:
    draft.begin()
    async with aclosing(model.stream(prompt)) as chunks:
        async for chunk in chunks:
            if text := draft.take(chunk):
                say(text)
    if not draft.text.strip():
        raise ModelUnavailable("model_empty")
    if draft.finish_reason is None:
        raise ModelUnavailable("model_unreachable")  # every complete answer says why it ended
