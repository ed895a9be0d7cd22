"""Fit everything the model should read in its window."""

import json

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    SystemMessage,
    trim_messages,  # pyright: ignore[reportUnknownVariableType] - an optional text splitter's type
)
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.employees import employee
from nodes.prompts import notes, system_prompt
from nodes.state import Context, Notice, State, Trimmed
from nodes.stream_events import note
from nodes.token_estimate import estimate, estimate_messages
from storage.fact_search import Memory
from storage.messages import History, Message

SQUEEZED_CHARS = 240
"""Of a message that fits nowhere and that no summary covers yet."""
QUOTING = 16
"""Tokens that a quoted entry of the notes spends on its names and marks."""
HEADING = 32
"""Tokens that the notes spend on saying what they are."""


class Trim(TypedDict):
    """The prompt, and what it leaves out."""

    prompt: list[AnyMessage]
    memories: list[Memory]
    trimmed: Trimmed
    notices: list[Notice]


async def trim_context(state: State, runtime: Runtime[Context], *, budget: int, reserve: int) -> Trim:
    """System prompt and the user's message always; then notes; then the newest messages that fit.

    `budget` is in tokens; `reserve` of them are left free for the answer.
    """
    assert state["route"] is not None
    history = state["history"]
    system = SystemMessage(system_prompt(employee(state["route"]["employee"]), state["started_at"]))
    question = HumanMessage(state["message"])
    left = budget - reserve - estimate_messages([system, question])
    memories = _within(state["memories"], left // 3)
    if _cost(notes(history["summary"], memories, [])) > left:
        history = History(summary="", covers=history["covers"], messages=history["messages"])
    left -= _cost(notes(history["summary"], memories, []))
    kept, dropped, squeezed = _window(history, left)
    background = notes(history["summary"], memories, squeezed)
    middle = [HumanMessage(background)] if background else []
    trimmed = Trimmed(messages=len(dropped), memories=len(state["memories"]) - len(memories))
    return Trim(
        prompt=[system, *middle, *map(_spoken, kept), question],
        memories=memories,
        trimmed=trimmed,
        notices=_tell(state, runtime, trimmed, summarised=bool(dropped and history["summary"])),
    )


def _cost(background: str | None) -> int:
    return estimate_messages([HumanMessage(background)]) if background else 0


def _within(memories: list[Memory], tokens: int) -> list[Memory]:
    """The best memories that fit: they come best first."""
    kept: list[Memory] = []
    for memory in memories:
        tokens -= estimate(json.dumps(memory["fact"], ensure_ascii=False)) + QUOTING
        if tokens < 0:
            break
        kept.append(memory)
    return kept


def _window(history: History, tokens: int) -> tuple[list[Message], list[Message], list[Message]]:
    """The messages kept, those dropped, and what of the dropped goes into the notes.

    The summary trails by a turn when that turn's tail is late or failed: what it does not hold yet and what
    the window has no room for would be forgotten, so it goes in shortened, with a quarter of the room for it.
    """
    kept, dropped = _newest(history["messages"], tokens)
    if not _uncovered(dropped, history):
        return kept, dropped, []
    share = tokens // 4
    kept, dropped = _newest(history["messages"], tokens - share)
    return kept, dropped, _squeezed(_uncovered(dropped, history), share - HEADING)


def _newest(messages: list[Message], tokens: int) -> tuple[list[Message], list[Message]]:
    """The newest messages that fit, beginning with one of the user's; and the others."""
    fitting = trim_messages(
        [_spoken(message) for message in messages],
        max_tokens=max(tokens, 0),
        token_counter=estimate_messages,
        strategy="last",
        start_on="human",
    )
    begin = len(messages) - len(fitting)
    return messages[begin:], messages[:begin]


def _uncovered(dropped: list[Message], history: History) -> list[Message]:
    return [message for message in dropped if message["seq"] > history["covers"]]


def _squeezed(messages: list[Message], tokens: int) -> list[Message]:
    """The newest of the messages, shortened, as far as they fit."""
    kept: list[Message] = []
    for message in reversed(messages):
        short = _short(message["content"])
        tokens -= estimate(json.dumps(short, ensure_ascii=False)) + QUOTING
        if tokens < 0:
            break
        kept.insert(0, Message({**message, "content": short}))
    return kept


def _short(text: str) -> str:
    return text if len(text) <= SQUEEZED_CHARS else text[:SQUEEZED_CHARS].rstrip() + "…"


def _spoken(message: Message) -> AnyMessage:
    kind = HumanMessage if message["role"] == "user" else AIMessage
    return kind(message["content"], id=message["id"])


def _tell(state: State, runtime: Runtime[Context], trimmed: Trimmed, *, summarised: bool) -> list[Notice]:
    left_out = [f"{count} {name}" for count, name in _counts(trimmed) if count]
    if not left_out:
        return state["notices"]
    known = "; the summary stands in for them" if summarised else ""
    notice = Notice(code="context_trimmed", message=f"Left out to fit the window: {' and '.join(left_out)}{known}.")
    return note(runtime, state["notices"], notice)


def _counts(trimmed: Trimmed) -> list[tuple[int, str]]:
    messages, memories = trimmed["messages"], trimmed["memories"]
    return [
        (messages, "earlier message" if messages == 1 else "earlier messages"),
        (memories, "memory" if memories == 1 else "memories"),
    ]
