"""Local mode: each browser on this machine is a user of its own, remembered by a signed cookie.

Nobody is verified, so the door is narrow: only this machine's own pages get through. A foreign page has another
origin, and a name that was rebound to this machine is not one of this machine's names.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import jwt
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from api.auth.user import User
from api.errors import Problem

COOKIE = "frontdesk_session"
COOKIE_AGE = 365 * 24 * 3600
ISSUER = "frontdesk-local"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""What this machine is called by itself."""


Check = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]
"""A guard, in the framework's words."""


class LocalSessions:
    """Knows users by their session cookies.

    Args:
        folder: where the signing key is kept, so that sessions outlive a restart and serve all workers.
    """

    def __init__(self, folder: Path) -> None:
        self._key = _session_key(folder)

    async def user(self, request: Request[Any, Any, Any]) -> User:
        """The cookie's user; a new one without a valid cookie."""
        try:
            session = request.cookies.get(COOKIE, "")
            claims = jwt.decode(session, self._key, algorithms=["HS256"], issuer=ISSUER, options={"require": ["sub"]})
            return User(UUID(claims["sub"]), admin=True)
        except (jwt.InvalidTokenError, ValueError):
            return User(uuid4(), admin=True, new=True)

    async def close(self) -> None:
        """Nothing is under way."""

    def cookie(self, user: User) -> Cookie:
        """The session that makes this user come back as the same."""
        return Cookie(
            key=COOKIE,
            value=jwt.encode({"sub": str(user.user_id), "iss": ISSUER}, self._key, algorithm="HS256"),
            max_age=COOKIE_AGE,
            httponly=True,
            samesite="strict",
            path="/",
        )


def from_here(origins: Sequence[str]) -> Check:
    """A guard that lets nothing in but what this machine's own pages, or those of `origins`, ask for."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        host = connection.headers.get("host", "")
        if _name(host) not in LOOPBACK:
            raise Problem(403, "forbidden", "In local mode the address must be 127.0.0.1 or localhost.")
        origin = connection.headers.get("origin")
        if origin is not None and origin != f"{connection.url.scheme}://{host}" and origin not in origins:
            raise _foreign()
        if origin is None and is_cross_site(connection) and not _is_visit(connection):
            raise _foreign()

    return guard


def is_cross_site(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether a page of another site is behind this, so that the browser kept the session cookie back."""
    return connection.headers.get("sec-fetch-site") == "cross-site"


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_visit(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether somebody follows a link to here: what comes back is shown to them and not to the other site."""
    return connection.headers.get("sec-fetch-mode") == "navigate" and connection.scope.get("method") in ("GET", "HEAD")


def _foreign() -> Problem:
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
