"""The scripted model, seen by the clients that the product uses."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from operator import mul
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import openai
import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import APIConnectionError, AsyncOpenAI
from openai import DefaultAsyncHttpxClient as Http
from openai.types import CompletionUsage, chat
from pydantic import BaseModel, SecretStr

from . import model_script as model
from .model_server import ModelServer

BOUND = 60.0  # seconds after which something that should have happened has not
KEY = SecretStr("none")
Method = Literal["json_schema", "function_calling"]
ASK: list[chat.ChatCompletionMessageParam] = [{"role": "user", "content": "three words long"}]


class Facts(BaseModel):
    facts: list[str]
    summary: str


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(dimension=256) as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with Http(timeout=BOUND) as http:  # nothing closes the client that LangChain would make for itself
        yield http


@pytest.fixture
def client(server: ModelServer, http: Http) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.url, api_key="none", max_retries=0, timeout=BOUND, http_client=http)


async def ask(client: AsyncOpenAI) -> openai.AsyncStream[chat.ChatCompletionChunk]:
    complete = client.chat.completions.create
    return await complete(model="scripted", messages=ASK, stream=True, stream_options={"include_usage": True})


def said(chunk: chat.ChatCompletionChunk) -> str:
    return "".join(choice.delta.content or "" for choice in chunk.choices)


async def listen(client: AsyncOpenAI, heard: list[str]) -> None:
    async for chunk in await ask(client):
        heard.append(said(chunk))


async def soon(*events: asyncio.Event) -> None:
    async with asyncio.timeout(BOUND):
        await asyncio.gather(*(event.wait() for event in events))


async def test_a_stream_brings_role_tokens_reason_and_usage_in_order(server: ModelServer, client: AsyncOpenAI) -> None:
    """Every token is a chunk of its own, after the role and before the reason it ended."""
    server.queue(model.Text(["Grüß ", "dich."], finish_reason="length", delay_first=0.01, delay_between=0.01))
    opening, *tokens, finish, usage = [chunk async for chunk in await ask(client)]
    assert [said(token) for token in tokens] == ["Grüß ", "dich."]
    assert (opening.choices[0].delta.role, finish.choices[0].finish_reason) == ("assistant", "length")
    usage_told = CompletionUsage(prompt_tokens=3, completion_tokens=2, total_tokens=5)
    assert (finish.usage, usage.choices, usage.usage) == (None, [], usage_told)


async def test_langchain_streams_the_default_text_and_its_usage(server: ModelServer, http: Http) -> None:
    """With nothing scripted five words of greeting come, and are counted."""
    talk = ChatOpenAI(model="scripted", base_url=server.url, api_key=KEY, http_async_client=http, stream_usage=True)
    chunks = [chunk async for chunk in talk.astream("hello")]
    assert "".join(chunk.text for chunk in chunks) == "Hello from the scripted model."
    counts = [(usage["input_tokens"], usage["output_tokens"]) for chunk in chunks if (usage := chunk.usage_metadata)]
    assert counts == [(1, 5)]


async def test_a_plain_request_gets_one_document(server: ModelServer, client: AsyncOpenAI) -> None:
    """Without streaming the tokens come joined, with their usage unless the script withholds it."""
    server.queue(model.Text("All at once."))
    server.queue(model.Text("All at once.", usage=False))
    replies = [await client.chat.completions.create(model="scripted", messages=ASK) for _ in range(2)]
    assert [reply.choices[0].message.content for reply in replies] == ["All at once."] * 2
    assert [reply.usage and reply.usage.total_tokens for reply in replies] == [6, None]


# the SDK's own parsed message does not fit the type it declares, and says so when LangChain streams it
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
@pytest.mark.parametrize("stream", [False, True])
async def test_structured_output_is_as_scripted(server: ModelServer, http: Http, method: Method, stream: bool) -> None:
    """By schema or by tool, streamed or whole; unscripted, it is the least that the schema allows."""
    talk = ChatOpenAI(model="scripted", base_url=server.url, api_key=KEY, http_async_client=http, streaming=stream)
    server.queue(model.Json({"facts": ["likes tea"], "summary": "Tea."}), when=model.structured)
    extract = talk.with_structured_output(Facts, method=method)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    assert await extract.ainvoke("Well?") == Facts(facts=["likes tea"], summary="Tea.")
    assert await extract.ainvoke("Well?") == Facts(facts=[], summary="")


async def test_the_chosen_tool_is_called(server: ModelServer, client: AsyncOpenAI) -> None:
    """The call goes to the tool that was named, with the scripted arguments, and ends the reply."""
    server.queue(model.Json({"city": "Ulm"}))
    tools = [chat.ChatCompletionFunctionToolParam(type="function", function={"name": name}) for name in ("a", "b")]
    complete = partial(client.chat.completions.create, model="scripted", messages=ASK, tools=tools)
    [choice] = (await complete(tool_choice={"type": "function", "function": {"name": "b"}})).choices
    [call] = choice.message.tool_calls or []
    called = call.model_dump()["function"]
    assert (called, choice.finish_reason) == ({"name": "b", "arguments": '{"city": "Ulm"}'}, "tool_calls")


async def test_texts_that_share_words_have_closer_vectors(server: ModelServer, http: Http, client: AsyncOpenAI) -> None:
    """They are unit vectors, the same as base64, which LangChain gets, and as numbers, and as long as is asked."""
    embed = OpenAIEmbeddings(base_url=server.url, api_key=KEY, http_async_client=http, check_embedding_ctx_length=False)
    green, tea, tax = await embed.aembed_documents(["green tea", "tea", "VAT is due"])
    assert sum(map(mul, green, green)) == pytest.approx(1.0)
    assert sum(map(mul, green, tea)) > 2 * sum(map(mul, green, tax))
    ask_for = partial(client.embeddings.create, model="scripted", input=["Green tea!"])
    assert (await ask_for(encoding_format="float")).data[0].embedding == pytest.approx(green)
    assert [len(vector) for vector in (green, (await ask_for(dimensions=8)).data[0].embedding)] == [256, 8]


async def test_a_refusal_carries_its_status_headers_and_code(server: ModelServer, client: AsyncOpenAI) -> None:
    """A 429 reaches the caller with Retry-After and OpenAI's error document."""
    server.queue(model.Status(429, "Slow down.", {"Retry-After": "7"}, error="rate_limit_exceeded"))
    with pytest.raises(openai.RateLimitError, match="Slow down") as refused:
        await ask(client)
    assert (refused.value.response.headers["retry-after"], refused.value.code) == ("7", "rate_limit_exceeded")


