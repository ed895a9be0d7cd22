"""A chat model that plays a script."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Literal, TypeAlias

from langchain_core.messages import AIMessageChunk, AnyMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk

from nodes.answer.tool_rounds import Offered
from nodes.errors import ModelProblem

HANG: Literal["hang"] = "hang"
"""The stream neither goes on nor ends."""

Step: TypeAlias = AIMessageChunk | Exception | Literal["hang"]


class ScriptedModel:
    """Plays one script for each time it is asked, the last one again and again: sends pieces, raises errors, hangs."""

    def __init__(self, *scripts: Sequence[Step], label: str = "scripted") -> None:
        self.label = label
        self.refusal: ModelProblem | None = None
        self._scripts = scripts
        self.asked = 0
        self.closed = 0
        self.read: Sequence[AnyMessage] = ()
        self.offered: list[Offered | None] = []

    async def stream(
        self, prompt: Sequence[AnyMessage], tools: Offered | None = None
    ) -> AsyncGenerator[AIMessageChunk, None]:
        """The next script."""
        self.asked += 1
        self.read = prompt
        self.offered.append(tools)
        try:
            for step in self._scripts[min(self.asked, len(self._scripts)) - 1]:
                if isinstance(step, Exception):
                    raise step
                if step == HANG:
                    await asyncio.Event().wait()
                else:
                    yield step
        finally:
            self.closed += 1

    async def problem(self) -> None:
        """None is known."""

    async def ask(self) -> None:
        """It answers."""


def piece(text: str) -> AIMessageChunk:
    """A piece of an answer."""
    return AIMessageChunk(content=text)


def calls(*wanted: tuple[str, str]) -> AIMessageChunk:
    """Calls of tools by name, with their arguments as JSON."""
    chunks = [tool_call_chunk(name=name, args=args, id=f"c{n}", index=n) for n, (name, args) in enumerate(wanted)]
    return AIMessageChunk(content="", tool_call_chunks=chunks)


def end(reason: str = "stop", usage: tuple[int, int] | None = None) -> AIMessageChunk:
    """The last piece; `usage` is tokens of prompt and completion."""
    counted = UsageMetadata(input_tokens=usage[0], output_tokens=usage[1], total_tokens=sum(usage)) if usage else None
    return AIMessageChunk(content="", response_metadata={"finish_reason": reason}, usage_metadata=counted)
