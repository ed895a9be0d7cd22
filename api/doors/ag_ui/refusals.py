"""Refusals before a run begins: problem documents, as `application/json`, because clients parse nothing else."""

from http import HTTPStatus
from typing import Any

from litestar import MediaType, Response
from litestar.openapi.datastructures import ResponseSpec

from api.doors.shared import refusals_as
from api.openapi import ProblemDocument
from api.problems import Problem


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The error responses of every request, and these, for the OpenAPI document."""
    return {
        status: ResponseSpec(ProblemDocument, description=HTTPStatus(status).phrase, generate_examples=False)
        for status in sorted({400, 401, 403, 500, 503, *statuses})
    }


def _refusal(problem: Problem) -> Response[Any]:
    headers = dict(problem.headers or {})
    return Response(problem.body(), status_code=problem.status_code, headers=headers, media_type=MediaType.JSON)


REFUSALS = refusals_as(_refusal)
