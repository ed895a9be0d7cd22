"""Chat model: streams answers, writes summaries and extracts facts, behind a circuit breaker.

The circuit breaker refuses calls to a server that keeps failing, and lets one trial call at a time test it again.
"""

import json
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from functools import cache
from typing import Any, Literal, cast

import openai
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from pydantic import SecretStr
from structlog.stdlib import get_logger

from graph.models.http_clients import HTTPClients
from graph.models.openai_client import CheckedChatOpenAI, translated_errors
from graph.models.provider import Provider, is_forbidden
from graph.models.replies import sanitized
from graph.observability.genai_attributes import RequestSpan
from graph.observability.tracing import Tracing
from nodes.answer.tool_rounds import Offered
from nodes.errors import ModelDown, ModelError, ModelProblem, ModelRejected, ModelUnavailable, ToolsRejected
from nodes.extract_facts import FactsFound
from nodes.prompts import estimate
from nodes.stream_events import background_usage

log = get_logger(__name__)

READ_TIMEOUT_SHARE = 0.5
"""Share of the time budget after which a silent server is given up, so that there is time for another attempt."""
INSTRUCTION_TOKENS = 400
"""Of a summary or of extracted facts."""

FAILURE_THRESHOLD = 5
"""Failures in a row that open the circuit breaker."""
OPEN_SECONDS = 10.0
"""For which it stays open, or longer where the server's Retry-After says so, up to `MAX_OPEN_SECONDS`."""
MAX_OPEN_SECONDS = 60.0

WITHOUT_TOOLS_SECONDS = 600.0
"""For which a model that rejected tools is asked without any."""

NO_STREAM: RunnableConfig = {"tags": ["nostream"]}
"""Keeps models' chunks out of LangGraph's `messages` stream: `generate` sends them there after masking."""

BreakerState = Literal["closed", "open", "half_open"]
"""closed: calls are made. open: calls are refused. half_open: a trial call is due or under way, others are refused."""


class ChatModel:
    """A chat model behind any server that speaks the OpenAI protocol.

    Args:
        name: the model's name at its server.
        label: the model's name as clients see it.
        url, key: its server and the key sent to it; None for OpenAI and for no key.
        http: the connections for its requests; the caller closes them.
        seconds: time budget of an answer.
        max_tokens: of an answer.
        key_variable: the setting that the key is in.
        tracing: records a span for each request; None where nothing is traced.
    """

    def __init__(
        self,
        name: str,
        *,
        label: str,
        url: str | None,
        key: SecretStr | str | None,
        http: HTTPClients,
        seconds: float,
        max_tokens: int,
        key_variable: str = "OPENAI_API_KEY",
        tracing: Tracing | None = None,
    ) -> None:
        self.label = label
        self._tracing = tracing
        self._breaker = CircuitBreaker(label)

        def chat(temperature: float, tokens: int) -> CheckedChatOpenAI:
            return CheckedChatOpenAI.over(
                http, name, url, key,
                temperature=temperature, max_tokens=tokens, read_timeout=seconds * READ_TIMEOUT_SHARE,
            )  # fmt: skip

        self._answering = chat(0.3, max_tokens)
        self._provider = Provider(self._answering.address, name, key_variable, key is not None)
        self.refusal: ModelProblem | None = None
        """Why every request is refused, as far as is known."""
        self._has_answered = False
        self._without_tools_until = 0.0
        self._instructed = chat(0, INSTRUCTION_TOKENS)

    @property
    def breaker(self) -> BreakerState:
        """State of the circuit breaker."""
        return self._breaker.state

    async def stream(
        self, prompt: Sequence[AnyMessage], tools: Offered | None = None
    ) -> AsyncGenerator[AIMessageChunk]:
        """The answer in chunks, calls of tools among them; closing the generator aborts the request.

        Raises:
            ModelError: no answer, or an incomplete one.
        """
        messages, offered = list(prompt), tools.fields() if tools else {}
        if offered and self._without_tools_until > time.monotonic():
            raise ToolsRejected
        with self._request(self._answering, messages) as span, self._tool_rejections():
            chunks = cast("AsyncGenerator[AIMessageChunk]", self._answering.astream(messages, NO_STREAM, **offered))
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._breaker.first_chunk()
                    self._note_answer()
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

    async def problem(self) -> ModelProblem | None:
        """Why it does not answer: what its server says without a question, or what it refused last."""
        try:
            await self._answering.probe()
        except ModelError as error:
            # A key may be for answers only, without a right to the list of models.
            if not (self._has_answered and is_forbidden(error)):
                return self._provider.problem(error)
        return self.refusal

    async def ask(self) -> ModelProblem | None:
        """Ask for a few tokens, past the circuit breaker and the traces; returns why there was no reply."""
        try:
            await self._answering.ask()
        except ModelError as error:
            problem = self._provider.problem(error)
            if isinstance(error, ModelRejected):
                self.refusal = problem
            return problem
        self._note_answer()
        return None

    async def _instruct(self, system: str, text: str, **options: Any) -> str:
        messages = [SystemMessage(system), HumanMessage(text)]
        with self._request(self._instructed, messages) as span:
            reply = await self._instructed.ainvoke(messages, NO_STREAM, **options)
            if span:
                span.add(reply)
        self._count(messages, reply)
        return str(reply.text)

    def _count(self, prompt: Sequence[BaseMessage], reply: AIMessage) -> None:
        """Add the tokens of a summary or of facts to the turn's; estimates where the model did not count them."""
        if usage := reply.usage_metadata:
            cached = usage.get("input_token_details", {}).get("cache_read", 0)
            background_usage().add(self.label, usage["input_tokens"], usage["output_tokens"], cached)
        else:
            asked = sum(estimate(str(message.text)) for message in prompt)
            background_usage().add(self.label, asked, estimate(str(reply.text)), 0)

    @contextmanager
    def _request(self, model: CheckedChatOpenAI, messages: Sequence[BaseMessage]) -> Generator[RequestSpan | None]:
        """One request: counted by the circuit breaker, traced, its errors as ModelError."""
        traced = self._tracing.chat(model, messages) if self._tracing else nullcontext()
        with self._breaker.call(), traced as span, self._refusals(), translated_errors():
            yield span

    @contextmanager
    def _tool_rejections(self) -> Generator[None]:
        """Remember for a while that it takes no tools, so that not every answer needs a request that is in vain."""
        try:
            yield
        except ToolsRejected:
            self._without_tools_until = time.monotonic() + WITHOUT_TOOLS_SECONDS
            raise

    @contextmanager
    def _refusals(self) -> Generator[None]:
        """Remember that every request is refused, until one is not."""
        try:
            yield
        except ModelRejected as error:
            if problem := self._provider.lasting_problem(error):
                if not self.refusal:
                    log.warning("model refuses every request", model=self.label, why=problem.detail)
                self.refusal = problem
            raise
        self._note_answer()

    def _note_answer(self) -> None:
        self.refusal, self._has_answered = None, True


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


