"""A trace collector: takes spans by OTLP over HTTP and keeps them."""

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
class SpanData:
    """A span as the collector received it."""

    trace: bytes
    id: bytes
    parent: bytes
    """Empty for the first span of a trace."""
    name: str
    kind: str
    failed: bool
    status: str
    """The description in its status."""
    events: int
    attributes: dict[str, Any]
    resource: dict[str, Any]
    """Attributes of the process that sent it."""
    ended: int


class Collector:
    """Takes spans while its `async with` block runs.

    Args:
        answers: whether requests are answered from the start; their spans are kept either way.
        status: of the answers.
    """

    def __init__(self, *, answers: bool = True, status: int = 200) -> None:
        self.url = ""
        self.spans = list[SpanData]()
        self.sent = b""
        """All request bodies, uncompressed, one after the other."""
        self.headers = list[dict[str, str]]()
        self.answering = asyncio.Event()
        """Once set, requests are answered, those that wait too."""
        if answers:
            self.answering.set()
        self._status = status
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

    async def until(self, holds: Callable[[Sequence[SpanData]], bool], within: float = 20.0) -> Sequence[SpanData]:
        """The spans, once this holds of them. Raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while not holds(self.spans):
                await self._arrival.wait()
        return self.spans

    async def named(self, *names: str, count: int = 1) -> list[SpanData]:
        """The spans of these names, in the order of the names, once there are `count` of each."""

        def found(name: str) -> list[SpanData]:
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
                await self.answering.wait()
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
            self.spans += [_span_data(span, sender) for scope in resource.scope_spans for span in scope.spans]
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


def _span_data(span: trace_pb2.Span, sender: dict[str, Any]) -> SpanData:
    return SpanData(
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
        print(collector.url, flush=True)  # noqa: T201 - read by the process that started this one
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
