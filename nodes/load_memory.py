"""Load the remembered facts that are nearest to the message."""

import asyncio
from collections.abc import Awaitable, Callable

from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.errors import EmbeddingUnavailable
from nodes.state import Context, Notice, State, asking
from nodes.stream_events import note
from storage.errors import StorageError
from storage.facts import Facts, Memory

log = get_logger(__name__)

MAX_MEMORIES = 6
"""Facts loaded for a turn."""

EmbedMessage = Callable[[str], Awaitable[list[float]]]
"""Embeds a message. Raises EmbeddingUnavailable."""


class LoadedMemories(TypedDict):
    """The facts found, and the turn's notices."""

    memories: list[Memory]
    notices: list[Notice]


async def load_memory(
    state: State, runtime: Runtime[Context], *, embed: EmbedMessage, facts: Facts, seconds: float
) -> LoadedMemories:
    """Load the facts nearest to the message, or none after `seconds`: the answer does not wait for memory.

    None, and no notice, where the user wants no memory here.
    """
    if not state["may_remember"]:
        return LoadedMemories(memories=[], notices=state["notices"])
    try:
        async with asyncio.timeout(seconds):
            memories = await facts.nearest(asking(runtime), await embed(state["message"]), limit=MAX_MEMORIES)
    except (TimeoutError, EmbeddingUnavailable, StorageError):
        log.warning("memory unavailable", exc_info=True)
        notice = Notice(code="memory_unavailable", message="I answer without what I remember of you.")
        return LoadedMemories(memories=[], notices=note(runtime, state["notices"], notice))
    return LoadedMemories(memories=memories, notices=state["notices"])
