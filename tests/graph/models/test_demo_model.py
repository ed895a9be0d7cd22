"""The demo model in llama.cpp's server: its protocol, never its words."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from langchain_core.messages import AIMessageChunk, AnyMessage, HumanMessage, SystemMessage

from graph.models import demo_model as demo
from graph.models.chat import ChatModel
from graph.models.http_clients import HTTPClients, open_http_clients

pytestmark = pytest.mark.xdist_group("demo")  # one model at a time is enough for two cores


@pytest.fixture(scope="module")
async def model(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ChatModel]:
    """The demo model, running."""
    async with demo.running(tmp_path_factory.mktemp("demo")) as address, open_http_clients() as http:
        yield chat_model(address.url, address.key, http)


def chat_model(url: str, key: str, http: HTTPClients) -> ChatModel:
    """The demo model, asked with that key."""
    return ChatModel(demo.NAME, label=demo.LABEL, url=url, key=key, http=http, seconds=60, max_tokens=12)


async def test_the_demo_model_streams_an_answer_with_its_usage(model: ChatModel) -> None:
    """Text in chunks, a finish reason, and token counts at the end."""
    prompt: list[AnyMessage] = [SystemMessage("You are brief."), HumanMessage("What is a budget?")]
    chunks: list[AIMessageChunk] = [chunk async for chunk in model.stream(prompt)]
    pieces = [str(chunk.text) for chunk in chunks if chunk.text]
    assert len(pieces) > 1
    ends = [chunk.response_metadata.get("finish_reason") for chunk in chunks]
    assert [end for end in ends if end] in (["stop"], ["length"])
    usage = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert usage[-1]["input_tokens"] > 0
    assert usage[-1]["output_tokens"] >= len(pieces)


async def test_the_demo_model_runs_for_as_long_as_it_is_used(tmp_path: Path) -> None:
    """It is reachable inside the block, and not after."""
    async with open_http_clients() as http:
        async with demo.running(tmp_path) as address:
            model = chat_model(address.url, address.key, http)
            assert await model.ask() is None
        assert await model.problem()


async def test_a_killed_demo_model_is_restarted(tmp_path: Path) -> None:
    """At the same address and with the same key."""
    async with demo.running(tmp_path) as address, open_http_clients() as http:
        model = chat_model(address.url, address.key, http)
        server = server_of(tmp_path)
        server.kill()
        server.wait()
        async with asyncio.timeout(60):
            while await model.problem():
                pass
        assert server_of(tmp_path) != server


def server_of(folder: Path) -> psutil.Process:
    """The process that runs the model."""
    command = ["-m", "graph.models.demo_model", str(folder / "address.json")]
    (server,) = [found for found in psutil.process_iter(["cmdline"]) if (found.info["cmdline"] or [])[1:] == command]
    return server


async def test_the_demo_model_refuses_a_wrong_key(tmp_path: Path) -> None:
    """Another account on this machine can reach the port."""
    async with demo.running(tmp_path) as address, open_http_clients() as http:
        assert await chat_model(address.url, "wrong", http).problem()
