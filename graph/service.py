"""The service of one process: the pipeline over an open database, ready to run turns."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from graph.build import build
from graph.opening import Local, Say, database, open_parts
from graph.parts import Parts
from graph.records import Records
from graph.rejoin import Rejoin
from graph.runner import Runner
from graph.scribe import Scribe
from graph.sending import Sender
from graph.settings import Settings
from storage.checkpoints import checkpointer
from storage.errors import StorageUnavailable
from storage.journal import Journal, News
from storage.keys import Keys
from storage.migrate import pending
from storage.pool import Pool

STOP_WITHIN = 1.5
"""Seconds that running turns get when the process is asked to end."""
RECORDS_CONNECTIONS = 5


@dataclass(frozen=True)
class Service:
    """What the HTTP layer talks to."""

    runner: Runner
    sender: Sender
    records: Records
    rejoin: Rejoin
    parts: Parts
    url: str

    async def check(self) -> dict[str, str]:
        """State of database, migrations and model: `ok`, or what is wrong in a word or two."""
        model = "ok" if await self.parts.model.reachable() else "unreachable"
        try:
            missing = await pending(self.url)
        except StorageUnavailable:
            return {"database": "unreachable", "migrations": "unknown", "model": model}
        return {"database": "ok", "migrations": "pending" if missing else "ok", "model": model}


@asynccontextmanager
async def open_service(settings: Settings, say: Say, local: Local | None = None) -> AsyncGenerator[Service, None]:
    """Open everything for the length of the block; at its end running turns get `STOP_WITHIN`.

    Args:
        local: the embedding model with its router, where it is loaded already.
    """
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(database(settings, say))
        parts = await stack.enter_async_context(open_parts(settings, url, say, local))
        saver = await stack.enter_async_context(checkpointer(url))
        pool = await stack.enter_async_context(Pool.open(url, size=RECORDS_CONNECTIONS))
        journal = Journal(pool)
        scribe = Scribe(journal)
        keys = Keys(pool)
        runner = Runner(build(parts), saver, parts.turns, parts.model.label, scribe.take, parts.stops, keys)
        news = await stack.enter_async_context(News.open(url, runner.stop))
        records = Records(pool, runner, parts.embed, parts.embedding_model)
        rejoin = Rejoin(runner, journal, records.turns, news)
        writing = asyncio.create_task(scribe.run(), name="scribe")
        try:
            yield Service(runner, Sender(runner, keys, rejoin), records, rejoin, parts, url)
        finally:
            await runner.close(STOP_WITHIN)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await scribe.close(STOP_WITHIN)
