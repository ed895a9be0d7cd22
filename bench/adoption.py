"""Time that readers wait when a server is killed, until the first token of the answer that another one starts again.

Of three server processes one is killed with many streams, and its readers reconnect to the other two. These adopt its
turns once their leases expire, 3 seconds after the last heartbeat.

    .venv/bin/python -m bench.adoption [STREAMS]
"""

import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from bench.environment import database, run
from tests.support.app import read_events
from tests.support.database import rows
from tests.support.model_script import Hang, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start, starting

POLL_SECONDS = 0.05


async def main(streams: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = await stack.enter_async_context(ModelServer())
        url = await stack.enter_async_context(database())
        start = await stack.enter_async_context(starting(url, model.url, folder))
        await _kill(start, model, url, streams)


async def _kill(start: Start, model: ModelServer, url: str, streams: int) -> None:
    for _ in range(streams):
        model.queue(Hang(["Well, "]), streaming)
    model.always(Text("Yes, you can."), streaming)
    # A timeout that none of the turns reaches before all of them stream.
    killed, *others = [await start(turn_timeout="120") for _ in range(3)]
    users, few = [uuid4() for _ in range(streams)], asyncio.Semaphore(20)
    turns = await asyncio.gather(*(_first_token(killed, user, few) for user in users))
    await killed.kill()
    start_time = time.perf_counter()
    adopting = asyncio.create_task(_adopted(url, streams, start_time))
    readers = zip(users, turns, strict=True)
    waits = await asyncio.gather(
        *(_reconnect(others[n % 2], user, turn, start_time) for n, (user, turn) in enumerate(readers))
    )
    first, last = await adopting
    shares = await rows(url, "select count(*)::int from chat_turns where attempt > 1 group by owner order by 1")
    rate = streams / max(last - first, POLL_SECONDS)
    print(f"{streams} streams: adopted from {first:.1f} to {last:.1f} s after the kill,", end=" ")
    print(f"{rate:.0f} turns a second, {[share for (share,) in shares]} by each process")
    print(f"readers waited {min(waits):.1f} to {max(waits):.1f} s, median {statistics.median(waits):.1f} s")
    for other in others:
        await other.kill()


async def _first_token(server: Process, user: UUID, few: asyncio.Semaphore) -> tuple[str, int]:
    """Send a message and read up to the first token; returns the turn and the last event's number."""
    turn, last = "", 0
    client = server.client(user)
    client.timeout = httpx.Timeout(120)
    async with few:
        response = await client.send(client.build_request("POST", "/chat", json={"message": "Can I?"}), stream=True)
        async for event in read_events(response):
            turn, last = turn or event.data["turn_id"], event.id
            if event.name == "token":
                return turn, last
    raise AssertionError("no token")


async def _adopted(url: str, streams: int, start_time: float) -> tuple[float, float]:
    """Seconds after which the first and the last turn had been adopted."""
    first = 0.0
    while True:
        ((count,),) = await rows(url, "select count(*) from chat_turns where attempt > 1")
        if count and not first:
            first = time.perf_counter() - start_time
        if count == streams:
            return first, time.perf_counter() - start_time
        await asyncio.sleep(POLL_SECONDS)


async def _reconnect(server: Process, user: UUID, read: tuple[str, int], start_time: float) -> float:
    """Seconds until the first token of the new answer."""
    turn, last = read
    async with server.client(user) as client:
        client.timeout = httpx.Timeout(120)
        while True:  # an overloaded server answers 503, and the reader tries again
            headers = {"Last-Event-ID": str(last)}
            async with client.stream("GET", f"/turns/{turn}/events", headers=headers) as response:
                async for event in read_events(response):
                    last = event.id
                    if event.name == "token":
                        return time.perf_counter() - start_time
            await asyncio.sleep(POLL_SECONDS)


if __name__ == "__main__":
    run(main, 300)
