"""Local mode: each browser on this machine is a user of its own, remembered by a signed cookie.

Users are not verified, so only requests from this machine's own pages are served. A page of another site has another
origin, and after DNS rebinding the Host is not one of this machine's names.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import jwt
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.handlers import BaseRouteHandler
from litestar.types import Message, Scope

from api.auth.user import User
from api.problems import Problem
from api.server.port import LOOPBACK

COOKIE = "frontdesk_session"
COOKIE_AGE = 365 * 24 * 3600
LINK = "sign-in"
LINK_AGE = 24 * 3600
"""Seconds."""
ISSUER = "frontdesk-local"

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


class LocalSessions:
    """Authenticator by session cookie.

    Args:
        folder: where the signing key is kept, so that sessions outlive a restart and all workers share them.
    """

    def __init__(self, folder: Path) -> None:
        self._key = _session_key(folder)

    async def user(self, request: Request[Any, Any, Any]) -> User:
        """The cookie's user; a new one without a valid cookie."""
        try:
            session = request.cookies.get(COOKIE, "")
            claims = jwt.decode(session, self._key, algorithms=["HS256"], issuer=ISSUER, options={"require": ["sub"]})
            return User(UUID(claims["sub"]), admin=True, verified=False)
        except (jwt.InvalidTokenError, ValueError):
            return User(uuid4(), admin=True, new=True, verified=False)

    async def close(self) -> None:
        """Nothing is under way."""

    def link(self, user_id: UUID) -> str:
        """What signs a browser in as this user, for a day: it is in the address that `frontdesk demo` prints."""
        claims = {"sub": str(user_id), "iss": ISSUER, "aud": LINK, "exp": int(time.time()) + LINK_AGE}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def user_of(self, link: str) -> User:
        """The user of such a link.

        Raises:
            Problem: 404: it is none, or too old.
        """
        try:
            claims = jwt.decode(
                link, self._key, algorithms=["HS256"], issuer=ISSUER, audience=LINK, options={"require": ["sub", "exp"]}
            )
            return User(UUID(claims["sub"]), admin=True, verified=False)
        except (jwt.InvalidTokenError, ValueError):
            raise Problem(404, "not_found", "This link is no longer good.") from None

    def cookie(self, user: User) -> Cookie:
        """The session cookie of this user."""
        return Cookie(
            key=COOKIE,
            value=jwt.encode({"sub": str(user.user_id), "iss": ISSUER}, self._key, algorithm="HS256"),
            max_age=COOKIE_AGE,
            httponly=True,
            samesite="strict",
            path="/",
        )


async def set_session_cookie(message: Message, scope: Scope) -> None:
    """Hook before a response is sent: give a new browser in local mode the session cookie.

    A page brings it, so that what the page asks for, several things at once, is asked for by one user. Not after a link
    from another site: the browser withheld the cookie there, and a new one would replace it.
    """
    if message["type"] != "http.response.start" or is_cross_site(Request(scope)):
        return
    sessions, headers = scope["litestar_app"].state.authenticator, MutableScopeHeaders.from_message(message)
    assert isinstance(sessions, LocalSessions)
    user = scope["state"].get("user")
    if user is None and headers.get("content-type", "").startswith("text/html"):
        user = await sessions.user(Request(scope))
    if isinstance(user, User) and user.new:
        headers.add("set-cookie", sessions.cookie(user).to_header(header=""))


def local_pages_only(origins: Sequence[str]) -> Guard:
    """A guard that refuses requests from pages that are neither this machine's own nor of `origins`."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        host = connection.headers.get("host", "")
        if _host_name(host) not in LOOPBACK:
            raise Problem(403, "forbidden", "In local mode the address must be 127.0.0.1 or localhost.")
        origin = connection.headers.get("origin")
        if origin is not None and origin != f"{connection.url.scheme}://{host}" and origin not in origins:
            raise _other_site()
        if origin is None and is_cross_site(connection) and not _follows_link(connection):
            raise _other_site()

    return guard


def is_cross_site(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether a page of another site caused the request, so that the browser withheld the session cookie."""
    return connection.headers.get("sec-fetch-site") == "cross-site"


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _follows_link(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether a person follows a link to here: they see the response, the other site does not."""
    return connection.headers.get("sec-fetch-mode") == "navigate" and connection.scope.get("method") in ("GET", "HEAD")


def _other_site() -> Problem:
    return Problem(403, "forbidden", "This page may not speak for you here.")


def _session_key(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "session.key"
    fresh = folder / f"session.{secrets.token_hex(4)}"
    fresh.touch(mode=0o600)
    fresh.write_text(secrets.token_urlsafe(48))
    try:
        path.hardlink_to(fresh)  # of several workers that start at once, one key wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text()
