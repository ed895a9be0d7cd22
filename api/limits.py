"""Limits of a user: requests of each kind (`storage.rate_limits.POLICIES` has the numbers), and open streams."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.user import User, provide_user
from api.errors import Problem, limit_headers
from storage.errors import StorageUnavailable
from storage.rate_limits import Allowance, Bucket, RateLimits

COUNTED: Mapping[Bucket, str] = {
    "chat": "messages", "memory": "corrections", "search": "searches", "export": "exports",
    "refusals": "refused messages",
}  # fmt: skip
SPANS = {60: "a minute", 3600: "an hour"}
MAX_STREAMS = 100
"""Streams of a user in one process, requests that wait for an answer or for its end included."""
STREAM_RETRY_AFTER = 5
"""Seconds after which there may be room again."""


class RequestLimits:
    """The limits of who is asking. What the one that was asked leaves is announced with the response."""

    def __init__(self, request: Request[Any, Any, Any], user: User) -> None:
        self._request = request
        self._user = user

    async def take(self, bucket: Bucket) -> None:
        """Count this request.

        Raises:
            Problem: 429, it is one too many.
            StorageUnavailable: it cannot be counted.
        """
        allowance = await _keeper(self._request.scope).take(self._user.user_id, bucket)
        if allowance is None:
            return
        self._request.state.limit_headers = limit_headers({bucket: allowance})
        if allowance["retry_after"] is not None:
            raise _too_many(bucket, allowance, allowance["retry_after"])


def provide_limits(request: Request[Any, Any, Any], user: NamedDependency[User]) -> RequestLimits:
    """Dependency `limits`."""
    return RequestLimits(request, user)


async def announce_limits(message: Message, scope: Scope) -> None:
    """Hook before a response is sent: add what a limit left, where one was asked."""
    if message["type"] == "http.response.start":
        MutableScopeHeaders.from_message(message).update(scope["state"].get("limit_headers", {}))


async def provide_sender(request: Request[Any, Any, Any]) -> User:
    """Dependency `user` of POST /chat, under `CountRefusals` and `HoldStream`: who is asking, with a place to stream.

    Where too many messages of theirs were refused just now the next one is refused as well, whatever it says; the
    database is not asked, and nothing is written down.

    Raises:
        Problem: 401; 429 where there is no place, or too many were refused.
    """
    user = await provide_user(request)
    keeper = _keeper(request.scope)
    if refused := keeper.used_up(user.user_id, "refusals"):
        assert refused["retry_after"] is not None
        chat = refused.copy()  # no message passes before
        chat["limit"], chat["window"] = keeper.policies["chat"]
        request.state.limit_headers = limit_headers({"chat": chat, "refusals": refused})
        raise _too_many("refusals", refused, refused["retry_after"])
    open_stream(request, user)
    return user


class CountRefusals(ASGIMiddleware):
    """Count each message of a known user that is refused, whatever for."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Look at how the response begins."""

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start" and 400 <= message["status"] < 500:
                await _count_refusal(scope)
            await send(message)

        await next_app(scope, receive, counting)


async def _count_refusal(scope: Scope) -> None:
    user = scope["state"].get("user")
    if isinstance(user, User) and not user.new:  # of a new visitor nothing is kept for a refusal
        with suppress(StorageUnavailable):
            await _keeper(scope).take(user.user_id, "refusals")


def _too_many(bucket: Bucket, allowance: Allowance, retry_after: float) -> Problem:
    span = SPANS.get(allowance["window"], f"in {allowance['window']} s")
    detail = f"That is more than {allowance['limit']} {COUNTED[bucket]} {span}."
    return Problem(429, "rate_limited", detail, retry_after=retry_after)


def _keeper(scope: Scope) -> RateLimits:
    keeper: RateLimits = scope["litestar_app"].state.service.dependencies.limits
    return keeper


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
    if streams[user.user_id] >= MAX_STREAMS:
        detail = f"You have {MAX_STREAMS} streams open here already. Close one first."
        raise Problem(429, "rate_limited", detail, retry_after=STREAM_RETRY_AFTER)
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
