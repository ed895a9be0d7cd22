"""What comes to mind, and what happens when nothing does."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from structlog.testing import capture_logs

from nodes.errors import EmbeddingUnavailable
from nodes.load_memory import RECALLED, load_memory
from storage.errors import StorageUnavailable
from storage.fact_search import Memory
from tests.nodes.states import ADA, Listener, a_memory, a_state

HOUSE = a_memory("The user saves for a house.")


class Shelf:
    """Facts, the same whatever is asked, or an error."""

    def __init__(self, *facts: Memory, error: Exception | None = None) -> None:
        self._facts = facts
        self._error = error
        self.asked: list[tuple[UUID, Sequence[float], int]] = []

    async def nearest(self, user_id: UUID, vector: Sequence[float], *, limit: int) -> list[Memory]:
        """All of them."""
        self.asked.append((user_id, vector, limit))
        if self._error:
            raise self._error
        return list(self._facts)


class Stuck:
    """A search that never ends by itself."""

    def __init__(self) -> None:
        self.given_up: list[tuple[UUID, Sequence[float], int]] = []

    async def nearest(self, user_id: UUID, vector: Sequence[float], *, limit: int) -> list[Memory]:
        """Wait."""
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up.append((user_id, vector, limit))
        return []


async def embed(text: str) -> list[float]:
    """A text's vector: its length."""
    return [float(len(text))]


async def no_embedding(text: str) -> list[float]:
    """Raises EmbeddingUnavailable."""
    raise EmbeddingUnavailable


async def test_the_facts_nearest_to_the_message_come_to_mind() -> None:
    """The run's user is searched for, by the message's vector, six at most."""
    run, shelf = Listener(), Shelf(HOUSE)
    remembered = await load_memory(a_state("a house"), run.runtime, embed=embed, recall=shelf, seconds=5)
    assert (remembered["memories"], remembered["notices"]) == ([HOUSE], [])
    assert shelf.asked == [(ADA, [7.0], RECALLED)]
    assert run.events == []


async def test_an_answer_does_not_wait_for_slow_memory() -> None:
    """After the deadline the search is given up and the turn goes on, with a notice."""
    run, stuck = Listener(), Stuck()
    remembered = await load_memory(a_state(), run.runtime, embed=embed, recall=stuck, seconds=0.01)
    assert remembered["memories"] == []
    assert run.notices == ["memory_unavailable"]
    assert len(stuck.given_up) == 1


async def test_the_deadline_covers_the_embedding_too() -> None:
    """A provider that takes its time is waited for no longer than the search."""

    async def endless(text: str) -> list[float]:
        await asyncio.Event().wait()
        return []

    shelf = Shelf(HOUSE)
    remembered = await load_memory(a_state(), Listener().runtime, embed=endless, recall=shelf, seconds=0.01)
    assert remembered["memories"] == []
    assert shelf.asked == []


async def test_without_a_vector_the_turn_goes_on() -> None:
    """Where nothing can be embedded nothing is remembered."""
    run = Listener()
    remembered = await load_memory(a_state(), run.runtime, embed=no_embedding, recall=Shelf(HOUSE), seconds=5)
    assert remembered["memories"] == []
    assert run.notices == ["memory_unavailable"]


async def test_without_a_database_the_turn_goes_on() -> None:
    """The failure is logged, and earlier notices stay."""
    run, earlier = Listener(), {"code": "pii_masked", "message": "I masked an IBAN."}
    down = Shelf(error=StorageUnavailable())
    with capture_logs() as lines:
        remembered = await load_memory(a_state(notices=[earlier]), run.runtime, embed=embed, recall=down, seconds=5)
    assert [notice["code"] for notice in remembered["notices"]] == ["pii_masked", "memory_unavailable"]
    assert [(line["event"], line["exc_info"]) for line in lines] == [("memory unavailable", True)]
