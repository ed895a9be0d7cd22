"""What traces cost: CPU and time for a 200-token answer, traced and not.

The scripted model server sends 200 tokens at once; it and the collector have processes of their own. Three applications
on one database take turns in this process, which asks them over HTTP. Prints medians in milliseconds for a turn with
all that follows its answer, and the ratio to one that is not traced; then for ten requests of one span each.

    .venv/bin/python -m bench.tracing [ROUNDS]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

from bench.first_token import QUESTION, scripted_model
from graph.models.factory import open_local_models
from storage.local.postgres import Embedded
from storage.migrate import migrate
from tests.support.app import Frontdesk, serving

Way = Callable[[Frontdesk], Awaitable[None]]


async def main(rounds: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model_url = await stack.enter_async_context(scripted_model(folder))
        collector_url = await stack.enter_async_context(_collector())
        url = await stack.enter_async_context(Embedded(folder / "postgres").running())
        await migrate(url)
        local = await stack.enter_async_context(open_local_models(lambda _: None))
        serve = await stack.enter_async_context(serving(url, model_url, local, folder))
        desks = {
            "not traced": await serve(rate_limit=0),
            "traced": await serve(rate_limit=0, otlp_endpoint=collector_url),
            "with content": await serve(rate_limit=0, otlp_endpoint=collector_url, otel_content=True),
        }
        for name, way in {"a turn": _turn, "ten requests": _requests}.items():
            await _compare(name, desks, way, rounds)


async def _compare(what: str, desks: dict[str, Frontdesk], way: Way, rounds: int) -> None:
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in desks}
    for number in range(rounds + 3):
        for name, frontdesk in desks.items():
            cpu, wall = time.process_time(), time.perf_counter()
            await way(frontdesk)
            if number >= 3:  # the first rounds warm caches and connections
                seen[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    medians = {
        name: [statistics.median(column) * 1000 for column in zip(*rows, strict=True)] for name, rows in seen.items()
    }
    base = next(iter(medians.values()))
    print(f"{what:16}{'CPU':>15}{'time':>16}")
    for name, figures in medians.items():
        cells = "".join(f"{figure:9.2f} ({figure / off:4.2f})" for figure, off in zip(figures, base, strict=True))
        print(f"{name:16}{cells}")


async def _turn(frontdesk: Frontdesk) -> None:
    await frontdesk.chat(uuid4(), QUESTION)


async def _requests(frontdesk: Frontdesk) -> None:
    async with frontdesk.client(uuid4()) as client:
        for _ in range(10):
            await client.get("/employees")


@asynccontextmanager
async def _collector() -> AsyncGenerator[str]:
    """A collector in a process of its own; yields its URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.collector", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30))
