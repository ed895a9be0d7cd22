"""ChatOpenAI over aiohttp: chat and tool calls in one request of ours, anything else on langchain-openai's own path.

The openai SDK and httpx2 take four fifths of the time of a streamed answer (docs/decisions.md, 68). The request is
langchain-openai's: its payload, and the configured client's URL and headers.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from contextvars import Context
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, NoReturn, Self

import aiohttp
import httpx2
import msgspec
import openai
from aiohttp.http_exceptions import HttpProcessingError
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import Field, SecretStr

from graph.models.http_clients import HTTPClients, environment_proxy, sync_http_client
from graph.models.provider import StatusError
from graph.models.replies import MAX_REPLY_BYTES, LoopYield, Reply, TextSanitizer, parse_reply, read_stream, sanitized
from graph.models.tool_calls import ToolCallReader
from nodes.errors import ContextTooLong, ModelError, ModelRejected, ModelUnavailable, ToolsRejected

NO_KEY = SecretStr("none")
"""Sent to a self-hosted server that needs no key."""

PROBE_SECONDS = 2.0
ASK_SECONDS = 5.0
ASK_TOKENS = 16
"""Of the reply that a start asks for; some servers take no fewer."""
CONNECT_SECONDS = 3.0
MAX_ANSWER_CHARS = 32_000
"""An answer is cut here: far more than `max_tokens` allows."""
MAX_CHUNK_CHARS = 2_000
"""Longer text is split into several chunks, so that processing one stays short."""
MAX_ERROR_BYTES = 64 * 2**10
"""A longer body of an error is not read."""

PLAIN = frozenset(
    ("model", "messages", "temperature", "max_completion_tokens", "stop", "stream", "stream_options", "response_format")
)
"""Fields of requests whose replies are plain text."""
STREAMED = PLAIN | {"tools", "tool_choice"}
"""Fields of requests whose streams are text and tool calls."""
USAGE = {"include_usage": True}

TOO_LONG = re.compile(r"context.{0,20}(length|size|window)|too many tokens|prompt is too long", re.IGNORECASE)
"""Messages of servers that have no error code for a prompt longer than the model's context."""
NO_TOOLS = re.compile(r"\btools?\b|tool[-_ ](choice|call)|function.call", re.IGNORECASE)
"""Messages of servers whose model cannot call tools."""


