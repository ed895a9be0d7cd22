"""A TCP proxy in front of a server, which can cut connections, drop requests and forward elsewhere."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

PIECE = 65536


class TcpProxy:
    """Forwards everything, unless it is cut. Open it with `tcp_proxy()`."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._open: set[asyncio.StreamWriter] = set()
        self._connected = True
        self._drops_next = False
        self.url = ""

    def cut(self) -> None:
        """Break every connection, and take no new one."""
        self._connected = False
        for writer in self._open:
            writer.transport.abort()

    def restore(self) -> None:
        """Let connections through again."""
        self._connected = True

    def drop_next_request(self) -> None:
        """Drop the next request; its connection stays open, and nothing is forwarded on it any more."""
        self._drops_next = True

    def forward_to(self, target: str) -> None:
        """Forward new connections to the server at this URL."""
        self._target = urlsplit(target)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward a connection both ways."""
        if not self._connected:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        await asyncio.gather(self._forward(reader, back, asks=True), self._forward(there, writer))

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool = False) -> None:
        self._open.add(writer)
        dropped = False
        try:
            with suppress(OSError):
                while piece := await reader.read(PIECE):
                    if asks and self._drops_next:
                        self._drops_next, dropped = False, True
                    if not dropped:
                        writer.write(piece)
                        await writer.drain()
        finally:
            self._open.discard(writer)
            writer.close()


@asynccontextmanager
async def tcp_proxy(target: str) -> AsyncGenerator[TcpProxy]:
    """A proxy in front of the server at this URL."""
    proxy = TcpProxy(target)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await server.wait_closed()
