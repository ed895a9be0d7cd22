"""Raw connections, for clients that do not keep to HTTP."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Reply:
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Streams]:
    """A connection to the application at this address."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):  # hung up on in the middle of sending
            await writer.wait_closed()


async def reply(reader: asyncio.StreamReader) -> Reply:
    """The next response, which must say its length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Reply(int(status.split()[1]), headers, body)


async def until_closed(url: str, sent: bytes) -> Reply:
    """Send this, and hear the one response before the server hangs up."""
    async with connected(url) as (reader, writer):
        writer.write(sent)
        heard = await reply(reader)
        assert await reader.read() == b""
    return heard
