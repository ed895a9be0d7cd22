"""Update the conversation's rolling summary after the answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.errors import ModelError
from nodes.prompts import estimate, summary_prompt
from nodes.retrying import retried
from nodes.state import Context, State, asking
from nodes.text.extractive_summary import extractive_summary, shorten
from nodes.text.pii.masking import mask
from storage.turns import Message, Turns

log = get_logger(__name__)

Summarise = Callable[[str, str], Awaitable[str]]
"""Sends a system and a user message to a model and returns its reply. Raises ModelError."""


class RolledSummary(TypedDict):
    """The conversation's summary after this turn."""

    summary: str | None


class Waiting(NamedTuple):
    """How much may wait for a summary: what waits is shown whole to the model that answers."""

    messages: int = 0
    tokens: int = 0


async def roll_summary(
    state: State,
    runtime: Runtime[Context],
    *,
    summarise: Summarise | None,
    turns: Turns,
    seconds: float,
    waiting: Waiting = Waiting(),  # noqa: B008 - immutable
) -> RolledSummary:
    """Summarise in under 150 words what the last summary does not cover, including this turn.

    Does nothing for a recovered turn whose summary is stored already, and as long as all of it may wait.

    Args:
        seconds: for the model. Time has to be left after it: without a summary the conversation would be forgotten.
        waiting: by default nothing waits, and each turn is summarised.
    """
    history = state["history"]
    if state.get("summarised"):
        return RolledSummary(summary=history["summary"])
    uncovered = [message for message in history["messages"] if message["seq"] > history["covers"]]
    reached = state["answer"] is not None and not state["answer"]["fallback"]
    messages = [*uncovered, *_this_turn(state)]
    if len(messages) <= waiting.messages and _tokens(messages) <= waiting.tokens:
        return RolledSummary(summary=history["summary"])
    summary = await _summary(history["summary"], messages, summarise if reached else None, seconds)
    seen = max((message["seq"] for message in history["messages"]), default=history["covers"])
    user_id, turn_id, conversation_id = asking(runtime), UUID(state["turn_id"]), state["conversation_id"]
    await retried(lambda: turns.save_summary(user_id, conversation_id, summary, turn_id=turn_id, seen=seen))
    return RolledSummary(summary=summary)


async def _summary(previous: str, messages: list[Message], summarise: Summarise | None, seconds: float) -> str:
    """A model's summary, or an extractive one where there is no model or it fails, so that nothing is lost."""
    if summarise is not None:
        try:
            async with asyncio.timeout(seconds):
                written = await summarise(*summary_prompt(previous, messages))
        except (ModelError, TimeoutError):
            log.warning("the model wrote no summary, using an extractive one", exc_info=True)
        else:
            if written.strip():
                return shorten(mask(written).text)
    return extractive_summary(previous, messages)


def _tokens(messages: list[Message]) -> int:
    return sum(estimate(message["content"]) for message in messages)


def _this_turn(state: State) -> list[Message]:
    assert state["route"] is not None
    assert state["answer"] is not None
    slug = state["route"]["employee"]
    question = Message(id=state["turn_id"], seq=0, role="user", employee=slug, content=state["message"])
    if state["answer"]["fallback"]:
        return [question]  # a prepared reply holds nothing worth summarising
    return [question, Message(id="", seq=0, role="assistant", employee=slug, content=state["answer"]["text"])]
