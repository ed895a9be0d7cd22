"""A ChatOpenAI that reads its server's replies itself, and believes nothing of them that it has not looked at.

langchain-openai and the openai library take a reply for what it should be: an HTML page is an answer without a word,
half of an emoji breaks the row it is stored in, a stream without an end fills the memory. They still make the request.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

import httpx2
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI

from graph.models.replies import EventStream, Mender, Said, mended, said
from nodes.errors import ModelUnavailable

LONGEST_ANSWER = 32_000
"""Characters after which an answer is cut: far more than the tokens that are asked for can be."""

LONGEST_REPLY = 16 * 2**20
"""Bytes after which a reply is given up, whatever is in it."""

LONGEST_PIECE = 1_000
"""Characters of a piece: what is done with one must not take long."""

TURN = 0.005
"""Seconds of reading after which everything else in the process gets its turn. A server that sends faster than it is
read would never let go of the event loop, and neither time limits nor other users' answers would get through."""

DRAIN = 0.1
"""Seconds that a server has to end a stream whose last event is out, so that its connection can be used again."""


class CheckedChatOpenAI(ChatOpenAI):
    """Chat completions, streamed or whole, as `graph.models.replies` reads them.

    Raises ModelUnavailable where a reply is none, besides what the openai library raises for requests that fail.
    """

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain tells it of each chunk
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        streamed = {**kwargs, "stream": True, "stream_options": {"include_usage": True}}
        payload = self._get_request_payload(messages, stop=stop, **streamed)
        mender, left, take_turns = Mender(), LONGEST_ANSWER, _turns()
        async with (
            self.async_client.with_streaming_response.create(**payload) as response,
            aclosing(_heard(response.iter_bytes())) as replies,
        ):
            async for reply in replies:
                text = mender.feed(reply.text)
                for start in range(0, min(len(text), left), LONGEST_PIECE):
                    yield _chunk(text[start : min(start + LONGEST_PIECE, left)])
                    await take_turns()
                if len(text) > left:
                    yield _chunk("", Said(finish_reason="length"))
                    return
                left -= len(text)
                if reply.finish_reason or reply.usage:
                    yield _chunk("", reply)
                await take_turns()
        if rest := mender.flush():
            yield _chunk(rest)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain tells it of the reply
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        response = await self.async_client.with_raw_response.create(**payload)
        reply = said(response.content)
        if not reply.speaks:
            raise ModelUnavailable("model_garbled")
        text = mended(reply.text)[:LONGEST_ANSWER]
        message = AIMessage(text, usage_metadata=reply.usage, response_metadata=_known(reply))
        return ChatResult(generations=[ChatGeneration(message=message)])


def _chunk(text: str, event: Said | None = None) -> ChatGenerationChunk:
    known, usage = (_known(event), event.usage) if event else ({}, None)
    return ChatGenerationChunk(message=AIMessageChunk(content=text, usage_metadata=usage, response_metadata=known))


def _known(reply: Said) -> dict[str, str]:
    """What a reply says of itself, under LangChain's names."""
    known = {"finish_reason": reply.finish_reason, "model_name": reply.model}
    return {name: value for name, value in known.items() if value}


async def _heard(pieces: AsyncIterator[bytes]) -> AsyncGenerator[Said]:
    """What the events of a stream say, together for each piece of it that comes, to its end.

    Raises:
        ModelUnavailable: it is no stream of the protocol. What was said before that comes first.
    """
    stream = EventStream()
    speaks = done = False
    async for piece in pieces:
        reply, broken = Said(), None
        try:
            for data in stream.feed(piece):
                if done := data.startswith(b"[DONE]"):
                    break
                reply = reply.with_next(said(data))
        except ModelUnavailable as error:
            broken = error
        speaks = speaks or done or reply.speaks
        yield reply
        if broken:
            raise broken
        if done:
            await _drain(pieces)
            return
    if not speaks:
        raise ModelUnavailable("model_garbled")


def _turns() -> Callable[[], Awaitable[None]]:
    """Something to await now and then, which lets everything else run once `TURN` is over."""
    now = asyncio.get_running_loop().time
    began = now()

    async def take_turns() -> None:
        nonlocal began
        if now() - began > TURN:
            await asyncio.sleep(0)
            began = now()

    return take_turns


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    with suppress(TimeoutError, httpx2.HTTPError, ModelUnavailable):
        async with asyncio.timeout(DRAIN):
            async for _ in pieces:
                await asyncio.sleep(0)


async def bound(response: httpx2.Response) -> None:
    """Let nobody read more than `LONGEST_REPLY` bytes of a reply: an event hook for the client that asks."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _BoundedStream(response.stream)


class _BoundedStream(httpx2.AsyncByteStream):
    """The body of a reply, which raises ModelUnavailable once it is too long."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = LONGEST_REPLY
        async for piece in self._stream:
            left -= len(piece)
            if left < 0:
                raise ModelUnavailable("model_garbled")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
