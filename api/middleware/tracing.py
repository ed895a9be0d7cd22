"""Requests as spans, by Litestar's plugin, named for their route."""

import os
from typing import Any

from litestar.config.app import AppConfig
from litestar.middleware import ASGIMiddleware
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp, Receive, Scope, Send
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import Span, get_current_span

from graph.observability.tracing import Tracing

UNSEEN = r"^/(health/.*|metrics|dashboard|page/.*|favicon\.ico)?$"
"""What is asked for all the time and says nothing about anyone: pages and their files, health, Prometheus."""
REDACTED = "REDACTED"


def http_spans(tracing: Tracing | None) -> list[InitPlugin]:
    """The plugins by which requests are traced; none where nobody traces."""
    if tracing is None:
        return []
    # The instrumentation speaks an old draft of the conventions unless it is told otherwise, and only so.
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    from litestar.plugins.opentelemetry import OpenTelemetryConfig, OpenTelemetryPlugin

    config = OpenTelemetryConfig(
        tracer_provider=tracing.spans,
        meter_provider=NoOpMeterProvider(),
        scope_span_details_extractor=lambda scope: (str(scope.get("method", "")), {}),
        server_request_hook_handler=None if tracing.content else _redact,
        exclude=UNSEEN,
        exclude_spans=["send", "receive"],  # a stream would have one for each event
    )
    return [OpenTelemetryPlugin(config), _Named()]


def _redact(span: Span, scope: dict[str, Any]) -> None:
    """Hook for a request's span as it begins: what somebody looks for is content."""
    if scope.get("query_string"):
        span.set_attribute("url.query", REDACTED)


class _Named(InitPlugin):
    """Gives the span the name of its route, which is known only further in, and of which there are few."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Put it before every handler."""
        app_config.middleware.insert(0, _Naming())
        return app_config


class _Naming(ASGIMiddleware):
    """Passes every request on under its name."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Name the span; requests without one have a span that takes no name."""
        route = scope["path_template"]
        span = get_current_span()
        span.update_name(f"{scope.get('method')} {route}")
        span.set_attribute("http.route", route)
        await next_app(scope, receive, send)