@pytest.mark.parametrize("reply", [model.Cut(["Half ", "an "]), model.Garbage(["Half ", "an "])])
async def test_a_stream_breaks_after_its_tokens(server: ModelServer, client: AsyncOpenAI, reply: model.Reply) -> None:
    """An unfinished chunk and bytes that are no JSON raise, and neither counts as the client's leaving."""
    server.queue(reply)
    heard: list[str] = []
    with pytest.raises(APIConnectionError if isinstance(reply, model.Cut) else ValueError):
        await listen(client, heard)
    await soon(server.requests[0].finished)
    assert (heard, server.requests[0].disconnected.is_set()) == (["", "Half ", "an "], False)


@pytest.mark.parametrize("reply", [model.Cut(()), model.Garbage(), model.Refuse()])
async def test_a_document_can_break_too(server: ModelServer, client: AsyncOpenAI, reply: model.Reply) -> None:
    """The faults are not only for streams, nor only for chat."""
    server.queue(reply, when=model.embedding)
    with pytest.raises((APIConnectionError, ValueError)):
        await client.embeddings.create(model="scripted", input="text")


async def test_a_client_that_gives_up_is_noticed(server: ModelServer, client: AsyncOpenAI) -> None:
    """Not even headers came before its timeout; or a token came, and it closed the stream."""
    server.queue(model.Hang())
    server.queue(model.Hang(["One."]))
    with pytest.raises(openai.APITimeoutError):
        await ask(client.with_options(timeout=openai.Timeout(BOUND, read=0.1)))
    async with await ask(client) as stream:
        assert [said(await anext(stream)) for _ in range(2)] == ["", "One."]
    for request in (await server.received(), await server.received(count=2)):
        await soon(request.disconnected, request.finished)


