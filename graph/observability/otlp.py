"""Where spans go: to a collector, in batches, from a thread of their own that nobody waits for."""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

FLUSH_SECONDS = 0.5
"""That a process which ends gives the collector to take what is left."""
QUIET_SECONDS = 60.0
"""Between two warnings about a collector that takes nothing."""
TALKERS = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")
"""Who complains about it, several times for each batch."""


class Collector:
    """The way to one collector.

    Args:
        url: where it takes spans.
        headers: sent along.
        service: what we are called there.
    """

    def __init__(self, url: str, headers: Mapping[str, str], service: str) -> None:
        resource = Resource.create({"service.name": service, "service.instance.id": str(uuid4())})
        # An event of a span is made by the HTTP instrumentation only: an exception, with its text.
        limits = SpanLimits(max_events=0)
        self.spans = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(url, headers=headers, compression=Compression.Gzip)
        self.spans.add_span_processor(BatchSpanProcessor(exporter))
        self._hush = NowAndThen(QUIET_SECONDS)
        for name in TALKERS:
            logging.getLogger(name).addFilter(self._hush)

    async def close(self) -> None:
        """Send what there still is; what the collector does not take within `FLUSH_SECONDS` is lost."""
        # The library would wait for half a minute; a daemon thread keeps no process from ending.
        last = threading.Thread(target=self.spans.shutdown, name="last spans", daemon=True)
        last.start()
        await asyncio.to_thread(last.join, FLUSH_SECONDS)
        for name in TALKERS:
            logging.getLogger(name).removeFilter(self._hush)


class NowAndThen(logging.Filter):
    """Lets a warning through after so many seconds without one; an error is no more than that here."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._next = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be seen."""
        if record.levelno < logging.WARNING:
            return True
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._seconds
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
