"""Messages as items, and lists of them."""

from collections.abc import Sequence
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from typing_extensions import TypedDict

from api.doors.openai.response_events import message_id
from storage.conversations import MessageDetails

Item = TypeVar("Item")


class InputMessage(TypedDict):
    """A message as it was sent, or, of a conversation, an answer."""

    type: Literal["message"]
    id: str
    status: Literal["completed", "incomplete"]
    role: Literal["user", "assistant"]
    content: list[dict[str, Any]]


class ItemList(TypedDict, Generic[Item]):
    """A page."""

    object: Literal["list"]
    data: list[Item]
    first_id: str | None
    last_id: str | None
    has_more: bool


def input_message(turn_id: UUID, text: str) -> InputMessage:
    """A question; its id is its turn's."""
    content = [{"type": "input_text", "text": text}]
    return InputMessage(type="message", id=message_id(turn_id), status="completed", role="user", content=content)


def item_of(message: MessageDetails) -> InputMessage:
    """A message of a conversation."""
    if message["role"] == "user":
        return input_message(message["message_id"], message["content"])
    content = [{"type": "output_text", "text": message["content"], "annotations": [], "logprobs": []}]
    status: Literal["completed", "incomplete"] = "completed" if message["finish_reason"] == "stop" else "incomplete"
    id_ = message_id(message["message_id"])
    return InputMessage(type="message", id=id_, status=status, role="assistant", content=content)


def item_list(items: Sequence[InputMessage], *, has_more: bool) -> ItemList[InputMessage]:
    """A page of these."""
    first, last = (items[0]["id"], items[-1]["id"]) if items else (None, None)
    return ItemList(object="list", data=list(items), first_id=first, last_id=last, has_more=has_more)
