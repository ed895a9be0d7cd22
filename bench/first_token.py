"""What the graph costs: first token and total for a 200-token answer, with and without it.

The scripted model server sends 200 tokens at once, from a process of its own. Three ways in turn, many times:
langchain-openai alone; the whole pipeline driven in process; the whole pipeline over HTTP. Prints medians
in milliseconds, and the ratio to the model alone.

    .venv/bin/python -m bench.first_token [ROUNDS]
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from graph.models.factory import open_local_models
from graph.turns.request import SendRequest
from storage.local.postgres import Embedded
from storage.migrate import migrate
from tests.support.app import Frontdesk, serving

TOKENS = 200
QUESTION = "How much did I spend on coffee in March?"

Measured = tuple[float, float]
"""Seconds to the first token, and to the last."""


async def main(rounds: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model_url = await stack.enter_async_context(scripted_model(folder))
        url = await stack.enter_async_context(Embedded(folder / "postgres").running())
        await migrate(url)
        local = await stack.enter_async_context(open_local_models(lambda _: None))
        serve = await stack.enter_async_context(serving(url, model_url, local, folder))
        frontdesk = await serve(rate_limit=0)
        ways: dict[str, Callable[[], Awaitable[Measured]]] = {
            "langchain-openai alone": lambda: _alone(model_url),
            "the pipeline": lambda: _pipeline(frontdesk),
            "the pipeline over HTTP": lambda: _http(frontdesk),
        }
        seen: dict[str, list[Measured]] = {name: [] for name in ways}
        for number in range(rounds + 3):
            for name, way in ways.items():
                measured = await way()
                if number >= 3:  # the first rounds warm caches and connections
                    seen[name].append(measured)
    _print(seen)


def _print(seen: dict[str, list[Measured]]) -> None:
    medians = {
        name: [statistics.median(column) * 1000 for column in zip(*rows, strict=True)] for name, rows in seen.items()
    }
    base = next(iter(medians.values()))
    print(f"{'':24}{'first token':>14}{'total':>14}")
    for name, figures in medians.items():
        cells = "".join(f"{figure:7.1f} ({figure / alone:4.1f})" for figure, alone in zip(figures, base, strict=True))
        print(f"{name:24}{cells}")


async def _alone(model_url: str) -> Measured:
    chat = ChatOpenAI(model="scripted", base_url=model_url, api_key=lambda: "none", max_retries=0)
    begun, first = time.perf_counter(), 0.0
    async for chunk in chat.astream([SystemMessage("You are brief."), HumanMessage(QUESTION)]):
        if chunk.text and not first:
            first = time.perf_counter() - begun
    return first, time.perf_counter() - begun


async def _pipeline(frontdesk: Frontdesk) -> Measured:
    begun, first, last = time.perf_counter(), 0.0, 0.0
    sent = await frontdesk.service.turns.send(SendRequest(uuid4(), QUESTION))
    async for event in sent.turn.follow(heartbeat=60):
        if event and event.name == "token" and not first:
            first = time.perf_counter() - begun
        if event and event.is_terminal:
            last = time.perf_counter() - begun
    await frontdesk.settled()
    return first, last


async def _http(frontdesk: Frontdesk) -> Measured:
    async with frontdesk.client(uuid4()) as client:
        await client.get("/health/live")  # the connection is there before the clock runs
        begun, first, last = time.perf_counter(), 0.0, 0.0
        async with client.stream("POST", "/chat", json={"message": QUESTION}) as response:
            async for line in response.aiter_lines():
                if line == "event: token" and not first:
                    first = time.perf_counter() - begun
                if line == "event: done":
                    last = time.perf_counter() - begun
    await frontdesk.settled()
    return first, last


@asynccontextmanager
async def scripted_model(folder: Path, pace: float = 0.0) -> AsyncGenerator[str, None]:
    """A model server, in a process of its own, that sends `TOKENS` tokens `pace` seconds apart; yields its URL."""
    script = folder / "script.json"
    words = [f"word{number} " for number in range(TOKENS)]
    reply = {"reply": "text", "tokens": words, "delay_between": pace, "when": "streaming"}
    script.write_text(json.dumps({"always": [reply]}))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.model_server", "--port", "0", "--script", str(script),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30))
