"""Requests of OpenAI's clients, and the message that each of them sends.

Fields that are not named here are ignored. Those that would change what kind of answer comes are refused.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from api.doors.openai.models import ROUTED, employee_of
from api.parameters import CONVERSATION_ID
from api.problems import Problem
from graph.turns.manager import SendRequest
from nodes.state import Quoted

MAX_QUOTED = 200
"""Messages that are read of those sent along: the newest ones."""
TEXT_PARTS = ("text", "input_text", "output_text")

QUESTION = "What can I write off?"
"""An example, for the OpenAPI document."""
ModelName = Annotated[str, msgspec.Meta(examples=[ROUTED])]


class Part(msgspec.Struct):
    """A part of a message."""

    type: str
    text: str = ""


Content = str | list[Part] | None


class ChatMessage(msgspec.Struct):
    """A message of a chat completion."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content = None


class StreamOptions(msgspec.Struct):
    """What a stream has besides the answer."""

    include_usage: bool | None = None


class ResponseFormat(msgspec.Struct):
    """The form of the answer; text is the only one."""

    type: str = "text"


class ChatCompletionRequest(msgspec.Struct):
    """A chat completion."""

    model: ModelName
    messages: Annotated[list[ChatMessage], msgspec.Meta(examples=[[{"role": "user", "content": QUESTION}]])]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    metadata: dict[str, str] | None = None
    """`conversation_id` names the conversation that the last message belongs to."""
    store: bool | None = None
    """Whether a conversation without a name is kept; else it is a temporary one."""
    n: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: ResponseFormat | None = None

    def to_send(self, user_id: Any, conversation_id: str | None, key: str | None) -> SendRequest:
        """The last message, with those before it quoted where the conversation is not ours."""
        _refuse("tools", bool(self.tools), "employees have tools of their own")
        _refuse("functions", bool(self.functions), "employees have tools of their own")
        _refuse("n", self.n not in (None, 1), "there is one answer")
        _refuse_format("response_format", self.response_format)
        conversation_id = conversation_id or (self.metadata or {}).get("conversation_id")
        quoted = [(one.role, text_of(one.content, f"messages[{at}]")) for at, one in enumerate(self.messages)]
        message = _last(quoted, "messages")
        return SendRequest(
            user_id,
            message,
            conversation_id=_conversation(conversation_id, "metadata.conversation_id"),
            employee=employee_of(self.model),
            temporary=conversation_id is None and not self.store,
            quoted=() if conversation_id else _quoted(quoted[:-1]),
            key=key,
        )


class InputItem(msgspec.Struct):
    """A message of a response's input."""

    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] = "user"
    content: Content = None


class ConversationReference(msgspec.Struct):
    """A conversation, by its id."""

    id: str


class TextOptions(msgspec.Struct):
    """The form of the text."""

    format: ResponseFormat | None = None


class ResponseRequest(msgspec.Struct):
    """A response."""

    model: ModelName
    input: Annotated[str | list[InputItem], msgspec.Meta(examples=[QUESTION])]
    instructions: str | None = None
    """Quoted as the user's words."""
    conversation: str | ConversationReference | None = None
    previous_response_id: str | None = None
    """A response whose conversation goes on."""
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    """False: a new conversation is a temporary one."""
    tools: list[Any] | None = None
    text: TextOptions | None = None

    def to_send(self, user_id: Any, previous: str | None, key: str | None) -> SendRequest:
        """The last message, with the instructions and what comes before it quoted.

        Args:
            previous: the conversation of `previous_response_id`.
        """
        _refuse("tools", bool(self.tools), "employees have tools of their own")
        _refuse_format("text.format", self.text.format if self.text else None)
        given = self.conversation.id if isinstance(self.conversation, ConversationReference) else self.conversation
        if given and previous:
            raise Problem(400, "invalid_request", "previous_response_id: not together with conversation")
        conversation_id = _conversation(given, "conversation") or previous
        items = [InputItem(content=self.input)] if isinstance(self.input, str) else self.input
        for at, item in enumerate(items):
            _refuse(f"input[{at}].type", item.type != "message", "only messages are read")
        said = [(one.role, text_of(one.content, f"input[{at}]")) for at, one in enumerate(items)]
        message = _last(said, "input")
        instructions = [("instructions", self.instructions)] if self.instructions else []
        return SendRequest(
            user_id,
            message,
            conversation_id=conversation_id,
            employee=employee_of(self.model),
            temporary=conversation_id is None and self.store is False,
            quoted=_quoted([*instructions, *said[:-1]]),
            key=key,
        )


def text_of(content: Content, field: str) -> str:
    """The text of a message.

    Raises:
        Problem: 400, a part is something else.
    """
    if content is None or isinstance(content, str):
        return content or ""
    for part in content:
        _refuse(f"{field}.content", part.type not in TEXT_PARTS, f"parts of type {part.type[:40]!r} are not read")
    return "\n".join(part.text for part in content)


def _last(said: Sequence[tuple[str, str]], field: str) -> str:
    """The message to answer."""
    if not said or said[-1][0] != "user":
        raise Problem(400, "invalid_request", f"{field}: the last message must be the user's")
    return said[-1][1]


def _quoted(said: Sequence[tuple[str, str]]) -> tuple[Quoted, ...]:
    """What was sent along, as the user's or as an answer: nothing a client sends has the system's authority."""
    roles = {"assistant": "assistant", "tool": "tool", "function": "tool"}
    return tuple(Quoted(role=roles.get(role, "user"), said=text) for role, text in said[-MAX_QUOTED:] if text.strip())


def _conversation(conversation_id: str | None, field: str) -> str | None:
    if conversation_id is not None and not is_conversation_id(conversation_id):
        raise Problem(400, "invalid_request", f"{field}: takes 1 to 128 of A-Z a-z 0-9 _ . : -")
    return conversation_id


def is_conversation_id(text: str) -> bool:
    """Whether a conversation may have this id."""
    return len(text) <= 128 and re.fullmatch(CONVERSATION_ID, text) is not None


def _refuse_format(field: str, given: ResponseFormat | None) -> None:
    _refuse(field, given is not None and given.type != "text", "answers are text")


def _refuse(field: str, wrong: bool, why: str) -> None:
    if wrong:
        raise Problem(400, "invalid_request", f"{field}: {why}")
