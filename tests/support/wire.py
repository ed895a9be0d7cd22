"""A connection to a server that can be cut, lose what goes over it, and lead elsewhere."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

PIECE = 65536


class Wire:
    """Passes everything on, until it is cut; then nobody gets through, until it is mended."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._open: set[asyncio.StreamWriter] = set()
        self._whole = True
        self._loses = False
        self.url = ""

    def cut(self) -> None:
        """Break every connection, and take no new one."""
        self._whole = False
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    def lose(self) -> None:
        """Swallow the next request: its connection stays open, and nothing comes of it any more."""
        self._loses = True

    def lead_to(self, target: str) -> None:
        """Connect whoever comes from now on with the server at this URL."""
        self._target = urlsplit(target)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass a connection on both ways."""
        if not self._whole:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        await asyncio.gather(self._pass(reader, back, asks=True), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool = False) -> None:
        self._open.add(writer)
        lost = False
        try:
            with suppress(OSError):
                while piece := await reader.read(PIECE):
                    if asks and self._loses:
                        self._loses, lost = False, True
                    if not lost:
                        writer.write(piece)
                        await writer.drain()
        finally:
            self._open.discard(writer)
            writer.close()


@asynccontextmanager
async def wired(target: str) -> AsyncGenerator[Wire]:
    """A wire to the server at this URL."""
    wire = Wire(target)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
        await server.wait_closed()
