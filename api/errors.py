"""Which problem document each exception becomes, those of the framework and of the layers below included."""

from collections.abc import Callable
from typing import Any, cast

from litestar.exceptions import (
    HTTPException,
    InternalServerException,
    MethodNotAllowedException,
    NotAuthorizedException,
    NotFoundException,
    ValidationException,
)
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE, HTTP_500_INTERNAL_SERVER_ERROR
from structlog.stdlib import get_logger

from api.limits import limit_headers
from api.problems import Problem
from graph.turns.manager import InvalidMisroute, KeyMismatch, ShuttingDown, TooManyTurns, TurnRefused, UnknownTurn
from graph.turns.turn import MESSAGES, RETRY_AFTER
from graph.turns.versions import InvalidVersion
from nodes.errors import EmbeddingUnavailable
from nodes.stream_events import RefusalCode
from storage.errors import ExportInProgress, ImportRunning, StorageUnavailable, TooManyExports

log = get_logger(__name__)

MAX_DETAIL_CHARS = 500
"""Characters of a validation error's detail."""


def http_problem(error: HTTPException) -> Problem:
    """An error of the framework's. Its message is not sent, except what a validation says of the client's fields."""
    match error:
        case ValidationException():
            return Problem(400, "invalid_request", _validation_detail(error))
        case NotAuthorizedException():
            return Problem(401, "unauthenticated", "Sign in first.", headers={"WWW-Authenticate": "Bearer"})
        case NotFoundException():
            return Problem(404, "not_found", "There is nothing here.")
        case MethodNotAllowedException():
            detail = "This address does not take that method."
            return Problem(405, "method_not_allowed", detail, headers=dict(error.headers or {}))
        case HTTPException(status_code=status) if status == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
            return Problem(413, "body_too_large", "This is more than can be sent at once.")
        case InternalServerException(detail="client disconnected prematurely"):  # so nobody reads the response
            return Problem(400, "invalid_request", "The request ended before it was complete.")
        case HTTPException(status_code=status) if status < HTTP_500_INTERNAL_SERVER_ERROR:
            return Problem(status, "invalid_request", "The request could not be read.")
        case _:
            return internal_problem(error)


def storage_problem(error: StorageUnavailable) -> Problem:
    """The database is unavailable."""
    log.error("storage unavailable", exc_info=error)
    return Problem(503, "storage_unavailable", MESSAGES["storage_unavailable"], retry_after=RETRY_AFTER)


def export_problem(_: ExportInProgress) -> Problem:
    """The user's export is being read by another request."""
    return Problem(409, "export_running", "Your export is being read already; end that one first.")


def import_problem(_: ImportRunning) -> Problem:
    """Rows of another document are being stored."""
    detail = "Another of your documents is being stored. Please try again in a moment."
    return Problem(409, "import_running", detail, retry_after=RETRY_AFTER)


def embedding_problem(error: EmbeddingUnavailable) -> Problem:
    """The embedding model is unavailable."""
    log.error("embedding unavailable", exc_info=error)
    detail = "The meaning of that cannot be worked out right now. Please try again in a moment."
    return Problem(503, "embedding_unavailable", detail, retry_after=RETRY_AFTER)


def internal_problem(error: Exception) -> Problem:
    """Any other error: it is logged, and the client learns nothing of it."""
    log.error("unhandled error", exc_info=error)
    return Problem(500, "internal", MESSAGES["internal"])


REFUSAL_STATUS: dict[RefusalCode, int] = {
    "empty_message": 400,
    "deleted": 404,
    "conversation_busy": 409,
    "rate_limited": 429,
    "internal": 500,
    "storage_unavailable": 503,
    "shutting_down": 503,
}


def refused_problem(error: TurnRefused) -> Problem:
    """The message is not answered."""
    refusal = error.refusal
    assert refusal.code != "blocked", "the guard's reply is an answer"
    headers = limit_headers({"chat": error.allowance} if error.allowance else {})
    status = REFUSAL_STATUS[refusal.code]
    return Problem(status, refusal.code, refusal.message, retry_after=refusal.retry_after, headers=headers)


def shutting_down_problem(_: ShuttingDown) -> Problem:
    """The client finds another process."""
    return Problem(503, "shutting_down", MESSAGES["shutting_down"], retry_after=RETRY_AFTER)


def server_busy_problem(_: TooManyTurns | TooManyExports) -> Problem:
    """This process has as much to do as it may; another one may have less."""
    detail = "This server has as much to do as it can do well. Please try again in a moment."
    return Problem(503, "server_busy", detail, retry_after=RETRY_AFTER)


def key_mismatch_problem(_: KeyMismatch) -> Problem:
    """The key stands for another message."""
    return Problem(409, "idempotency_mismatch", "This Idempotency-Key was sent with another message.")


def contradiction_problem(error: InvalidMisroute | InvalidVersion) -> Problem:
    """The fields contradict each other."""
    return Problem(400, "invalid_request", str(error))


def unknown_turn_problem(_: UnknownTurn) -> Problem:
    """There is no such turn, or it is another user's."""
    return Problem(404, "not_found", "There is no such turn in this conversation.")


PROBLEMS: dict[type[Exception], Callable[[Any], Problem]] = {
    TurnRefused: refused_problem,
    ShuttingDown: shutting_down_problem,
    TooManyTurns: server_busy_problem,
    KeyMismatch: key_mismatch_problem,
    InvalidMisroute: contradiction_problem,
    InvalidVersion: contradiction_problem,
    UnknownTurn: unknown_turn_problem,
    HTTPException: http_problem,
    StorageUnavailable: storage_problem,
    ExportInProgress: export_problem,
    ImportRunning: import_problem,
    TooManyExports: server_busy_problem,
    EmbeddingUnavailable: embedding_problem,
    Exception: internal_problem,
}


def problem_of(error: Exception) -> Problem:
    """The problem document of an error, for a response that has begun already."""
    if isinstance(error, Problem):
        return error
    return next(PROBLEMS[kind](error) for kind in type(error).__mro__ if kind in PROBLEMS)


def _validation_detail(error: ValidationException) -> str:
    """Which fields are wrong, and how."""
    faults = cast("list[dict[str, str]]", error.extra or [])
    lines = [f"{fault.get('key', 'body')}: {fault.get('message', 'invalid')}" for fault in faults]
    return "; ".join(lines)[:MAX_DETAIL_CHARS] or "The request could not be read."
