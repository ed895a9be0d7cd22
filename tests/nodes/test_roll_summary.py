"""The rolling summary after a turn."""

import json
from uuid import UUID

import pytest
import stamina

from nodes.errors import ModelUnavailable
from nodes.prompts import SUMMARY_WORDS
from nodes.roll_summary import roll_summary
from nodes.state import State
from storage.errors import StorageUnavailable
from storage.messages import History
from tests.nodes.states import ADA, TURN, Listener, a_state, a_talk, an_answer


class Writer:
    """A model that writes the same to everyone, or fails."""

    def __init__(self, written: str | Exception) -> None:
        self._written = written
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, system: str, text: str) -> str:
        """The summary."""
        self.asked.append((system, text))
        if isinstance(self._written, Exception):
            raise self._written
        return self._written


class Shelf:
    """Keeps summaries in a list."""

    def __init__(self) -> None:
        self.saved: list[tuple[UUID, str, str, UUID, int]] = []
        self.away = 0

    async def save(self, user_id: UUID, conversation_id: str, summary: str, *, turn_id: UUID, seen: int) -> bool:
        """Add it, unless the shelf is `away` for now."""
        if self.away:
            self.away -= 1
            raise StorageUnavailable
        self.saved.append((user_id, conversation_id, summary, turn_id, seen))
        return True


def answered(*contents: str, summary: str = "", covers: int = 0) -> State:
    """The state after an answer in a conversation of these messages."""
    history = History(summary=summary, covers=covers, messages=a_talk(*contents))
    return a_state("And on rent?", history=history, answer=an_answer("Rent was 900. It rose."))


async def test_a_model_writes_the_next_summary() -> None:
    """It is stored under its conversation and turn, with how far its writer had read."""
    shelf = Shelf()
    rolled = await roll_summary(
        answered("one", "two", "three"), Listener().runtime, summarise=Writer("They spoke of rent."), summaries=shelf
    )
    assert rolled == {"summary": "They spoke of rent."}
    assert shelf.saved == [(ADA, "a conversation", "They spoke of rent.", TURN, 3)]


async def test_the_model_reads_what_the_last_summary_does_not_hold() -> None:
    """The previous summary, the messages behind its watermark, and this turn; nothing twice."""
    writer = Writer("Rent.")
    state = answered("one", "two", "three", "four", summary="One and two.", covers=2)
    await roll_summary(state, Listener().runtime, summarise=writer, summaries=Shelf())
    assert json.loads(writer.asked[0][1]) == {
        "previous_summary": "One and two.",
        "messages": [
            {"role": "user", "said": "three"},
            {"role": "assistant", "said": "four"},
            {"role": "user", "said": "And on rent?"},
            {"role": "assistant", "said": "Rent was 900. It rose."},
        ],
    }


async def test_a_summary_that_came_out_too_long_is_shortened() -> None:
    """A model counts words badly."""
    rolled = await roll_summary(
        answered(), Listener().runtime, summarise=Writer("They spoke of rent. " * 90), summaries=Shelf()
    )
    assert rolled["summary"] is not None
    assert len(rolled["summary"].split()) < SUMMARY_WORDS
    assert rolled["summary"].endswith("rent.")


async def test_a_number_in_a_summary_is_masked() -> None:
    """A model may put one in that nobody wrote."""
    shelf = Shelf()
    written = Writer("They pay with 4111 1111 1111 1111.")
    rolled = await roll_summary(answered(), Listener().runtime, summarise=written, summaries=shelf)
    assert rolled["summary"] == shelf.saved[0][2] == "They pay with [card •1111]."


@pytest.mark.parametrize(
    "summarise",
    [None, Writer(ModelUnavailable("model_failed")), Writer(" \n")],
    ids=["no model", "a model that fails", "a model that says nothing"],
)
async def test_without_a_models_summary_the_gist_is_kept(summarise: Writer | None) -> None:
    """So nothing falls between window and summary, and no answer waits for a model to recover."""
    shelf = Shelf()
    state = answered("one", "two", summary="User: Hello.", covers=1)
    rolled = await roll_summary(state, Listener().runtime, summarise=summarise, summaries=shelf)
    assert rolled == {"summary": "User: Hello.\nCrystal: two\nUser: And on rent?\nCrystal: Rent was 900."}
    assert [(summary, seen) for _, _, summary, _, seen in shelf.saved] == [(rolled["summary"], 2)]


async def test_a_summary_that_is_stored_already_is_not_written_again() -> None:
    """The process from which the turn was taken over had come so far."""
    writer, shelf = Writer("They spoke of rent."), Shelf()
    state = answered("one", summary="They spoke.", covers=1)
    state["summarised"] = True
    rolled = await roll_summary(state, Listener().runtime, summarise=writer, summaries=shelf)
    assert rolled == {"summary": "They spoke."}
    assert (writer.asked, shelf.saved) == ([], [])


async def test_a_model_is_asked_once_though_its_summary_cannot_be_stored_at_once() -> None:
    """Only storing it is tried again."""
    writer, shelf = Writer("They spoke of rent."), Shelf()
    shelf.away = 2
    with stamina.set_testing(True, attempts=10, cap=True):
        await roll_summary(answered(), Listener().runtime, summarise=writer, summaries=shelf)
    assert len(writer.asked) == len(shelf.saved) == 1


async def test_in_a_new_conversation_nothing_was_read() -> None:
    """The watermark begins at the bottom."""
    shelf = Shelf()
    await roll_summary(answered(), Listener().runtime, summarise=None, summaries=shelf)
    assert [seen for *_, seen in shelf.saved] == [0]
