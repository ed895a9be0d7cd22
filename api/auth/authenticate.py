"""The door: a verified token, or in local mode a cookie of our own. Never the body, never the query."""

from typing import Any

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from api.auth.jwks import KeySet
from api.auth.local_mode import LocalSessions, is_cross_site
from api.auth.tokens import Tokens
from api.auth.user import User
from graph.settings import Settings

Door = Tokens | LocalSessions
"""How users are told apart in this mode."""


def door(settings: Settings) -> Door:
    """The mode that the settings ask for."""
    if settings.local:
        return LocalSessions(settings.data_dir)
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    keys = KeySet(settings.jwks_url) if settings.jwks_url else None
    return Tokens(secret, keys, settings.jwt_audience, settings.jwt_issuer)


async def provide_user(request: Request[Any, Any, Any]) -> User:
    """Dependency `user`: who is asking. Raises Problem 401, or 503 where nobody can tell."""
    checked: Door = request.app.state.door
    user = await checked.user(request)
    request.state.user = user
    return user


async def remember_visitor(message: Message, scope: Scope) -> None:
    """Hook before a response is sent: give a new visitor in local mode the session cookie.

    Not to who comes by a link from another site: the browser kept the cookie back, and a new one would replace it.
    """
    user = scope["state"].get("user")
    if message["type"] != "http.response.start" or not isinstance(user, User) or not user.new:
        return
    if not is_cross_site(Request(scope)):
        sessions = scope["litestar_app"].state.door
        assert isinstance(sessions, LocalSessions)
        headers = MutableScopeHeaders.from_message(message)
        headers.add("set-cookie", sessions.cookie(user).to_header(header=""))
