"""Fit everything the model should read in its window."""

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, trim_messages
from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from nodes.emit import note
from nodes.employees import employee
from nodes.prompts import notes, system_prompt
from nodes.state import Context, Notice, State, Trimmed
from nodes.tokens import estimate, estimate_messages
from storage.messages import History, Message
from storage.recall import Memory

SQUEEZED_CHARS = 240
"""Of a message that fits nowhere and that no summary covers yet."""


class Trim(TypedDict):
    """The prompt, and what it leaves out."""

    prompt: list[AnyMessage]
    trimmed: Trimmed
    notices: list[Notice]


async def trim_context(state: State, runtime: Runtime[Context], *, budget: int, reserve: int) -> Trim:
    """System prompt and the user's message always; then notes; then the newest messages that fit.

    Args:
        budget: tokens in all.
        reserve: of these, tokens left free for the answer.
    """
    assert state["route"] is not None
    history = state["history"]
    system = SystemMessage(system_prompt(employee(state["route"]["employee"]), state["started_at"]))
    question = HumanMessage(state["message"])
    left = budget - reserve - estimate_messages([system, question])
    memories = _within(state["memories"], left // 3)
    background = notes(history["summary"], memories, [])
    kept = _newest(history["messages"], left - (estimate(background) if background else 0))
    dropped = history["messages"][: len(history["messages"]) - len(kept)]
    # The summary trails by a turn when that turn's tail is late or failed: what it does not hold yet
    # and what the window has no room for would be forgotten, so it goes in shortened.
    background = notes(history["summary"], memories, _squeezed(dropped, history))
    middle = [HumanMessage(background)] if background else []
    trimmed = Trimmed(messages=len(dropped), memories=len(state["memories"]) - len(memories))
    return Trim(
        prompt=[system, *middle, *map(_spoken, kept), question],
        trimmed=trimmed,
        notices=_tell(state, runtime, trimmed, dropped),
    )


def _within(memories: list[Memory], tokens: int) -> list[Memory]:
    """The best memories that fit: they come best first."""
    kept: list[Memory] = []
    for memory in memories:
        tokens -= estimate(memory["fact"]) + 12  # its date and the quoting
        if tokens < 0:
            break
        kept.append(memory)
    return kept


def _newest(messages: list[Message], tokens: int) -> list[Message]:
    """The newest messages that fit, beginning with one of the user's."""
    fitting = trim_messages(
        [_spoken(message) for message in messages],
        max_tokens=max(tokens, 0),
        token_counter=estimate_messages,
        strategy="last",
        start_on="human",
    )
    return messages[len(messages) - len(fitting) :]


def _squeezed(dropped: list[Message], history: History) -> list[Message]:
    uncovered = [message for message in dropped if message["seq"] > history["covers"]]
    return [Message({**message, "content": _short(message["content"])}) for message in uncovered]


def _short(text: str) -> str:
    return text if len(text) <= SQUEEZED_CHARS else text[:SQUEEZED_CHARS].rstrip() + "…"


def _spoken(message: Message) -> AnyMessage:
    kind = HumanMessage if message["role"] == "user" else AIMessage
    return kind(message["content"], id=message["id"])


def _tell(state: State, runtime: Runtime[Context], trimmed: Trimmed, dropped: list[Message]) -> list[Notice]:
    if not (trimmed["messages"] or trimmed["memories"]):
        return state["notices"]
    what = f"{trimmed['messages']} earlier messages" + (
        f" and {trimmed['memories']} memories" if trimmed["memories"] else ""
    )
    known = "; the summary stands in for them" if dropped and state["history"]["summary"] else ""
    notice = Notice(code="context_trimmed", message=f"Left out to fit the window: {what}{known}.")
    return note(runtime, state["notices"], notice)
