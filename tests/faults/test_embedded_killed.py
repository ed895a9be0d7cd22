"""The embedded Postgres is killed under running servers, which bring it back themselves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from storage.local.postgres import EmbeddedPostgres
from tests.storage.processes import postmaster, wait_until_ended
from tests.support.fork_server import ForkServer
from tests.support.listening import listening, text_of, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.postgres import copied
from tests.support.process import Process, Start, starting

WITHIN = 120
"""Seconds after which a test fails instead of waiting on; on an idle machine the server is back in one or two."""


@pytest.fixture
def folder(migrated: Path, tmp_path: Path) -> Path:
    """The folder of a migrated embedded database."""
    return copied(migrated, tmp_path)


@pytest.fixture
async def start(folder: Path, model: ModelServer, forks: ForkServer) -> AsyncIterator[Start]:
    """Starts servers that share this database."""
    async with starting("", model.url, folder.parent, forks) as begin:
        yield begin


async def answered(server: Process, user: UUID, message: str) -> dict[str, Any]:
    """The answer to a message, which is sent until it gets one."""
    async with server.client(user) as client, asyncio.timeout(WITHIN):
        while True:
            response = await client.post("/chat", json={"message": message}, headers={"accept": "application/json"})
            if response.status_code == 200:
                answer: dict[str, Any] = response.json()
                if "finish_reason" in answer:
                    return answer
            else:
                assert response.json()["code"] == "storage_unavailable"


async def said_in(client: httpx.AsyncClient, conversation: str) -> list[str]:
    """What is stored of a conversation."""
    response = await client.get(f"/conversations/{conversation}/messages")
    return [one["content"] for one in response.json()["items"]]


def kill(folder: Path, what: str) -> psutil.Process:
    """Kill the server, its keeper or both; returns the server."""
    server = postmaster(folder)
    keeper = server.parent()
    assert keeper is not None
    if what != "server":
        keeper.kill()
    if what != "keeper":
        server.kill()
    return server


async def test_a_killed_server_comes_back_and_nothing_is_lost(
    folder: Path, start: Start, model: ModelServer, ada: UUID
) -> None:
    """The answer that was being written is kept once the database is back, and the next message is answered."""
    server = await start(rate_limit="0")
    before = await answered(server, ada, "Hello")
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(server, ada, "Is it deductible?", conversation_id=before["conversation_id"]) as events:
        heard = await until(events, "token")
        wait_until_ended(kill(folder, "server"))
        gate.set()
        heard += await until(events, "done")
    assert text_of(heard) == "Well, it depends."
    await answered(server, ada, "Hello again")
    async with server.client(ada) as client:
        kept = await said_in(client, before["conversation_id"])
    assert sorted(kept) == sorted(["Hello", before["text"], "Is it deductible?", "Well, it depends."])


@pytest.mark.parametrize("what", ["keeper", "both"])
async def test_servers_that_share_it_all_find_it_again(folder: Path, start: Start, ada: UUID, what: str) -> None:
    """At the address that each of them had from the beginning, also after a second kill."""
    address = (folder / "address.json").read_text
    servers = [await start(rate_limit="0"), await start(rate_limit="0")]
    told = address()
    for _ in range(2):
        killed = kill(folder, what)
        wait_until_ended(killed)
        for server in servers:
            await answered(server, ada, "Hello")
        assert postmaster(folder) != killed
        assert address() == told


async def test_nothing_is_left_after_servers_that_were_killed(folder: Path, start: Start, ada: UUID) -> None:
    """Neither the Postgres of the beginning nor the one that was started again in its place."""
    servers = [await start(rate_limit="0"), await start(rate_limit="0")]
    kill(folder, "both")
    for server in servers:
        await answered(server, ada, "Hello")
    postgres = postmaster(folder)
    keeper = postgres.parent()
    assert keeper is not None
    for server in servers:
        await server.kill()
    wait_until_ended(postgres)
    wait_until_ended(keeper)
    assert not EmbeddedPostgres(folder).is_running()
