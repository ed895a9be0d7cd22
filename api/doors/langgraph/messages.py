"""Messages and states of a thread, as LangGraph writes them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from typing_extensions import TypedDict

from api.doors.langgraph.assistants import GRAPH
from nodes.stream_events import Done
from storage.thread_runs import ThreadMessage
from storage.threads import ThreadRecord

Message = dict[str, Any]


class Values(TypedDict):
    """What a thread is made of."""

    messages: list[Message]


class Checkpoint(TypedDict):
    """Where in a thread's history a state is."""

    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str
    """The id of the state's last message; of the empty state one of its own."""
    checkpoint_map: None


class ThreadState(TypedDict):
    """A thread after one of its messages."""

    values: Values
    next: list[str]
    tasks: list[dict[str, Any]]
    metadata: dict[str, Any]
    created_at: datetime | None
    checkpoint: Checkpoint
    parent_checkpoint: Checkpoint | None
    interrupts: list[Any]


def human(id_: UUID | str, text: str) -> Message:
    """A question; its id is its turn's."""
    return {
        "type": "human",
        "id": str(id_),
        "content": text,
        "name": None,
        "example": False,
        "additional_kwargs": {},
        "response_metadata": {},
    }


def ai(
    id_: str,
    text: str,
    employee: str,
    *,
    model: str | None = None,
    finish_reason: str | None = None,
    fallback: bool = False,
    usage: Mapping[str, Any] | None = None,
) -> Message:
    """An answer; `name` is who gave it."""
    report = {"model_name": model, "finish_reason": finish_reason, "fallback": fallback}
    return {
        "type": "ai",
        "id": id_,
        "content": text,
        "name": employee,
        "example": False,
        "tool_calls": [],
        "invalid_tool_calls": [],
        "usage_metadata": counted(usage) if usage else None,
        "additional_kwargs": {},
        "response_metadata": report if model else {},
    }


def counted(usage: Mapping[str, Any]) -> dict[str, int]:
    """The tokens of an answer."""
    return {
        "input_tokens": usage["prompt_tokens"],
        "output_tokens": usage["completion_tokens"],
        "total_tokens": usage["prompt_tokens"] + usage["completion_tokens"],
    }


def answer(id_: str, text: str, done: Done) -> Message:
    """An answer at its end, as it is in the thread's state afterwards."""
    return ai(
        id_, text, done.employee, model=done.model, finish_reason=done.finish_reason, fallback=done.fallback,
        usage=done.usage,
    )  # fmt: skip


def message_of(stored: ThreadMessage) -> Message:
    """A stored message."""
    if stored["role"] == "user":
        return human(stored["id"], stored["content"])
    return ai(
        str(stored["id"]), stored["content"], stored["employee"], model=stored["model"],
        finish_reason=stored["finish_reason"], fallback=stored["fallback"], usage=stored["usage"],
    )  # fmt: skip


def states(thread: ThreadRecord, stored: Sequence[ThreadMessage]) -> Iterator[ThreadState]:
    """The states of a thread, the newest first: after each of its messages, and before the first."""
    thread_id = thread["thread_id"]
    messages = [message_of(one) for one in stored]
    ids = [empty_state(thread_id), *(message["id"] for message in messages)]
    for at in range(len(messages), -1, -1):
        last = stored[at - 1] if at else None
        waits = at == len(messages) and last is not None and last["role"] == "user"
        error = "there is no answer" if waits and thread["status"] == "error" else None
        metadata: dict[str, Any] = {"source": "loop" if at else "input", "step": at - 1, "graph_id": GRAPH}
        metadata |= {"thread_id": thread_id, "run_id": str(last["turn_id"])} if last else {"thread_id": thread_id}
        yield ThreadState(
            values=Values(messages=messages[:at]),
            next=["generate"] if waits else [],
            tasks=[{"id": ids[at], "name": "generate", "error": error, "interrupts": []}] if waits else [],
            metadata=metadata,
            created_at=last["created_at"] if last else thread["created_at"],
            checkpoint=_checkpoint(thread_id, ids[at]),
            parent_checkpoint=_checkpoint(thread_id, ids[at - 1]) if at else None,
            interrupts=[],
        )


def empty_state(thread_id: str) -> str:
    """The checkpoint id of a thread's state before its first message."""
    return str(uuid5(UUID(int=0), f"thread {thread_id}"))


def _checkpoint(thread_id: str, checkpoint_id: str) -> Checkpoint:
    return Checkpoint(thread_id=thread_id, checkpoint_ns="", checkpoint_id=checkpoint_id, checkpoint_map=None)