class NoModel:
    """The chat model of an installation that has none: every answer is a prepared one."""

    label = "none"
    refusal: ModelProblem | None = ModelProblem("refused", "there is none: set OPENAI_API_KEY or OPENAI_BASE_URL")

    async def problem(self) -> ModelProblem | None:
        """Always the same."""
        return self.refusal

    async def ask(self) -> ModelProblem | None:
        """Always the same."""
        return self.refusal

    async def stream(
        self,
        prompt: Sequence[AnyMessage],  # noqa: ARG002
        tools: Offered | None = None,  # noqa: ARG002
    ) -> AsyncGenerator[AIMessageChunk]:
        """Always raises ModelRejected."""
        raise ModelRejected("model_unreachable")
        yield  # pragma: no cover - makes this a generator


class CircuitBreaker:
    """A circuit breaker around the calls of any number of tasks to one server.

    Args:
        name: the server's name in the log.
        clock: monotonic time in seconds.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None
        self._trial_running = False

    @property
    def state(self) -> BreakerState:
        """Whether calls are made at this moment."""
        if self._open_until is None:
            return "closed"
        return "half_open" if self._trial_running or self._clock() >= self._open_until else "open"

    @contextmanager
    def call(self) -> Generator[None]:
        """One call. A caller that is cancelled counts neither as a success nor as a failure.

        Raises:
            ModelDown: the call is refused.
        """
        is_trial = self._open_until is not None
        if self._open_until is not None:
            if self._trial_running or self._clock() < self._open_until:
                raise ModelDown
            self._trial_running = True
        try:
            yield
        except ModelUnavailable as error:
            self._fail(error)
            raise
        except ModelRejected:
            self._close()
            raise
        else:
            self._close()
        finally:
            if is_trial:
                self._trial_running = False

    def first_chunk(self) -> None:
        """Close it once a streamed trial call receives anything; the next failure opens it again."""
        if self._trial_running:
            log.warning("circuit breaker closed", model=self._name)
            self._trial_running, self._open_until, self._failures = False, None, FAILURE_THRESHOLD - 1

    def _fail(self, error: ModelUnavailable) -> None:
        self._failures += 1
        if self._failures >= FAILURE_THRESHOLD:
            seconds = min(max(OPEN_SECONDS, error.retry_after or 0), MAX_OPEN_SECONDS)
            if self._open_until is None:
                log.warning("circuit breaker opened", model=self._name, seconds=seconds, code=error.code)
            self._open_until = self._clock() + seconds

    def _close(self) -> None:
        self._failures, self._open_until = 0, None
