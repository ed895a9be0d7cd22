"""What tests that kill servers rely on."""

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.support.fork_server import fork_server
from tests.support.model_server import ModelServer
from tests.support.process import address_in, announcement, environment


async def test_a_fork_is_a_server_and_ends_with_the_fork_server(
    database_url: str, model: ModelServer, learned: Path, tmp_path: Path
) -> None:
    """It is the real one, on a port of its own; one that was asked to end says that it did."""
    known = environment(database_url, model.url, learned)
    async with fork_server(tmp_path / "forks") as forks:
        forked = [await forks.fork(["serve", "--port", "0"], known, learned) for _ in range(2)]
        urls = [address_in(await announcement(one)) for one in forked]
        assert [await live(url) for url in urls] == [200, 200]
        forked[0].terminate()
        assert await forked[0].wait() == 0
    with pytest.raises(httpx.TransportError):
        await live_for_ever(urls[1])


async def live(url: str) -> int:
    """The status of the server's answer to whether it lives."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{url}/health/live")).status_code


async def live_for_ever(url: str) -> None:
    """Ask again and again."""
    async with asyncio.timeout(60):
        while True:
            await live(url)
