"""litellm, a client of OpenAI's protocol for applications that speak to many providers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.doors.litellm import Failed, Litellm, litellm_running, needs_litellm
from tests.support.app import Frontdesk, Serve
from tests.support.database import appear
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.tcp_proxy import tcp_proxy

pytestmark = [needs_litellm, pytest.mark.xdist_group("litellm")]  # it takes seconds to start
HELLO: dict[str, Any] = {"model": "openai/prime", "messages": [{"role": "user", "content": "Hello"}]}
RESPONSE: dict[str, Any] = {"model": "openai/prime", "input": "Hello"}
PROVIDER = {"custom_llm_provider": "openai"}
"""What it must be told with the id of a streamed response, which does not say it."""


@pytest.fixture(scope="session")
async def litellm() -> AsyncIterator[Litellm]:
    """litellm, for all tests here."""
    async with litellm_running() as running:
        yield running


def text_of(chunks: list[dict[str, Any]]) -> str:
    """The text of a streamed chat completion."""
    return "".join(chunk["choices"][0]["delta"]["content"] or "" for chunk in chunks if chunk["choices"])


def delta_of(events: list[dict[str, Any]]) -> str:
    """The text of a streamed response."""
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


async def test_it_is_answered(frontdesk: Frontdesk, model: ModelServer, litellm: Litellm, ada: UUID) -> None:
    """Whole and streamed, with tokens counted."""
    model.queue(Text(["You ", "can."]), streaming)
    model.queue(Text(["You ", "can."]), streaming)
    whole = await litellm.call(frontdesk, ada, "acompletion", **HELLO)
    chunks = await litellm.pieces(frontdesk, ada, "acompletion", **HELLO, stream_options={"include_usage": True})
    assert whole["choices"][0]["message"]["content"] == text_of(chunks) == "You can."
    assert [chunk["usage"] for chunk in chunks if chunk.get("usage")][-1]["total_tokens"] > 0
    assert whole["usage"]["total_tokens"] > 0


async def test_a_conversation_goes_on(frontdesk: Frontdesk, model: ModelServer, litellm: Litellm, ada: UUID) -> None:
    """By the response before; each is kept and can be read again."""
    model.queue(Text("Hi."), streaming)
    model.queue(Text("Again."), streaming)
    first = await litellm.call(frontdesk, ada, "aresponses", **RESPONSE)
    asked = {**RESPONSE, "input": "And you?", "previous_response_id": first["id"]}
    events = await litellm.pieces(frontdesk, ada, "aresponses", **asked)
    second = events[-1]["response"]
    kept = await litellm.call(frontdesk, ada, "aget_responses", response_id=second["id"], **PROVIDER)
    (_, sent) = [request.body["messages"] for request in model.requests if streaming(request)]
    assert [message["content"] for message in sent[-3:]] == ["Hello", "Hi.", "And you?"]
    assert second["output"][0]["content"][0]["text"] == kept["output"][0]["content"][0]["text"] == "Again."
    assert delta_of(events) == "Again."


async def test_it_is_refused(serve: Serve, litellm: Litellm, ada: UUID) -> None:
    """Beyond the limit, with an unknown model, and without a key: as the errors that its users know."""
    frontdesk = await serve(rate_limit=1)
    await litellm.call(frontdesk, ada, "acompletion", **HELLO)
    refused: list[tuple[Any, ...]] = []
    for user, call in [
        (ada, {**HELLO, "max_retries": 0}),
        (ada, {**HELLO, "model": "openai/nobody"}),
        (None, HELLO),
        (ada, {**HELLO, "n": 2}),
    ]:
        with pytest.raises(Failed) as failed:
            await litellm.call(frontdesk, user, "acompletion", **call)
        refused.append((failed.value.error["type"], failed.value.error["status"]))
    assert refused == [
        ("RateLimitError", 429), ("NotFoundError", 404), ("AuthenticationError", 401), ("BadRequestError", 400),
    ]  # fmt: skip


async def test_an_answer_is_stopped(frontdesk: Frontdesk, model: ModelServer, litellm: Litellm, ada: UUID) -> None:
    """A response, by its id; what was said is kept."""
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    begun = await litellm.call(frontdesk, ada, "aresponses", **RESPONSE, background=True)
    stopped = await litellm.call(frontdesk, ada, "acancel_responses", response_id=begun["id"])
    assert (begun["status"], stopped["status"]) == ("in_progress", "cancelled")


async def test_a_cut_response_is_read_to_its_end(
    frontdesk: Frontdesk, model: ModelServer, litellm: Litellm, ada: UUID
) -> None:
    """From the last event that was read."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    lines: list[dict[str, Any]] = []
    async with tcp_proxy(frontdesk.url) as proxy:
        async for line in litellm.lines(proxy.url, frontdesk, ada, "aresponses", **RESPONSE, stream=True):
            lines.append(line)
            if line.get("piece", {}).get("type") == "response.output_text.delta":
                proxy.cut()
    assert "error" in lines.pop()
    events = [line["piece"] for line in lines]
    gate.set()
    from_there = {"response_id": events[0]["response"]["id"], "starting_after": events[-1]["sequence_number"]}
    events += await litellm.pieces(frontdesk, ada, "aget_responses", **from_there, **PROVIDER)
    assert delta_of(events) == "Well, it depends."


async def test_with_a_key_a_request_that_is_repeated_is_one_answer(
    frontdesk: Frontdesk, model: ModelServer, litellm: Litellm, ada: UUID
) -> None:
    """By itself, because its connection was lost before anything came, and by its user."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    keyed = {**HELLO, "extra_headers": {"Idempotency-Key": "k1"}}
    async with tcp_proxy(frontdesk.url) as proxy:
        calls = litellm.lines(proxy.url, frontdesk, ada, "acompletion", **keyed)
        answering = asyncio.create_task(anext(calls))
        await appear(frontdesk.service.url, "select from chat_turns")
        proxy.cut()
        proxy.restore()
        gate.set()
        answer = (await answering)["result"]
        await calls.aclose()
    assert answer["choices"][0]["message"]["content"] == "Well, it depends."
    assert text_of(await litellm.pieces(frontdesk, ada, "acompletion", **keyed)) == "Well, it depends."
    assert sum(map(streaming, model.requests)) == 1
