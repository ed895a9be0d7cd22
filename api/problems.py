"""Problem documents (RFC 9457): a code from a closed list, and a detail that is safe to show."""

import math
from http import HTTPStatus
from typing import Any, Literal

from litestar.plugins.problem_details import ProblemDetailsException
from litestar.serialization import encode_json
from litestar.status_codes import HTTP_409_CONFLICT

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
    "known",
    "too_many",
    "too_many_documents",
    "of_document",
    "idempotency_mismatch",
    "conversation_busy",
    "not_answered",
    "export_running",
    "import_running",
    "rate_limited",
    "embedding_unavailable",
    "issuer_unavailable",
    "shutting_down",
    "server_busy",
    "storage_unavailable",
    "internal",
]

PROBLEM = "application/problem+json"


class Problem(ProblemDetailsException):
    """A refused request, raised anywhere below a handler.

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
        self.code: Code = code
        self.retry_after = None if retry_after is None else max(1, math.ceil(retry_after))
        """Whole seconds."""
        extra: dict[str, Any] = {"code": code}
        headers = dict(headers or {})
        if status == HTTP_409_CONFLICT:  # a client library's own retry would be refused again
            headers["x-should-retry"] = "false"
        if self.retry_after is not None:
            extra["retry_after"] = self.retry_after
            headers["Retry-After"] = str(self.retry_after)
        super().__init__(
            detail=detail,
            status_code=status,
            headers=headers,
            extra=extra,
            type_="about:blank",
            title=HTTPStatus(status).phrase,
        )

    def body(self) -> bytes:
        """The problem document in JSON, for a response that is sent outside the framework."""
        unused_request: Any = None
        return encode_json(self.to_response(unused_request).content)
