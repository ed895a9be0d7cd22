"""What all doors share: send a message, read its turn's events as structs, and refuse in the dialect's own shape.

A door reads requests, calls `send` or `follow`, and writes the events in its dialect. Limits, guard, waiting, leases,
idempotency and metrics are behind `TurnManager.send`, so that no door has its own.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec
from litestar import Request, Response
from litestar.plugins.problem_details import ProblemDetailsException
from litestar.response import Stream

from api.errors import PROBLEMS, REFUSAL_STATUS, problem_of
from api.late import late_events
from api.limits import limit_headers
from api.problems import Code, Problem
from api.routes import chat
from api.schemas.events import EVENT_STREAM
from api.sse import KEEP_ALIVE_SECONDS, UNBUFFERED
from graph.service import Service
from graph.turns.manager import SendRequest
from graph.turns.subscribe import NothingLeft
from nodes.stream_events import Done, Notice, Start, Token, ToolCall, ToolResult
from storage.event_log import EventName, LoggedEvent

KEEP_ALIVE = b": keep-alive\n\n"
"""What a silence sends in a stream: a comment, which clients of server-sent events skip."""


class Failure(msgspec.Struct, frozen=True):
    """The last event of a turn without an answer, or the only one of a message that is refused after its status."""

    code: Code
    message: str
    retryable: bool
    retry_after: int | None = None

    def problem(self) -> Problem:
        """The same as a problem document, for a response whose status is not out yet."""
        status = next((known for code, known in REFUSAL_STATUS.items() if code == self.code), 500)
        return Problem(status, self.code, self.message, retry_after=self.retry_after)


Event = Start | Notice | Token | ToolCall | ToolResult | Done | Failure
_TYPES: dict[EventName, type[Event]] = {
    "start": Start, "notice": Notice, "token": Token, "tool_call": ToolCall, "tool_result": ToolResult, "done": Done,
    "error": Failure,
}  # fmt: skip


class Numbered(NamedTuple):
    """An event and its number in the turn, which grows and is the same for every reader in every process."""

    number: int
    event: Event


Events = AsyncIterator[Numbered | None]
"""A turn's events; None for a silence, which a stream fills with `KEEP_ALIVE`.

They end without `Done` or `Failure` where the turn goes on in another process: the client finds the rest there.
"""


@dataclass(frozen=True)
class SentMessage:
    """A message on its way to its answer."""

    turn_id: UUID | None
    """None while it waits and nobody knows; `Start` has it."""
    events: Events


async def send(
    service: Service,
    request: Request[Any, Any, Any],
    message: SendRequest,
    *,
    until_begun: bool = False,
    heartbeat: float = KEEP_ALIVE_SECONDS,
) -> SentMessage:
    """Send a message; the same idempotency key attaches to the same turn, from its first event.

    What the rate limit leaves goes into the response's headers. Raises what `TurnManager.send` says.

    Args:
        until_begun: wait until the turn has begun or was refused. Without it the response may begin before, where the
            message waits for its conversation; what is refused then is a `Failure`.
        heartbeat: seconds of silence after which the events have a None.
    """
    sending = service.turns.send(message)
    sent = await sending.begun(within=None if until_begun else chat.STATUS_SECONDS)
    turn = sent.turn if sent else sending.turn
    allowance = sent.allowance if sent else turn and turn.allowance
    if allowance:
        request.state.limit_headers = limit_headers({"chat": allowance})
    if sent:
        return SentMessage(sent.turn.turn_id, decoded(sent.turn.follow(heartbeat=heartbeat)))
    late = decoded(late_events(sending, request.scope, heartbeat=heartbeat))
    return SentMessage(turn.turn_id if turn else None, late)


async def follow(
    service: Service, user_id: UUID, turn_id: UUID, *, after: int = 0, heartbeat: float = KEEP_ALIVE_SECONDS
) -> Events | None:
    """The events of a turn after the one of that number, live while it runs; None where nothing comes after it.

    From the first one on they are there for as long as the turn is: where they are not kept any more, its start, its
    text in one piece, and its end are made from what is.

    Raises:
        Problem: 404, there is no such turn, or its events are not kept any more.
    """
    try:
        found = await service.subscriptions.follow(user_id, turn_id, after=after, heartbeat=heartbeat)
    except NothingLeft:
        return None
    if found is None and after == 0 and (turn := await service.subscriptions.begun(user_id, turn_id)):
        found = turn.follow(heartbeat=heartbeat)
    if found is None:
        raise Problem(404, "not_found", "There is no such turn, or its events are not kept any more.")
    return decoded(found)


async def decoded(events: AsyncIterator[LoggedEvent | None]) -> Events:
    """The events as structs."""
    async for event in events:
        yield event and Numbered(event.number, msgspec.json.decode(event.data, type=_TYPES[event.name]))


class WholeAnswer(NamedTuple):
    """A turn that has ended with an answer."""

    start: Start
    text: str
    done: Done
    notices: list[Notice]


async def whole(events: Events) -> WholeAnswer:
    """The answer, once it is complete, without what was taken back.

    Raises:
        Problem: there is none; 503 where the turn goes on in another process.
    """
    start: Start | None = None
    text: list[str] = []
    notices: list[Notice] = []
    async for numbered in events:
        match numbered and numbered.event:
            case Start() as start:
                pass
            case Token(piece):
                text.append(piece)
            case Notice() as notice:
                if notice.code == "restarted":
                    text.clear()
                notices.append(notice)
            case Done() as done:
                assert start, "the first event"
                return WholeAnswer(start, "".join(text), done, notices)
            case Failure() as failure:
                raise failure.problem()
            case ToolCall() | ToolResult() | None:
                pass
    raise Problem(503, "shutting_down", "The answer goes on at another server. Ask again for it.", retry_after=1)


def event_stream(pieces: AsyncIterator[bytes], headers: dict[str, str] | None = None) -> Stream:
    """A response that streams; its handler's router has `HoldStream`."""
    told = {**UNBUFFERED, "Content-Type": f"{EVENT_STREAM}; charset=utf-8", **(headers or {})}
    return Stream(pieces, headers=told)


def refusals_as(write: Callable[[Problem], Response[Any]]) -> dict[int | type[Exception], Callable[..., Response[Any]]]:
    """Exception handlers of a door's router: whatever is raised is refused in the dialect's shape."""

    def refuse(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        return write(problem_of(error))

    return dict.fromkeys((Problem, ProblemDetailsException, *PROBLEMS), refuse)


def stable_id(user_id: UUID, text: str) -> UUID:
    """The UUID for an id that a client chose: a UUID is taken as it is, of anything else every process makes the same.

    Another user's is another one, so that nobody reaches what is not theirs by choosing its id.
    """
    try:
        return UUID(text)
    except ValueError:
        return uuid5(user_id, text)
