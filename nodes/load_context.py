"""Load what the prompt is made of: summary and messages; beside them the nearest facts, and earlier turns."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from uuid import UUID

from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.errors import EmbeddingUnavailable
from nodes.state import Context, Notice, State, asking
from nodes.stream_events import note
from storage.errors import StorageError
from storage.facts import Memory
from storage.recall import Recall, Recalled, RecalledTurn
from storage.turns import History, Turns

log = get_logger(__name__)

MAX_MEMORIES = 6
"""Facts loaded for a turn."""
MAX_TURNS = 12
"""Earlier turns loaded; those that the window holds are left out of the prompt later on."""
QUOTED_CHARS = 160
"""Characters of a question, and of an answer, that are quoted."""

_SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+|\n+")
_WORD = re.compile(r"\w{3,}")

EmbedMessage = Callable[[str], Awaitable[list[float]]]
"""Embeds a message. Raises EmbeddingUnavailable."""


class LoadedHistory(TypedDict):
    """The conversation so far."""

    history: History


async def load_summary(state: State, runtime: Runtime[Context], *, turns: Turns) -> LoadedHistory:
    """Load the rolling summary, every message that it does not cover, and the latest messages."""
    turn_id = UUID(state["turn_id"])
    history = await turns.history(asking(runtime), state["conversation_id"], before_turn=turn_id)
    return LoadedHistory(history=history)


class LoadedMemories(TypedDict):
    """What was found, and the turn's notices."""

    memories: list[Memory]
    recalled: list[RecalledTurn]
    notices: list[Notice]


async def load_memory(
    state: State, runtime: Runtime[Context], *, embed: EmbedMessage, recall: Recall, seconds: float
) -> LoadedMemories:
    """Load what has to do with the message, or nothing after `seconds`: the answer does not wait for memory.

    Nothing, and no notice, where the user wants no memory here. The message's vector is stored with its turn, which is
    found by it later on.
    """
    if not state["may_remember"]:
        return LoadedMemories(memories=[], recalled=[], notices=state["notices"])
    try:
        async with asyncio.timeout(seconds):
            found = await _recall(state, asking(runtime), await embed(state["message"]), recall)
    except (TimeoutError, EmbeddingUnavailable, StorageError):
        log.warning("memory unavailable", exc_info=True)
        notice = Notice(code="memory_unavailable", message="I answer without what I remember of you.")
        return LoadedMemories(memories=[], recalled=[], notices=note(runtime, state["notices"], notice))
    recalled = [_quoted(turn, state["message"]) for turn in found["turns"]]
    return LoadedMemories(memories=found["facts"], recalled=recalled, notices=state["notices"])


async def _recall(state: State, user_id: UUID, vector: list[float], recall: Recall) -> Recalled:
    conversation_id, turn_id, message = state["conversation_id"], UUID(state["turn_id"]), state["message"]
    return await recall.recall(user_id, conversation_id, turn_id, message, vector, facts=MAX_MEMORIES, turns=MAX_TURNS)


def _quoted(turn: RecalledTurn, message: str) -> RecalledTurn:
    """The turn with as much of its texts as is quoted."""
    said, answered = turn["said"], turn["answered"]
    short = excerpt(answered, message, QUOTED_CHARS) if answered else None
    return RecalledTurn({**turn, "said": excerpt(said, message, QUOTED_CHARS), "answered": short})


def excerpt(text: str, message: str, chars: int) -> str:
    """At most `chars` characters and an ellipsis at either end, from the sentence with most of the message's words."""
    text = text.strip()
    if len(text) <= chars:
        return text
    wanted = set(_WORD.findall(message.casefold()))
    starts = [0, *(found.end() for found in _SENTENCE.finditer(text))]
    sentences = zip(starts, [*starts[1:], len(text)], strict=True)
    best, _ = max(sentences, key=lambda place: len(wanted.intersection(_WORD.findall(text[slice(*place)].casefold()))))
    start = min(best, len(text) - chars)  # a short last sentence comes with what is before it
    end = start + chars
    return f"{'…' if start else ''}{text[start:end].strip()}{'…' if end < len(text) else ''}"
