"""The rolling summary after a turn."""

import asyncio
import json
from uuid import UUID

import pytest
import stamina

from nodes.errors import ModelUnavailable
from nodes.prompts import SUMMARY_WORDS
from nodes.roll_summary import RolledSummary, Waiting, roll_summary
from nodes.state import State
from storage.conversations import Conversations
from storage.errors import StorageUnavailable
from storage.pool import Pool
from storage.turns import Turns
from tests.nodes.states import ADA, TURN, Listener, a_state, an_answer
from tests.nodes.stored import CONVERSATION, accept, answer, load, store_turn

MESSAGE, ANSWER = "And on rent?", "Rent was 900. It rose."


class Writer:
    """A model that always writes the same, or fails."""

    def __init__(self, written: str | Exception) -> None:
        self._written = written
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, system: str, text: str) -> str:
        """The summary."""
        self.asked.append((system, text))
        if isinstance(self._written, Exception):
            raise self._written
        return self._written


class SlowWriter(Writer):
    """A model that never comes to an end."""

    async def __call__(self, system: str, text: str) -> str:
        """Wait forever."""
        self.asked.append((system, text))
        await asyncio.Event().wait()
        return ""


class FailingHistories(Turns):
    """Turns whose first two summaries cannot be stored."""

    failures = 2

    async def save_summary(
        self, user_id: UUID, conversation_id: str, summary: str, *, turn_id: UUID, seen: int, title: str | None = None
    ) -> bool:
        """Fail, or save."""
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable
        return await super().save_summary(user_id, conversation_id, summary, turn_id=turn_id, seen=seen, title=title)


async def answered(pool: Pool, *exchanges: tuple[str, str], summary: str = "", meanwhile: str | None = None) -> State:
    """The state after an answer in a conversation of these exchanges, which is stored.

    Args:
        pool: where.
        exchanges: messages with their answers.
        summary: of the first exchange.
        meanwhile: another message, stored between this turn's message and its answer.
    """
    for number, (message, text) in enumerate(exchanges):
        turn_id = await store_turn(pool, message, text)
        if summary and number == 0:
            await Turns(pool).save_summary(ADA, CONVERSATION, summary, turn_id=turn_id, seen=0)
    history = await load(pool)
    await accept(pool, MESSAGE, turn_id=TURN)
    if meanwhile:
        await accept(pool, meanwhile)
    await answer(pool, TURN, ANSWER)
    return a_state(MESSAGE, conversation_id=CONVERSATION, history=history, answer=an_answer(ANSWER))


async def rolled(pool: Pool, state: State, summarise: Writer | None, *, turns: Turns | None = None) -> RolledSummary:
    """What the node returns; a slow model gets no time."""
    seconds = 0.01 if isinstance(summarise, SlowWriter) else 30
    run, turns = Listener(), turns or Turns(pool)
    return await roll_summary(state, run.runtime, summarise=summarise, turns=turns, seconds=seconds)


async def test_a_models_summary_is_stored(pool: Pool) -> None:
    """It covers the conversation up to this turn's answer."""
    state = await answered(pool, ("one", "two"))
    assert await rolled(pool, state, Writer("They spoke of rent.")) == {"summary": "They spoke of rent."}
    history = await load(pool)
    assert (history["summary"], history["covers"]) == ("They spoke of rent.", history["messages"][-1]["seq"])


@pytest.mark.parametrize("exchanges", [[], [("one", "two")]], ids=["new conversation", "running conversation"])
async def test_a_message_that_arrived_meanwhile_is_not_covered(pool: Pool, exchanges: list[tuple[str, str]]) -> None:
    """The model did not read it, so the next summary has to."""
    state = await answered(pool, *exchanges, meanwhile="Also on food?")
    await rolled(pool, state, Writer("They spoke of rent."))
    history = await load(pool)
    uncovered = [message["content"] for message in history["messages"] if message["seq"] > history["covers"]]
    assert uncovered == ["Also on food?", ANSWER]


async def test_the_model_reads_what_the_last_summary_does_not_cover(pool: Pool) -> None:
    """The previous summary, the messages after its watermark, and this turn; nothing twice."""
    writer = Writer("Rent.")
    state = await answered(pool, ("one", "two"), ("three", "four"), summary="One and two.")
    await rolled(pool, state, writer)
    assert json.loads(writer.asked[0][1]) == {
        "previous_summary": "One and two.",
        "messages": [
            {"role": "user", "said": "three"},
            {"role": "assistant", "said": "four"},
            {"role": "user", "said": MESSAGE},
            {"role": "assistant", "said": ANSWER},
        ],
    }


