"""Run a tool for a turn, and keep what it computed, so that each figure can be opened."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.employees import Slug
from nodes.tools.registry import ToolFailed, call
from nodes.tools.results import Result
from nodes.tools.tool import Call, Desk
from storage.finance.references import References

log = get_logger(__name__)

SECONDS = 4.0
"""For a call, the keeping of its result included; the tool itself has less."""
UNAVAILABLE = "The tool did not answer in time, or its data cannot be reached. Do not guess: say so."


class Outcome(TypedDict):
    """What came of a call; one of both is None."""

    result: Result | None
    error: str | None
    """Why there is none, for the model."""


class ToolRequest(NamedTuple):
    """A call of a tool, as a model wrote it."""

    user_id: UUID
    turn_id: UUID
    reference_id: UUID
    """Under which the result is kept."""
    employee: Slug
    name: str
    arguments: Mapping[str, Any]
    today: date


RunTool = Callable[[ToolRequest], Awaitable[Outcome]]


async def run_tool(request: ToolRequest, *, desk: Desk, references: References) -> Outcome:
    """Run a tool of the employee's over the user's rows, and keep its result. Nothing is raised."""
    user_id, turn_id, reference_id, employee, name, arguments, today = request
    try:
        async with asyncio.timeout(SECONDS):
            found = await call(Call(desk, user_id, today, turn_id), employee, name, arguments)
            await references.add(user_id, reference_id, turn_id, name, arguments, found)
    except ToolFailed as error:
        return Outcome(result=None, error=str(error))
    except Exception:  # any: a tool that breaks is no reason to lose the answer
        log.warning("tool failed", tool=name, exc_info=True)
        return Outcome(result=None, error=UNAVAILABLE)
    return Outcome(result=found, error=None)
