"""Requests to model servers: what is sent and where to, and what becomes of each failure."""

import asyncio
import gc
import gzip
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import Any, cast
from weakref import ref

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolCall, ToolMessage

from graph.models import http_clients, replies
from graph.models.http_clients import HTTPClients, environment_proxy, open_http_clients
from graph.models.openai_client import CheckedChatOpenAI, translated_errors
from graph.models.replies import MAX_REPLY_BYTES
from nodes.errors import ModelError, ToolsRejected
from tests.support.http_proxy import http_proxy, tls_front
from tests.support.model_bytes import Raw, whole, words
from tests.support.model_script import Calls, Cut, Gate, Hang, Json, Reply, Status, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.tcp_proxy import tcp_proxy

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
QUESTION = [HumanMessage("Hello")]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment without anybody's proxies."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.fixture
async def http() -> AsyncIterator[HTTPClients]:
    """The connections of a process."""
    async with open_http_clients() as clients:
        yield clients


def chat(http: HTTPClients, url: str, *, read_timeout: float = 30, key: str = "sk-test") -> CheckedChatOpenAI:
    """The model at this server."""
    return CheckedChatOpenAI.over(http, "scripted", url, key, temperature=0, max_tokens=90, read_timeout=read_timeout)


async def streamed(model: CheckedChatOpenAI, **options: Any) -> list[str]:
    """The texts of an answer's chunks that have any."""
    return [str(chunk.text) async for chunk in model.astream(QUESTION, **options) if chunk.text]


def answering(model: CheckedChatOpenAI) -> AbstractAsyncContextManager[AsyncGenerator[AIMessageChunk]]:
    """An answer's chunks; leaving the block closes the stream."""
    return aclosing(cast("AsyncGenerator[AIMessageChunk]", model.astream(QUESTION)))


async def failed(model: CheckedChatOpenAI) -> list[str]:
    """The error codes of a streamed and of a whole reply."""
    codes: list[str] = []
    for asking in (streamed(model), model.ainvoke(QUESTION)):
        with pytest.raises(ModelError) as error, translated_errors():
            await asking
        codes.append(error.value.code)
    return codes


async def test_a_reply_has_its_text_finish_reason_usage_and_model(http: HTTPClients, model: ModelServer) -> None:
    """Streamed and whole alike."""
    model.always(Text("Hello Ada", finish_reason="length"))
    asked = chat(http, model.url)
    gathered: AIMessageChunk | None = None
    async for chunk in asked.astream(QUESTION):
        gathered = chunk if gathered is None else gathered + chunk
    assert gathered is not None
    for reply in (gathered, await asked.ainvoke(QUESTION)):
        assert reply.text == "Hello Ada"
        assert reply.response_metadata["finish_reason"] == "length"
        assert reply.response_metadata["model_name"] == "scripted"
        assert reply.usage_metadata is not None
        assert reply.usage_metadata["total_tokens"] == 3


async def test_a_request_is_what_langchain_openai_would_send(
    http: HTTPClients, model: ModelServer, environment: pytest.MonkeyPatch
) -> None:
    """Payload and headers, organisation and project from the environment included."""
    environment.setenv("OPENAI_ORG_ID", "org-1")
    environment.setenv("OPENAI_PROJECT_ID", "proj-1")
    asked = chat(http, model.url)
    await streamed(asked)
    await streamed(asked, logprobs=False)  # no plain request, so langchain-openai's
    ours, theirs = model.requests
    assert theirs.body.pop("logprobs") is False
    assert ours.body == theirs.body
    own = {"host", "connection", "content-length", "x-stainless-retry-count", "x-stainless-read-timeout"}
    assert {name: value for name, value in ours.headers.items() if name not in own} == {
        name: value for name, value in theirs.headers.items() if name not in own
    }
    sent = [ours.headers[name] for name in ("authorization", "openai-organization", "openai-project")]
    assert sent == ["Bearer sk-test", "org-1", "proj-1"]


async def test_earlier_answers_are_sent_as_langchain_openai_would_send_them(
    http: HTTPClients, model: ModelServer
) -> None:
    """Whatever they are: text, nothing, parts, calls of tools."""
    call = ToolCall(name="weather", args={"city": "Ghent"}, id="call-1")
    conversation = [
        SystemMessage("You are Ledger."), HumanMessage("Hi"), AIMessage("Hello, Ada."), HumanMessage("And?"),
        AIMessage(""), AIMessage([{"type": "text", "text": "In parts."}]), AIMessage("Said.", name="ledger"),
        AIMessage("", tool_calls=[call]), ToolMessage("Rain.", tool_call_id="call-1"), HumanMessage("Thanks"),
    ]  # fmt: skip
    asked = chat(http, model.url)
    async for _ in asked.astream(conversation):
        pass
    async for _ in asked.astream(conversation, logprobs=False):  # no plain request, so langchain-openai's
        pass
    ours, theirs = model.requests
    assert len(ours.body["messages"]) == len(conversation)
    assert ours.body["messages"] == theirs.body["messages"]