async def test_a_summary_that_is_too_long_is_shortened(pool: Pool) -> None:
    """A model may ignore the word limit."""
    writer = Writer("They spoke of rent. " * 90)
    summary = (await rolled(pool, await answered(pool), writer))["summary"]
    assert summary is not None
    assert len(summary.split()) < SUMMARY_WORDS
    assert summary.endswith("rent.")


async def test_a_number_in_a_summary_is_masked(pool: Pool) -> None:
    """A model may invent one."""
    writer = Writer("They pay with 4111 1111 1111 1111.")
    summary = (await rolled(pool, await answered(pool), writer))["summary"]
    assert summary == (await load(pool))["summary"] == "They pay with [card •1111]."


@pytest.mark.parametrize(
    "summarise",
    [None, Writer(ModelUnavailable("model_failed")), Writer(" \n"), SlowWriter("")],
    ids=["no model", "a model that fails", "a model that writes nothing", "a model that is too slow"],
)
async def test_without_a_models_summary_an_extractive_one_is_stored(pool: Pool, summarise: Writer | None) -> None:
    """So nothing falls between window and summary."""
    state = await answered(pool, ("zero", "nil"), ("one", "two"), summary="User: Hello.")
    summary = await rolled(pool, state, summarise)
    expected = "User: Hello. one.\nCrystal: two.\nUser: And on rent?\nCrystal: Rent was 900. It rose."
    assert summary == {"summary": expected}
    assert (await load(pool))["summary"] == expected


async def test_a_prepared_reply_is_not_summarised(pool: Pool) -> None:
    """Nor is the model asked, which just could not be reached."""
    writer = Writer("They spoke of rent.")
    state = await answered(pool)
    state["answer"] = an_answer("No model can be reached.", fallback=True)
    assert await rolled(pool, state, writer) == {"summary": f"User: {MESSAGE}"}
    assert writer.asked == []


async def test_a_stored_summary_is_not_written_again(pool: Pool) -> None:
    """The process from which the turn was taken over had stored it."""
    writer = Writer("They spoke of rent.")
    state = await answered(pool, ("one", "two"), summary="They spoke.")
    state["summarised"] = True
    assert await rolled(pool, state, writer) == {"summary": "They spoke."}
    assert (writer.asked, (await load(pool))["summary"]) == ([], "They spoke.")


@pytest.mark.parametrize(
    ("waiting", "asked"),
    [(Waiting(4, 100), 0), (Waiting(3, 100), 1), (Waiting(4, 10), 1)],
    ids=["all may wait", "too many messages", "too long"],
)
async def test_messages_may_wait_for_a_summary(pool: Pool, waiting: Waiting, asked: int) -> None:
    """As many, and as long, as set; then one summary covers them all."""
    writer, run = Writer("They spoke of rent."), Listener()
    state = await answered(pool, ("zero", "nil"), ("one", "two"), summary="Zero.")
    turns = Turns(pool)
    rolled = await roll_summary(state, run.runtime, summarise=writer, turns=turns, seconds=30, waiting=waiting)
    history = await load(pool)
    assert len(writer.asked) == asked
    assert rolled["summary"] == history["summary"] == ("They spoke of rent." if asked else "Zero.")
    uncovered = [message for message in history["messages"] if message["seq"] > history["covers"]]
    assert len(uncovered) == (0 if asked else 4)


async def test_the_first_answer_does_not_wait_because_of_the_title(pool: Pool) -> None:
    """A title is cut at 60 characters, and a reply with nothing else is no summary."""
    state, run = await answered(pool), Listener()
    writer, turns = Writer("# «Rent, and what it costs in a city that is by far too large for us all»"), Turns(pool)
    waiting = Waiting(30, 1000)
    rolled = await roll_summary(state, run.runtime, summarise=writer, turns=turns, seconds=30, waiting=waiting)
    found = await Conversations(pool).find(ADA, CONVERSATION)
    assert found is not None
    assert found["title"] == "Rent, and what it costs in a city that is by far too large…"
    assert rolled["summary"] == f"User: {MESSAGE}\nCrystal: Rent was 900. It rose."


async def test_only_storing_is_retried(pool: Pool) -> None:
    """The model is asked once though its summary cannot be stored at once."""
    writer = Writer("They spoke of rent.")
    state = await answered(pool)
    with stamina.set_testing(True, attempts=10, cap=True):
        await rolled(pool, state, writer, turns=FailingHistories(pool))
    assert len(writer.asked) == 1
    assert (await load(pool))["summary"] == "They spoke of rent."