class CheckedChatOpenAI(ChatOpenAI):
    """ChatOpenAI whose plain requests go over aiohttp, and whose replies are read by `graph.models.replies`.

    Plain requests raise ModelError. Others (other formats, the Responses API, tools without a stream) are ChatOpenAI's,
    with its errors and replies. Neither is retried here: `generate` knows the time budget and what was shown.
    """

    session: aiohttp.ClientSession = Field(exclude=True, repr=False)

    @classmethod
    def over(
        cls,
        http: HTTPClients,
        name: str,
        url: str | None,
        key: SecretStr | str | None,
        *,
        temperature: float,
        max_tokens: int,
        read_timeout: float,
    ) -> Self:
        """The model of this name at a server, over these connections; without a URL it is OpenAI's."""
        return cls(
            model=name,
            base_url=url,
            api_key=SecretStr(key) if isinstance(key, str) else key or NO_KEY,
            temperature=temperature,
            max_completion_tokens=max_tokens,
            timeout=httpx2.Timeout(read_timeout, connect=min(CONNECT_SECONDS, read_timeout)),
            max_retries=0,
            stream_usage=True,
            session=http.session,
            http_async_client=http.client,
            http_client=sync_http_client(),
        )

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        payload = self._payload(messages, stop, **{"stream_options": USAGE, **kwargs, "stream": True})
        if not _is_plain(payload, STREAMED):
            async for chunk in super()._astream(messages, stop, run_manager, **kwargs):
                yield chunk
            return
        sanitizer, left, yield_to_loop = TextSanitizer(), MAX_ANSWER_CHARS, LoopYield()
        calls: ToolCallReader | None = None
        async with self._post(payload) as response, aclosing(read_stream(response)) as replies:
            async for reply in replies:
                text = sanitizer.feed(reply.text)
                for start in range(0, min(len(text), left), MAX_CHUNK_CHARS):
                    yield _chunk(text[start : min(start + MAX_CHUNK_CHARS, left)])
                    await yield_to_loop()
                if len(text) > left:
                    yield _chunk("", Reply(finish_reason="length"))
                    return
                left -= len(text)
                if reply.calls:
                    calls = calls or ToolCallReader()
                    yield _chunk("", calls=calls.read(reply.calls))
                if reply.finish_reason or reply.usage:
                    yield _chunk("", reply)
                await yield_to_loop()
        if rest := sanitizer.flush():
            yield _chunk(rest)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._payload(messages, stop, **kwargs)
        if not _is_plain(payload, PLAIN):
            return await super()._agenerate(messages, stop, run_manager, **kwargs)
        async with self._post(payload) as response:
            reply = parse_reply(await _read(response, MAX_REPLY_BYTES))
        if not reply.has_choices:
            raise ModelUnavailable("model_garbled")
        text = sanitized(reply.text)[:MAX_ANSWER_CHARS]
        message = AIMessage(text, usage_metadata=reply.usage, response_metadata=reply.metadata())
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def probe(self) -> None:
        """Return if the server answers within `PROBE_SECONDS` and takes the key; the model is not asked.

        Raises:
            ModelError: it does not.
        """
        asking = self.session.get(f"{self.address}/models", **self._options)
        async with _limited(PROBE_SECONDS):
            with translated_errors():
                async with _response(asking) as response:
                    if response.status in (401, 403):  # a server without a list of models is reachable, too
                        await _raise_reported(response)
                    await _read(response, MAX_REPLY_BYTES)  # so that the connection can be used again

    async def ask(self) -> None:
        """Return if the model replies within `ASK_SECONDS`, with `ASK_TOKENS` tokens at most.

        Raises:
            ModelError: it does not.
        """
        payload = self._get_request_payload([HumanMessage("Hi")], max_completion_tokens=ASK_TOKENS)
        try:
            async with _limited(ASK_SECONDS), self._post(payload) as response:
                reply = parse_reply(await _read(response, MAX_REPLY_BYTES))
        except ModelRejected as error:
            if isinstance(error.__cause__, StatusError) and error.__cause__.is_out_of_tokens:
                return
            raise
        if not reply.has_choices:
            raise ModelUnavailable("model_garbled")

    def _payload(self, messages: Sequence[BaseMessage], stop: list[str] | None, **kwargs: Any) -> dict[str, Any]:
        """langchain-openai's payload. Earlier answers are put in here: it would look at each of their characters."""
        answers = {at: message.content for at, message in enumerate(messages) if _is_text(message)}
        others = [AIMessage("") if at in answers else message for at, message in enumerate(messages)]
        payload: dict[str, Any] = self._get_request_payload(others, stop=stop, **kwargs)
        if "messages" not in payload:  # the Responses API
            return self._get_request_payload(list(messages), stop=stop, **kwargs)
        for at, text in answers.items():
            payload["messages"][at]["content"] = text
        return payload

    @asynccontextmanager
    async def _post(self, payload: Mapping[str, Any]) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The response to a request.

        Raises:
            ModelError: there was none, it reports an error, or it breaks off within the block.
        """
        url, body = f"{self.address}/chat/completions", msgspec.json.encode(payload)
        with translated_errors():
            async with _response(self.session.post(url, data=body, **self._options)) as response:
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                    await _raise_reported(response)
                yield response

    @cached_property
    def address(self) -> str:
        """The server's base URL, without a user's name and password."""
        return str(self.root_async_client.base_url.copy_with(userinfo=b"")).rstrip("/")

    @cached_property
    def _options(self) -> dict[str, Any]:
        """How each request is sent: with what langchain-openai's own client would send along."""
        client, timeout = self.root_async_client, self.request_timeout
        assert isinstance(client, openai.AsyncOpenAI)
        assert isinstance(timeout, httpx2.Timeout)
        headers = {**client.auth_headers, **client.default_headers}
        if client.base_url.userinfo:  # in httpx2, too, it goes before the key
            headers["Authorization"] = aiohttp.encode_basic_auth(client.base_url.username, client.base_url.password)
        return {
            "headers": {name: value for name, value in headers.items() if isinstance(value, str)},
            "timeout": aiohttp.ClientTimeout(total=None, connect=timeout.connect, sock_read=timeout.read),
            "proxy": environment_proxy(self.address),
            "allow_redirects": False,
        }


