"""Clients that send too much, too slowly or nothing, over raw connections."""

import asyncio
import json
from typing import Any, ClassVar
from uuid import UUID

import pytest

from api.server import http_limits
from api.server.http_limits import BODY_PORTION, LimitedProtocol
from tests.support.app import Frontdesk, Serve
from tests.support.listening import listening, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.raw_http import Reply, connected, reply, until_closed

LIVE = b"GET /health/live HTTP/1.1\r\nHost: test\r\n"
POST = b"POST /chat HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"


class ShortLimits(LimitedProtocol):
    """The same limits with short times."""

    head_seconds = 0.3
    body_seconds = 0.3


class RecordedTimes(LimitedProtocol):
    """The same limits; which times were given is recorded."""

    given: ClassVar[list[float]] = []

    def _start_timer(self, seconds: float) -> None:
        self.given.append(seconds)
        super()._start_timer(seconds)


@pytest.fixture
async def impatient(serve: Serve) -> Frontdesk:
    """An application with short time limits."""
    return await serve(http=ShortLimits)


LATE = {
    "a silent connection": b"",
    "an empty line": b"\r\n",
    "half a request line": b"GET /hea",
    "half-sent headers": LIVE + b"X-Half: a",
    "headers without an end": LIVE,
}

LATE_BODIES = {
    "a half-sent body": b'Content-Length: 30\r\n\r\n{"message":',
    "no body at all": b"Content-Length: 30\r\n\r\n",
    "a stalled chunk": b'Transfer-Encoding: chunked\r\n\r\n20\r\n{"message":',
    "chunks without an end": b'Transfer-Encoding: chunked\r\n\r\n2\r\n{"\r\n',
    "trailers without an end": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: a",
}

TOO_LARGE = {
    "a huge header": LIVE + b"X-Huge: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "a huge header without an end": LIVE + b"X-Huge: " + b"a" * 1_000_000,
    "a huge header name": LIVE + b"a" * 1_000_000,
    "a huge address": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
    "a header just too large": LIVE + b"X-Large: " + b"a" * 16 * 1024 + b"\r\n\r\n",
    "1,000 headers": LIVE + b"".join(b"X-%d: a\r\n" % number for number in range(1000)) + b"\r\n",
    "101 headers": LIVE + b"X: a\r\n" * 100 + b"\r\n",
}


@pytest.mark.parametrize("sent", LATE.values(), ids=LATE.keys())
async def test_incomplete_headers_time_out(impatient: Frontdesk, sent: bytes) -> None:
    """The client gets a problem and the connection is closed; the next request is answered."""
    refused(await until_closed(impatient.url, sent), 408, "request_timeout")
    await still_answers(impatient)


@pytest.mark.parametrize("sent", LATE_BODIES.values(), ids=LATE_BODIES.keys())
async def test_an_incomplete_body_times_out(impatient: Frontdesk, ada: UUID, sent: bytes) -> None:
    """The client gets a problem and the connection is closed; the next request is answered."""
    async with impatient.client(ada) as client:
        signed = b"Authorization: " + client.headers["authorization"].encode() + b"\r\n"
    refused(await until_closed(impatient.url, POST + signed + sent), 408, "request_timeout")
    await still_answers(impatient)


async def test_each_portion_of_a_document_has_its_own_time(serve: Serve, ada: UUID) -> None:
    """A large file may take longer than a message, as long as it keeps coming."""
    frontdesk = await serve(http=RecordedTimes)
    RecordedTimes.given.clear()
    async with frontdesk.client(ada) as client:
        sent = await client.post("/documents", files={"file": ("noise.bin", bytes(3 * BODY_PORTION - 10_000))})
    assert sent.status_code == 201
    assert RecordedTimes.given.count(LimitedProtocol.body_seconds) == 3


@pytest.mark.parametrize("sent", TOO_LARGE.values(), ids=TOO_LARGE.keys())
async def test_too_large_headers_are_refused(frontdesk: Frontdesk, sent: bytes) -> None:
    """The response arrives although the client goes on sending; the next request is answered."""
    refused(await until_closed(frontdesk.url, sent), 431, "headers_too_large")
    await still_answers(frontdesk)


