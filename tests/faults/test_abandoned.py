"""Clients that go away in the middle, hundreds of them."""

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from graph.turns.registry import REMEMBERED
from tests.support.app import Frontdesk, Serve
from tests.support.database import rows
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.raw_http import connected
from tests.support.resources import broken_connections, descriptors, in_use, instances, tasks

CLIENTS = 250
"""More than the latest turns that are remembered, or nothing would be seen to be forgotten."""
TOGETHER = 50
"""Clients at a time."""
POSTGRES = 10 + 5 + 5 + 5 + 2 + 3 + 2
"""Connections of one application at most: parts, recall, checkpoints, records, leases, jobs, and two that listen."""
MODEL = 100
"""Connections to the model that one application keeps open at most."""
WITHIN = 60
"""Seconds in which the last of it must be gone."""
RESET = struct.pack("ii", 1, 0)
"""Linger no second: hang up by a reset, as who crashes does."""


async def test_nothing_stays_behind_of_hundreds_of_abandoned_streams(serve: Serve, model: ModelServer) -> None:
    """Streams, documents and readers who came back, here and on another server, all break off while the model speaks.

    Every answer is finished and kept; and then there are no more tasks, files and connections than before, nothing
    waits for anybody, and of the turns only the latest are remembered.
    """
    gate, instances_before = asyncio.Event(), instances()
    model.always(Gate(["Well, ", "it depends."], gate), streaming)
    servers = [await serve(rate_limit=0, turn_timeout=60) for _ in range(2)]
    await abandon(servers, gate)  # what is opened once is open now
    await rest(servers)
    running, files = tasks(), opened(servers, model)["others"]
    for _ in range(CLIENTS // TOGETHER):
        await abandon(servers, gate)
    await rest(servers)
    await eventually(lambda: tasks() - running, Counter())
    await eventually(lambda: max(0, opened(servers, model)["others"] - files), 0)
    assert opened(servers, model)["clients"] == 0
    assert opened(servers, model)["postgres"] <= POSTGRES * len(servers)
    assert opened(servers, model)["model"] <= MODEL * len(servers) * 2  # both ends are here
    assert sum(map(broken_connections, servers)) == 0
    more = instances() - instances_before
    assert more["connections"] == 0
    assert more["turns"] <= REMEMBERED  # only one of the servers was asked for any
    query = "select content, count(*) from chat_messages where role = 'assistant' group by content"
    assert await rows(servers[0].service.url, query) == [("Well, it depends.", CLIENTS + TOGETHER)]


async def abandon(servers: Sequence[Frontdesk], gate: asyncio.Event) -> None:
    """Clients come and go; only then the model finishes what it says to them."""
    gate.clear()
    here, other = servers
    await asyncio.gather(*(leave(here, other, number) for number in range(TOGETHER)))
    for server in servers:
        await server.unasked()
    assert in_use(here)["running turns"] == TOGETHER
    gate.set()
    await here.settled()


async def leave(here: Frontdesk, other: Frontdesk, number: int) -> None:
    """Ask, and hang up in one of several ways."""
    user = here.signed_in(uuid4())
    match number % 6:
        case 0:
            await ask(here, user, until=b"event: start")
        case 1:
            await ask(here, user, until=b"event: token")
        case 2:
            await ask(here, {**user, "Accept": "application/json"}, until=b"")
        case 3:
            await come_back(here, user, await ask(here, user, until=b"event: start"), until=b"event: token")
        case 4:
            await come_back(other, user, await ask(here, user, until=b"event: start"), until=b"event: token")
        case _:
            await come_back(other, user, await ask(here, user, until=b"event: start"), until=b"")


async def ask(frontdesk: Frontdesk, headers: dict[str, str], *, until: bytes) -> str:
    """Send a message and hear of the answer so far; returns the turn."""
    body = json.dumps({"message": "Hello"})
    head = await hear(frontdesk, "POST /chat", {**headers, "Content-Type": "application/json"}, body, until=until)
    return head["x-turn-id"]


async def come_back(frontdesk: Frontdesk, headers: dict[str, str], turn: str, *, until: bytes) -> None:
    """Follow the turn, and hang up again; until nothing is heard, while the journal is being read."""
    await hear(frontdesk, f"GET /turns/{turn}/events", headers, until=until)


async def hear(
    frontdesk: Frontdesk, request: str, headers: dict[str, str], body: str = "", *, until: bytes
) -> dict[str, str]:
    """The response's headers, after as much of its body."""
    given = {"Host": "test", "Content-Length": str(len(body)), **headers}
    sent = f"{request} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in given.items()) + "\r\n" + body
    async with connected(frontdesk.url) as (reader, writer):
        writer.write(sent.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if until:
            await reader.readuntil(until)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n"))}


def opened(servers: Sequence[Frontdesk], model: ModelServer) -> dict[str, int]:
    """What files and connections are for."""
    here, other = servers
    return descriptors(clients=here.url, readers=other.url, postgres=here.service.url, model=model.url)


async def rest(servers: Sequence[Frontdesk]) -> None:
    """Wait until nobody is served any more."""
    for server in servers:
        await eventually(partial(in_use, server), Counter())


async def eventually(look: Callable[[], Any], expected: object) -> None:
    """Wait until it is so."""
    try:
        async with asyncio.timeout(WITHIN):
            while look() != expected:  # noqa: ASYNC110 - nothing says when it becomes so
                await asyncio.sleep(0.01)
    except TimeoutError:
        assert look() == expected
