"""Requests of LangGraph's clients for runs, and the message that each of them sends.

Fields that are not named here are ignored. Those that would change what a run does are refused.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from api.doors.langgraph.assistants import GRAPH, employee_of
from api.doors.langgraph.run_events import StreamMode
from api.problems import Problem
from graph.turns.manager import SendRequest
from nodes.employees import EMPLOYEES, find
from nodes.state import Quoted, WhileBusy

MultitaskStrategy = Literal["reject", "interrupt", "rollback", "enqueue"]
WHILE_BUSY: dict[MultitaskStrategy, WhileBusy] = {
    "reject": "reject", "interrupt": "interrupt", "rollback": "interrupt", "enqueue": "wait",
}  # fmt: skip
ROLES = {
    "human": "user", "user": "user", "ai": "assistant", "assistant": "assistant", "system": "system",
    "developer": "system", "tool": "tool", "function": "tool",
}  # fmt: skip
MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,100}")
MAX_QUOTED = 200
"""Messages that are read of those sent along: the newest ones."""


class Choice(msgspec.Struct):
    """What a run may choose."""

    employee: str | None = None


class Configurable(Choice):
    """The same, and where it goes on from."""

    checkpoint_id: str | None = None


class RunConfig(msgspec.Struct):
    """A run's configuration."""

    configurable: Configurable | None = None


class RunInput(msgspec.Struct):
    """What a run begins with."""

    messages: Any = None
    """A message or several, in any of LangChain's forms; the last one is answered."""


class Checkpoint(msgspec.Struct):
    """A state in a thread's history."""

    checkpoint_id: str | None = None


class RunRequest(msgspec.Struct):
    """A run."""

    assistant_id: Annotated[str, msgspec.Meta(examples=[GRAPH])]
    input: Annotated[
        RunInput | None, msgspec.Meta(examples=[{"messages": [{"type": "human", "content": "What can I write off?"}]}])
    ] = None
    stream_mode: StreamMode | list[StreamMode] | None = None
    config: RunConfig | None = None
    context: Choice | None = None
    multitask_strategy: MultitaskStrategy | None = None
    if_not_exists: Literal["create", "reject"] | None = None
    on_disconnect: Literal["cancel", "continue"] | None = None
    on_completion: Literal["delete", "keep"] | None = None
    """Of a run without a thread: whether its conversation is kept; by default it is a temporary one."""
    checkpoint: Checkpoint | None = None
    checkpoint_id: str | None = None
    command: Any = None
    interrupt_before: str | list[str] | None = None
    interrupt_after: str | list[str] | None = None
    webhook: str | None = None
    after_seconds: float | None = None

    @property
    def modes(self) -> list[StreamMode]:
        """What its stream has."""
        return modes_of([self.stream_mode] if isinstance(self.stream_mode, str) else self.stream_mode)

    @property
    def strategy(self) -> MultitaskStrategy:
        """What is to happen while the thread is busy."""
        return self.multitask_strategy or "enqueue"

    @property
    def at(self) -> str | None:
        """The checkpoint that it goes on from; None for the last one."""
        named = (self.checkpoint, self.config.configurable if self.config else None)
        return self.checkpoint_id or next((one.checkpoint_id for one in named if one and one.checkpoint_id), None)

    @property
    def message_id(self) -> str | None:
        """What the client calls the message; None where it gives no id, or one that does not fit in a key."""
        messages = self._messages()
        last = messages[-1] if messages else None
        given = dict[str, object](last).get("id") if isinstance(last, dict) else None
        return given if isinstance(given, str) and MESSAGE_ID.fullmatch(given) else None

    def to_send(self, user_id: Any, thread_id: str | None, key: str | None) -> SendRequest:
        """The last message, or none; of a run without a thread those before it are quoted.

        Raises:
            Problem: 400, it cannot be done.
        """
        self._refuse_what_is_not_there()
        said = [_said(one, f"input.messages[{at}]") for at, one in enumerate(self._messages())]
        if said and said[-1][0] != "user":
            raise Problem(400, "invalid_request", "input.messages: the last message must be a human one")
        quoted = tuple(
            Quoted(role="user" if role == "system" else role, said=text)
            for role, text in said[-MAX_QUOTED - 1 : -1] if text.strip()
        )  # fmt: skip
        return SendRequest(
            user_id,
            said[-1][1] if said else None,
            conversation_id=thread_id,
            employee=self._employee(),
            while_busy=WHILE_BUSY[self.strategy],
            temporary=thread_id is None and self.on_completion != "keep",
            quoted=() if thread_id else quoted,
            key=key,
        )

    def _messages(self) -> Sequence[object]:
        given = self.input.messages if self.input else None
        if isinstance(given, list):
            return list[object](given)
        return [] if given is None else [given]

    def _employee(self) -> str | None:
        configurable = self.config.configurable if self.config else None
        chosen = (configurable and configurable.employee) or (self.context and self.context.employee)
        if chosen and find(chosen) is None:
            known = ", ".join(one.slug for one in EMPLOYEES)
            raise Problem(400, "invalid_request", f"config.configurable.employee: one of {known}")
        return chosen or employee_of(self.assistant_id)

    def _refuse_what_is_not_there(self) -> None:
        employee_of(self.assistant_id)
        refused = {
            "command": (self.command, "there are no interrupts to go on from"),
            "interrupt_before": (self.interrupt_before, "a run cannot be interrupted before a node"),
            "interrupt_after": (self.interrupt_after, "a run cannot be interrupted after a node"),
            "webhook": (self.webhook, "there are no webhooks"),
            "after_seconds": (self.after_seconds, "a run begins at once"),
        }
        for field, (given, why) in refused.items():
            if given:
                raise Problem(400, "invalid_request", f"{field}: not supported, {why}")


def modes_of(given: Sequence[StreamMode] | None) -> list[StreamMode]:
    """The modes of a stream: values, where none are named."""
    return list(given) if given else ["values"]


def _said(message: object, field: str) -> tuple[str, str]:
    """Who says what in a message."""
    role: object = "user"
    content: object = message
    if isinstance(message, dict):
        fields = dict[str, object](message)
        role, content = fields.get("type") or fields.get("role"), fields.get("content")
    elif isinstance(message, list) and len(list[object](message)) == 2:
        role, content = list[object](message)
    if not isinstance(role, str) or role not in ROLES:
        raise Problem(400, "invalid_request", f"{field}: a message of no known type")
    return ROLES[role], _text_of(content, field)


def _text_of(content: object, field: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Problem(400, "invalid_request", f"{field}: a message without text")
    texts: list[str] = []
    for part in list[object](content):
        fields = dict[str, object](part) if isinstance(part, dict) else {"type": "text", "text": part}
        text = fields.get("text")
        if fields.get("type") != "text" or not isinstance(text, str):
            raise Problem(400, "invalid_request", f"{field}.content: only parts of type 'text' are read")
        texts.append(text)
    return "\n".join(texts)
