"""What AG-UI's clients send, and the message in it.

Fields that are not named here are ignored, and so are all messages but the user's last one: the history of a thread is
what was really said in its conversation, and no message of a client's is the system's.
"""

from typing import Annotated, Any
from uuid import UUID

import msgspec

from api.doors.shared import stable_id
from api.parameters import EmployeeName
from api.problems import Problem
from graph.turns.manager import SendRequest
from graph.turns.turn import began_at
from nodes.state import Quoted, WhileBusy
from storage.turn_records import TurnRecords

MAX_ID_CHARS = 255
SAID = ("user", "assistant", "tool")
"""Roles of what is said in turn; others stand anywhere between."""
EXAMPLE = [{"id": "m-1", "role": "user", "content": "What can I write off?"}]


class Part(msgspec.Struct):
    """A part of a message."""

    type: str
    text: str = ""


class Message(msgspec.Struct):
    """A message; what it says is read of the last one only."""

    role: str
    id: str = ""
    content: Any = None


class ContextItem(msgspec.Struct):
    """Something that the application knows."""

    description: str
    value: str


class ForwardedProps(msgspec.Struct):
    """What of `POST /chat` a client may add."""

    while_busy: WhileBusy = "wait"
    temporary: bool = False


class RunAgentInput(msgspec.Struct, rename="camel"):
    """A run: the user's new message, or none, where a thread is only to be shown."""

    thread_id: Annotated[str, msgspec.Meta(examples=["taxes-2026"])]
    """The thread; each is a conversation."""
    run_id: Annotated[str, msgspec.Meta(examples=["run-1"])]
    """The idempotency key of the message."""
    messages: Annotated[list[Message], msgspec.Meta(examples=[EXAMPLE])]
    state: Any = None
    """Sent back with `frontdesk` in it, where a thread is shown."""
    context: list[ContextItem] | None = None
    """Quoted to the model as the user's words."""
    forwarded_props: Any = None
    """`while_busy` and `temporary` are read."""
    resume: list[Any] | None = None

    async def to_send(self, user_id: UUID, turns: TurnRecords, employee: EmployeeName | None) -> SendRequest | None:
        """The user's new message; None where the last word is not theirs, or is known."""
        conversation_id, key = conversation_of(user_id, self.thread_id), run_key(user_id, self.run_id)
        if self.resume:
            raise Problem(400, "invalid_request", "resume: nothing was interrupted")
        said = [(at, message) for at, message in enumerate(self.messages) if message.role in SAID]
        if not said or said[-1][1].role != "user":
            return None
        at, last = said[-1]
        if await _is_stored(last, user_id, turns, conversation_id):
            return None
        asked = _converted(self.forwarded_props or {}, ForwardedProps, "forwardedProps")
        return SendRequest(
            user_id,
            _text_of(last, f"messages[{at}].content"),
            conversation_id=conversation_id,
            employee=employee,
            while_busy=asked.while_busy,
            temporary=asked.temporary,
            quoted=tuple(Quoted(role="user", said=f"{one.description}: {one.value}") for one in self.context or ()),
            key=key,
        )


def conversation_of(user_id: UUID, thread_id: str) -> str:
    """The conversation of a thread."""
    return str(stable_id(user_id, _checked(thread_id, "threadId")))


def run_key(user_id: UUID, run_id: str) -> str:
    """The idempotency key of a run."""
    if "/" in run_id:
        raise Problem(400, "invalid_request", "runId: takes no slash, because it is part of addresses")
    return f"ag-ui {stable_id(user_id, _checked(run_id, 'runId'))}"


def _checked(id_: str, field: str) -> str:
    if not 0 < len(id_) <= MAX_ID_CHARS:
        raise Problem(400, "invalid_request", f"{field}: takes 1 to {MAX_ID_CHARS} characters")
    return id_


async def _is_stored(message: Message, user_id: UUID, turns: TurnRecords, conversation_id: str) -> bool:
    """Whether the message comes from a snapshot: ids of ours are of version 7, those of most clients are not."""
    try:
        turn_id = UUID(message.id)
    except ValueError:
        return False
    record = await turns.find(user_id, turn_id) if began_at(turn_id) is not None else None
    return record is not None and record["conversation_id"] == conversation_id


def _text_of(message: Message, field: str) -> str:
    content = _converted(message.content, str | list[Part], field)
    if isinstance(content, str):
        return content
    for part in content:
        if part.type != "text":
            detail = f"{field}: parts of type {part.type[:40]!r} cannot be sent yet; send their text"
            raise Problem(400, "invalid_request", detail)
    return "\n".join(part.text for part in content)


def _converted(value: Any, kind: Any, field: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Problem(400, "invalid_request", f"{field}: {error}") from None
