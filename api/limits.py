"""Limits of a user: requests of each kind (`storage.rate_limits.POLICIES` has the numbers), and open streams."""

from collections import Counter
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.user import User
from api.problems import Problem
from api.requests import provide_user
from storage.errors import StorageUnavailable
from storage.health import DatabaseHealth
from storage.rate_limits import Allowance, Bucket, Policy, RateLimits

COUNTED: Mapping[Bucket, str] = {
    "chat": "messages", "memory": "corrections", "search": "searches", "export": "exports", "upload": "documents",
    "refusals": "refused messages",
}  # fmt: skip
SPANS = {60: "a minute", 3600: "an hour"}
MAX_STREAMS = 100
"""Open streams of a user in one process, including requests that wait for an answer or for its end."""
STREAM_RETRY_AFTER = 5
"""Seconds after which one may have ended."""


class RequestLimits:
    """The rate limits of a request's user; what is left of the one that counted it goes into the response's headers."""

    def __init__(self, request: Request[Any, Any, Any], user: User) -> None:
        self._request = request
        self._user = user

    async def take(self, bucket: Bucket) -> None:
        """Count this request.

        Raises:
            Problem: 429, it is one too many.
            StorageUnavailable: it cannot be counted.
        """
        allowance = await _rate_limits(self._request.scope).take(self._user.user_id, bucket)
        if allowance is None:
            return
        self._request.state.limit_headers = limit_headers({bucket: allowance})
        if allowance["retry_after"] is not None:
            raise _too_many(bucket, allowance, allowance["retry_after"])

    async def show_messages(self) -> None:
        """Have the response say what is left of the user's messages, without counting it."""
        limits, user_id = _rate_limits(self._request.scope), self._user.user_id
        said: dict[Bucket, Allowance] = {}
        if left := await limits.peek(user_id):
            said["chat"] = left
        if refused := limits.used_up(user_id, "refusals"):
            said["refusals"] = refused
        self._request.state.limit_headers = limit_headers(said)


def provide_limits(request: Request[Any, Any, Any], user: NamedDependency[User]) -> RequestLimits:
    """Dependency `limits`."""
    return RequestLimits(request, user)


async def add_limit_headers(message: Message, scope: Scope) -> None:
    """Hook before a response is sent: add what is left of the limit that counted the request, if one did."""
    if message["type"] == "http.response.start" and (headers := scope["state"].get("limit_headers")):
        MutableScopeHeaders.from_message(message).update(headers)


async def provide_sender(request: Request[Any, Any, Any]) -> User:
    """Dependency `user` of POST /chat, with `CountRefusals` and `HoldStream`: the user, who may open one more stream.

    Where too many messages of theirs were refused just now the next one is refused as well, whatever it says, without
    asking the database or storing anything.

    Raises:
        Problem: 401; 429 where too many streams are open, or too many messages were refused.
    """
    user = await provide_user(request)
    rate_limits = _rate_limits(request.scope)
    if refused := rate_limits.used_up(user.user_id, "refusals"):
        assert refused["retry_after"] is not None
        chat = refused.copy()  # no message passes before
        chat["limit"], chat["window"] = rate_limits.policies["chat"]
        request.state.limit_headers = limit_headers({"chat": chat, "refusals": refused})
        raise _too_many("refusals", refused, refused["retry_after"])
    open_stream(request, user)
    return user


class CountRefusals(ASGIMiddleware):
    """Count each message of a known user that is refused, whatever for, and say what is left of the user's messages."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Count the message before its refusal is sent."""

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                await _add_message_limit(message, scope)
                if message["status"] < 500:
                    await count_refusal(scope)
            await send(message)

        await next_app(scope, receive, counting)


