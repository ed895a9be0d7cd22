"""/turns: one message and its answer."""

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from typing_extensions import TypedDict

from api.describe import SIGNED_IN, refusals
from api.errors import Problem
from api.user import User
from graph.records import Records
from storage.facts import LearnedFact
from storage.turns import TurnRecord

Status = Literal["running", "done", "failed", "stopped"]


class TurnDocument(TypedDict):
    """A turn: how it stands, what was said, and which facts it used and taught."""

    turn_id: UUID
    conversation_id: str
    status: Status
    text: str
    """The answer; empty while there is none."""
    employee: str
    finish_reason: str | None
    error_code: str | None
    created_at: datetime
    facts_used: list[LearnedFact]
    facts_learned: list[LearnedFact]


@get("/{turn_id:uuid}", responses=refusals(404))
async def turn(user: NamedDependency[User], records: NamedDependency[Records], turn_id: FromPath[UUID]) -> TurnDocument:
    """How a turn stands, and which facts about you its answer used."""
    found = await records.turns.find(user.user_id, turn_id)
    if found is None:
        raise Problem(404, "not_found", "There is no such turn.")
    return cast(TurnDocument, {**found, "status": _status(found)})


def _status(turn: TurnRecord) -> Status:
    """As clients see it: what follows the answer is none of their business."""
    if turn["finish_reason"] == "stopped":
        return "stopped"
    match turn["status"]:
        case "accepted":
            return "running"
        case "answered":
            return "done"
        case status:
            return status


router = Router("/turns", route_handlers=[turn], security=SIGNED_IN, tags=["turns"])