async def test_tools_are_called_in_a_stream(http: HTTPClients, model: ModelServer) -> None:
    """Text and calls come as they are written; what is sent is what langchain-openai would send."""
    model.always(Calls([("weather", {"city": "Köln"}), ("weather", {})], "Let me look."))
    asked = chat(http, model.url).bind_tools([WEATHER], tool_choice="auto")
    gathered: AIMessageChunk | None = None
    async for chunk in asked.astream(QUESTION):
        assert isinstance(chunk, AIMessageChunk)
        gathered = chunk if gathered is None else gathered + chunk
    assert gathered is not None
    assert (gathered.text, gathered.response_metadata["finish_reason"]) == ("Let me look.", "tool_calls")
    assert [(call["name"], call["args"], call["id"]) for call in gathered.tool_calls] == [
        ("weather", {"city": "Köln"}, "call-0"), ("weather", {}, "call-1"),
    ]  # fmt: skip
    async for _ in chat(http, model.url).bind_tools([WEATHER], tool_choice="auto", logprobs=False).astream(QUESTION):
        pass  # no request of ours, so langchain-openai's
    ours, theirs = model.requests
    assert theirs.body.pop("logprobs") is False
    assert ours.body == theirs.body


async def test_tools_without_a_stream_are_asked_for_by_langchain_openai(http: HTTPClients, model: ModelServer) -> None:
    """The call comes through."""
    model.always(Json({}))
    asked = chat(http, model.url).bind_tools([WEATHER])
    assert [call["name"] for call in (await asked.ainvoke(QUESTION)).tool_calls] == ["weather"]


@pytest.mark.parametrize(
    "said", ["model does not support tools", 'auto" tool choice requires --enable-auto-tool-choice']
)
async def test_a_server_that_takes_no_tools_is_told_from_others(
    http: HTTPClients, model: ModelServer, said: str
) -> None:
    """By what it says, as there is no code for it."""
    model.always(Status(400, said))
    with pytest.raises(ToolsRejected):
        await streamed(chat(http, model.url), tools=[WEATHER])


async def test_a_stream_without_usage_is_asked_for_by_langchain_openai(http: HTTPClients, model: ModelServer) -> None:
    """Plain chat always asks for it."""
    await streamed(chat(http, model.url), stream_options={"include_usage": True})
    await streamed(chat(http, model.url), stream_usage=False)
    assert [request.body.get("stream_options") for request in model.requests] == [{"include_usage": True}, None]


async def test_callbacks_see_each_request(http: HTTPClients, model: ModelServer) -> None:
    """Streamed and whole, as LangSmith does."""
    counting = UsageMetadataCallbackHandler()
    await streamed(chat(http, model.url), config={"callbacks": [counting]})
    await chat(http, model.url).ainvoke(QUESTION, {"callbacks": [counting]})
    assert counting.usage_metadata["scripted"]["output_tokens"] == 10


async def test_credentials_in_the_url_go_before_the_key(http: HTTPClients, model: ModelServer) -> None:
    """As in httpx2."""
    await streamed(chat(http, model.url.replace("//", "//ada:pa%40ss@")))
    assert model.requests[0].headers["authorization"] == "Basic YWRhOnBhQHNz"


async def test_connections_are_used_again(http: HTTPClients, model: ModelServer) -> None:
    """After a streamed reply, a whole one, an error and a look at the server."""
    asked, earlier = chat(http, model.url), len(model._connections)
    model.queue(Status(400))
    await asked.probe()
    with pytest.raises(ModelError):
        await streamed(asked)
    await streamed(asked)
    await asked.ainvoke(QUESTION)
    assert len(model._connections) == earlier + 1


HELD_WITHIN = 15.0
"""Seconds: half of the time for which a connection is kept."""


class Held:
    """Something in a turn's context."""


async def test_a_kept_connection_holds_nothing_of_its_first_turn(http: HTTPClients, model: ModelServer) -> None:
    """Or as many turns would stay in memory as there are connections."""
    holding: ContextVar[Held] = ContextVar("holding")

    async def turn() -> ref[Held]:
        holding.set(held := Held())
        await streamed(chat(http, model.url))
        return ref(held)

    held = await asyncio.create_task(turn())
    async with asyncio.timeout(HELD_WITHIN):
        while held():  # until the time to drain the response is over, too
            await asyncio.sleep(0.01)
            gc.collect()


