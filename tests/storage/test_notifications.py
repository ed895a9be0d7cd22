"""Hearing of other processes' turns."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest

from storage import notifications
from storage.connections import connection_parameters
from storage.event_log import Batch, EventLog, EventName, LoggedEvent
from storage.notifications import Notifications
from storage.pool import Pool
from tests.storage.rows import accepted, save_accepted


@asynccontextmanager
async def silent_at_first(url: str) -> AsyncGenerator[str]:
    """The address of a database that takes its first connection and says nothing; later ones lead to the real one."""
    real, count = urlsplit(url), 0

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        if count == 1:
            await reader.read(-1)
            writer.close()
            return
        theirs, ours = await asyncio.open_connection(real.hostname, real.port)
        await asyncio.gather(copy(reader, ours), copy(theirs, writer))

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield real._replace(netloc=f"{real.username}:{real.password}@127.0.0.1:{port}").geturl()


async def test_a_server_that_says_nothing_is_given_up(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And tried again by the supervisor; whoever waits looks up then, for what was missed meanwhile."""
    soon = partial(connection_parameters, connect_timeout=2)  # seconds, fewer are not possible
    monkeypatch.setattr(notifications, "connection_parameters", soon)
    turn_id = uuid4()
    async with asyncio.timeout(60), silent_at_first(database_url) as url:
        news = Notifications(url, lambda _: None, uuid4())
        with pytest.raises(psycopg.OperationalError):
            await news.listen(lambda: None)
        async with news.of(turn_id) as heard:
            listening = asyncio.create_task(news.listen(lambda: None))
            await heard.wait()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_a_turn_that_begins_is_heard_of_by_its_conversation(pool: Pool, database_url: str, ada: UUID) -> None:
    """With the batch that has its first event, of whichever attempt; what follows is news of the turn alone."""
    log, turn = EventLog(pool), await save_accepted(pool, ada, accepted(conversation="c-1"))
    start, token = b'{"conversation_id": "c-1"}', b'{"text": "Hi"}'
    events: list[tuple[int, EventName, bytes]] = [
        (1, "start", start), (2, "token", token), (1_000_001, "start", start),
    ]  # fmt: skip
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute("listen frontdesk_turns")
        for event in events:
            await log.write([Batch(ada, turn, [LoggedEvent(*event)])])
        heard = [notice.payload async for notice in conn.notifies(timeout=20, stop_after=5)]
    assert heard == [str(turn), "c-1", str(turn), str(turn), "c-1"]


async def test_only_those_who_wait_for_it_are_woken() -> None:
    """A turn's readers, or a conversation's."""
    news = Notifications("postgresql://nowhere", lambda _: None, uuid4())
    async with news.of("c-1") as one, news.of("c-2") as two:
        news.wake_readers_of("c-1")
        assert (one.is_set(), two.is_set()) == (True, False)
        news.wake()
        assert two.is_set()
