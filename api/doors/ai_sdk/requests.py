"""Requests of the AI SDK's clients, and the message that each of them sends.

Fields that are not named here are ignored, and so are all messages but the user's last one: the history of a chat is
what was really said in its conversation, and no message of a client's is the system's.
"""

from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID, uuid5

import msgspec

from api.doors.shared import stable_id
from api.parameters import EmployeeName
from api.problems import Problem
from graph.turns.manager import SendRequest
from nodes.state import WhileBusy
from storage.turn_records import TurnRecords

MAX_CHAT_ID = 255
EXAMPLE = [{"id": "m-1", "role": "user", "parts": [{"type": "text", "text": "What can I write off?"}]}]


class Part(msgspec.Struct):
    """A part of a message."""

    type: str
    text: str | None = None


class UIMessage(msgspec.Struct):
    """A message."""

    role: str
    id: str = ""
    parts: list[Part] = msgspec.field(default_factory=list[Part])

    def said(self, field: str) -> str:
        """Its text; parts of the application's own, `data-…`, are for its pages.

        Raises:
            Problem: 400, a part is something else.
        """
        for part in self.parts:
            if part.type == "file":
                raise Problem(400, "invalid_request", f"{field}.parts: files cannot be sent yet; send their text")
            if part.type != "text" and not part.type.startswith("data-"):
                raise Problem(400, "invalid_request", f"{field}.parts: parts of type {part.type[:40]!r} are not read")
        return "\n".join(part.text or "" for part in self.parts if part.type == "text")


class UIChatRequest(msgspec.Struct, rename={"message_id": "messageId"}):
    """A chat's messages, the last of which is to be answered, and what of `POST /chat` a client may add."""

    id: Annotated[str, msgspec.Meta(examples=["taxes-2026"])]
    """The chat's; each is a conversation."""
    messages: Annotated[list[UIMessage], msgspec.Meta(examples=[EXAMPLE])]
    trigger: Literal["submit-message", "regenerate-message"] = "submit-message"
    message_id: str | None = None
    """Of the message that is answered again, or its answer's; or of the one that was changed."""
    employee: EmployeeName | None = None
    while_busy: WhileBusy = "wait"
    temporary: bool = False

    async def to_send(self, user_id: UUID, turns: TurnRecords, key: str | None) -> SendRequest:
        """The message to send: a new one, or another version of a turn.

        The id of a new one is its idempotency key. A version has none, because it may be wanted more than once.
        """
        if not self.messages or self.messages[-1].role != "user":
            raise Problem(400, "invalid_request", "messages: the last message must be the user's")
        last = self.messages[-1]
        conversation_id = conversation_of(user_id, self.id)
        own_key = message_key(conversation_id, last.id) if last.id else None
        request = SendRequest(
            user_id,
            last.said(f"messages[{len(self.messages) - 1}]"),
            conversation_id=str(conversation_id),
            employee=self.employee,
            while_busy=self.while_busy,
            temporary=self.temporary,
            key=key or own_key,
        )
        again = self.trigger == "regenerate-message"
        if not again and (self.message_id is None or self.message_id != last.id):
            return request
        named = [message_id for message_id in (uuid_of(self.message_id), uuid_of(last.id)) if message_id]
        turn_id = await turns.active_version(user_id, str(conversation_id), message_ids=named, key=own_key)
        if turn_id is None:  # it was refused, or never came: what is sent again is new
            return request
        version = replace(request, key=key, replaces=turn_id, kind="regenerate" if again else "edit")
        return replace(version, message=None) if again else version


def conversation_of(user_id: UUID, chat_id: str) -> UUID:
    """The conversation of a chat.

    Raises:
        Problem: 400, the id is not one that fits in the path of an address.
    """
    if not chat_id or len(chat_id) > MAX_CHAT_ID or "/" in chat_id:
        raise Problem(400, "invalid_request", f"id: takes 1 to {MAX_CHAT_ID} characters, and no slash")
    return stable_id(user_id, chat_id)


def message_key(conversation_id: UUID, message_id: str) -> str:
    """The idempotency key of a message."""
    return f"ai-sdk {uuid5(conversation_id, message_id)}"


def uuid_of(text: str | None) -> UUID | None:
    """The id of a message that has one of ours."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
