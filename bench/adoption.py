"""How long a reader waits when a server is killed: from the kill to the first word of the answer begun anew elsewhere.

Two servers, as processes of their own; the one that answers is killed in the middle, and the reader comes back to the
other. The database knows at once that the process is gone; its turns are left alone for 3 seconds after their last
sign of life, and looked for every 2.

    .venv/bin/python -m bench.adoption [KILLS]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

from storage.embedded import Embedded
from storage.migrate import migrate
from tests.support.app import read_events
from tests.support.model_script import Hang, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Start, starting


async def main(kills: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = await stack.enter_async_context(ModelServer())
        url = await stack.enter_async_context(Embedded(folder / "postgres").running())
        await migrate(url)
        start = await stack.enter_async_context(starting(url, model.url, folder))
        seen = [await _killed(start, model) for _ in range(kills)]
    print(f"{kills} kills: {min(seen):.1f} to {max(seen):.1f} s, median {statistics.median(seen):.1f} s")


async def _killed(start: Start, model: ModelServer) -> float:
    model.queue(Hang(["Well, "]), streaming)
    model.queue(Text("Yes, you can."), streaming)
    dying, other = await start(), await start()
    user, turn, last = uuid4(), "", 0
    asked = {"message": "Can I?"}
    async with dying.client(user) as client, client.stream("POST", "/chat", json=asked) as response:
        async for event in read_events(response):
            turn, last = turn or event.data["turn_id"], event.id
            if event.name == "token":
                break
        await dying.kill()
        begun, ended = time.perf_counter(), 0.0
    path, headers = f"/turns/{turn}/events", {"Last-Event-ID": str(last)}
    async with other.client(user) as client, client.stream("GET", path, headers=headers) as response:
        async for event in read_events(response):
            if event.name == "token" and not ended:
                ended = time.perf_counter() - begun
    await other.end()
    return ended


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 6))
