"""/memory: what is remembered of you, listed, searched, corrected, forgotten."""

from typing import Annotated
from uuid import UUID

from litestar import Router, delete, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.auth.user import User
from api.errors import Problem
from api.openapi import SIGNED_IN, refusals
from api.pagination import Cursor, Limit, Search, page, place_of, words
from api.rate_limits import RequestLimits
from api.request_body import as_kept, takes_json
from graph.account import Account
from nodes.extract_facts import SHORTEST
from storage.errors import FactKnown
from storage.user_facts import KnownFact, LastFact


class MemoryPage(TypedDict):
    """Facts, the last one learned first, also those that hold no more."""

    items: list[KnownFact]
    next_cursor: str | None


class Correction(BaseModel):
    """A fact in other words."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fact: Annotated[str, Field(max_length=300), AfterValidator(as_kept), Field(min_length=SHORTEST)]


@get("/", responses=refusals(429))
async def memory(
    user: NamedDependency[User],
    records: NamedDependency[Account],
    limits: NamedDependency[RequestLimits],
    limit: Limit = 20,
    cursor: Cursor = None,
    q: Search = None,
) -> MemoryPage:
    """What is remembered of you, the last fact learned first; those that hold the words of `q`."""
    after, looked_for = place_of(cursor, LastFact), words(q)
    if looked_for is not None:
        await limits.take("search")
    found = await records.memory.latest(user.user_id, limit=limit + 1, after=after, q=looked_for)
    items, next_cursor = page(found, limit, lambda one: LastFact(one["created_at"], one["fact_id"]))
    return MemoryPage(items=items, next_cursor=next_cursor)


@patch("/{fact_id:uuid}", guards=[takes_json], responses=refusals(404, 409, 413, 415, 429))
async def correct(
    user: NamedDependency[User],
    records: NamedDependency[Account],
    limits: NamedDependency[RequestLimits],
    fact_id: FromPath[UUID],
    data: JSONBody[Correction],
) -> KnownFact:
    """Correct a fact; it is found by its new meaning."""
    await limits.take("memory")
    try:
        corrected = await records.correct_fact(user.user_id, fact_id, data.fact)
    except FactKnown:
        raise Problem(409, "fact_known", "That is remembered already.") from None
    if corrected is None:
        raise _missing()
    return corrected


@delete("/{fact_id:uuid}", responses=refusals(404))
async def forget_fact(user: NamedDependency[User], records: NamedDependency[Account], fact_id: FromPath[UUID]) -> None:
    """Forget a fact; one that it had taken the place of holds again."""
    if not await records.memory.forget(user.user_id, fact_id):
        raise _missing()


@delete("/", responses=refusals())
async def forget_everything(user: NamedDependency[User], records: NamedDependency[Account]) -> None:
    """Forget every fact."""
    await records.memory.forget_all(user.user_id)


def _missing() -> Problem:
    return Problem(404, "not_found", "There is no such fact.")


router = Router(
    "/memory",
    route_handlers=[memory, correct, forget_fact, forget_everything],
    security=SIGNED_IN,
    tags=["memory"],
)
