"""`/v1/conversations`: conversations as OpenAI's clients keep them.

A new one is nothing but an id, which says when it was made: it is stored with its first message.
"""

import time
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from typing_extensions import TypedDict

from api.auth.user import User
from api.doors.openai.errors import refusals
from api.doors.openai.items import InputMessage, ItemList, item_list, item_of
from api.doors.openai.requests import is_conversation_id
from api.parameters import Limit, clean_and_mask
from api.problems import Problem
from api.requests import require_json
from graph.account import UserData
from graph.service import Service
from graph.turns.turn import began_at, new_turn_id
from storage.conversations import ConversationDetails, MessageDetails

PREFIX = "conv_"
EMPTY_SECONDS = 24 * 3600
"""Seconds for which a new conversation without a message is known."""
MAX_TITLE_CHARS = 200


class ConversationRequest(msgspec.Struct):
    """A new conversation, or a change of one."""

    metadata: dict[str, str] | None = None
    """`title` is the conversation's title, once it has a message; nothing else is kept."""
    items: list[Any] | None = None


class NewItems(msgspec.Struct):
    """Messages for a conversation."""

    items: list[Any]


class Conversation(TypedDict):
    """A conversation."""

    id: str
    object: Literal["conversation"]
    created_at: int
    metadata: dict[str, str]


class DeletedConversation(TypedDict):
    """A conversation that is gone."""

    id: str
    object: Literal["conversation.deleted"]
    deleted: Literal[True]


Order = Annotated[Literal["asc", "desc"], QueryParameter(description="Oldest or newest first.")]
After = Annotated[str | None, QueryParameter(max_length=64, description="The last item of the page before.")]


@post("/conversations", status_code=200, guards=[require_json], responses=refusals())
async def create_conversation(data: JSONBody[ConversationRequest], user: NamedDependency[User]) -> Conversation:  # noqa: ARG001
    """An id for a new conversation."""
    if data.items:
        raise _not_brought()
    return _empty(f"{PREFIX}{new_turn_id().hex}")


@get("/conversations/{id:str}", responses=refusals(404))
async def read_conversation(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
) -> Conversation:
    """A conversation."""
    found = await user_data.conversations.find(user.user_id, _known(id))
    return _conversation(found) if found else _empty(id)


@post("/conversations/{id:str}", status_code=200, guards=[require_json], responses=refusals(404))
async def change_conversation(
    data: JSONBody[ConversationRequest],
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    service: NamedDependency[Service],
    id: FromPath[str],
) -> Conversation:
    """Change the title, which is all of the metadata that is kept."""
    title = (data.metadata or {}).get("title")
    if title is not None:
        try:
            title = clean_and_mask(title, also=service.dependencies.options.mask)
        except ValueError as error:
            raise Problem(400, "invalid_request", f"metadata.title: {error}") from None
        if len(title) > MAX_TITLE_CHARS:
            raise Problem(400, "invalid_request", f"metadata.title: takes {MAX_TITLE_CHARS} characters")
        await user_data.conversations.change(user.user_id, _known(id), title=title)
    found = await user_data.conversations.find(user.user_id, _known(id))
    return _conversation(found) if found else _empty(id)


@delete("/conversations/{id:str}", status_code=200, responses=refusals(404))
async def remove_conversation(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
) -> DeletedConversation:
    """Delete a conversation with all that came of it."""
    if not await user_data.delete_conversation(user.user_id, _known(id)):
        _empty(id)
    return DeletedConversation(id=id, object="conversation.deleted", deleted=True)


@get("/conversations/{id:str}/items", responses=refusals(404))
async def conversation_items(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
    limit: Limit = 20,
    order: Order = "desc",
    after: After = None,
) -> ItemList[InputMessage]:
    """Its messages."""
    found = await user_data.conversations.messages(
        user.user_id, _known(id), limit=limit + 1, after=_message_id(after), newest_first=order == "desc"
    )
    if not found and not await user_data.conversations.find(user.user_id, id):
        _empty(id)
    return item_list([item_of(message) for message in found[:limit]], has_more=len(found) > limit)


@post("/conversations/{id:str}/items", status_code=200, guards=[require_json], responses=refusals(404))
async def create_items(
    data: JSONBody[NewItems],
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
) -> ItemList[InputMessage]:
    """Nothing can be added; 400 says so, where there is such a conversation."""
    if not await user_data.conversations.find(user.user_id, _known(id)):
        _empty(id)
    if data.items:
        raise _not_brought()
    return item_list([], has_more=False)


@get("/conversations/{id:str}/items/{item_id:str}", responses=refusals(404))
async def read_item(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
    item_id: FromPath[str],
) -> InputMessage:
    """One of its messages, also of a version that is not active."""
    return item_of(await _item(user_data, user, id, item_id))


@delete("/conversations/{id:str}/items/{item_id:str}", status_code=200, responses=refusals(404))
async def remove_item(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    id: FromPath[str],
    item_id: FromPath[str],
) -> Conversation:
    """A message cannot be deleted by itself; 400 says so, where there is such a message."""
    await _item(user_data, user, id, item_id)
    detail = "A message goes with its conversation, of which it is a part: DELETE /v1/conversations/{id}."
    raise Problem(400, "invalid_request", detail)


async def _item(user_data: UserData, user: User, id_: str, item_id: str) -> MessageDetails:
    """A message of a conversation.

    Raises:
        Problem: 404, there is none.
    """
    with suppress(ValueError):
        message = UUID(item_id.removeprefix("msg_"))
        found = await user_data.conversations.around(user.user_id, _known(id_), message, limit=1)
        for one in found.items:
            if one["message_id"] == message:
                return one
    raise Problem(404, "not_found", "There is no such item in this conversation.")


def _not_brought() -> Problem:
    return Problem(400, "invalid_request", "items: what was said is written by answering, and cannot be brought")


def _conversation(found: ConversationDetails) -> Conversation:
    created: datetime = found["created_at"]
    return Conversation(
        id=found["conversation_id"],
        object="conversation",
        created_at=int(created.timestamp()),
        metadata={"title": found["title"]},
    )


def _empty(id_: str) -> Conversation:
    """A conversation that was made not long ago, and has no message.

    Raises:
        Problem: 404, it is no such id.
    """
    try:
        created = began_at(UUID(id_.removeprefix(PREFIX))) if id_.startswith(PREFIX) else None
    except ValueError:
        created = None
    if created is None or not 0 <= time.time() + 60 - created <= EMPTY_SECONDS:
        raise _unknown()
    return Conversation(id=id_, object="conversation", created_at=created, metadata={})


def _known(id_: str) -> str:
    if not is_conversation_id(id_):
        raise _unknown()
    return id_


def _unknown() -> Problem:
    return Problem(404, "not_found", "There is no such conversation.")


def _message_id(after: str | None) -> UUID | None:
    try:
        return UUID(after.removeprefix("msg_")) if after else None
    except ValueError:
        raise Problem(400, "invalid_request", "after: not an item's id") from None