def _is_text(message: BaseMessage) -> bool:
    """Whether it is an answer that is text, and nothing else that a request would have."""
    if not isinstance(message, AIMessage) or not isinstance(message.content, str):
        return False
    return not (message.tool_calls or message.invalid_tool_calls or message.additional_kwargs or message.name)


def _is_plain(payload: Mapping[str, Any], fields: frozenset[str]) -> bool:
    """Whether it is a request of the Chat Completions API with no other fields than these."""
    usage, form = payload.get("stream_options", USAGE), payload.get("response_format", {})
    return payload.keys() <= fields and usage == USAGE and isinstance(form, dict)


@asynccontextmanager
async def _response(asking: Coroutine[Any, Any, aiohttp.ClientResponse]) -> AsyncGenerator[aiohttp.ClientResponse]:
    """The response to a request; leaving the block before its end closes the connection."""
    # In an empty context: a connection keeps the one it was opened in, and with it the turn of that time.
    task = asyncio.create_task(asking, context=Context())
    try:
        yield await task
    finally:
        if task.done() and not task.cancelled() and not task.exception():  # also where this task was cancelled by then
            task.result().release()


@asynccontextmanager
async def _limited(seconds: float) -> AsyncGenerator[None]:
    """A block that takes so many seconds at most; then it raises ModelUnavailable."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise ModelUnavailable("model_timeout") from error


async def _raise_reported(response: aiohttp.ClientResponse) -> NoReturn:
    body = b""
    with suppress(ModelUnavailable):  # longer than any error
        body = await _read(response, MAX_ERROR_BYTES)
    raise _status_error(response.status, response.headers, body) from StatusError(response.status, body)


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > most:
            raise ModelUnavailable("model_garbled")
    return bytes(body)


def _chunk(
    text: str,
    reply: Reply = Reply(),  # noqa: B008 - immutable
    calls: Sequence[ToolCallChunk] = (),
) -> ChatGenerationChunk:
    message = AIMessageChunk(
        content=text,
        usage_metadata=reply.usage,
        response_metadata=reply.metadata(),
        tool_call_chunks=list(calls),
    )
    return ChatGenerationChunk(message=message)


@contextmanager
def translated_errors() -> Generator[None]:
    """Raise the errors of aiohttp, openai and httpx2 as ModelError."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _status_error(error.status_code, error.response.headers, error.response.content) from error
    except (aiohttp.ServerTimeoutError, openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise ModelUnavailable("model_timeout") from error
    except (aiohttp.ClientError, HttpProcessingError, openai.APIConnectionError, httpx2.HTTPError) as error:
        if isinstance(error.__cause__, ModelError):  # raised while reading; openai reports it as a connection error
            raise error.__cause__ from error
        raise ModelUnavailable("model_unreachable") from error
    except openai.APIError as error:
        raise ModelUnavailable("model_failed") from error


def _status_error(status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
    code, retry_after = _error_code(body), _retry_after(headers.get("retry-after"))
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS if code == "insufficient_quota":
            return ModelRejected("model_rejected")
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            return ModelUnavailable("model_overloaded", retry_after)
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.CONFLICT:
            return ModelUnavailable("model_failed", retry_after)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ModelUnavailable("model_failed", retry_after)
        case _ if code == "content_filter":
            return ModelRejected("model_filtered")
        case _ if code == "context_length_exceeded" or TOO_LONG.search(body.decode(errors="replace")):
            return ContextTooLong()
        case _ if NO_TOOLS.search(body.decode(errors="replace")):
            return ToolsRejected()
        case _:
            return ModelRejected("model_rejected")


def _error_code(body: bytes) -> Any:
    """The code of an error as OpenAI reports it, `{"error": {"code": …}}`; None without one."""
    try:
        return json.loads(body)["error"]["code"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None


def _retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds a number or a date (RFC 9110, 10.2.3)."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