async def test_headers_within_the_limits_are_accepted(frontdesk: Frontdesk) -> None:
    """A hundred headers, and 15 KB in one."""
    for headers in (b"X: a\r\n" * 99, b"X: " + b"a" * 15_000 + b"\r\n"):
        async with connected(frontdesk.url) as (reader, writer):
            writer.write(LIVE + headers + b"\r\n")
            assert (await reply(reader)).status == 200


async def test_large_trailers_are_refused(frontdesk: Frontdesk) -> None:
    """Trailers of a chunked body count as headers."""
    sent = POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Huge: " + b"a" * 1_000_000
    assert (await until_closed(frontdesk.url, sent)).status in {401, 431}  # whichever is first to say so
    await still_answers(frontdesk)


async def test_a_request_that_is_not_http_is_refused(frontdesk: Frontdesk) -> None:
    """With a problem document."""
    refused(await until_closed(frontdesk.url, b"HELLO?\r\n\r\n"), 400, "invalid_request")
    await still_answers(frontdesk)


HOSTS = {
    "none": b"GET /health/live HTTP/1.1\r\n\r\n",
    "two": LIVE + b"Host: test\r\n\r\n",
    "two that differ": LIVE + b"X: a\r\nHOST: elsewhere\r\n\r\n",
    "two in HTTP/1.0": b"GET /health/live HTTP/1.0\r\nHost: test\r\nHost: elsewhere\r\n\r\n",
    "two, and a body": POST + b"Host: elsewhere\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("mode", [{}, {"jwt_secret": None}], ids=["verified users", "local mode"])
@pytest.mark.parametrize("sent", HOSTS.values(), ids=HOSTS.keys())
async def test_a_request_needs_exactly_one_host(serve: Serve, sent: bytes, mode: dict[str, Any]) -> None:
    """With two, a proxy may use the other one; HTTP/1.1 requires one."""
    frontdesk = await serve(**mode)
    refused(await until_closed(frontdesk.url, sent), 400, "invalid_request")
    await still_answers(frontdesk)


async def test_http_1_0_needs_no_host(frontdesk: Frontdesk) -> None:
    """HTTP/1.0 has no Host header."""
    assert (await until_closed(frontdesk.url, b"GET /health/live HTTP/1.0\r\n\r\n")).status == 200


async def test_every_request_of_a_connection_has_its_own_time(impatient: Frontdesk) -> None:
    """The first is answered; the second stalls and is refused."""
    async with connected(impatient.url) as (reader, writer):
        for _ in range(3):
            writer.write(LIVE + b"\r\n")
            assert (await reply(reader)).status == 200
        writer.write(LIVE)
        refused(await reply(reader), 408, "request_timeout")
        assert await reader.read() == b""


async def test_a_response_may_take_longer_than_a_request(impatient: Frontdesk, ada: UUID, model: ModelServer) -> None:
    """Once the request is complete, no limit ends a slow answer or a slow reader."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(impatient, ada, "Hello") as events:
        await until(events, "token")
        refused(await until_closed(impatient.url, b""), 408, "request_timeout")  # so that long it has been, at least
        gate.set()
        await until(events, "done")
    await impatient.settled()


async def test_a_request_that_is_refused_early_may_be_sent_to_its_end(
    frontdesk: Frontdesk, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that cannot send the rest of it would not read the response."""
    monkeypatch.setattr(http_limits, "LINGER_SECONDS", 60)
    size, token = 300 * 1024, frontdesk.signed_in(ada)["Authorization"]
    head = f"Authorization: {token}\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    async with connected(frontdesk.url) as (reader, writer), frontdesk.client(None) as client:
        writer.write(POST + head.encode())
        refused(await reply(reader), 413, "body_too_large")
        assert await reader.read() == b""
        for _ in range(3):
            writer.write(b"a" * (size // 3))
            await writer.drain()
            await client.get("/health/live")  # and the server has seen it
        assert not writer.transport.is_closing()


def refused(answer: Reply, status: int, code: str) -> None:
    """Check for a problem document with this status and code, and a closed connection."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    problem = json.loads(answer.body)
    assert (answer.status, problem["status"], problem["code"]) == (status, status, code)
    assert set(problem) == {"type", "title", "status", "detail", "code"}


async def still_answers(frontdesk: Frontdesk) -> None:
    """Check that the next request is answered."""
    async with frontdesk.client(None) as client:
        assert (await client.get("/health/live")).status_code == 200
