"""Update the conversation's rolling summary after the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple
from uuid import UUID

from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.errors import ModelError
from nodes.prompts import estimate, summary_prompt
from nodes.retrying import retried
from nodes.state import Context, State, asking
from nodes.text.cleaning import clean
from nodes.text.extractive_summary import extractive_summary, shorten
from nodes.text.pii.detection import OptionalKind
from nodes.text.pii.masking import mask
from storage.turns import Message, Turns, short_title

log = get_logger(__name__)

_AROUND_TITLE = "#*_`\"'“”„«»:;.。 "
"""What models put around a title."""

Summarise = Callable[[str, str], Awaitable[str]]
"""Sends a system and a user message to a model and returns its reply. Raises ModelError."""


class RolledSummary(TypedDict):
    """The conversation's summary after this turn."""

    summary: str | None


class Written(NamedTuple):
    """What a summary's writer wrote."""

    summary: str
    title: str | None = None
    """None where it gave none."""


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
    also: Collection[OptionalKind] = (),
) -> RolledSummary:
    """Summarise in under 150 words what the last summary does not cover, including this turn.

    Does nothing for a recovered turn whose summary is stored already, and as long as all of it may wait. The first
    answer of a conversation does not wait, because its summary brings the conversation's title.

    Args:
        seconds: for the model. Time has to be left after it: without a summary the conversation would be forgotten.
        waiting: by default nothing waits, and each turn is summarised.
        also: kinds that are masked beside those that always are.
    """
    history = state["history"]
    if state.get("summarised"):
        return RolledSummary(summary=history["summary"])
    uncovered = [message for message in history["messages"] if message["seq"] > history["covers"]]
    reached = state["answer"] is not None and not state["answer"]["fallback"]
    messages = [*uncovered, *_this_turn(state)]
    title_is_due = summarise is not None and reached and not history["messages"]
    if not title_is_due and len(messages) <= waiting.messages and _tokens(messages) <= waiting.tokens:
        return RolledSummary(summary=history["summary"])
    summary, title = await _written(history["summary"], messages, summarise if reached else None, seconds, also)
    seen = max((message["seq"] for message in history["messages"]), default=history["covers"])
    user_id, turn_id, conversation_id = asking(runtime), UUID(state["turn_id"]), state["conversation_id"]
    await retried(
        lambda: turns.save_summary(user_id, conversation_id, summary, turn_id=turn_id, seen=seen, title=title)
    )
    return RolledSummary(summary=summary)


async def _written(
    previous: str,
    messages: list[Message],
    summarise: Summarise | None,
    seconds: float,
    also: Collection[OptionalKind],
) -> Written:
    """A model's summary, or an extractive one where there is no model or it fails, so that nothing is lost."""
    title = None
    if summarise is not None:
        try:
            async with asyncio.timeout(seconds):
                summary, title = _read(await summarise(*summary_prompt(previous, messages)), also)
        except (ModelError, TimeoutError):
            log.warning("the model wrote no summary, using an extractive one", exc_info=True)
        else:
            if summary:
                return Written(shorten(mask(summary, also).text), title)
    return Written(extractive_summary(previous, messages), title)


def _read(reply: str, also: Collection[OptionalKind]) -> Written:
    """The parts of a model's reply: a first line `# …` is the title. A model that gives none has written a summary."""
    reply = reply.strip()
    if not reply.startswith("#"):
        return Written(reply)
    heading, _, rest = reply.partition("\n")
    title = " ".join(mask(clean(heading).text, also).text.split()).strip(_AROUND_TITLE)
    return Written(rest.strip(), short_title(title) or None)


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
