"""The HTTP/1.1 edge: how much of a request is read, and how long it is waited for, before the application is asked.

Uvicorn waits for as long as a client likes to send; without limits here, silent connections would pile up.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from api.errors import PROBLEM, Problem
from api.middleware.security_headers import security_headers

MAX_HEAD_BYTES = 16 * 1024
"""Request line and headers together."""
MAX_HEADERS = 100
LINGER_SECONDS = 2.0
"""How long a refused client may go on sending into nothing."""


class Edge(HttpToolsProtocol):
    """Uvicorn's protocol, with limits on what a client sends. What it reads, and how slowly, is its own affair."""

    head_seconds = 10.0
    """From the connection, or from a later request's first byte, until its headers are complete."""
    body_seconds = 20.0
    """From there until the body is complete."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._seconds = self.head_seconds
        self._in_body = False
        self._refused = False
        self._head = 0  # bytes of this request's line and headers, as parsed
        self._pending = 0  # bytes the parser holds, or has passed over, since its last word

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request's headers."""
        super().connection_made(transport)
        self._wait(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse it, unless this client has been refused."""
        if self._refused:
            return
        self._pending += len(data)
        super().data_received(data)
        if self._pending > MAX_HEAD_BYTES:  # one endless header, which the parser tells nobody of
            self._refuse(_too_large())
        # Bytes end uvicorn's keep-alive timer even where no request begins with them.
        elif self._timer is None and self._answered():
            self._wait(self.head_seconds)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - a problem document has our own words
        """Refuse what is no HTTP."""
        self._refuse(Problem(400, "invalid_request", "The request could not be read."))

    def on_message_begin(self) -> None:
        """A request begins; the first one has been waited for since the connection."""
        super().on_message_begin()
        self._head = self._pending = 0
        if self._timer is None:
            self._wait(self.head_seconds)

    def on_url(self, url: bytes) -> None:
        """Count the request line."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, or a trailer after a chunked body."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + len(": \r\n"))

    def on_headers_complete(self) -> None:
        """The body's time begins, and the application's turn."""
        self._pending = 0
        if not self._names_its_host():
            self._refuse(Problem(400, "invalid_request", "The request must name its host, once."))
        if not self._refused:
            self._in_body = True
            self._wait(self.body_seconds)
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand it on."""
        self._pending = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here; how long the answer takes is not the client's fault."""
        self._pending = 0
        if not self._refused:
            self._in_body = False
            self._stop_waiting()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """What was held back behind an answer gets its whole time now."""
        super().on_response_complete()
        if self._timer is not None and not self._refused:
            self._wait(self._seconds)

    def _answered(self) -> bool:
        """No answer is on its way."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # uvicorn says it were never None
        return cycle is None or cycle.response_complete

    def _names_its_host(self) -> bool:
        """Once, as RFC 9112 (3.2) has it: of two, a proxy and we may believe a different one. HTTP/1.0 needs none."""
        assert self.parser is not None
        hosts = sum(name == b"host" for name, _ in self.headers)
        return hosts == 1 or (hosts == 0 and self.parser.get_http_version() == "1.0")

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._refuse(_too_large())

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._seconds = seconds
        self._timer = self.loop.call_later(seconds, self._late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        if self.flow.read_paused:  # it is us who do not read
            self._wait(self._seconds)
        else:
            self._refuse(Problem(408, "request_timeout", "The request took too long to arrive."))

    def _refuse(self, problem: Problem) -> None:
        """Answer with this and hang up, at once or after the answer that is on its way."""
        if self._refused:
            return
        self._refused = True
        self._stop_waiting()
        self._unset_keepalive_if_required()
        answered = self._answered()
        if answered and self._in_body:
            self._hang_up()  # this very request has had its answer
        elif answered or (self._in_body and not self.cycle.response_started and not self.pipeline):
            self._answer(problem)
        else:
            self.pipeline.clear()
            self.cycle.keep_alive = False

    def _answer(self, problem: Problem) -> None:
        if not self._answered():
            self.cycle.disconnected = True  # the application stops reading, and what it still says goes nowhere
            self.cycle.message_event.set()
        self.transport.write(_on_the_wire(problem, self.server_state.default_headers))
        self._hang_up()

    def _hang_up(self) -> None:
        if self.transport.can_write_eof():
            # Closing over unread bytes resets the connection, and the answer would be lost on its way.
            self.transport.write_eof()
            self.flow.resume_reading()
            self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()


def _too_large() -> Problem:
    return Problem(431, "headers_too_large", "The request's headers are larger than 16 KiB, or more than 100.")


def _on_the_wire(problem: Problem, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    body = problem.body()
    headers = [
        *default_headers,
        *((name.encode(), value.encode()) for name, value in security_headers(PROBLEM).items()),
        (b"content-type", PROBLEM.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    lines = [name + b": " + value + b"\r\n" for name, value in headers]
    return b"".join([STATUS_LINE[problem.status_code], *lines, b"\r\n", body])
