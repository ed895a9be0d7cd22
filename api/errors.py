"""Every refusal as a problem document (RFC 9457), with a code from a closed list and words safe to show anyone."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal, cast

from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    InternalServerException,
    MethodNotAllowedException,
    NotAuthorizedException,
    NotFoundException,
    ValidationException,
)
from litestar.status_codes import (
    HTTP_409_CONFLICT,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_500_INTERNAL_SERVER_ERROR,
)
from structlog.stdlib import get_logger

from graph.turns.manager import InvalidMisroute, KeyMismatch, ShuttingDown, TurnRefused, UnknownTurn
from graph.turns.turn import MESSAGES, RETRY_AFTER
from nodes.errors import EmbeddingUnavailable
from nodes.stream_events import RefusalCode
from storage.errors import ExportInProgress, StorageUnavailable
from storage.rate_limits import Allowance, Bucket

log = get_logger(__name__)

Code = Literal[
    "invalid_request",
    "empty_message",
    "unauthenticated",
    "forbidden",
    "not_found",
    "deleted",
    "method_not_allowed",
    "request_timeout",
    "headers_too_large",
    "body_too_large",
    "unsupported_media_type",
    "fact_known",
    "idempotency_mismatch",
    "conversation_busy",
    "export_running",
    "rate_limited",
    "embedding_unavailable",
    "issuer_unavailable",
    "shutting_down",
    "storage_unavailable",
    "internal",
]

PROBLEM = "application/problem+json"

LONGEST = 500
"""Characters of what a validation says."""

RETRY_STORAGE = 5
"""Seconds after which asking again makes sense when the database is away."""


class Problem(Exception):
    """A refusal, raised anywhere below a handler.

    Args:
        status: the HTTP status.
        code: from the closed list; clients decide by it.
        detail: safe to show a person.
        retry_after: seconds, rounded up on the wire.
        headers: sent along.
    """

    def __init__(
        self,
        status: int,
        code: Code,
        detail: str,
        *,
        retry_after: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = None if retry_after is None else max(1, math.ceil(retry_after))
        self.headers = headers or {}

    def document(self) -> dict[str, Any]:
        """The problem document."""
        known = {} if self.retry_after is None else {"retry_after": self.retry_after}
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **known,
        }

    def body(self) -> bytes:
        """The problem document in JSON, for where no framework encodes it."""
        return json.dumps(self.document()).encode()

    def response(self) -> Response[dict[str, Any]]:
        """The problem document as the framework's response."""
        headers = dict(self.headers)
        if self.status == HTTP_409_CONFLICT:  # clients that try again by themselves would only be refused again
            headers["x-should-retry"] = "false"
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return Response(self.document(), status_code=self.status, headers=headers, media_type=PROBLEM)


def on_problem(_: Request[Any, Any, Any], error: Problem) -> Response[dict[str, Any]]:
    """A refusal of our own."""
    return error.response()


def on_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """What the framework refuses: its words stay here, except what a validation says of the client's own fields."""
    match error:
        case ValidationException():
            problem = Problem(400, "invalid_request", _validation(error))
        case NotAuthorizedException():
            problem = Problem(401, "unauthenticated", "Sign in first.", headers={"WWW-Authenticate": "Bearer"})
        case NotFoundException():
            problem = Problem(404, "not_found", "There is nothing here.")
        case MethodNotAllowedException():
            detail = "This address does not take that method."
            problem = Problem(405, "method_not_allowed", detail, headers=dict(error.headers or {}))
        case HTTPException(status_code=status) if status == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
            problem = Problem(413, "body_too_large", "The request is larger than 256 KiB.")
        case InternalServerException(detail="client disconnected prematurely"):  # nobody is left to read this
            problem = Problem(400, "invalid_request", "The request ended before it was complete.")
        case HTTPException(status_code=status) if status < HTTP_500_INTERNAL_SERVER_ERROR:
            problem = Problem(status, "invalid_request", "The request could not be read.")
        case _:
            return on_anything(_, error)
    return problem.response()


