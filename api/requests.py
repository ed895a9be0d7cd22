"""What every request is checked for and given, and the security headers of every response."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from litestar import Litestar, MediaType, Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from api.auth.user import PREFIX, Authenticator, User, require_scope
from api.problems import Problem
from graph.account import UserData
from graph.service import Service

SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    b"cache-control": b"no-store",
}
"""Headers of a response that is no page; a handler may set another value."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'{issuer};"
    " manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""A page may load files from this server only, use nothing inline, and send to this server and the issuer."""


class Application(Litestar):
    """Litestar, with the server's own `send` in the request's state, for `HoldStream`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        """Serve a request, or the application's life."""
        if scope["type"] == ScopeType.HTTP:
            scope.setdefault("state", {})["send_to_server"] = send
        await super().__call__(scope, receive, send)


class JSONRequest(Request[Any, Any, Any]):
    """A request that refuses a body which the framework's JSON decoder fails on with an error of its own."""

    async def json(self) -> Any:
        """The decoded body.

        Raises:
            Problem: 400, it cannot be decoded.
        """
        try:
            return await super().json()
        except UnicodeDecodeError:
            raise Problem(400, "invalid_request", "The request is not valid UTF-8.") from None
        except RecursionError:
            raise Problem(400, "invalid_request", "The request is nested too deeply.") from None


async def require_json(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: refuse a body without the JSON media type, which a form of another site cannot send."""
    if connection.headers.get("content-type", "").partition(";")[0].strip().lower() != MediaType.JSON:
        raise Problem(415, "unsupported_media_type", "Send the message as application/json.")
    assert isinstance(connection, JSONRequest)
    if not await connection.body():
        raise Problem(400, "invalid_request", "The request has no body.")


async def bind_request(request: Request[Any, Any, Any]) -> None:
    """Hook before a request is handled: bind method and route to its log lines; not the path, which contains ids."""
    bind_contextvars(method=request.method, route=request.scope["path_template"])


async def provide_user(request: Request[Any, Any, Any]) -> User:
    """Dependency `user`.

    Raises:
        Problem: 401; 403 beyond an API key's scopes; 503 where the user cannot be checked.
    """
    state = request.app.state
    authenticator: Authenticator = state.key_authenticator if _shows_key(request) else state.authenticator
    user = await authenticator.user(request)
    if user.scopes is not None:
        require_scope(user, request)
    request.state.user = user
    return user


def _shows_key(request: Request[Any, Any, Any]) -> bool:
    """Whether there is an API key, as a bearer token or in `X-Api-Key`, where some clients put it."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    as_bearer = scheme.lower() == "bearer" and token.strip().startswith(PREFIX)
    return as_bearer or request.headers.get("x-api-key", "").startswith(PREFIX)


def provide_service(request: Request[Any, Any, Any], user: NamedDependency[User]) -> Service:  # noqa: ARG001
    """Dependency `service`; it needs the user first, so that a client that is not signed in gets 401 and not 503.

    Raises:
        StorageUnavailable: the database does not answer.
    """
    service = cast(Service, request.app.state.service)
    service.health.require_usable()
    return service


def provide_user_data(service: NamedDependency[Service]) -> UserData:
    """Dependency `user_data`."""
    return service.user_data


def security_headers(sign_in_origin: str | None) -> Callable[[Message, Scope], Awaitable[None]]:
    """A hook before a response is sent: it adds the headers that the handler has not set.

    Args:
        sign_in_origin: of the issuer that the pages sign in with; None where they do not.
    """
    policy = PAGE_POLICY.format(issuer=f" {sign_in_origin}" if sign_in_origin else "")
    page_headers = {**SECURITY_HEADERS, b"content-security-policy": policy.encode()}

    async def add_security_headers(message: Message, _: Scope) -> None:
        if message["type"] == "http.response.start":
            given = dict(message["headers"])
            is_page = given.get(b"content-type", b"").startswith(b"text/html")
            added = (page_headers if is_page else SECURITY_HEADERS).items()
            message["headers"] = [*message["headers"], *((name, value) for name, value in added if name not in given)]

    return add_security_headers
