"""The HTTP application: routes, plugins, hooks and dependencies."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any, cast
from uuid import UUID

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsPlugin
from litestar.plugins.prometheus import PrometheusConfig
from litestar.types import ControllerRouterHandler

from api.auth.api_keys import KeyAuthenticator
from api.auth.jwks import KeySet
from api.auth.local_mode import LocalSessions, local_pages_only, set_session_cookie
from api.auth.tokens import BearerTokens
from api.auth.user import Authenticator
from api.doors.all import DOORS
from api.errors import PROBLEMS
from api.limits import add_limit_headers, provide_limits
from api.openapi import COMPONENTS, ModelSchema
from api.openapi_page import SchemaPage
from api.requests import (
    Application,
    JSONRequest,
    bind_request,
    provide_service,
    provide_user,
    provide_user_data,
    security_headers,
)
from api.routes import (
    conversations,
    documents,
    finance,
    keys,
    memory,
    plans,
    proposals,
    references,
    transactions,
    turns,
)
from api.routes.account import erase, export
from api.routes.audit import audit
from api.routes.chat import chat
from api.routes.costs import costs
from api.routes.employees import employees
from api.routes.feedback import bad_answers, give_feedback, take_feedback_back
from api.routes.health import live, ready
from api.routes.metrics import insights, metrics_summary, prometheus
from api.routes.pages import PAGES, unknown_address
from api.routes.settings import change_settings, me
from api.routes.settings import settings as user_settings
from api.routes.sign_in import follow_link, sign_in, sign_in_options
from api.routes.tables import csv_table
from api.routes.turn_metrics import list_turns, turn_content, turn_metrics
from api.tracing import http_spans
from graph.observability.tracing import Tracing
from graph.service import Service
from graph.settings import Settings

MAX_BODY_BYTES = 256 * 1024
REQUESTS = PrometheusConfig(
    app_name="frontdesk",
    prefix="frontdesk_http",
    group_path=True,  # by the route's template: no id, name or unknown path makes a series of its own
    buckets=[0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 150],  # of a stream: until its last event
)
ROUTES: list[ControllerRouterHandler] = [
    chat, turns.router, give_feedback, take_feedback_back, conversations.router, memory.router, export, erase, sign_in,
    follow_link, me, user_settings, change_settings, metrics_summary, insights, list_turns, turn_metrics, turn_content,
    costs, csv_table, bad_answers, prometheus, audit, employees, live, ready, keys.router,
    documents.router, transactions.router, finance.router, plans.router, references.router,
    proposals.router, *PAGES, *DOORS,
]  # fmt: skip
EXPOSED_HEADERS = [
    "X-Turn-Id", "X-Conversation-Id", "X-Employee", "X-Route-Confidence",
    "RateLimit", "RateLimit-Policy", "Retry-After", "Server-Timing", "x-should-retry", "Location", "Content-Location",
]  # fmt: skip


def create_app(
    settings: Settings, open_service: Callable[[], AbstractAsyncContextManager[Service]], tracing: Tracing | None = None
) -> Litestar:
    """The application. It opens the service when it starts and closes it when it ends."""
    return Application(
        route_handlers=ROUTES,
        lifespan=[_lifespan(settings, open_service)],
        middleware=[REQUESTS.middleware],
        dependencies={
            "user": Provide(provide_user),
            "service": Provide(provide_service, sync_to_thread=False),
            "user_data": Provide(provide_user_data, sync_to_thread=False),
            "limits": Provide(provide_limits, sync_to_thread=False),
        },
        guards=[local_pages_only(settings.cors_origins)] if settings.local else [],
        before_request=bind_request,
        before_send=[
            *([set_session_cookie] if settings.local else []),
            add_limit_headers,
            security_headers(settings.sign_in_origin),
        ],
        exception_handlers={NotFoundException: unknown_address},
        request_class=JSONRequest,
        request_max_body_size=MAX_BODY_BYTES,
        plugins=[
            ProblemDetailsPlugin(ProblemDetailsConfig(exception_to_problem_detail_map=cast(Any, PROBLEMS))),
            ModelSchema(),
            *http_spans(tracing),
        ],
        cors_config=_cors(settings.cors_origins),
        openapi_config=OpenAPIConfig(
            title="Frontdesk",
            version=version("frontdesk"),
            path="/schema",
            components=COMPONENTS,
            render_plugins=[SchemaPage()],
            use_handler_docstrings=True,
        ),
        logging_config=None,
    )


def authenticator(settings: Settings) -> Authenticator:
    """What finds the user of a request: session cookies in local mode, else bearer tokens."""
    if settings.local:
        return LocalSessions(settings.data_dir)
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    keys = KeySet(settings.jwks_url) if settings.jwks_url else None
    return BearerTokens(secret, keys, settings.jwt_audience, settings.jwt_issuer)


def _lifespan(
    settings: Settings, open_service: Callable[[], AbstractAsyncContextManager[Service]]
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        async with open_service() as service:
            app.state.service = service
            app.state.authenticator = authenticator(settings)
            app.state.sign_in = sign_in_options(settings)
            app.state.key_authenticator = KeyAuthenticator(service.user_data.keys, service.health)
            app.state.metrics_days = settings.keep_metrics_days
            app.state.streams = Counter[UUID]()
            try:
                yield
            finally:
                await app.state.authenticator.close()

    return lifespan


def _cors(origins: list[str]) -> CORSConfig | None:
    if not origins:
        return None
    return CORSConfig(allow_origins=origins, allow_credentials=False, expose_headers=EXPOSED_HEADERS)