def on_storage(_: Request[Any, Any, Any], error: StorageUnavailable) -> Response[dict[str, Any]]:
    """The database is away."""
    log.error("storage unavailable", exc_info=error)
    detail = "Our storage cannot be reached right now. Please try again in a moment."
    return Problem(503, "storage_unavailable", detail, retry_after=RETRY_STORAGE).response()


def on_export(_: Request[Any, Any, Any], error: ExportInProgress) -> Response[dict[str, Any]]:  # noqa: ARG001
    """One export is being read."""
    return Problem(409, "export_running", "Your export is being read already; end that one first.").response()


def on_embedding(_: Request[Any, Any, Any], error: EmbeddingUnavailable) -> Response[dict[str, Any]]:
    """The embedding model is away."""
    log.error("embedding unavailable", exc_info=error)
    detail = "The meaning of that cannot be worked out right now. Please try again in a moment."
    return Problem(503, "embedding_unavailable", detail, retry_after=RETRY_STORAGE).response()


def on_anything(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """A fault of ours: the log gets all of it, the client nothing."""
    log.error("unhandled error", exc_info=error)
    return Problem(500, "internal", "Something went wrong on our side. Please try again.").response()


def limit_headers(allowances: Mapping[Bucket, Allowance]) -> dict[str, str]:
    """RateLimit fields as in the IETF draft: policies, requests left, seconds until one more is free."""
    if not allowances:
        return {}
    policies = [f'"{bucket}";q={one["limit"]};w={one["window"]}' for bucket, one in allowances.items()]
    left = [f'"{bucket}";r={one["remaining"]};t={round(one["reset_after"])}' for bucket, one in allowances.items()]
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}


STATUS: dict[RefusalCode, int] = {
    "empty_message": 400,
    "deleted": 404,
    "conversation_busy": 409,
    "rate_limited": 429,
    "internal": 500,
    "storage_unavailable": 503,
    "shutting_down": 503,
}


def on_turn_refused(_: Request[Any, Any, Any], error: TurnRefused) -> Response[dict[str, Any]]:
    """A message that is not answered."""
    refusal = error.refusal
    assert refusal.code != "blocked", "the guard's reply is an answer"
    headers = limit_headers({"chat": error.allowance} if error.allowance else {})
    return Problem(
        STATUS[refusal.code], refusal.code, refusal.message, retry_after=refusal.retry_after, headers=headers
    ).response()


def on_shutting_down(_: Request[Any, Any, Any], error: ShuttingDown) -> Response[dict[str, Any]]:  # noqa: ARG001
    """The client finds another process."""
    return Problem(503, "shutting_down", MESSAGES["shutting_down"], retry_after=RETRY_AFTER).response()


def on_key_mismatch(_: Request[Any, Any, Any], error: KeyMismatch) -> Response[dict[str, Any]]:  # noqa: ARG001
    """The key stands for another message."""
    return Problem(409, "idempotency_mismatch", "This Idempotency-Key was sent with another message.").response()


def on_invalid_misroute(_: Request[Any, Any, Any], error: InvalidMisroute) -> Response[dict[str, Any]]:
    """The fields contradict each other."""
    return Problem(400, "invalid_request", str(error)).response()


def on_unknown_turn(_: Request[Any, Any, Any], error: UnknownTurn) -> Response[dict[str, Any]]:  # noqa: ARG001
    """Also a turn of another user."""
    return Problem(404, "not_found", "There is no such turn in this conversation.").response()


HANDLERS = {
    Problem: on_problem,
    TurnRefused: on_turn_refused,
    ShuttingDown: on_shutting_down,
    KeyMismatch: on_key_mismatch,
    InvalidMisroute: on_invalid_misroute,
    UnknownTurn: on_unknown_turn,
    HTTPException: on_http,
    StorageUnavailable: on_storage,
    ExportInProgress: on_export,
    EmbeddingUnavailable: on_embedding,
    Exception: on_anything,
}


def _validation(error: ValidationException) -> str:
    """Which field, and what is wrong with it."""
    faults = cast("list[dict[str, str]]", error.extra or [])
    said = [f"{fault.get('key', 'body')}: {fault.get('message', 'invalid')}" for fault in faults]
    return "; ".join(said)[:LONGEST] or "The request could not be read."
