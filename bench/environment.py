"""Shared by the benchmarks: database, scripted model and application to measure, and medians of what was measured."""

import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.models.factory import open_local_models
from storage.local.postgres import EmbeddedPostgres
from storage.migrate import migrate
from tests.support.app import Serve, serving

TOKENS = 200
"""Of an answer of the scripted model."""
QUESTION = "How much did I spend on coffee in March?"
WARM_UP = 3
"""Rounds that are not measured: they fill caches and open connections."""

Measured = tuple[float, ...]
"""Seconds, one for each column of the result."""


@dataclass(frozen=True)
class Environment:
    """What applications run on, and `serve`, which starts one."""

    database_url: str
    model_url: str
    serve: Serve


@asynccontextmanager
async def environment(pace: float = 0.0) -> AsyncGenerator[Environment]:
    """A database, a scripted model whose tokens are `pace` seconds apart, and local embeddings."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model_url = await stack.enter_async_context(_scripted_model(folder, pace))
        url = await stack.enter_async_context(database())
        local = await stack.enter_async_context(open_local_models(lambda _: None))
        yield Environment(url, model_url, await stack.enter_async_context(serving(url, model_url, local, folder)))


@asynccontextmanager
async def database() -> AsyncGenerator[str]:
    """A migrated, empty database; yields its URL."""
    with tempfile.TemporaryDirectory() as folder:
        async with EmbeddedPostgres(Path(folder) / "postgres").running() as url:
            await migrate(url)
            yield url


@asynccontextmanager
async def _scripted_model(folder: Path, pace: float) -> AsyncGenerator[str]:
    script = folder / "script.json"
    words = [f"word{number} " for number in range(TOKENS)]
    reply = {"reply": "text", "tokens": words, "delay_between": pace, "when": "streaming"}
    script.write_text(json.dumps({"always": [reply]}))
    async with module_process("tests.support.model_server", "--port", "0", "--script", str(script)) as url:
        yield url


@asynccontextmanager
async def module_process(*arguments: str) -> AsyncGenerator[str]:
    """A Python module in a process of its own; yields the URL that it prints."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def measure(
    ways: Mapping[str, Callable[[], Awaitable[Measured]]], rounds: int, warm_up: int = WARM_UP
) -> dict[str, list[float]]:
    """Run the ways in turn, so that a busy machine slows all of them; returns each way's medians in milliseconds."""
    measured: dict[str, list[Measured]] = {name: [] for name in ways}
    for number in range(warm_up + rounds):
        for name, way in ways.items():
            times = await way()
            if number >= warm_up:
                measured[name].append(times)
    return {
        name: [statistics.median(column) * 1000 for column in zip(*rows, strict=True)]
        for name, rows in measured.items()
    }


def print_medians(columns: Sequence[str], medians: Mapping[str, Sequence[float]]) -> None:
    """Print a line for each way, each median with its ratio to the first way's."""
    base = next(iter(medians.values()))
    print(" " * 24 + "".join(f"{column:>18}" for column in columns))
    for name, values in medians.items():
        cells = (f"{value:9.2f} ({value / first:5.2f})" for value, first in zip(values, base, strict=True))
        print(f"{name:24}" + "".join(f"{cell:>18}" for cell in cells))


def run(main: Callable[[int], Coroutine[Any, Any, None]], default: int) -> None:
    """Run a benchmark with the number on the command line, else with the default."""
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else default))
