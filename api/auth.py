"""Who is asking: a verified token, or in local mode a cookie of our own. Never the body, never the query."""

import logging
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
from litestar import Request
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.types import Message, Scope

from api.errors import Problem
from graph.settings import Settings

log = logging.getLogger(__name__)

LEEWAY = 10
"""Seconds two clocks may differ."""
COOKIE = "frontdesk_session"
COOKIE_AGE = 365 * 24 * 3600
ISSUER = "frontdesk-local"


@dataclass(frozen=True)
class User:
    """Who is asking."""

    user_id: UUID
    admin: bool = False
    new: bool = False
    """A visitor in local mode without a session: the response brings one."""


class Tokens:
    """Bearer tokens signed with the configured secret (HS256)."""

    def __init__(self, secret: str, audience: str | None, issuer: str | None) -> None:
        self._secret = secret
        self._audience = audience
        self._issuer = issuer

    def user(self, request: Request[Any, Any, Any]) -> User:
        """The token's user.

        Raises:
            Problem: 401, whatever is wrong with it; the log knows what.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated("no bearer token")
        try:
            claims = jwt.decode(
                token.strip(),
                self._secret,
                algorithms=["HS256"],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )
            return User(UUID(claims["sub"]), admin=_is_admin(claims))
        except (jwt.InvalidTokenError, ValueError, AttributeError) as error:
            raise _unauthenticated(f"{type(error).__name__}: {error}") from None


class LocalSessions:
    """Local mode: each browser is a user of its own, remembered by a signed cookie.

    Args:
        folder: where the signing key is kept, so that sessions outlive a restart and serve all workers.
    """

    def __init__(self, folder: Path) -> None:
        self._key = _session_key(folder)

    def user(self, request: Request[Any, Any, Any]) -> User:
        """The cookie's user; a new one without a valid cookie."""
        try:
            session = request.cookies.get(COOKIE, "")
            claims = jwt.decode(session, self._key, algorithms=["HS256"], issuer=ISSUER, options={"require": ["sub"]})
            return User(UUID(claims["sub"]), admin=True)
        except (jwt.InvalidTokenError, ValueError):
            return User(uuid4(), admin=True, new=True)

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


Door = Tokens | LocalSessions
"""How users are told apart in this mode."""


def door(settings: Settings) -> Door:
    """The mode that the settings ask for."""
    if settings.jwt_secret is None:
        return LocalSessions(settings.data_dir)
    return Tokens(settings.jwt_secret.get_secret_value(), settings.jwt_audience, settings.jwt_issuer)


async def provide_user(request: Request[Any, Any, Any]) -> User:
    """Dependency `user`: who is asking. Raises Problem 401."""
    checked: Door = request.app.state.door
    user = checked.user(request)
    request.state.user = user
    return user


async def remember_visitor(message: Message, scope: Scope) -> None:
    """Hook before a response is sent: give a new visitor in local mode the session cookie."""
    user = scope["state"].get("user")
    if message["type"] == "http.response.start" and isinstance(user, User) and user.new:
        sessions = scope["litestar_app"].state.door
        assert isinstance(sessions, LocalSessions)
        headers = MutableScopeHeaders.from_message(message)
        headers.add("set-cookie", sessions.cookie(user).to_header(header=""))


def issue_token(settings: Settings, user_id: UUID, *, admin: bool, seconds: int, now: int) -> str:
    """A token for this user, signed with the configured secret; `now` in Unix seconds."""
    assert settings.jwt_secret is not None
    claims: dict[str, Any] = {"sub": str(user_id), "iat": now, "exp": now + seconds}
    claims |= {"role": "admin"} if admin else {}
    claims |= {"aud": settings.jwt_audience} if settings.jwt_audience else {}
    claims |= {"iss": settings.jwt_issuer} if settings.jwt_issuer else {}
    return jwt.encode(claims, settings.jwt_secret.get_secret_value(), algorithm="HS256")


def _is_admin(claims: dict[str, Any]) -> bool:
    match claims:
        case {"role": "admin"} | {"app_metadata": {"role": "admin"}}:
            return True
        case _:
            return False


def _unauthenticated(why: str) -> Problem:
    log.info("unauthenticated: %s", why)
    return Problem(401, "unauthenticated", "Sign in first.", headers={"WWW-Authenticate": "Bearer"})


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
