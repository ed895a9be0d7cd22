"""How many streams a user may hold open: each costs memory, and a wake-up for every event."""

from collections import Counter
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from api.auth.user import User, provide_user
from api.errors import Problem

MOST = 100
"""Streams of a user in one process, requests that wait for an answer or for its end included."""
RETRY_AFTER = 5
"""Seconds after which there may be room again."""


class HoldStream(ASGIMiddleware):
    """Middleware of what streams: give the stream's place back when its request is over, however it ends.

    Its generator could not do that: of one whose client leaves before the first event nothing is ever run.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Wait for its end."""
        try:
            await next_app(scope, receive, send)
        finally:
            user_id: UUID | None = scope["state"].pop("streaming", None)
            if user_id is not None:
                streams = _streams(scope)
                streams[user_id] -= 1
                if not streams[user_id]:
                    del streams[user_id]


def open_stream(request: Request[Any, Any, Any], user: User) -> None:
    """Take a place for this request, which `HoldStream` gives back.

    Raises:
        Problem: 429, the user has no more.
    """
    streams = _streams(request.scope)
    if streams[user.user_id] >= MOST:
        detail = f"You have {MOST} streams open here already. Close one first."
        raise Problem(429, "rate_limited", detail, retry_after=RETRY_AFTER)
    streams[user.user_id] += 1
    request.state.streaming = user.user_id


async def provide_reader(request: Request[Any, Any, Any]) -> User:
    """Dependency `user` under `HoldStream`: who is asking, with a place for the stream.

    Raises:
        Problem: 401; 429 where there is no place.
    """
    user = await provide_user(request)
    open_stream(request, user)
    return user


def _streams(scope: Scope) -> Counter[UUID]:
    streams: Counter[UUID] = scope["litestar_app"].state.streams
    return streams
