"""A server with more open files than select() knows, and one that has run out of them."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from storage.local.ports import free_port
from tests.support.app import Event, live, read_events, ready
from tests.support.database import disconnect
from tests.support.fork_server import ForkServer
from tests.support.listening import listening, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.postgres import Postgres
from tests.support.process import Process, Start, starting
from tests.support.raw_http import connected
from tests.support.resources import file_limit

USERS = 13
READERS_EACH = 95
"""Together more than 1,200; a user may have a hundred streams open."""
FILES = 4096
"""That the server and its readers may have open."""
WITHIN = 60.0
"""Seconds that anything may take."""


@pytest.fixture
async def start(postgres: Postgres, model: ModelServer, learned: Path, forks: ForkServer) -> AsyncIterator[Start]:
    """Starts servers on the database that can be stopped."""
    async with starting(postgres.url(), model.url, learned, forks) as begin:
        yield begin


async def is_away(client: httpx.AsyncClient) -> None:
    """Return once the server says that it cannot use its database."""
    async with asyncio.timeout(WITHIN):
        while (await client.get("/health/ready")).json()["checks"]["database"] != "unreachable":  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def is_back(client: httpx.AsyncClient) -> None:
    """Return once the server can answer again."""
    async with asyncio.timeout(WITHIN):
        await ready(client)


async def reading(process: Process, asked: bytes, stack: AsyncExitStack) -> asyncio.StreamReader:
    """One more reader of a turn's events, who has heard a word."""
    reader, writer = await stack.enter_async_context(connected(process.url))
    writer.write(asked)
    await reader.readuntil(b"event: token")
    return reader


async def test_a_server_with_many_streams_finds_its_database_again(
    postgres: Postgres, model: ModelServer, learned: Path, ada: UUID
) -> None:
    """More than a thousand of them: the answer is finished, everyone hears its end, and new messages are answered."""
    gate = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(file_limit(FILES))
        # The low numbers are taken, or connections to the database would have them.
        low = [os.open(os.devnull, os.O_RDONLY) for _ in range(1024)]
        for number in low:
            stack.callback(os.close, number)
        start = await stack.enter_async_context(starting(postgres.url(), model.url, learned, inherited=low))
        await postgres.stop()
        process = await start("serve", "--port", str(free_port()), announced=False)
        client = await stack.enter_async_context(process.client(ada))
        await live(client)
        await is_away(client)
        await postgres.start()
        await is_back(client)
        talks: list[AsyncGenerator[Event]] = []
        readers: list[asyncio.StreamReader] = []
        for user in [ada, *(uuid4() for _ in range(USERS - 1))]:
            model.queue(Gate(["Well, ", "it depends."], gate), streaming)
            talks.append(await stack.enter_async_context(listening(process, user, "Hello")))
            turn = (await until(talks[-1], "token"))[0].data["turn_id"]
            token = process.client(user).headers["authorization"]
            asked = f"GET /turns/{turn}/events HTTP/1.1\r\nHost: desk\r\nAuthorization: {token}\r\n\r\n".encode()
            readers += await asyncio.gather(*(reading(process, asked, stack) for _ in range(READERS_EACH)))
        await postgres.stop()
        await is_away(client)
        await postgres.start()
        await is_back(client)
        gate.set()
        async with asyncio.timeout(WITHIN):
            await asyncio.gather(*(until(events, "done") for events in talks))
            await asyncio.gather(*(reader.readuntil(b"event: done") for reader in readers))
        async with client.stream("POST", "/chat", json={"message": "And me?"}) as answer:
            assert [event.name async for event in read_events(answer)][-1] == "done"


async def test_a_server_that_ran_out_of_descriptors_goes_on_when_it_has_some(
    postgres: Postgres, start: Start, ada: UUID
) -> None:
    """Whatever broke for the want of one is started again."""
    process = await start()
    async with process.client(ada) as client:  # over one connection, which there is already
        await is_back(client)
        with file_limit(10, process.process.pid):
            await disconnect(postgres, postgres.url())
            await is_away(client)
        await is_back(client)
        async with client.stream("POST", "/chat", json={"message": "Hello"}) as answer:
            assert [event.name async for event in read_events(answer)][-1] == "done"
