"""A collector of spans that speaks OTLP over HTTP, and keeps what it gets."""

import asyncio
import contextlib
import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import h11
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

READ_SIZE = 65_536


@dataclass(frozen=True)
class Seen:
    """A span as it arrived."""

    trace: bytes
    id: bytes
    parent: bytes
    """Empty where it begins a trace."""
    name: str
    kind: str
    failed: bool
    status: str
    """What its status says besides."""
    events: int
    attributes: dict[str, Any]
    resource: dict[str, Any]
    """Who sent it."""
    ended: int


class Collector:
    """Takes spans while its `async with` block runs.

    Args:
        answers: whether clients get an answer; what they send is kept either way.
        status: the answer.
    """

    def __init__(self, *, answers: bool = True, status: int = 200) -> None:
        self.url = ""
        self.spans = list[Seen]()
        self.sent = b""
        """All that was sent, uncompressed, one after the other."""
        self.headers = list[dict[str, str]]()
        self._answers, self._status = answers, status
        self._arrival = asyncio.Event()
        self._connections = list[asyncio.Task[None]]()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def until(self, holds: Callable[[Sequence[Seen]], bool], within: float = 60.0) -> Sequence[Seen]:
        """Wait until this holds of the spans; returns them. Raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while not holds(self.spans):
                await self._arrival.wait()
        return self.spans

    async def named(self, *names: str, count: int = 1) -> list[Seen]:
        """Wait for so many spans of each of these names; returns them in the order of the names."""

        def found(name: str) -> list[Seen]:
            return [span for span in self.spans if span.name == name]

        await self.until(lambda _: all(len(found(name)) >= count for name in names))
        return [span for name in names for span in found(name)]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http = h11.Connection(h11.SERVER)
        try:
            while request := await _request(http, reader):
                self._take(*request)
                if not self._answers:
                    await asyncio.Event().wait()
                body = ExportTraceServiceResponse().SerializeToString()
                answer = h11.Response(status_code=self._status, headers=[("content-length", str(len(body)))])
                for event in (answer, h11.Data(body), h11.EndOfMessage()):
                    writer.write(http.send(event) or b"")
                await writer.drain()
                http.start_next_cycle()
        finally:
            writer.transport.abort()

    def _take(self, head: h11.Request, body: bytes) -> None:
        headers = {name.decode(): value.decode() for name, value in head.headers}
        self.headers.append({":path": head.target.decode(), **headers})
        raw = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        self.sent += raw
        for resource in ExportTraceServiceRequest.FromString(raw).resource_spans:
            sender = _plain(resource.resource.attributes)
            self.spans += [_seen(span, sender) for scope in resource.scope_spans for span in scope.spans]
        self._arrival.set()
        self._arrival = asyncio.Event()


async def _request(http: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request, bytes] | None:
    async def event() -> object:
        while (found := http.next_event()) is h11.NEED_DATA:
            http.receive_data(await reader.read(READ_SIZE))
        return found

    head, body = await event(), b""
    if not isinstance(head, h11.Request):
        return None
    while isinstance(part := await event(), h11.Data):
        body += part.data
    return head, body


def _seen(span: trace_pb2.Span, sender: dict[str, Any]) -> Seen:
    return Seen(
        trace=span.trace_id,
        id=span.span_id,
        parent=span.parent_span_id,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        status=span.status.message,
        events=len(span.events),
        attributes=_plain(span.attributes),
        resource=sender,
        ended=span.end_time_unix_nano,
    )


def _plain(pairs: Sequence[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


async def main() -> None:
    """Take spans until interrupted."""
    async with Collector() as collector:
        print(collector.url, flush=True)  # noqa: T201 - the one line that the command is run for
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
