"""Chat models behind any server that speaks the OpenAI protocol, through langchain-openai."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from functools import cache
from typing import Any, cast

import httpx2
import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from graph.models.circuit_breaker import CircuitBreaker, State
from graph.models.http_client import NO_KEY, sync_http_client, translated_errors
from graph.models.replies import LoopYield, Reply, TextSanitizer, parse_reply, read_stream, sanitized
from graph.observability.genai_attributes import RequestSpan
from graph.observability.tracing import Tracing
from nodes.errors import ModelRejected, ModelUnavailable
from nodes.extract_facts import FactsFound

PROBE_SECONDS = 2.0
CONNECT_SECONDS = 3.0
READ_TIMEOUT_SHARE = 0.5
"""Share of the time budget after which a silent server is given up, so that there is time for another attempt."""
INSTRUCTION_TOKENS = 400
"""Of a summary or of extracted facts."""
MAX_ANSWER_CHARS = 32_000
"""An answer is cut here: far more than `max_tokens` allows."""
MAX_CHUNK_CHARS = 1_000
"""Longer text is split into several chunks, so that processing one stays short."""

NO_STREAM: RunnableConfig = {"tags": ["nostream"]}
"""Keeps models' chunks out of LangGraph's `messages` stream: `generate` sends them there after masking."""


class ChatModel:
    """A chat model: streams answers, writes summaries and extracts facts.

    Calls go through a circuit breaker, which refuses them for a while after repeated failures.

    Args:
        name: the model's name at its server.
        label: the model's name as clients see it.
        url, key: its server and the key sent to it; None for OpenAI and for no key.
        http: client for the requests; the caller closes it.
        seconds: time budget of an answer.
        max_tokens: of an answer.
        tracing: records a span for each request; None where nothing is traced.
    """

    def __init__(
        self,
        name: str,
        *,
        label: str,
        url: str | None,
        key: SecretStr | str | None,
        http: httpx2.AsyncClient,
        seconds: float,
        max_tokens: int,
        tracing: Tracing | None = None,
    ) -> None:
        self.label = label
        self._tracing = tracing
        self._breaker = CircuitBreaker(label)
        read_timeout = seconds * READ_TIMEOUT_SHARE

        def chat(temperature: float, tokens: int) -> ChatOpenAI:
            return CheckedChatOpenAI(
                model=name,
                base_url=url,
                api_key=SecretStr(key) if isinstance(key, str) else key or NO_KEY,
                temperature=temperature,
                max_completion_tokens=tokens,
                timeout=httpx2.Timeout(read_timeout, connect=min(CONNECT_SECONDS, read_timeout)),
                max_retries=0,  # `generate` retries: it knows the time budget and what was shown
                stream_usage=True,
                http_async_client=http,
                http_client=sync_http_client(),
            )

        self._answering = chat(0.3, max_tokens)
        self._instructed = chat(0, INSTRUCTION_TOKENS)

    @property
    def breaker(self) -> State:
        """State of the circuit breaker."""
        return self._breaker.state

    async def stream(self, prompt: Sequence[AnyMessage]) -> AsyncGenerator[AIMessageChunk, None]:
        """The answer in chunks; closing the generator aborts the request.

        Raises:
            ModelError: no answer, or an incomplete one.
        """
        messages = list(prompt)
        with self._request(self._answering, messages) as span:
            chunks = cast("AsyncGenerator[AIMessageChunk]", self._answering.astream(messages, NO_STREAM))
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._breaker.first_chunk()
                    if span:
                        span.add(chunk)
                    yield chunk

    async def summarise(self, system: str, text: str) -> str:
        """The reply to an instruction, as plain text.

        Raises:
            ModelError: there was none.
        """
        return await self._instruct(system, text)

    async def extract(self, system: str, text: str) -> FactsFound:
        """The facts in a text.

        Raises:
            ModelError: no reply, or one that does not match the schema.
        """
        return _parse_facts(await self._instruct(system, text, response_format=_facts_schema()))

    async def reachable(self) -> bool:
        """Whether the server answers within `PROBE_SECONDS`."""
        try:
            client = self._answering.root_async_client.with_options(timeout=PROBE_SECONDS, max_retries=0)
            await client.models.with_raw_response.list()
        except openai.APIStatusError as error:
            return error.status_code not in (401, 403)  # a server without a list of models is reachable, too
        except openai.OpenAIError:
            return False
        return True

    async def _instruct(self, system: str, text: str, **options: Any) -> str:
        messages = [SystemMessage(system), HumanMessage(text)]
        with self._request(self._instructed, messages) as span:
            reply = await self._instructed.ainvoke(messages, NO_STREAM, **options)
            if span:
                span.add(reply)
        return str(reply.text)

    @contextmanager
    def _request(self, model: ChatOpenAI, messages: Sequence[BaseMessage]) -> Generator[RequestSpan | None]:
        """One request: counted by the circuit breaker, traced, its errors as ModelError."""
        traced = self._tracing.chat(model, messages) if self._tracing else nullcontext()
        with self._breaker.call(), traced as span, translated_errors():
            yield span


@cache
def _facts_schema() -> dict[str, Any]:
    """FactsFound as a `response_format`."""
    function = openai.pydantic_function_tool(FactsFound)["function"]
    schema = {"name": function["name"], "schema": function["parameters"], "strict": True}  # pyright: ignore[reportTypedDictNotRequiredAccess]
    return {"type": "json_schema", "json_schema": schema}


def _parse_facts(reply: str) -> FactsFound:
    """The facts in a reply. Its texts are sanitized again: JSON inside JSON may hold what was removed outside.

    Raises:
        ModelRejected: the reply does not match the schema.
    """

    def sanitize(read: dict[str, Any]) -> dict[str, Any]:
        return {name: sanitized(value) if isinstance(value, str) else value for name, value in read.items()}

    try:
        return FactsFound.model_validate(json.loads(reply, object_hook=sanitize))
    except (ValueError, RecursionError) as error:
        raise ModelRejected("model_garbled") from error


class CheckedChatOpenAI(ChatOpenAI):
    """ChatOpenAI whose replies, streamed or whole, are read by `graph.models.replies`.

    Raises ModelUnavailable for a body that is no reply, besides openai's errors for requests that fail.
    """

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain calls it for each chunk
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        streamed = {**kwargs, "stream": True, "stream_options": {"include_usage": True}}
        payload = self._get_request_payload(messages, stop=stop, **streamed)
        sanitizer, left, yield_to_loop = TextSanitizer(), MAX_ANSWER_CHARS, LoopYield()
        async with (
            self.async_client.with_streaming_response.create(**payload) as response,
            aclosing(read_stream(response.iter_bytes())) as replies,
        ):
            async for reply in replies:
                text = sanitizer.feed(reply.text)
                for start in range(0, min(len(text), left), MAX_CHUNK_CHARS):
                    yield _chunk(text[start : min(start + MAX_CHUNK_CHARS, left)])
                    await yield_to_loop()
                if len(text) > left:
                    yield _chunk("", Reply(finish_reason="length"))
                    return
                left -= len(text)
                if reply.finish_reason or reply.usage:
                    yield _chunk("", reply)
                await yield_to_loop()
        if rest := sanitizer.flush():
            yield _chunk(rest)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain calls it with the reply
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        response = await self.async_client.with_raw_response.create(**payload)
        reply = parse_reply(response.content)
        if not reply.has_choices:
            raise ModelUnavailable("model_garbled")
        text = sanitized(reply.text)[:MAX_ANSWER_CHARS]
        message = AIMessage(text, usage_metadata=reply.usage, response_metadata=reply.metadata())
        return ChatResult(generations=[ChatGeneration(message=message)])


def _chunk(text: str, reply: Reply = Reply()) -> ChatGenerationChunk:  # noqa: B008 - immutable
    message = AIMessageChunk(content=text, usage_metadata=reply.usage, response_metadata=reply.metadata())
    return ChatGenerationChunk(message=message)


class NoModel:
    """The chat model of an installation that has none: every answer becomes the employee's prepared reply."""

    label = "none"

    async def reachable(self) -> bool:
        """Always False."""
        return False

    async def stream(self, prompt: Sequence[AnyMessage]) -> AsyncGenerator[AIMessageChunk, None]:  # noqa: ARG002
        """Always raises ModelRejected."""
        raise ModelRejected("model_unreachable")
        yield  # pragma: no cover - makes this a generator
