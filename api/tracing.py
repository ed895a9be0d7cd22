"""Requests as OpenTelemetry spans, made by Litestar's plugin and named for their route."""

import os
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

from litestar.config.app import AppConfig
from litestar.middleware import ASGIMiddleware
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp, Receive, Scope, Send
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import Span, get_current_span

from graph.observability.tracing import Tracing
from nodes.text.pii.masking import mask

UNTRACED = r"^/(health/.*|metrics|dashboard|page/.*|favicon\.ico)?$"
"""Paths that are requested all the time: pages and their files, health checks, Prometheus."""
REDACTED = "REDACTED"


def http_spans(tracing: Tracing | None) -> list[InitPlugin]:
    """The plugins that trace requests; none without tracing."""
    if tracing is None:
        return []
    # Without this variable the instrumentation uses the names of an old draft of the semantic conventions.
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    from litestar.plugins.opentelemetry import OpenTelemetryConfig, OpenTelemetryPlugin

    config = OpenTelemetryConfig(
        tracer_provider=tracing.spans,
        meter_provider=NoOpMeterProvider(),
        scope_span_details_extractor=lambda scope: (str(scope.get("method", "")), {}),
        server_request_hook_handler=partial(_hide_query, tracing),
        exclude=UNTRACED,
        exclude_spans=["send", "receive"],  # a stream would have one for each event
    )
    return [OpenTelemetryPlugin(config), _RouteNames()]


def _hide_query(tracing: Tracing, span: Span, scope: dict[str, Any]) -> None:
    """Hook for a new request span: the query may hold a search text, which is content, and masked as such."""
    if query := scope.get("query_string"):
        text = unquote_plus(query.decode("latin-1"))
        span.set_attribute("url.query", mask(text, tracing.mask).text if tracing.content else REDACTED)


class _RouteNames(InitPlugin):
    """Adds the middleware that names spans; it must run inside the plugin's own, where the route is known."""

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Insert the middleware."""
        app_config.middleware.insert(0, _NameSpan())
        return app_config


class _NameSpan(ASGIMiddleware):
    """Names the span of each request after its route, of which there are few."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Name the span; an untraced request has a no-op span."""
        route = scope["path_template"]
        span = get_current_span()
        span.update_name(f"{scope.get('method')} {route}")
        span.set_attribute("http.route", route)
        await next_app(scope, receive, send)
