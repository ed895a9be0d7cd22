"""/conversations: list, search, read, rename, pin and delete a user's conversations."""

from typing import Annotated, Literal, Self
from uuid import UUID

from litestar import Router, delete, get, patch, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from api.auth.user import User
from api.limits import RequestLimits
from api.openapi import SIGNED_IN, refusals
from api.parameters import (
    CONVERSATION_ID,
    Cursor,
    Limit,
    Search,
    Switch,
    clean_and_mask,
    decode_cursor,
    encode_cursor,
    paginate,
    search_words,
)
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from graph.service import Service
from storage.conversations import ConversationCursor, ConversationDetails, ListedConversation, MessageDetails

ConversationId = Annotated[str, PathParameter(min_length=1, max_length=128, pattern=CONVERSATION_ID)]


class ConversationPage(TypedDict):
    """Conversations, pinned ones first, and the one used last first."""

    items: list[ListedConversation]
    next_cursor: str | None


class MessagePage(TypedDict):
    """A page of a conversation's messages."""

    items: list[MessageDetails]
    next_cursor: str | None
    previous_cursor: str | None
    """To the page on the other side, with the other `order`; null but for `around`."""


class ConversationChanges(BaseModel):
    """What to change of a conversation; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(clean_and_mask)] | None = None
    """Never overwritten afterwards."""
    pinned: Switch | None = None

    @model_validator(mode="after")
    def _is_a_change(self) -> Self:
        if self.title is None and self.pinned is None:
            raise ValueError("names nothing to change")
        return self


class Active(BaseModel):
    """The turn whose path is to be active."""

    model_config = ConfigDict(extra="forbid", strict=True)

    turn_id: Annotated[UUID, Field(strict=False)]  # JSON has no type of its own for it


@get("/", responses=refusals(429))
async def conversations(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    limits: NamedDependency[RequestLimits],
    limit: Limit = 20,
    cursor: Cursor = None,
    q: Search = None,
) -> ConversationPage:
    """Your conversations, pinned ones first, then the one used last; with `q` only those that contain its words."""
    after, words = decode_cursor(cursor, ConversationCursor), search_words(q)
    if words is not None:
        await limits.take("search")
    found = await user_data.conversations.latest(user.user_id, limit=limit + 1, after=after, q=words)
    items, next_cursor = paginate(
        found, limit, lambda one: ConversationCursor(one["updated_at"], one["conversation_id"], one["pinned"])
    )
    return ConversationPage(items=items, next_cursor=next_cursor)


@get("/{conversation_id:str}", responses=refusals(404))
async def conversation(
    user: NamedDependency[User], user_data: NamedDependency[UserData], conversation_id: ConversationId
) -> ConversationDetails:
    """One conversation with its rolling summary."""
    return await _find(user_data, user, conversation_id)


@get("/{conversation_id:str}/messages", responses=refusals(404))
async def messages(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    conversation_id: ConversationId,
    limit: Limit = 50,
    cursor: Cursor = None,
    order: Annotated[Literal["asc", "desc"], QueryParameter(description="desc: from the newest back.")] = "asc",
    around: Annotated[
        UUID | None, QueryParameter(description="A message: those beside it, instead of the first page.")
    ] = None,
) -> MessagePage:
    """The messages on the active path of a conversation, in order; with `around` those beside one of them."""
    newest_first = order == "desc"
    if around is not None:
        if cursor is not None:
            raise Problem(400, "invalid_request", "around: not with a cursor")
        return await _around(user_data, user, conversation_id, around, limit=limit, newest_first=newest_first)
    after = decode_cursor(cursor, UUID)
    found = await user_data.conversations.messages(
        user.user_id, conversation_id, limit=limit + 1, after=after, newest_first=newest_first
    )
    if not found:
        await _find(user_data, user, conversation_id)
    items, next_cursor = paginate(found, limit, lambda one: one["message_id"])
    return MessagePage(items=items, next_cursor=next_cursor, previous_cursor=None)


async def _around(
    user_data: UserData, user: User, conversation_id: str, message_id: UUID, *, limit: int, newest_first: bool
) -> MessagePage:
    items, earlier, later = await user_data.conversations.around(user.user_id, conversation_id, message_id, limit=limit)
    if not items:
        raise Problem(404, "not_found", "There is no such message in this conversation.")
    first = encode_cursor(items[0]["message_id"]) if earlier else None
    last = encode_cursor(items[-1]["message_id"]) if later else None
    if newest_first:
        return MessagePage(items=items[::-1], next_cursor=first, previous_cursor=last)
    return MessagePage(items=items, next_cursor=last, previous_cursor=first)


@patch("/{conversation_id:str}", guards=[require_json], responses=refusals(404, 413, 415))
async def change_conversation(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
    conversation_id: ConversationId,
    data: JSONBody[ConversationChanges],
) -> ConversationDetails:
    """Rename or pin a conversation."""
    title = data.title and clean_and_mask(data.title, also=service.dependencies.options.mask)
    await user_data.conversations.change(user.user_id, conversation_id, title=title, pinned=data.pinned)
    return await _find(user_data, user, conversation_id)


@put("/{conversation_id:str}/active", guards=[require_json], responses=refusals(404, 409, 413, 415))
async def activate(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    conversation_id: ConversationId,
    data: JSONBody[Active],
) -> ConversationDetails:
    """Make the path through a turn, on to the last one accepted on it, the active one. Nothing where it is already."""
    said = await user_data.versions.switch(user.user_id, conversation_id, data.turn_id)
    if said == "missing":
        raise Problem(404, "not_found", "There is no such turn in this conversation.")
    if said == "busy":
        raise Problem(409, "conversation_busy", "This conversation is being answered. Wait for the answer, or stop it.")
    return await _find(user_data, user, conversation_id)


@delete("/{conversation_id:str}", responses=refusals(404))
async def delete_conversation(
    user: NamedDependency[User], user_data: NamedDependency[UserData], conversation_id: ConversationId
) -> None:
    """Delete a conversation with its messages, summary and turns, and the facts learned only there."""
    if not await user_data.delete_conversation(user.user_id, conversation_id):
        raise _missing()


async def _find(user_data: UserData, user: User, conversation_id: str) -> ConversationDetails:
    found = await user_data.conversations.find(user.user_id, conversation_id)
    if found is None:
        raise _missing()
    return found


def _missing() -> Problem:
    return Problem(404, "not_found", "There is no such conversation.")


router = Router(
    "/conversations",
    route_handlers=[conversations, conversation, messages, change_conversation, activate, delete_conversation],
    security=SIGNED_IN,
    tags=["conversations"],
)
