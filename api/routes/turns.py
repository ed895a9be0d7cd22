"""/turns: one message and its answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter
from litestar.response import Stream
from typing_extensions import TypedDict

from api.auth.user import CHAT, CHAT_OR_READ, User
from api.limits import HoldStream, provide_reader
from api.openapi import SIGNED_IN, refusals
from api.problems import Problem
from api.schemas.events import EVENT_STREAM, StreamOperation
from api.sse import KEEP_ALIVE_SECONDS, UNBUFFERED, server_sent
from graph.account import UserData
from graph.service import Service
from graph.turns.subscribe import NothingLeft
from storage.facts import LearnedFact
from storage.feedback import Feedback
from storage.recall import RecalledReference
from storage.turn_records import TurnRecord
from storage.turn_status import TurnStatus

LastEventId = Annotated[
    int, HeaderParameter(name="Last-Event-ID", ge=0, le=2**31 - 1, description="The last event that was read.")
]
STOPPED_WITHIN = 5.0
"""Seconds that a request to stop waits for the answer's end."""
Status = Literal["running", "done", "failed", "stopped"]


class TurnDocument(TypedDict):
    """A turn: how it stands, what was said, and which facts it used and taught, and which earlier turns it quoted."""

    turn_id: UUID
    conversation_id: str
    status: Status
    text: str
    """The answer; empty while there is none."""
    employee: str
    finish_reason: str | None
    error_code: str | None
    generated_by: Literal["ai", "template"] | None
    """Null while there is no answer."""
    prompt_version: str | None
    """Which text the employee was given; null while there is no answer, and for imported ones."""
    created_at: datetime
    message: str
    """The question."""
    superseded: bool
    """Whether another version took its place, or that of a turn before it."""
    versions: list[UUID]
    """All versions of it, in order, by their turns' ids."""
    facts_used: list[LearnedFact]
    facts_learned: list[LearnedFact]
    turns_recalled: list[RecalledReference]
    feedback: Feedback | None
    """What you said of the answer."""


@get("/{turn_id:uuid}", opt=CHAT_OR_READ, responses=refusals(404))
async def turn(
    user: NamedDependency[User], user_data: NamedDependency[UserData], turn_id: FromPath[UUID]
) -> TurnDocument:
    """How a turn stands, and which facts about you its answer used."""
    return _document(await user_data.turns.find(user.user_id, turn_id))


@get(
    "/{turn_id:uuid}/events",
    media_type=EVENT_STREAM,
    middleware=[HoldStream()],
    dependencies={"user": Provide(provide_reader)},
    opt=CHAT_OR_READ,
    operation_class=StreamOperation,
    responses={
        200: ResponseSpec(str, description="The events again.", media_type=EVENT_STREAM, generate_examples=False),
        204: ResponseSpec(None, description="The turn is over, and `Last-Event-ID` was its last event."),
        **refusals(404, 429),
    },
)
async def events(
    user: NamedDependency[User],
    service: NamedDependency[Service],
    turn_id: FromPath[UUID],
    last_event_id: LastEventId = 0,
) -> Response[Any]:
    """A turn's events once more, from the first one or after `Last-Event-ID`; live while it runs, then to the last.

    204 after the last event ends an EventSource, which would otherwise reconnect for ever.
    """
    try:
        found = await service.subscriptions.follow(
            user.user_id, turn_id, after=last_event_id, heartbeat=KEEP_ALIVE_SECONDS
        )
    except NothingLeft:
        return Response(None, status_code=204)
    if found is None:
        raise Problem(404, "not_found", "There is no such turn, or its events are not kept any more.")
    return Stream(server_sent(found), headers={**UNBUFFERED, "Content-Type": f"{EVENT_STREAM}; charset=utf-8"})


@post(
    "/{turn_id:uuid}/stop",
    status_code=200,
    middleware=[HoldStream()],
    dependencies={"user": Provide(provide_reader)},
    opt=CHAT,
    responses=refusals(404, 429),
)
async def stop(user: NamedDependency[User], service: NamedDependency[Service], turn_id: FromPath[UUID]) -> TurnDocument:
    """Stop an answer; what was said so far is kept as the answer. Once it is out this changes nothing."""
    return _document(await service.subscriptions.stop(user.user_id, turn_id, STOPPED_WITHIN))


def _document(found: TurnRecord | None) -> TurnDocument:
    if found is None:
        raise Problem(404, "not_found", "There is no such turn.")
    return cast(TurnDocument, {**found, "status": _status(found)})


def _status(turn: TurnRecord) -> Status:
    """The status as clients see it: what follows the answer is internal."""
    if turn["finish_reason"] == "stopped":
        return "stopped"
    return _STATUSES[turn["status"]]


_STATUSES: Mapping[TurnStatus, Status] = {
    TurnStatus.STREAMING: "running",
    TurnStatus.ANSWERED: "done",
    TurnStatus.DONE: "done",
    TurnStatus.STOPPED: "stopped",
    TurnStatus.FAILED: "failed",
}

router = Router("/turns", route_handlers=[turn, events, stop], security=SIGNED_IN, tags=["turns"])
