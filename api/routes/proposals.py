"""/proposals: what employees want to write, and the user's yes or no to it."""

from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from typing_extensions import TypedDict

from api.auth.user import User
from api.openapi import SIGNED_IN, refusals
from api.parameters import Limit
from api.problems import Problem
from graph.account import UserData
from storage.finance.proposals import Proposal


class ProposalList(TypedDict):
    """Proposals that wait for an answer, the newest first."""

    items: list[Proposal]


@get("/", responses=refusals())
async def proposals(
    user: NamedDependency[User], user_data: NamedDependency[UserData], limit: Limit = 20
) -> ProposalList:
    """What waits for your yes or no."""
    return ProposalList(items=await user_data.desk.proposals.open(user.user_id, limit=limit))


@get("/{proposal_id:uuid}", responses=refusals(404))
async def proposal(
    user: NamedDependency[User], user_data: NamedDependency[UserData], proposal_id: FromPath[UUID]
) -> Proposal:
    """One proposal, and what became of it."""
    return _found(await user_data.desk.proposals.find(user.user_id, proposal_id))


@post("/{proposal_id:uuid}/accept", status_code=200, responses=refusals(404))
async def accept(
    user: NamedDependency[User], user_data: NamedDependency[UserData], proposal_id: FromPath[UUID]
) -> Proposal:
    """Have written what is proposed. One that was decided before stays as it is: see its `status`."""
    return _found(await user_data.desk.proposals.accept(user.user_id, proposal_id))


@post("/{proposal_id:uuid}/refuse", status_code=200, responses=refusals(404))
async def refuse(
    user: NamedDependency[User], user_data: NamedDependency[UserData], proposal_id: FromPath[UUID]
) -> Proposal:
    """Refuse what is proposed. One that was decided before stays as it is: see its `status`."""
    return _found(await user_data.desk.proposals.refuse(user.user_id, proposal_id))


@post("/{proposal_id:uuid}/undo", status_code=200, responses=refusals(404))
async def undo(
    user: NamedDependency[User], user_data: NamedDependency[UserData], proposal_id: FromPath[UUID]
) -> Proposal:
    """Take back what accepting wrote, where nothing has changed it since."""
    return _found(await user_data.desk.proposals.undo(user.user_id, proposal_id))


def _found(found: Proposal | None) -> Proposal:
    if found is None:
        raise Problem(404, "not_found", "There is no such proposal.")
    return found


router = Router(
    "/proposals",
    route_handlers=[proposals, proposal, accept, refuse, undo],
    security=SIGNED_IN,
    tags=["proposals"],
)
