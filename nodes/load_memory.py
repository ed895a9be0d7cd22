"""Remember what is known of the user."""

import asyncio
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from langgraph.runtime import Runtime
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.errors import EmbeddingUnavailable
from nodes.state import Context, Notice, State, asking
from nodes.stream_events import note
from storage.errors import StorageError
from storage.fact_search import Memory

log = get_logger(__name__)

RECALLED = 6
"""Facts recalled for a turn."""


class Embed(Protocol):
    """Turns a text into a vector."""

    async def __call__(self, text: str) -> list[float]:
        """Raises EmbeddingUnavailable."""
        ...


class Recall(Protocol):
    """Finds facts by meaning."""

    async def nearest(self, user_id: UUID, vector: Sequence[float], *, limit: int) -> list[Memory]:
        """The user's facts nearest to the vector, best first."""
        ...


class Remembered(TypedDict):
    """What came to mind."""

    memories: list[Memory]
    notices: list[Notice]


async def load_memory(
    state: State, runtime: Runtime[Context], *, embed: Embed, recall: Recall, seconds: float
) -> Remembered:
    """The facts nearest to the message. An answer without them beats an answer that waits for them."""
    try:
        async with asyncio.timeout(seconds):
            memories = await recall.nearest(asking(runtime), await embed(state["message"]), limit=RECALLED)
    except (TimeoutError, EmbeddingUnavailable, StorageError):
        log.warning("memory unavailable", exc_info=True)
        notice = Notice(code="memory_unavailable", message="I answer without what I remember of you.")
        return Remembered(memories=[], notices=note(runtime, state["notices"], notice))
    return Remembered(memories=memories, notices=state["notices"])
