"""Other clients of OpenAI's protocol: LangChain's, and OpenAI's for JavaScript; and clients that try again."""

import asyncio
import json
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import openai
import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr

from tests.doors.clients import token_of
from tests.support.app import Frontdesk, Serve
from tests.support.database import appear
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.tcp_proxy import tcp_proxy

ROOT = Path(__file__).parents[2]
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules" / "openai").is_dir(),
    reason="needs Node and what `make check` installs for it",
)


@pytest.mark.parametrize("responses", [False, True], ids=["chat completions", "responses"])
async def test_langchain_is_answered(frontdesk: Frontdesk, model: ModelServer, ada: UUID, *, responses: bool) -> None:
    """Whole and streamed, by either of the two protocols, with tokens counted."""
    model.queue(Text(["You ", "can."]), streaming)
    model.queue(Text(["You ", "can."]), streaming)
    chat = ChatOpenAI(
        model="ledger",
        base_url=f"{frontdesk.url}/v1",
        api_key=SecretStr(token_of(frontdesk, ada)),
        use_responses_api=responses,
        stream_usage=True,
    )
    asked = [SystemMessage("Be brief."), HumanMessage("What can I write off?")]
    whole = await chat.ainvoke(asked)
    pieces = [piece async for piece in chat.astream(asked)]
    streamed = sum(pieces[1:], pieces[0])
    assert whole.text == streamed.text == "You can."
    assert whole.usage_metadata == streamed.usage_metadata
    assert whole.usage_metadata
    assert whole.usage_metadata["total_tokens"] > 0


async def test_langchain_is_refused(serve: Serve, ada: UUID) -> None:
    """Beyond the limit, and with an unknown model, as the errors of OpenAI's client."""
    frontdesk = await serve(rate_limit=1)
    url, key = f"{frontdesk.url}/v1", SecretStr(token_of(frontdesk, ada))
    chat, nobody = [ChatOpenAI(model=name, base_url=url, api_key=key, max_retries=0) for name in ("prime", "nobody")]
    await chat.ainvoke("Hello")
    with pytest.raises(openai.RateLimitError):
        await chat.ainvoke("Hello")
    with pytest.raises(openai.NotFoundError):
        await nobody.ainvoke("Hello")


async def test_langchain_leaves_an_answer_and_finds_it_again(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """By its key, also after a lost connection; the answer is written once."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with tcp_proxy(frontdesk.url) as proxy:
        plain = ChatOpenAI(model="prime", base_url=f"{proxy.url}/v1", api_key=SecretStr(token_of(frontdesk, ada)))
        chat = plain.bind(extra_headers={"Idempotency-Key": "k1"})

        async def until_cut() -> None:
            async for piece in chat.astream("Hello"):
                if piece.text:
                    proxy.cut()

        with pytest.raises(openai.APIConnectionError):
            await until_cut()
        proxy.restore()
        gate.set()
        assert (await chat.ainvoke("Hello")).text == "Well, it depends."
    assert sum(map(streaming, model.requests)) == 1


@needs_node
@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("chat", {"text": "Hi there."}),
        ("stream", {"text": "Hi there."}),
        ("response", {"text": "Hi there.", "status": "completed"}),
        ("rejoin", {"text": "Hi there."}),
        ("stopped", {"begun": "in_progress", "status": "cancelled"}),
        ("refused", {"name": "NotFoundError", "code": "not_found", "type": "not_found_error"}),
    ],
)
async def test_the_javascript_client_is_answered(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, what: str, expected: dict[str, Any]
) -> None:
    """Whole, streamed, as a response, cut in the middle, stopped, and refused."""
    hangs = what == "stopped"
    model.queue(Gate(["Hi ", "there."], asyncio.Event()) if hangs else Text(["Hi ", "there."]), streaming)
    assert (await acted(frontdesk.url, token_of(frontdesk, ada), what)).items() >= expected.items()
    await frontdesk.settled()


@needs_node
async def test_the_javascript_client_is_limited(serve: Serve, ada: UUID) -> None:
    """With an error that says so."""
    frontdesk = await serve(rate_limit=1)
    said = await acted(frontdesk.url, token_of(frontdesk, ada), "limited")
    assert said == {"name": "RateLimitError", "code": "rate_limited", "type": "rate_limit_error"}


async def acted(url: str, token: str, what: str) -> dict[str, Any]:
    """What the script prints."""
    script = Path(__file__).with_name("openai_client.mjs")
    process = await asyncio.create_subprocess_exec(
        "node", str(script), what, f"{url}/v1", token, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(printed)  # type: ignore[no-any-return]


async def _python(url: str, token: str) -> tuple[str, str]:
    """The answer to a request with a key, and how often it was repeated."""
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key=token) as client:
        raw = await client.responses.with_raw_response.create(
            model="prime", input="Hello", extra_headers={"Idempotency-Key": "k1"}
        )
    return raw.parse().output_text, raw.http_request.headers["x-stainless-retry-count"]


async def _javascript(url: str, token: str) -> tuple[str, str]:
    return (await acted(url, token, "keyed"))["text"], "1"


@pytest.mark.parametrize("ask", [_python, pytest.param(_javascript, marks=needs_node)], ids=["Python", "JavaScript"])
async def test_a_client_that_tries_again_gets_the_same_answer(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, ask: Callable[[str, str], Coroutine[Any, Any, tuple[str, str]]]
) -> None:
    """Where its connection is lost before anything came, it repeats the key, and the answer is written once."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with tcp_proxy(frontdesk.url) as proxy:
        asking = asyncio.create_task(ask(proxy.url, token_of(frontdesk, ada)))
        await appear(frontdesk.service.url, "select from chat_turns")
        proxy.cut()
        proxy.restore()
        gate.set()
        assert await asking == ("Well, it depends.", "1")
    assert sum(map(streaming, model.requests)) == 1
