"""Parameters that requests of this door share."""

from typing import Annotated
from uuid import UUID

from litestar.params import PathParameter, QueryParameter

from api.parameters import CONVERSATION_ID
from api.problems import Problem

ThreadId = Annotated[str, PathParameter(min_length=1, max_length=128, pattern=CONVERSATION_ID)]
"""A conversation's id: a UUID where this door made it, and whatever others chose elsewhere."""
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Items of a page at most.")]
Offset = Annotated[int, QueryParameter(ge=0, le=100_000, description="How many to leave out.")]


def uuid_of(run_id: str) -> UUID:
    """A run's id.

    Raises:
        Problem: 404, no run has such an id.
    """
    try:
        return UUID(run_id)
    except ValueError:
        raise Problem(404, "not_found", f"Run {run_id[:64]} not found.") from None
