"""Limits on the size of a request's headers and on the time in which a request must arrive.

Uvicorn has neither, so silent connections would pile up.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from api.problems import PROBLEM, Problem
from api.requests import SECURITY_HEADERS

MAX_HEAD_BYTES = 16 * 1024
"""Request line and headers together."""
MAX_HEADERS = 100
BODY_PORTION = 256 * 1024
"""Bytes. A document of 20 MiB takes longer than a message: what counts is that it keeps coming."""
LINGER_SECONDS = 2.0
"""Seconds in which a refused client may go on sending; what it sends is discarded."""


class LimitedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol with limits on what a client sends; how slowly it reads is not limited."""

    head_seconds = 10.0
    """Seconds from the connection, or from a later request's first byte, until the headers are complete."""
    body_seconds = 20.0
    """Seconds from there until the body is complete; of a larger one, for each `BODY_PORTION`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._seconds = self.head_seconds
        self._in_body = False
        self._refused = False
        self._head = 0  # bytes of this request's line and headers, as parsed
        self._portion = 0  # bytes of the body's present portion
        self._pending = 0  # bytes since the parser last called back: held by it, or skipped

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the first request's headers."""
        super().connection_made(transport)
        self._start_timer(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data, unless this client has been refused."""
        if self._refused:
            return
        self._pending += len(data)
        super().data_received(data)
        if self._pending > MAX_HEAD_BYTES:  # one endless header, for which the parser never calls back
            self._refuse(_too_large())
        # Any byte stops uvicorn's keep-alive timer, even if no request begins with it.
        elif self._timer is None and self._answered():
            self._start_timer(self.head_seconds)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - a problem document has its own text
        """Refuse what is not HTTP."""
        self._refuse(Problem(400, "invalid_request", "The request could not be read."))

    def on_message_begin(self) -> None:
        """A request begins. For a connection's first request the timer runs already."""
        super().on_message_begin()
        self._head = self._pending = 0
        if self._timer is None:
            self._start_timer(self.head_seconds)

    def on_url(self, url: bytes) -> None:
        """Count the request line."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, or a trailer after a chunked body."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + len(": \r\n"))

    def on_headers_complete(self) -> None:
        """Start the timer for the body, and call the application."""
        self._pending = 0
        if not self._has_one_host():
            self._refuse(Problem(400, "invalid_request", "The request must name its host, once."))
        if not self._refused:
            self._in_body = True
            self._portion = 0
            self._start_timer(self.body_seconds)
            super().on_headers_complete()
            self.cycle.transport = cast(asyncio.Transport, _ResponseTransport(self))

    def on_body(self, body: bytes) -> None:
        """Pass the data on; the next portion of a large body gets its own time."""
        self._pending = 0
        if not self._refused:
            self._portion += len(body)
            if self._portion >= BODY_PORTION:
                self._portion %= BODY_PORTION
                self._start_timer(self.body_seconds)
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete: stop the timer."""
        self._pending = 0
        if not self._refused:
            self._in_body = False
            self._stop_timer()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """A pipelined request that waited for this response gets its full time."""
        super().on_response_complete()
        if self._timer is not None and not self._refused:
            self._start_timer(self._seconds)

    def close_after_response(self) -> None:
        """Close the connection; a client that is still sending its request may finish it first."""
        if self._in_body and not self._refused:
            self._refused = True
            self._stop_timer()
            self._close()
        else:
            self.transport.close()

    def _answered(self) -> bool:
        """Whether no response is under way."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request, unlike its type says
        return cycle is None or cycle.response_complete

    def _has_one_host(self) -> bool:
        """Whether there is one Host (RFC 9112, 3.2): of two, a proxy may use the other. HTTP/1.0 needs none."""
        assert self.parser is not None
        hosts = sum(name == b"host" for name, _ in self.headers)
        return hosts == 1 or (hosts == 0 and self.parser.get_http_version() == "1.0")

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._refuse(_too_large())

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._seconds = seconds
        self._timer = self.loop.call_later(seconds, self._on_timeout)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timeout(self) -> None:
        if self.flow.read_paused:  # the delay is ours
            self._start_timer(self._seconds)
        else:
            self._refuse(Problem(408, "request_timeout", "The request took too long to arrive."))

    def _refuse(self, problem: Problem) -> None:
        """Send the problem and close the connection, at once or after the response that is under way."""
        if self._refused:
            return
        self._refused = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        answered = self._answered()
        if answered and self._in_body:
            self._close()  # this request was answered before its body was complete
        elif answered or (self._in_body and not self.cycle.response_started and not self.pipeline):
            self._answer(problem)
        else:
            self.pipeline.clear()
            self.cycle.keep_alive = False

    def _answer(self, problem: Problem) -> None:
        if not self._answered():
            self.cycle.disconnected = True  # the application stops reading, and what it still sends is dropped
            self.cycle.message_event.set()
        self.transport.write(_encode(problem, self.server_state.default_headers))
        self._close()

    def _close(self) -> None:
        if self.transport.can_write_eof():
            # Closing with unread bytes resets the connection, and the client could lose the response.
            self.transport.write_eof()
            self.flow.resume_reading()
            self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()


class _ResponseTransport:
    """What uvicorn writes one response to; where the connection is not kept alive it closes this after the response."""

    def __init__(self, protocol: LimitedProtocol) -> None:
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing
        self.close = protocol.close_after_response


def _too_large() -> Problem:
    return Problem(431, "headers_too_large", "The request's headers are larger than 16 KiB, or more than 100.")


def _encode(problem: Problem, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    body = problem.body()
    headers = [
        *default_headers,
        *SECURITY_HEADERS.items(),
        (b"content-type", PROBLEM.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    lines = [name + b": " + value + b"\r\n" for name, value in headers]
    return b"".join([STATUS_LINE[problem.status_code], *lines, b"\r\n", body])
