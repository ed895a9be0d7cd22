"""Events of a message whose status went out before its turn began, because it waits."""

from collections.abc import AsyncIterator

import msgspec
from litestar.status_codes import HTTP_429_TOO_MANY_REQUESTS, HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import Scope

from api.errors import problem_of
from api.limits import count_refusal
from api.problems import Problem
from api.schemas.events import LateRefusal
from graph.turns.manager import Sending
from storage.event_log import LoggedEvent


async def late_events(sending: Sending, scope: Scope, *, heartbeat: float) -> AsyncIterator[LoggedEvent | None]:
    """The turn's events, or a refusal as an `error` alone; None at once, and after each `heartbeat` seconds of silence.

    Args:
        scope: of the request, whose user a refusal is counted for.
    """
    yield None
    try:
        while (sent := await sending.begun(within=heartbeat)) is None:
            yield None
    except Exception as error:  # noqa: BLE001 - any: it becomes an event, as it would have become a status before
        problem = problem_of(error)
        if problem.status_code < HTTP_500_INTERNAL_SERVER_ERROR:
            await count_refusal(scope)
        yield refusal_event(problem)
        return
    async for event in sent.turn.follow(heartbeat=heartbeat):
        yield event


def refusal_event(problem: Problem) -> LoggedEvent:
    """The problem document as the only event of a stream."""
    retryable = problem.status_code >= HTTP_500_INTERNAL_SERVER_ERROR or (
        problem.status_code == HTTP_429_TOO_MANY_REQUESTS
    )
    refusal = LateRefusal(problem.code, problem.detail, retryable, problem.retry_after)
    return LoggedEvent(1, "error", msgspec.json.encode(refusal))
