"""The limit on streams that a user may hold open."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import httpx
import pytest

from api.limits import MAX_STREAMS
from tests.support.app import Frontdesk, Serve, no_authorities, read_events
from tests.support.listening import listening, until
from tests.support.model_script import Hang, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.raw_http import connected


@pytest.fixture
async def frontdesk(serve: Serve) -> Frontdesk:
    """An application whose turns do not time out."""
    return await serve(turn_timeout=300, rate_limit=100)


@pytest.fixture
async def turn(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> str:
    """A turn of Ada's that runs until it is stopped."""
    model.queue(Hang(["Well, "]), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        turn = (await until(events, "token"))[0].data["turn_id"]
    await frontdesk.unasked()
    return str(turn)


@asynccontextmanager
async def many_connections(frontdesk: Frontdesk, user: UUID) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of this user's without a limit of connections."""
    async with httpx.AsyncClient(
        base_url=frontdesk.url,
        headers=frontdesk.signed_in(user),
        limits=httpx.Limits(max_connections=None),
        timeout=60,
        verify=no_authorities(),
    ) as client:
        yield client


async def follow(client: httpx.AsyncClient, turn: str) -> None:
    """Read an event of the turn as soon as a stream may be opened."""
    async with asyncio.timeout(60):
        while True:
            async with client.stream("GET", f"/turns/{turn}/events") as response:
                if response.status_code == 200:
                    await anext(read_events(response))
                    return
                assert response.status_code == 429


async def test_a_user_may_hold_only_so_many_streams(frontdesk: Frontdesk, ada: UUID, bob: UUID, turn: str) -> None:
    """One more is refused, whatever it is for; other users are not affected, and closing one allows another."""
    path = f"/turns/{turn}/events"
    async with many_connections(frontdesk, ada) as client, AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(client.stream("GET", path)) for _ in range(MAX_STREAMS)]
        assert {response.status_code for response in opened} == {200}
        for refused in (
            await client.get(path),
            await client.post(f"/turns/{turn}/stop"),
            await client.post("/chat", json={"message": "Hello"}),
        ):
            problem = refused.json()
            assert (refused.status_code, problem["code"]) == (429, "rate_limited")
            assert refused.headers["retry-after"] == str(problem["retry_after"])
        assert (await client.get(f"/turns/{turn}")).json()["status"] == "running"
        async with frontdesk.client(bob) as other:
            assert (await other.post("/chat", json={"message": "Hello"})).status_code == 200
        await opened[0].aclose()
        await follow(client, turn)
        await opened[1].aclose()
        async with asyncio.timeout(60):
            while (await client.post(f"/turns/{turn}/stop")).status_code == 429:
                pass


async def test_every_end_of_a_request_frees_its_stream(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, turn: str
) -> None:
    """An answer, an error, no events, and a client that leaves before the first byte."""
    model.always(Text("Yes."))
    (signed,) = frontdesk.signed_in(ada).values()
    unread = f"GET /turns/{turn}/events HTTP/1.1\r\nHost: test\r\nAuthorization: {signed}\r\n\r\n".encode()
    async with many_connections(frontdesk, ada) as client, AsyncExitStack() as stack:
        over = (await client.post("/chat", json={"message": "Hello"})).headers["x-turn-id"]
        for _ in range(MAX_STREAMS - 1):
            await stack.enter_async_context(client.stream("GET", f"/turns/{turn}/events"))
        for _ in range(3):
            await follow(client, turn)
            assert (await client.post("/chat", json={"message": "Hello"})).status_code == 200
            await follow(client, turn)
            assert (await client.post("/chat", json={"message": " "})).status_code == 400
            await follow(client, turn)
            assert (await client.get(f"/turns/{uuid4()}/events")).status_code == 404
            await follow(client, turn)
            assert (await client.get(f"/turns/{over}/events", headers={"Last-Event-ID": "9999"})).status_code == 204
            await follow(client, turn)
            assert (await client.post(f"/turns/{over}/stop")).status_code == 200
            async with connected(frontdesk.url) as (_, writer):
                writer.write(unread)
                await writer.drain()
            await follow(client, turn)
        assert (await client.delete("/account")).status_code == 204  # and so the turn ends
