"""Refusals and headers as OpenAI's clients know them."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from litestar import Response
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import TypedDict

from api.doors.shared import refusals_as
from api.problems import Code, Problem

TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}
"""`type` by status; other client errors are `invalid_request_error`, the server's `server_error`."""

_POLICY = re.compile(r'"chat";q=(\d+)')
_LEFT = re.compile(r'"chat";r=(\d+);t=(\d+)')


class ErrorDetail(TypedDict):
    """Why a request is refused."""

    message: str
    type: str
    param: str | None
    code: Code


class ErrorBody(TypedDict):
    """A refusal."""

    error: ErrorDetail


def error_body(problem: Problem) -> ErrorBody:
    """A problem document as OpenAI writes one."""
    status = problem.status_code
    kind = TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    # What a validation says begins with the field.
    field, colon, _ = problem.detail.partition(":") if problem.code == "invalid_request" else ("", "", "")
    param = field if colon and re.fullmatch(r"[\w.\[\]-]+", field) else None
    return ErrorBody(error=ErrorDetail(message=problem.detail, type=kind, param=param, code=problem.code))


def _refusal(problem: Problem) -> Response[Any]:
    return Response(error_body(problem), status_code=problem.status_code, headers=dict(problem.headers or {}))


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The error responses of every request, and these, for the OpenAPI document."""
    every = sorted({400, 401, 403, 500, 503, *statuses})
    return {
        status: ResponseSpec(ErrorBody, description=HTTPStatus(status).phrase, generate_examples=False)
        for status in every
    }


REFUSALS = refusals_as(_refusal)


class AddHeaders(ASGIMiddleware):
    """Middleware: `x-request-id` in every response, and the limit's headers under the names of OpenAI's clients."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Add them to the response's start."""

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                headers["x-request-id"] = f"req_{uuid4().hex}"
                limit = {**headers, **scope["state"].get("limit_headers", {})}
                headers.update(_limit_headers({name.lower(): value for name, value in limit.items()}))
            await send(message)

        await next_app(scope, receive, adding)


def _limit_headers(headers: Mapping[str, str]) -> dict[str, str]:
    policy, left = _POLICY.search(headers.get("ratelimit-policy", "")), _LEFT.search(headers.get("ratelimit", ""))
    return {
        **({"x-ratelimit-limit-requests": policy[1]} if policy else {}),
        **({"x-ratelimit-remaining-requests": left[1], "x-ratelimit-reset-requests": f"{left[2]}s"} if left else {}),
    }
