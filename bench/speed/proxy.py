"""A TCP proxy before Postgres that counts what clients send: statements, and messages that wait for an answer.

It is never there while times or CPU are measured.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

STARTUP_REQUESTS = (80877102, 80877103, 80877104)
"""Codes of first messages after which there is no session yet: cancel, TLS, GSS."""
STATEMENTS = b"QE"
"""Types of the messages Query and Execute."""
ROUND_TRIPS = b"QS"
"""Types of the messages Query and Sync, after which a client waits."""


@dataclass
class Counted:
    """Times (monotonic) of all statements and round trips, and the URL by which clients connect."""

    url: str
    statements: list[float] = field(default_factory=list[float])
    round_trips: list[float] = field(default_factory=list[float])

    def add(self, kind: int) -> None:
        """Count a message by its type."""
        now = time.monotonic()
        if kind in STATEMENTS:
            self.statements.append(now)
        if kind in ROUND_TRIPS:
            self.round_trips.append(now)


@asynccontextmanager
async def counting(url: str) -> AsyncGenerator[Counted]:
    """A proxy before the database at `url`, for the length of the block."""
    parts = urlsplit(url)
    counted = Counted("")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            upstream, sending = await asyncio.open_connection(parts.hostname, parts.port)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, sending, _Messages(counted)))
                both.create_task(_pass_on(upstream, writer, None))

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        counted.url = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
        yield counted


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, messages: "_Messages | None") -> None:
    try:
        while data := await reader.read(65_536):
            if messages:
                messages.feed(data)
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


class _Messages:
    """Finds the messages in what a client sends."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._buffer = bytearray()
        self._started = False

    def feed(self, data: bytes) -> None:
        """Read whole messages; the rest waits for more."""
        self._buffer += data
        while len(self._buffer) >= 8 - 3 * self._started:
            typed = int(self._started)
            length = int.from_bytes(self._buffer[typed : typed + 4]) + typed
            if len(self._buffer) < length:
                return
            if self._started:
                self._counted.add(self._buffer[0])
            else:
                self._started = int.from_bytes(self._buffer[4:8]) not in STARTUP_REQUESTS
            del self._buffer[:length]
