"""How long readers wait when a server is killed: from the kill to the first word of the answer begun anew elsewhere.

Three servers, as processes of their own; one of them dies with many streams, and its readers come back to the other
two. The database knows at once that the process is gone; its turns are left alone for 3 seconds after the last renewal
of their leases.

    .venv/bin/python -m bench.adoption [STREAMS]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from storage.local.postgres import EmbeddedPostgres
from storage.migrate import migrate
from tests.support.app import read_events
from tests.support.database import rows
from tests.support.model_script import Hang, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start, starting

LOOK = 0.05
"""Seconds between two looks at how many turns have been taken over."""


async def main(streams: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = await stack.enter_async_context(ModelServer())
        url = await stack.enter_async_context(EmbeddedPostgres(folder / "postgres").running())
        await migrate(url)
        start = await stack.enter_async_context(starting(url, model.url, folder))
        await _kill(start, model, url, streams)


async def _kill(start: Start, model: ModelServer, url: str, streams: int) -> None:
    for _ in range(streams):
        model.queue(Hang(["Well, "]), streaming)
    model.always(Text("Yes, you can."), streaming)
    # Time enough for all of them to be begun before the first one is given up.
    dying, *others = [await start(turn_timeout="120") for _ in range(3)]
    users, few = [uuid4() for _ in range(streams)], asyncio.Semaphore(20)
    turns = await asyncio.gather(*(_first_word(dying, user, few) for user in users))
    await dying.kill()
    killed = time.perf_counter()
    taking = asyncio.create_task(_taken_over(url, streams, killed))
    waits = await asyncio.gather(
        *(
            _come_back(others[n % 2], user, turn, killed)
            for n, (user, turn) in enumerate(zip(users, turns, strict=True))
        )
    )
    first, last = await taking
    shares = await rows(url, "select count(*)::int from chat_turns where attempt > 1 group by owner order by 1")
    print(f"{streams} streams: taken over from {first:.1f} to {last:.1f} s after the kill, ", end="")
    print(f"{streams / max(last - first, LOOK):.0f} turns a second, {[share for (share,) in shares]} by each process")
    print(f"readers waited {min(waits):.1f} to {max(waits):.1f} s, median {statistics.median(waits):.1f} s", flush=True)
    for other in others:
        await other.kill()


async def _first_word(server: Process, user: UUID, few: asyncio.Semaphore) -> tuple[str, int]:
    """Ask, and hear the first word; returns the turn and the last event's number."""
    turn, last = "", 0
    client = server.client(user)
    client.timeout = httpx.Timeout(120)
    async with few:
        response = await client.send(client.build_request("POST", "/chat", json={"message": "Can I?"}), stream=True)
        async for event in read_events(response):
            turn, last = turn or event.data["turn_id"], event.id
            if event.name == "token":
                return turn, last
    raise AssertionError("no word of an answer")


async def _taken_over(url: str, streams: int, killed: float) -> tuple[float, float]:
    """Seconds after the kill at which the first and the last turn had been taken over."""
    first = 0.0
    while True:
        ((count,),) = await rows(url, "select count(*) from chat_turns where attempt > 1")
        if count and not first:
            first = time.perf_counter() - killed
        if count == streams:
            return first, time.perf_counter() - killed
        await asyncio.sleep(LOOK)


async def _come_back(server: Process, user: UUID, heard: tuple[str, int], killed: float) -> float:
    """Seconds from the kill to the first word of the new answer."""
    turn, last = heard
    async with server.client(user) as client:
        client.timeout = httpx.Timeout(120)
        while True:  # a server that has too much to do says 503, and a reader comes back
            headers = {"Last-Event-ID": str(last)}
            async with client.stream("GET", f"/turns/{turn}/events", headers=headers) as response:
                async for event in read_events(response):
                    last = event.id
                    if event.name == "token":
                        return time.perf_counter() - killed
            await asyncio.sleep(LOOK)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
