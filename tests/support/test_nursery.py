"""What tests that kill servers rely on."""

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.support.model_server import ModelServer
from tests.support.nursery import nursery
from tests.support.process import environment


async def test_a_server_of_the_nursery_ends_with_it(
    database_url: str, model: ModelServer, pytestconfig: pytest.Config
) -> None:
    """It is the real one, on a port of its own, and nothing of it is left."""
    known = environment(database_url, model.url, Path(pytestconfig.cache.mkdir("frontdesk")))
    async with nursery() as servers:
        child, other = await servers.bear(known), await servers.bear(known)
        for server in (child, other):
            assert (await asked(server.url)).status_code == 200
        await other.kill()
        with pytest.raises(httpx.ConnectError):
            await asked(other.url)
    with pytest.raises(httpx.TransportError):
        await asked_for_ever(child.url)  # the kernel ends it, when it comes to that


async def asked(url: str) -> httpx.Response:
    """The server's answer to whether it lives."""
    async with httpx.AsyncClient() as client:
        return await client.get(f"{url}/health/live")


async def asked_for_ever(url: str) -> None:
    """Ask again and again."""
    async with asyncio.timeout(10):
        while True:
            await asked(url)