async def _add_message_limit(message: Message, scope: Scope) -> None:
    """Have the refusal say what is left, where nothing did before; without a database only what the limit is."""
    user, rate_limits = scope["state"].get("user"), _rate_limits(scope)
    policy = rate_limits.policies.get("chat")
    said = "limit_headers" in scope["state"] or "RateLimit" in MutableScopeHeaders.from_message(message)
    if said or policy is None or not isinstance(user, User):
        return
    headers = policy_headers({"chat": policy})
    health: DatabaseHealth = scope["litestar_app"].state.service.health
    with suppress(StorageUnavailable), health.required():
        if allowance := await rate_limits.peek(user.user_id):
            headers = limit_headers({"chat": allowance})
    scope["state"]["limit_headers"] = headers


async def count_refusal(scope: Scope) -> None:
    """Count a refused message of a known user."""
    user = scope["state"].get("user")
    if isinstance(user, User) and not user.new:  # of a new visitor nothing is kept for a refusal
        with suppress(StorageUnavailable):
            await _rate_limits(scope).take(user.user_id, "refusals")


def limit_headers(allowances: Mapping[Bucket, Allowance]) -> dict[str, str]:
    """RateLimit fields as in the IETF draft: policies, requests left, seconds until one more is free."""
    if not allowances:
        return {}
    left = [f'"{bucket}";r={one["remaining"]};t={round(one["reset_after"])}' for bucket, one in allowances.items()]
    policies: dict[Bucket, Policy] = {bucket: Policy(one["limit"], one["window"]) for bucket, one in allowances.items()}
    return {**policy_headers(policies), "RateLimit": ", ".join(left)}


def policy_headers(policies: Mapping[Bucket, Policy]) -> dict[str, str]:
    """The first of these fields alone, where nobody knows what is left."""
    said = [f'"{bucket}";q={policy.limit};w={policy.window}' for bucket, policy in policies.items()]
    return {"RateLimit-Policy": ", ".join(said)} if said else {}


def _too_many(bucket: Bucket, allowance: Allowance, retry_after: float) -> Problem:
    span = SPANS.get(allowance["window"], f"in {allowance['window']} s")
    detail = f"That is more than {allowance['limit']} {COUNTED[bucket]} {span}."
    return Problem(429, "rate_limited", detail, retry_after=retry_after)


def _rate_limits(scope: Scope) -> RateLimits:
    rate_limits: RateLimits = scope["litestar_app"].state.service.dependencies.limits
    return rate_limits


class HoldStream(ASGIMiddleware):
    """Middleware of what streams: sends its pieces directly to the server, and counts the stream until it ends.

    The stream's generator could not count it: where the client leaves before the first event none of it is run.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Send the response, and release the stream, however the request ends."""
        send_to_server: Send = scope["state"]["send_to_server"]

        def send_piece(message: Message) -> Awaitable[None]:
            # Hooks and middlewares look at the first and the last message only, and cost as much as sending a piece.
            is_piece = message["type"] == "http.response.body" and message["more_body"]
            return send_to_server(message) if is_piece else send(message)

        try:
            await next_app(scope, receive, send_piece)
        finally:
            user_id: UUID | None = scope["state"].pop("streaming", None)
            if user_id is not None:
                streams = _open_streams(scope)
                streams[user_id] -= 1
                if not streams[user_id]:
                    del streams[user_id]


def open_stream(request: Request[Any, Any, Any], user: User) -> None:
    """Count a stream of this request, which `HoldStream` releases.

    Raises:
        Problem: 429, the user has too many open.
    """
    streams = _open_streams(request.scope)
    if streams[user.user_id] >= MAX_STREAMS:
        detail = f"You have {MAX_STREAMS} streams open here already. Close one first."
        raise Problem(429, "rate_limited", detail, retry_after=STREAM_RETRY_AFTER)
    streams[user.user_id] += 1
    request.state.streaming = user.user_id


async def provide_reader(request: Request[Any, Any, Any]) -> User:
    """Dependency `user` with `HoldStream`: the user, who may open one more stream.

    Raises:
        Problem: 401; 429 where too many streams are open.
    """
    user = await provide_user(request)
    open_stream(request, user)
    return user


def _open_streams(scope: Scope) -> Counter[UUID]:
    streams: Counter[UUID] = scope["litestar_app"].state.streams
    return streams
