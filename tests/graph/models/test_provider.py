"""Why a model does not answer, in its provider's terms."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from graph.models import openai_client
from graph.models.chat import ChatModel
from graph.models.http_clients import HTTPClients, open_http_clients
from nodes.errors import ModelProblem
from tests.support.model_bytes import Raw
from tests.support.model_script import Hang, Refuse, Reply, Status, Text, chat
from tests.support.model_server import ModelServer

MODELS = "/v1/models"
OUT_OF_TOKENS = "Could not finish the message because max_tokens or model output limit was reached."
REPLIES: dict[str, tuple[Reply, str | None, str]] = {
    "an answer": (Text("Hi"), None, ""),
    "a reasoning model": (Status(400, OUT_OF_TOKENS), None, ""),
    "a wrong key": (Status(401), "refused", "401 from {url}: OPENAI_API_KEY is not accepted"),
    "no access": (Status(403, error="region"), "refused", "403 from {url}: OPENAI_API_KEY is not accepted (region)"),
    "no credit": (Status(402), "refused", "402 from {url}: the quota of OPENAI_API_KEY is used up"),
    "no quota": (
        Status(429, error="insufficient_quota"), "refused",
        "429 from {url}: the quota of OPENAI_API_KEY is used up (insufficient_quota)",
    ),
    "no model": (Status(404, error="model_not_found"), "refused", "no model named gpt-5-nano at {url}"),
    "no access to the model": (Status(403, error="model_not_found"), "refused", "no model named gpt-5-nano at {url}"),
    "no API": (
        Status(404, "Not Found"), "refused", "no model named gpt-5-nano at {url} (404; or the address is wrong)",
    ),
    "an option it lacks": (
        Status(400, error="unsupported_value"), "refused",
        "400 from {url}: it refuses the request (unsupported_value)",
    ),
    "a code that is text": (Status(400, error="Key sk-1"), "refused", "400 from {url}: it refuses the request"),
    "too many requests": (Status(429), "unreachable", "429 from {url}: too many requests"),
    "a broken server": (Status(503), "unreachable", "503 from {url}: it has failed"),
    "another protocol": (
        Raw([b"<html>"], media="text/html"), "unreachable", "{url} answers, but not in the OpenAI protocol",
    ),
    "no answer": (Hang(), "unreachable", "{url} does not answer"),
    "a closed connection": (Refuse(), "unreachable", "{url} does not answer"),
}  # fmt: skip


@pytest.fixture
async def http() -> AsyncIterator[HTTPClients]:
    """Connections to model servers."""
    async with open_http_clients() as clients:
        yield clients


def model_at(http: HTTPClients, url: str, key: str | None = "sk-1") -> ChatModel:
    return ChatModel("gpt-5-nano", label="gpt-5-nano", url=url, key=key, http=http, seconds=20, max_tokens=800)


@pytest.mark.parametrize(("reply", "state", "detail"), REPLIES.values(), ids=REPLIES.keys())
async def test_a_model_that_is_asked_says_why_it_does_not_answer(
    http: HTTPClients,
    model: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    state: str | None,
    detail: str,
) -> None:
    """In one small request; a refusal is remembered, and the circuit breaker does not count it."""
    if isinstance(reply, Hang):
        monkeypatch.setattr(openai_client, "ASK_SECONDS", 0.1)
    model.always(reply, chat)
    asked = model_at(http, model.url)
    problem = await asked.ask()
    assert problem == (ModelProblem(state, detail.format(url=model.url)) if state else None)  # type: ignore[arg-type]
    (request,) = (request for request in model.requests if chat(request))
    assert request.body["max_completion_tokens"] == openai_client.ASK_TOKENS
    assert asked.refusal == (problem if state == "refused" else None)
    assert await asked.problem() == asked.refusal
    assert asked.breaker == "closed"


async def test_a_key_that_is_missing_is_not_called_wrong(http: HTTPClients, model: ModelServer) -> None:
    """And nothing of the address is shown that may be secret."""
    model.always(Status(401))
    asked = model_at(http, model.url.replace("//", "//ada:secret@"), key=None)
    problem = await asked.ask()
    assert problem
    assert problem.detail == f"401 from {model.url}: OPENAI_API_KEY is not set"


async def test_a_key_for_answers_only_is_no_problem(http: HTTPClients, model: ModelServer) -> None:
    """It may not list the models, and the model has answered."""
    model.always(Status(403), lambda request: request.path == MODELS)
    asked = model_at(http, model.url)
    assert await asked.problem()
    assert await asked.ask() is None
    assert await asked.problem() is None


async def test_both_questions_are_given_up_with_the_connection(http: HTTPClients, model: ModelServer) -> None:
    """A start that ends does not wait for an answer."""
    model.always(Hang(), chat)
    asking = asyncio.create_task(model_at(http, model.url).ask())
    request = await model.received(chat)
    asking.cancel()
    await request.disconnected.wait()
