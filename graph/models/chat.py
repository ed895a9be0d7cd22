"""The models behind the answers: any server that speaks the OpenAI protocol, through langchain-openai."""

import re
import ssl
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from typing import Any, cast

import httpx2
import openai
from langchain_core.messages import AIMessageChunk, AnyMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from graph.models.chat_openai import CheckedChatOpenAI, bound
from graph.models.circuit_breaker import Breaker, State
from graph.models.replies import facts
from graph.observability.genai_attributes import Call
from graph.observability.tracing import Tracing
from nodes.errors import ContextTooLong, ModelError, ModelRejected, ModelUnavailable
from nodes.extract_facts import FactsFound

NO_KEY = SecretStr("none")
"""Sent to a server of one's own that asks for no key."""

PROBE_SECONDS = 2.0
CONNECT_SECONDS = 3.0
SILENCE = 0.5
"""The share of a call's time after which a silent server is given up, so that there is time to ask again."""

TOO_LONG = re.compile(r"context.{0,20}(length|size|window)|too many tokens|prompt is too long", re.IGNORECASE)
"""How the servers in use say that a prompt is longer than they can read, where they have no code for it."""

UNSEEN: RunnableConfig = {"tags": ["nostream"]}
"""Models' words stay out of LangGraph's `messages` stream: `generate` shows the answer there, once it is masked."""


@cache
def authorities() -> ssl.SSLContext:
    """The certificate authorities that are trusted. To read them takes longer than all else a client needs."""
    return httpx2.create_ssl_context()


def connections() -> httpx2.AsyncClient:
    """Connections to models: as many as answers can be written at once."""
    limits = httpx2.Limits(max_connections=1000, max_keepalive_connections=100)
    # Not compressed: of what a small reply may grow into nobody knows.
    plainly = {"Accept-Encoding": "identity"}
    hooks = {"response": [bound]}
    return httpx2.AsyncClient(verify=authorities(), limits=limits, headers=plainly, event_hooks=hooks)


def unused() -> httpx2.Client:
    """What langchain-openai wants to have for calls that are not asynchronous, and would make at greater cost."""
    return httpx2.Client(verify=authorities())


