"""Cost of messages that wait for their conversation: transactions a second, CPU, and first-token time of another user.

Two servers, each with a database of its own. At one of them messages wait in conversations whose answer never ends: 16
of one user, then 80 of five. Prints its transactions a second, its share of a core, and medians of the first-token time
of a new user at both servers, measured in turn, so that a busy machine slows both.

    .venv/bin/python -m bench.waiting [ROUNDS]
"""

import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psutil

from bench.environment import database, run
from tests.support.database import row
from tests.support.model_script import Hang, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, starting

SECONDS = 20
"""For which transactions are counted."""
SETTLE_SECONDS = 12
"""Before counting: an idle connection reports its transactions every ten seconds."""
MESSAGES = 8
"""That wait in one conversation; a user has two conversations."""


async def main(rounds: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ModelServer())
        model.always(Text("Well, it depends."), streaming)
        model.always(Hang(["Well, "]), lambda request: streaming(request) and "for ever" in str(request.body))
        quiet, _ = await server(stack, model.url)
        busy, url = await server(stack, model.url)
        waiting: list[asyncio.Task[None]] = []
        for users in (0, 1, 5):
            while len(waiting) < users * 2 * (MESSAGES + 1):
                waiting += await busy_user(busy, url)
            await asyncio.sleep(SETTLE_SECONDS)
            per_second, share = await cost(busy, url)
            seen = [(await first_token(quiet), await first_token(busy)) for _ in range(rounds + 5)]
            there, here = (statistics.median(times[5:]) * 1000 for times in zip(*seen, strict=True))
            print(
                f"{users * 2 * MESSAGES:3} waiting: {per_second:6.1f} transactions/s, {share:5.1%} of a core,"
                f" first token {here:6.1f} ms, elsewhere {there:6.1f} ms, ratio {here / there:.2f}",
                flush=True,
            )
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def server(stack: AsyncExitStack, model_url: str) -> tuple[Process, str]:
    """A server and its database."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    url = await stack.enter_async_context(database())
    start = await stack.enter_async_context(starting(url, model_url, folder))
    return await start(rate_limit="0", turn_timeout="600"), url


async def busy_user(server: Process, url: str) -> list[asyncio.Task[None]]:
    """A user with two conversations that are being answered, and messages that wait in both."""
    user, tasks = uuid4(), list[asyncio.Task[None]]()
    for number in (1, 2):
        tasks.append(asyncio.create_task(send(server, user, f"c-{number}", "Talk for ever")))
        while (await row(url, "select count(*) from chat_turns where user_id = %(user)s", user=user))[0] < number:  # noqa: ASYNC110 - a table has no events
            await asyncio.sleep(0.05)
        tasks += [asyncio.create_task(send(server, user, f"c-{number}", f"Number {n}")) for n in range(MESSAGES)]
    while (await row(url, "select count(*) from chat_queue where user_id = %(user)s", user=user))[0] < 2 * MESSAGES:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return tasks


async def send(server: Process, user: UUID, conversation: str, message: str) -> None:
    """Send a message and wait for its answer, which never ends."""
    asked = {"message": message, "conversation_id": conversation}
    with suppress(httpx.HTTPError):
        async with server.client(user) as client:
            client.timeout = httpx.Timeout(None)
            await client.post("/chat", json=asked)


async def cost(server: Process, url: str) -> tuple[float, float]:
    """Transactions a second in the whole database, and the server's share of a core."""
    query = "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
    process = psutil.Process(server.process.pid)
    before, cpu, start = (await row(url, query))[0], sum(process.cpu_times()[:2]), time.perf_counter()
    await asyncio.sleep(SECONDS)
    seconds = time.perf_counter() - start
    return ((await row(url, query))[0] - before) / seconds, (sum(process.cpu_times()[:2]) - cpu) / seconds


async def first_token(server: Process) -> float:
    """Seconds to the first token for a new user."""
    async with server.client(uuid4()) as client:
        await client.get("/health/live")  # opens the connection
        start = time.perf_counter()
        async with client.stream("POST", "/chat", json={"message": "How much did I spend on coffee?"}) as response:
            async for line in response.aiter_lines():
                if line == "event: token":
                    return time.perf_counter() - start
    raise AssertionError("no answer")


if __name__ == "__main__":
    run(main, 40)
