"""What reaches no handler: heads that are too large, senders who never finish, what is no HTTP."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from api.protocol import LARGEST_HEAD, MOST_HEADERS, PatientProtocol
from tests.support.app import Frontdesk
from tests.support.database import kept

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEAD = b"POST /chat HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"


@asynccontextmanager
async def connected(frontdesk: Frontdesk) -> AsyncGenerator[Wire]:
    """A bare connection."""
    parts = urlsplit(frontdesk.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    """Status and problem of the answer after which the server hung up."""
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)


async def sent(frontdesk: Frontdesk, *pieces: bytes) -> tuple[int, str]:
    """Status and code of what comes back for these bytes."""
    async with connected(frontdesk) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        status, problem = await answer(reader)
        assert problem["status"] == status
        assert problem["detail"]
        return status, problem["code"]


async def unharmed(frontdesk: Frontdesk, user: UUID) -> None:
    """Nothing is kept, and the next message is answered."""
    assert await kept(frontdesk.service.url) == {}
    assert (await frontdesk.chat(user, "Hello")).status == 200


TOO_LARGE = {
    "one long header": HEAD + b"x: " + b"a" * LARGEST_HEAD + b"\r\n\r\n",
    "one that never ends": HEAD + b"x: " + b"a" * (LARGEST_HEAD + 1),
    "a long address": b"GET /" + b"a" * LARGEST_HEAD + b" HTTP/1.1\r\nhost: here\r\n\r\n",
    "too many headers": HEAD + b"x: 1\r\n" * (MOST_HEADERS + 1) + b"\r\n",
    "many more, and no end": HEAD + b"x: 1\r\n" * 10_000,
}


@pytest.mark.parametrize("head", TOO_LARGE.values(), ids=TOO_LARGE.keys())
async def test_a_head_that_is_too_large_is_refused(frontdesk: Frontdesk, ada: UUID, head: bytes) -> None:
    """Before it is read to its end, however it is cut up."""
    assert await sent(frontdesk, head) == (431, "headers_too_large")
    pieces = [head[start : start + 1000] for start in range(0, len(head), 1000)]
    assert await sent(frontdesk, *pieces[:20]) == (431, "headers_too_large")
    await unharmed(frontdesk, ada)


async def test_a_head_that_just_fits_is_read(frontdesk: Frontdesk) -> None:
    """The limit is where it says, for the second request of a connection too."""
    filled = b"GET /employees HTTP/1.1\r\nhost: here\r\nx: " + b"a" * (LARGEST_HEAD - 200) + b"\r\n\r\n"
    async with connected(frontdesk) as (reader, writer):
        for _ in range(3):
            writer.write(filled)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            await reader.readuntil(b"]}]")


UNFINISHED: dict[str, bytes] = {
    "says nothing": b"",
    "stops in the first line": b"POST /ch",
    "stops in a header": HEAD + b"content-le",
    "sends empty lines": b"\r\n\r\n",
}


@pytest.mark.parametrize("begun", UNFINISHED.values(), ids=UNFINISHED.keys())
async def test_who_never_ends_a_head_is_cut_off(
    frontdesk: Frontdesk, ada: UUID, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """And one who sends a byte now and then gets no more time for it."""
    monkeypatch.setattr(PatientProtocol, "head_seconds", 0.1)
    assert await sent(frontdesk, begun) == (408, "request_timeout")
    monkeypatch.undo()
    await unharmed(frontdesk, ada)


@pytest.mark.parametrize(
    "begun",
    [HEAD + b'content-length: 100\r\n\r\n{"mess', HEAD + b'transfer-encoding: chunked\r\n\r\n5\r\n{"mes'],
    ids=["of a known length", "in chunks"],
)
async def test_who_never_ends_a_body_is_cut_off(
    frontdesk: Frontdesk, ada: UUID, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """Signed in or not: here nobody knows yet."""
    monkeypatch.setattr(PatientProtocol, "body_seconds", 0.1)
    async with frontdesk.client(ada) as client:
        token = client.headers["authorization"].encode()
    signed = begun.replace(b"host: here\r\n", b"host: here\r\nauthorization: " + token + b"\r\n")
    assert await sent(frontdesk, signed) == (408, "request_timeout")
    monkeypatch.undo()
    await unharmed(frontdesk, ada)


async def test_each_request_of_a_connection_has_its_own_time(
    frontdesk: Frontdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was answered does not make the next one patient."""
    async with connected(frontdesk) as (reader, writer):
        writer.write(b"GET /health/live HTTP/1.1\r\nhost: here\r\n\r\n")
        await reader.readuntil(b'"ok"}')
        monkeypatch.setattr(PatientProtocol, "head_seconds", 0.1)
        writer.write(b"GET /health")
        assert (await answer(reader))[0] == 408


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x02\x00\x01", b"HELLO\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
async def test_what_is_no_http_is_told_so(frontdesk: Frontdesk, ada: UUID, noise: bytes) -> None:
    """As a problem document, like everything else."""
    assert await sent(frontdesk, noise) == (400, "invalid_request")
    await unharmed(frontdesk, ada)