async def test_a_connection_that_was_closed_meanwhile_is_not_used(http: HTTPClients, model: ModelServer) -> None:
    """The next request opens another one."""
    async with tcp_proxy(model.url) as proxy:
        asked = chat(http, f"{proxy.url}/v1")
        await streamed(asked)
        (connections,) = http.session._connector._conns.values()  # type: ignore[union-attr]
        proxy.cut()
        while connections[0][0].is_connected():  # noqa: ASYNC110 - it is aiohttp's
            await asyncio.sleep(0)
        proxy.restore()
        assert await streamed(asked)


async def test_a_connection_that_is_lost_between_two_reads_fails_as_one_that_is_lost_in_a_read(
    http: HTTPClients, model: ModelServer
) -> None:
    """From the second batch on reading pauses, which a lost connection cannot."""
    model.always(Text(["Well, "] * 1000, delay_between=0.01), streaming)
    async with tcp_proxy(model.url) as proxy, answering(chat(http, f"{proxy.url}/v1")) as chunks:
        for _ in range(3):
            await anext(chunks)
        (connection,) = http.session._connector._acquired  # type: ignore[union-attr]
        proxy.cut()
        while connection.is_connected():  # noqa: ASYNC110 - it is aiohttp's
            await asyncio.sleep(0)
        with pytest.raises(ModelError), translated_errors():
            async for _ in chunks:
                pass


async def test_closing_the_stream_aborts_the_request(http: HTTPClients, model: ModelServer) -> None:
    """The server sees that its client has left."""
    model.always(Hang(["Well, "]))
    async with answering(chat(http, model.url)) as chunks:
        await anext(chunks)
    async with asyncio.timeout(60):
        await model.requests[0].disconnected.wait()


async def test_a_reply_that_breaks_off_fails(http: HTTPClients, model: ModelServer) -> None:
    """After what had come of it."""
    model.always(Cut(["Half ", "of "]), streaming)
    async with answering(chat(http, model.url)) as chunks:
        assert (await anext(chunks)).text.startswith("Half ")
        with pytest.raises(ModelError, match="model_unreachable"):
            await anext(chunks)


