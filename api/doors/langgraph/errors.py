"""Refusals as LangGraph's clients know them: `{"detail"}`, with our code beside it."""

from http import HTTPStatus
from typing import NotRequired

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from typing_extensions import TypedDict

from api.doors.shared import refusals_as
from api.problems import Code, Problem


class Refusal(TypedDict):
    """Why a request is refused."""

    detail: str
    code: Code
    retry_after: NotRequired[int]


def _refusal(problem: Problem) -> Response[Refusal]:
    body = Refusal(detail=problem.detail, code=problem.code)
    if problem.retry_after is not None:
        body["retry_after"] = problem.retry_after
    # What is wrong with a field has a status of its own in this dialect.
    status = 422 if problem.status_code == HTTPStatus.BAD_REQUEST else problem.status_code
    return Response(body, status_code=status, headers=dict(problem.headers or {}))


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The error responses of every request, and these, for the OpenAPI document."""
    return {
        status: ResponseSpec(Refusal, description=HTTPStatus(status).phrase, generate_examples=False)
        for status in sorted({401, 403, 422, 500, 503, *statuses})
    }


REFUSALS = refusals_as(_refusal)
