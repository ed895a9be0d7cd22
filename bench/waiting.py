"""What waiting costs: transactions a second, and the first token of somebody else.

A server of its own process. Messages wait in conversations whose answer never ends: 16 of one user, then 80 of five.
Prints transactions a second of the whole database, the share of a core that the server takes meanwhile, and the
median and the 95th percentile of others' first token.

    .venv/bin/python -m bench.waiting [ROUNDS]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psutil

from storage.embedded import Embedded
from storage.migrate import migrate
from tests.support.database import row
from tests.support.model_script import Hang, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, starting

SECONDS = 20
"""For which transactions are counted."""
SETTLED = 12
"""Seconds after which what was before is counted: an idle connection tells its transactions every ten seconds."""
IN_ONE = 8
"""Messages that wait in one conversation; a user has two of them."""


async def main(rounds: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = await stack.enter_async_context(Embedded(folder / "postgres").running())
        await migrate(url)
        model = await stack.enter_async_context(ModelServer())
        model.always(Text("Well, it depends."), streaming)
        model.always(Hang(["Well, "]), lambda request: streaming(request) and "for ever" in str(request.body))
        start = await stack.enter_async_context(starting(url, model.url, folder))
        server = await start(rate_limit="0", turn_timeout="600")
        waiting: list[asyncio.Task[None]] = []
        for users in (0, 1, 5):
            while len(waiting) < users * 2 * (IN_ONE + 1):
                waiting += await busy_user(server, url)
            await asyncio.sleep(SETTLED)
            per_second, share = await cost(server, url)
            first = [await first_token(server) for _ in range(rounds + 5)][5:]  # the first rounds warm caches
            median, late = statistics.median(first), statistics.quantiles(first, n=20)[-1]
            print(
                f"{users * 2 * IN_ONE:4} waiting {per_second:8.1f} transactions/s {share:6.1%} of a core"
                f"   first token {median * 1000:7.1f} ms, p95 {late * 1000:7.1f} ms",
                flush=True,
            )
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def busy_user(server: Process, url: str) -> list[asyncio.Task[None]]:
    """A user with two conversations that are being answered, and messages that wait in both."""
    user, tasks = uuid4(), list[asyncio.Task[None]]()
    for conversation in ("c-1", "c-2"):
        tasks.append(asyncio.create_task(send(server, user, conversation, "Talk for ever")))
        while not (await row(url, "select count(*) from chat_turns where user_id = %(user)s", user=user))[0]:  # noqa: ASYNC110 - a table has no events
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        tasks += [asyncio.create_task(send(server, user, conversation, f"Number {n}")) for n in range(IN_ONE)]
    while (await row(url, "select count(*) from chat_queue where user_id = %(user)s", user=user))[0] < 2 * IN_ONE:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return tasks


async def send(server: Process, user: UUID, conversation: str, message: str) -> None:
    """Send a message and read its answer, which does not come."""
    asked = {"message": message, "conversation_id": conversation}
    with suppress(httpx.HTTPError):
        async with server.client(user) as client:
            client.timeout = httpx.Timeout(None)
            await client.post("/chat", json=asked)


async def cost(server: Process, url: str) -> tuple[float, float]:
    """Transactions that end in a second, in the whole database, and the share of a core that the server takes."""
    query = "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
    process = psutil.Process(server.process.pid)
    before, worked, begun = (await row(url, query))[0], sum(process.cpu_times()[:2]), time.perf_counter()
    await asyncio.sleep(SECONDS)
    took = time.perf_counter() - begun
    return ((await row(url, query))[0] - before) / took, (sum(process.cpu_times()[:2]) - worked) / took


async def first_token(server: Process) -> float:
    """Seconds until somebody new hears the first word."""
    async with server.client(uuid4()) as client:
        await client.get("/health/live")  # the connection is there before the clock runs
        begun = time.perf_counter()
        async with client.stream("POST", "/chat", json={"message": "How much did I spend on coffee?"}) as response:
            async for line in response.aiter_lines():
                if line == "event: token":
                    return time.perf_counter() - begun
    raise AssertionError("no answer")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