FAILURES: dict[str, tuple[Reply, str]] = {
    "a redirect": (Status(307, headers={"location": "/v1/models"}), "model_rejected"),
    "a conflict": (Status(409), "model_failed"),
    "no quota": (Status(429, error="insufficient_quota"), "model_rejected"),
    "a filter": (Status(400, error="content_filter"), "model_filtered"),
    "too long a prompt": (Status(400, "the request exceeds the available context size"), "model_context_too_long"),
    "an error beyond the limit": (Status(500, "no " * 100_000), "model_failed"),
    "silence": (Hang(), "model_timeout"),
    "an endless reply": (Raw([b": " + b"x" * 2**20 + b"\n"] * (MAX_REPLY_BYTES // 2**20 + 1)), "model_garbled"),
    "a compressed reply": (Raw([gzip.compress(b"".join(words("Hi")))]), "model_garbled"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "code"), FAILURES.values(), ids=FAILURES.keys())
async def test_each_failure_has_its_code(http: HTTPClients, model: ModelServer, reply: Reply, code: str) -> None:
    """For a streamed reply and for a whole one."""
    model.always(reply)
    assert await failed(chat(http, model.url, read_timeout=0.5 if code == "model_timeout" else 30)) == [code, code]


NO_HTTP = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a chunk without a length": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n\r\n",
    "less than promised": b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ndata: {}\n\n",
    "nothing": b"",
}


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_what_is_no_http_is_no_model(http: HTTPClients, sent: bytes) -> None:
    """Whatever a server says."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        asked = chat(http, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        assert await failed(asked) == ["model_unreachable"] * 2
        with pytest.raises(ModelError):
            await asked.probe()


async def test_a_server_that_takes_no_connection_is_given_up(http: HTTPClients) -> None:
    """One that has gone at once, one that is full after the time for connecting."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        host, port = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex((host, port))
        assert await failed(chat(http, f"http://{host}:{port}/v1", read_timeout=0.3)) == ["model_timeout"] * 2
        for client in waiting:
            client.close()
    assert await failed(chat(http, f"http://{host}:{port}/v1")) == ["model_unreachable"] * 2


@pytest.mark.parametrize(("status", "reachable"), [(200, True), (404, True), (500, True), (401, False), (403, False)])
async def test_a_server_is_reachable_that_takes_the_key(
    http: HTTPClients, model: ModelServer, status: int, reachable: bool
) -> None:
    """Also one without a list of models."""
    if status != 200:
        model.always(Status(status), lambda request: request.path == "/v1/models")
    with nullcontext() if reachable else pytest.raises(ModelError):
        await chat(http, model.url).probe()


async def test_what_follows_the_first_text_is_gathered(
    http: HTTPClients, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the time is over, or the body ends."""
    monkeypatch.setattr(replies, "BATCH_SECONDS", 1e9)
    gate = asyncio.Event()
    model.queue(Gate(["a", "b", "c"], gate))
    heard: list[str] = []
    async with asyncio.timeout(30):
        async for chunk in chat(http, model.url).astream(QUESTION):
            if chunk.text:
                heard.append(str(chunk.text))
                gate.set()
    assert heard == ["a", "bc"]


async def test_gathered_text_does_not_wait_for_more(http: HTTPClients, model: ModelServer) -> None:
    """A model that pauses leaves nothing behind."""
    model.queue(Hang(list("abcdefgh")))
    heard = ""
    async with asyncio.timeout(60), answering(chat(http, model.url)) as chunks:
        while heard != "abcdefgh":
            heard += str((await anext(chunks)).text)


async def test_a_whole_reply_and_a_stream_are_told_apart(http: HTTPClients, model: ModelServer) -> None:
    """Each only counts where it was asked for."""
    model.always(Raw(words("Hi")))
    assert "".join(await streamed(chat(http, model.url))) == "Hi"
    with pytest.raises(ModelError, match="model_garbled"):
        await chat(http, model.url).ainvoke(QUESTION)
    model.always(Raw(whole("Hi"), "application/json"))
    assert (await chat(http, model.url).ainvoke(QUESTION)).text == "Hi"
    with pytest.raises(ModelError, match="model_garbled"):
        await streamed(chat(http, model.url))


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_used(
    http: HTTPClients, model: ModelServer, environment: pytest.MonkeyPatch, name: str
) -> None:
    """With its credentials, which the model's server does not see."""
    async with http_proxy() as proxy:
        environment.setenv(name, proxy.url.replace("//", "//ada:secret@"))
        assert await streamed(chat(http, model.url))
    assert proxy.heads[0].startswith(f"POST {model.url}/chat/completions HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic YWRhOnNlY3JldA==" in proxy.heads[0]
    assert model.requests[0].headers["authorization"] == "Bearer sk-test"


async def test_a_server_behind_tls_is_reached_through_a_tunnel(
    model: ModelServer, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its certificate is checked by SSL_CERT_FILE, and the proxy reads nothing."""
    async with http_proxy() as proxy, tls_front(model.url, tmp_path) as (url, certificate):
        http_clients._ssl_context.cache_clear()
        async with open_http_clients() as http:
            assert await failed(chat(http, url)) == ["model_unreachable"] * 2
        environment.setenv("SSL_CERT_FILE", str(certificate))
        http_clients._ssl_context.cache_clear()
        async with open_http_clients() as http:
            assert await streamed(chat(http, url))
            environment.setenv("HTTPS_PROXY", proxy.url.replace("//", "//ada:secret@"))
            assert await streamed(chat(http, url))
    http_clients._ssl_context.cache_clear()
    (head,) = proxy.heads
    assert head.startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic YWRhOnNlY3JldA==" in head
    assert b"sk-test" not in head


@pytest.mark.parametrize(
    ("no_proxy", "proxied"),
    [
        ("", True),
        ("example.com", True),
        ("10.0.0.0/8", True),
        ("desk.example.org", False),
        (".example.org", False),
        ("*", False),
        ("desk.example.org:8000", False),
        ("other.org, example.org", False),
    ],
)
def test_no_proxy_names_hosts_that_are_asked_directly(
    environment: pytest.MonkeyPatch, no_proxy: str, proxied: bool
) -> None:
    """By name, by domain, with a port, or all."""
    environment.setenv("HTTP_PROXY", "proxy.example.com:3128")
    environment.setenv("NO_PROXY", no_proxy)
    found = environment_proxy("http://ada:secret@desk.example.org:8000/v1/")
    assert found == ("http://proxy.example.com:3128" if proxied else None)


@pytest.mark.parametrize(
    ("no_proxy", "proxied"),
    [("10.1.2.3", False), ("10.0.0.0/8", False), ("192.168.0.0/16", True), ("fe80::/10,10.1.0.0/16", False)],
)
def test_no_proxy_names_networks(environment: pytest.MonkeyPatch, no_proxy: str, proxied: bool) -> None:
    """Of addresses of either version; what is neither network nor name is left out."""
    environment.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    environment.setenv("NO_PROXY", f"{no_proxy},::/x")
    assert (environment_proxy("http://10.1.2.3:8000/v1/") is not None) is proxied