async def test_a_gate_holds_the_rest_back(server: ModelServer, client: AsyncOpenAI) -> None:
    """The first token is out while the gate is shut; a complete reply is no disconnection."""
    server.queue(model.Gate(["First", ", then", " the rest."], gate := asyncio.Event()))
    stream = await ask(client)
    assert [said(await anext(stream)) for _ in range(2)] == ["", "First"]
    assert not server.requests[0].finished.is_set()
    gate.set()
    assert "".join([said(chunk) async for chunk in stream]) == ", then the rest."
    await soon(server.requests[0].finished)
    assert not server.requests[0].disconnected.is_set()


async def test_queued_replies_go_first_where_they_match(server: ModelServer, client: AsyncOpenAI) -> None:
    """Once each, in order; then the latest rule that matches. What was asked is on record."""
    server.always(model.Text("old rule"), when=model.plain)
    server.always(model.Text("rule"), when=model.plain)
    server.queue(model.Status(500), when=model.streaming)
    server.queue(model.Text("queued"))
    replies = [await client.chat.completions.create(model="scripted", messages=ASK) for _ in range(2)]
    assert [reply.choices[0].message.content for reply in replies] == ["queued", "rule"]
    asked = [(request.order, request.body["messages"], request.headers["authorization"]) for request in server.requests]
    assert asked == [(1, ASK, "Bearer none"), (2, ASK, "Bearer none")]


async def test_a_connection_serves_one_request_after_another(server: ModelServer) -> None:
    """Keep-alive works, also for a request sent before the answer to the last has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)
    writer.write(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
    async with asyncio.timeout(BOUND):
        answers = [await reader.readuntil(b"\r\n0\r\n\r\n") for _ in range(2)]
    writer.close()
    assert [answer.startswith(b"HTTP/1.1 200") for answer in answers] == [True, True]


async def test_closing_ends_every_connection_and_leaves_no_task(client: AsyncOpenAI) -> None:
    """A hanging, a gated, an idle and a just opened connection all end with the server."""
    before = asyncio.all_tasks()
    async with ModelServer() as server:
        client = client.with_options(base_url=server.url)
        server.queue(model.Hang())
        server.queue(model.Gate("Never finished.", asyncio.Event()))
        asked = [asyncio.create_task(listen(client, [])) for _ in range(2)]
        await server.received(model.streaming, count=2)
        assert [one.id async for one in client.models.list()] == ["scripted-model"]
        _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)
    writer.close()
    assert [type(end) for end in await asyncio.gather(*asked, return_exceptions=True)] == [APIConnectionError] * 2
    # An application that other tests share has tasks in this loop, too.
    started = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks() - before)
    assert [name for name in started if name.startswith("ModelServer.")] == []


async def test_a_predicate_that_fails_is_reported_on_leaving(client: AsyncOpenAI) -> None:
    """A fault of the test is not mistaken for a fault of the model."""
    server = await (block := AsyncExitStack()).enter_async_context(ModelServer())
    server.queue(model.Text("Hi."), when=lambda request: request.body["no such key"])
    with pytest.raises(APIConnectionError):
        await ask(client.with_options(base_url=server.url))
    with pytest.raises(ExceptionGroup) as reported:
        await block.aclose()
    assert reported.group_contains(KeyError)


async def test_it_runs_by_hand_from_a_script_file(tmp_path: Path, client: AsyncOpenAI) -> None:
    """The command prints its base URL on one line and plays the file."""
    script, heard = tmp_path / "script.json", list[str]()
    script.write_text(json.dumps({"queue": [{"reply": "text", "tokens": "From a file.", "when": "streaming"}]}))
    command = (sys.executable, "-m", "tests.support.model_server", "--port", "0", "--script", str(script))
    process = await asyncio.create_subprocess_exec(*command, cwd=Path(__file__).parents[2], stdout=PIPE)
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        await listen(client.with_options(base_url=url), heard)
    finally:
        process.terminate()
        await process.wait()
    assert "".join(heard) == "From a file."