class ChatModel:
    """One chat model: it streams answers, and follows instructions for summary and facts.

    Args:
        name: the model as its server knows it.
        label: the model as clients see it.
        url, key: where it is; None for OpenAI itself.
        http: what it is asked through; whoever opened it closes it.
        seconds: that a caller has for an answer.
        max_tokens: of an answer.
        tracing: hears of each request, where somebody traces.

    Where it fails again and again it is left alone for a while, and its callers are told so at once.
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
        self._breaker = Breaker(label)

        def chat(temperature: float, tokens: int) -> ChatOpenAI:
            return CheckedChatOpenAI(
                model=name,
                base_url=url,
                api_key=SecretStr(key) if isinstance(key, str) else key or NO_KEY,
                temperature=temperature,
                max_completion_tokens=tokens,
                timeout=httpx2.Timeout(seconds * SILENCE, connect=min(CONNECT_SECONDS, seconds * SILENCE)),
                max_retries=0,  # retrying is the pipeline's business: it knows the budget and what was shown
                stream_usage=True,
                http_async_client=http,
                http_client=unused(),
            )

        self._talk = chat(0.3, max_tokens)
        self._follow = chat(0, 400)

    @property
    def breaker(self) -> State:
        """Whether calls are made just now."""
        return self._breaker.state

    async def stream(self, prompt: Sequence[AnyMessage]) -> AsyncGenerator[AIMessageChunk, None]:
        """The answer in pieces; closing the generator aborts the call.

        Raises:
            ModelError: no answer, or no complete one.
        """
        asked = list(prompt)
        with self._breaker.call(), self._traced(self._talk, asked) as call, _translated():
            chunks = cast("AsyncGenerator[AIMessageChunk]", self._talk.astream(asked, UNSEEN))  # which it really is
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._breaker.spoke()
                    if call:
                        call.hear(chunk)
                    yield chunk

    async def summarise(self, system: str, text: str) -> str:
        """The reply to an instruction, as plain text.

        Raises:
            ModelError: there was none.
        """
        asked = [SystemMessage(system), HumanMessage(text)]
        with self._breaker.call(), self._traced(self._follow, asked) as call, _translated():
            reply = await self._follow.ainvoke(asked, UNSEEN)
            if call:
                call.hear(reply)
        return str(reply.text)

    async def extract(self, system: str, text: str) -> FactsFound:
        """The reply to an instruction, in structured form.

        Raises:
            ModelError: there was none, or not in that form.
        """
        asked = [SystemMessage(system), HumanMessage(text)]
        with self._breaker.call(), self._traced(self._follow, asked) as call, _translated():
            reply = await self._follow.ainvoke(asked, UNSEEN, response_format=_facts_form())
            if call:
                call.hear(reply)
        return facts(str(reply.text))

    def _traced(self, model: ChatOpenAI, prompt: Sequence[BaseMessage]) -> AbstractContextManager[Call | None]:
        return self._tracing.chat(model, prompt) if self._tracing else nullcontext()

    async def reachable(self) -> bool:
        """Whether the server answers at all just now, within `PROBE_SECONDS`."""
        try:
            client = self._talk.root_async_client.with_options(timeout=PROBE_SECONDS, max_retries=0)
            await client.models.with_raw_response.list()  # whatever it answers
        except openai.APIStatusError as error:
            return error.status_code not in (401, 403)  # not every server lists its models
        except openai.OpenAIError:
            return False
        return True


@cache
def _facts_form() -> dict[str, Any]:
    """The form that a reply with facts is to have, as the protocol asks for one."""
    function = openai.pydantic_function_tool(FactsFound)["function"]
    schema = {"name": function["name"], "schema": function["parameters"], "strict": True}  # pyright: ignore[reportTypedDictNotRequiredAccess]
    return {"type": "json_schema", "json_schema": schema}


class NoModel:
    """What stands where there is no model: every answer is the employee's prepared reply."""

    label = "none"

    async def reachable(self) -> bool:
        """No."""
        return False

    async def stream(self, prompt: Sequence[AnyMessage]) -> AsyncGenerator[AIMessageChunk, None]:  # noqa: ARG002
        """Raises ModelRejected, always."""
        raise ModelRejected("model_unreachable")
        yield  # pragma: no cover - makes this a generator


@contextmanager
def _translated() -> Generator[None]:
    """Turn whatever the client library raises into what the pipeline decides by."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _by_status(error) from error
    except (openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise ModelUnavailable("model_timeout") from error
    except (openai.APIConnectionError, httpx2.HTTPError) as error:
        if isinstance(error.__cause__, ModelError):  # of the reply's own, which the library takes for the connection's
            raise error.__cause__ from error
        raise ModelUnavailable("model_unreachable") from error
    except openai.APIError as error:
        raise ModelUnavailable("model_failed") from error


def _by_status(error: openai.APIStatusError) -> ModelUnavailable | ModelRejected:
    wait = _seconds(error.response.headers.get("retry-after"))
    match error.status_code:
        case HTTPStatus.TOO_MANY_REQUESTS if error.code == "insufficient_quota":
            return ModelRejected("model_rejected")
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            return ModelUnavailable("model_overloaded", wait)
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.CONFLICT:
            return ModelUnavailable("model_failed", wait)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ModelUnavailable("model_failed", wait)
        case _ if error.code == "content_filter":
            return ModelRejected("model_filtered")
        case _ if error.code == "context_length_exceeded" or TOO_LONG.search(error.message):
            return ContextTooLong()
        case _:
            return ModelRejected("model_rejected")


def _seconds(header: str | None) -> float | None:
    """What Retry-After says, in seconds or as a date (RFC 9110, 10.2.3)."""
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
