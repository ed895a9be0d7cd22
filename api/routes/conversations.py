"""/conversations: what was said, listed, searched, read, renamed, deleted."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Router, delete, get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.auth.user import User
from api.errors import Problem
from api.openapi import SIGNED_IN, refusals
from api.pagination import Cursor, Limit, Search, page, place_of, words
from api.rate_limits import RequestLimits
from api.request_body import as_kept, takes_json
from api.schemas.chat import CONVERSATION_ID
from graph.account import Account
from storage.conversations import Conversation, ConversationDetails, Latest, SaidMessage

ConversationId = Annotated[str, PathParameter(min_length=1, max_length=128, pattern=CONVERSATION_ID)]


class ConversationPage(TypedDict):
    """Conversations, the last one used first."""

    items: list[Conversation]
    next_cursor: str | None


class MessagePage(TypedDict):
    """Messages of a conversation."""

    items: list[SaidMessage]
    next_cursor: str | None


class Rename(BaseModel):
    """Another title."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(as_kept)]


@get("/", responses=refusals(429))
async def conversations(
    user: NamedDependency[User],
    records: NamedDependency[Account],
    limits: NamedDependency[RequestLimits],
    limit: Limit = 20,
    cursor: Cursor = None,
    q: Search = None,
) -> ConversationPage:
    """Your conversations, the last one used first; those that hold the words of `q`."""
    after, looked_for = place_of(cursor, Latest), words(q)
    if looked_for is not None:
        await limits.take("search")
    found = await records.conversations.latest(user.user_id, limit=limit + 1, after=after, q=looked_for)
    items, next_cursor = page(found, limit, lambda one: Latest(one["updated_at"], one["conversation_id"]))
    return ConversationPage(items=items, next_cursor=next_cursor)


@get("/{conversation_id:str}", responses=refusals(404))
async def conversation(
    user: NamedDependency[User], records: NamedDependency[Account], conversation_id: ConversationId
) -> ConversationDetails:
    """One conversation with its rolling summary."""
    return await _found(records, user, conversation_id)


@get("/{conversation_id:str}/messages", responses=refusals(404))
async def messages(
    user: NamedDependency[User],
    records: NamedDependency[Account],
    conversation_id: ConversationId,
    limit: Limit = 50,
    cursor: Cursor = None,
    order: Annotated[Literal["asc", "desc"], QueryParameter(description="desc: from the newest back.")] = "asc",
) -> MessagePage:
    """What was said in it, in order."""
    after = place_of(cursor, UUID)
    found = await records.conversations.messages(
        user.user_id, conversation_id, limit=limit + 1, after=after, newest_first=order == "desc"
    )
    if not found:
        await _found(records, user, conversation_id)
    items, next_cursor = page(found, limit, lambda one: one["message_id"])
    return MessagePage(items=items, next_cursor=next_cursor)


@patch("/{conversation_id:str}", guards=[takes_json], responses=refusals(404, 413, 415))
async def rename(
    user: NamedDependency[User],
    records: NamedDependency[Account],
    conversation_id: ConversationId,
    data: JSONBody[Rename],
) -> ConversationDetails:
    """Give it another title."""
    await records.conversations.rename(user.user_id, conversation_id, data.title)
    return await _found(records, user, conversation_id)


@delete("/{conversation_id:str}", responses=refusals(404))
async def forget_conversation(
    user: NamedDependency[User], records: NamedDependency[Account], conversation_id: ConversationId
) -> None:
    """Delete it with its messages, summary and turns, and the facts learned only there."""
    if not await records.delete_conversation(user.user_id, conversation_id):
        raise _missing()


async def _found(records: Account, user: User, conversation_id: str) -> ConversationDetails:
    found = await records.conversations.find(user.user_id, conversation_id)
    if found is None:
        raise _missing()
    return found


def _missing() -> Problem:
    return Problem(404, "not_found", "There is no such conversation.")


router = Router(
    "/conversations",
    route_handlers=[conversations, conversation, messages, rename, forget_conversation],
    security=SIGNED_IN,
    tags=["conversations"],
)
