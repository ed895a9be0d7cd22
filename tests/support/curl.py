"""A client that speaks HTTP/1.1 or HTTP/2, as told, and is no part of this process: curl."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.support.app import Event, events_in


@dataclass(frozen=True)
class Response:
    """What came back: its head, and its body as it comes."""

    http: str
    status: int
    headers: dict[str, str]
    body: asyncio.StreamReader

    async def lines(self) -> AsyncGenerator[str]:
        """The lines that are still to come."""
        while line := await self.body.readline():
            yield line.decode().rstrip("\r\n")

    def events(self) -> AsyncGenerator[Event]:
        """The events that are still to come."""
        return events_in(self.lines())


@asynccontextmanager
async def curl(
    url: str, *options: str, headers: Mapping[str, str], body: str | None = None
) -> AsyncGenerator[Response]:
    """The response to a GET, or with a body to a POST; leaving the block hangs up, as a client that crashes does."""
    given = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    if body is not None:
        given += ["--data-binary", "@-", "--header", "Expect:"]  # its leave to send would be one more head to read
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", "--no-buffer", "--include", "--max-time", "60", *options, *given, url,
        stdin=PIPE, stdout=PIPE,
    )  # fmt: skip
    try:
        yield await _response(process, body or "")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def _response(process: Process, body: str) -> Response:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(body.encode())
    process.stdin.close()
    head = (await process.stdout.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    http, status, *_ = first.split()
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Response(http, int(status), headers, process.stdout)
