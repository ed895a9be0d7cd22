"""HTTP/1.1 with an end to patience: heads that are too large, and senders who never finish.

uvicorn's own protocol reads a head of any size and waits for the rest of a request for ever. What a body may
hold is the application's to say; how long a response takes to be read is not looked at here.
"""

import asyncio
from typing import Any, Literal

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.errors import PROBLEM, Problem

LARGEST_HEAD = 16 * 1024
"""Bytes of request line and headers together."""
MOST_HEADERS = 100


class PatientProtocol(HttpToolsProtocol):
    """One connection; each of its requests gets so much time and space and no more."""

    head_seconds = 10.0
    """From the first byte, or from the connection, to the end of the headers."""
    body_seconds = 20.0
    """From there to the end of the body."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading: Literal["head", "body", "nothing"] = "nothing"
        self._size = 0
        self._refused = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._begin("head", self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless it was too much already."""
        if self._refused:
            return
        if self._reading == "nothing":
            self._begin("head", self.head_seconds)
        before = self._size
        super().data_received(data)
        # A header is told of when it is complete: one that never is counts by what has come of it.
        if self._reading == "head" and not self._refused:
            self._size = max(self._size, before + len(data))
            self._weigh()

    def on_message_begin(self) -> None:
        """Begin a head; the one of a second request that came with the first, too."""
        super().on_message_begin()
        if self._reading != "head":
            self._begin("head", self.head_seconds)

    def on_url(self, url: bytes) -> None:
        """Count the address."""
        super().on_url(url)
        self._size += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, with the colon and what ends its line."""
        super().on_header(name, value)
        self._size += len(name) + len(value) + 4

    def on_headers_complete(self) -> None:
        """Go on to the body, unless the head was too much."""
        self._weigh()
        if not self._refused:
            self._begin("body", self.body_seconds)
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take it, unless nobody will read it."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here."""
        if not self._refused:
            self._stop()
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP, in the words of every other refusal."""
        if not self._refused:
            self._refuse(Problem(400, "invalid_request", msg))

    def _begin(self, reading: Literal["head", "body"], seconds: float) -> None:
        self._stop()
        self._reading = reading
        self._timer = self.loop.call_later(seconds, self._expire)

    def _stop(self) -> None:
        self._reading, self._size = "nothing", 0
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        if self.pipeline:  # it is we who do not read on, until the request before this one is answered
            self._timer = self.loop.call_later(self.body_seconds, self._expire)
        elif self._reading == "body" and self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(Problem(408, "request_timeout", "The request did not arrive in time."))

    def _weigh(self) -> None:
        if self._size > LARGEST_HEAD or len(self.headers or ()) > MOST_HEADERS:
            self._refuse(Problem(431, "headers_too_large", "The request's headers are too large or too many."))

    def _refuse(self, problem: Problem) -> None:
        """Answer in the application's place, and hang up."""
        self._stop()
        self._refused = True
        body = msgspec.json.encode(problem.document())
        self.transport.write(
            STATUS_LINE[problem.status]
            + b"content-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (PROBLEM.encode(), len(body))
            + body
        )
        self.transport.close()
