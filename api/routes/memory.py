"""/memory: list, search, correct and forget the facts remembered about a user."""

from typing import Annotated
from uuid import UUID

from litestar import Router, delete, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.auth.user import User
from api.limits import RequestLimits
from api.openapi import SIGNED_IN, refusals
from api.parameters import Cursor, Limit, Search, clean_and_mask, decode_cursor, paginate, search_words
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from graph.service import Service
from nodes.extract_facts import MIN_FACT_CHARS
from storage.errors import DuplicateFact
from storage.user_facts import FactCursor, UserFact


class MemoryPage(TypedDict):
    """Facts, the one learned last first, superseded ones included."""

    items: list[UserFact]
    next_cursor: str | None


class Correction(BaseModel):
    """The fact's new text."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fact: Annotated[str, Field(max_length=300), AfterValidator(clean_and_mask), Field(min_length=MIN_FACT_CHARS)]


@get("/", responses=refusals(429))
async def memory(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    limits: NamedDependency[RequestLimits],
    limit: Limit = 20,
    cursor: Cursor = None,
    q: Search = None,
) -> MemoryPage:
    """Facts remembered about you, the one learned last first; with `q` only those that contain its words."""
    after, words = decode_cursor(cursor, FactCursor), search_words(q)
    if words is not None:
        await limits.take("search")
    found = await user_data.facts.latest(user.user_id, limit=limit + 1, after=after, q=words)
    items, next_cursor = paginate(found, limit, lambda one: FactCursor(one["created_at"], one["fact_id"]))
    return MemoryPage(items=items, next_cursor=next_cursor)


@patch("/{fact_id:uuid}", guards=[require_json], responses=refusals(404, 409, 413, 415, 429))
async def correct(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
    limits: NamedDependency[RequestLimits],
    fact_id: FromPath[UUID],
    data: JSONBody[Correction],
) -> UserFact:
    """Correct a fact; its embedding changes with it."""
    await limits.take("memory")
    fact = clean_and_mask(data.fact, also=service.dependencies.options.mask)
    try:
        corrected = await user_data.correct_fact(user.user_id, fact_id, fact)
    except DuplicateFact:
        raise Problem(409, "fact_known", "That is remembered already.") from None
    if corrected is None:
        raise _missing()
    return corrected


@delete("/{fact_id:uuid}", responses=refusals(404))
async def forget_fact(
    user: NamedDependency[User], user_data: NamedDependency[UserData], fact_id: FromPath[UUID]
) -> None:
    """Forget a fact; a fact that it superseded is valid again."""
    if not await user_data.facts.delete(user.user_id, fact_id):
        raise _missing()


@delete("/", responses=refusals())
async def forget_everything(user: NamedDependency[User], user_data: NamedDependency[UserData]) -> None:
    """Forget every fact."""
    await user_data.facts.delete_all(user.user_id)


def _missing() -> Problem:
    return Problem(404, "not_found", "There is no such fact.")


router = Router(
    "/memory",
    route_handlers=[memory, correct, forget_fact, forget_everything],
    security=SIGNED_IN,
    tags=["memory"],
)
