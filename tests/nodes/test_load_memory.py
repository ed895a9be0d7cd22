"""Loading remembered facts, and going on without them."""

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from nodes.errors import EmbeddingUnavailable
from nodes.load_context import MAX_MEMORIES, QUOTED_CHARS, excerpt, load_memory
from storage.pool import Pool
from storage.recall import Recall
from tests.nodes.states import Listener, a_state
from tests.nodes.stored import CONVERSATION, MODEL, store_facts, store_turn
from tests.support.postgres import lock

ADVICE = "First list your debts. Then call Harrow Heating about the boiler. At the end put 50 a month aside."
HOUSE = {"The user saves for a house.": [1.0, 0.0]}


async def embed(text: str) -> list[float]:
    """The same vector for every text."""
    return [1.0, 0.0]


async def no_embedding(text: str) -> list[float]:
    """Raises EmbeddingUnavailable."""
    raise EmbeddingUnavailable


async def test_the_facts_nearest_to_the_message_are_loaded(pool: Pool) -> None:
    """The nearest six of the user's facts, best first, without a notice."""
    run = Listener()
    await store_facts(pool, {f"The user has {number} cats.": [1.0, number / 10] for number in range(MAX_MEMORIES + 2)})
    loaded = await load_memory(a_state(), run.runtime, embed=embed, recall=Recall(pool, MODEL), seconds=30)
    facts = [memory["fact"] for memory in loaded["memories"]]
    assert facts == [f"The user has {number} cats." for number in range(MAX_MEMORIES)]
    assert (loaded["notices"], run.events) == ([], [])


async def test_of_earlier_turns_as_much_is_loaded_as_is_quoted(pool: Pool) -> None:
    """From the sentence with most of the message's words."""
    run = Listener()
    turn = await store_turn(pool, "What now?", f"{'It may break. ' * 20}The boiler man is Harrow Heating.")
    state = a_state("Who is the man for the boiler?", conversation_id=CONVERSATION)
    loaded = await load_memory(state, run.runtime, embed=embed, recall=Recall(pool, MODEL), seconds=30)
    [recalled] = loaded["recalled"]
    assert (recalled["turn_id"], recalled["said"], recalled["employee"]) == (str(turn), "What now?", "crystal")
    assert recalled["answered"] is not None
    assert recalled["answered"].endswith(" The boiler man is Harrow Heating.")
    assert len(recalled["answered"]) <= QUOTED_CHARS + 1


async def test_the_answer_does_not_wait_for_a_slow_search(pool: Pool, database_url: str) -> None:
    """After the deadline the turn goes on without facts, with a notice."""
    run = Listener()
    await store_facts(pool, HOUSE)
    held, release = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(lock(database_url, "memory_embeddings", held, release))
    await held.wait()
    loaded = await load_memory(a_state(), run.runtime, embed=embed, recall=Recall(pool, MODEL), seconds=0.1)
    release.set()
    await holding
    assert loaded["memories"] == []
    assert run.notices == ["memory_unavailable"]


async def test_the_deadline_includes_the_embedding(pool: Pool) -> None:
    """A slow embedding provider is waited for no longer than a slow search."""

    async def endless(text: str) -> list[float]:
        await asyncio.Event().wait()
        return []

    run = Listener()
    await store_facts(pool, HOUSE)
    loaded = await load_memory(a_state(), run.runtime, embed=endless, recall=Recall(pool, MODEL), seconds=0.01)
    assert loaded["memories"] == []
    assert run.notices == ["memory_unavailable"]


async def test_without_an_embedding_the_turn_goes_on(pool: Pool) -> None:
    """Nothing is loaded, and the client gets a notice."""
    run = Listener()
    await store_facts(pool, HOUSE)
    loaded = await load_memory(a_state(), run.runtime, embed=no_embedding, recall=Recall(pool, MODEL), seconds=30)
    assert loaded["memories"] == []
    assert run.notices == ["memory_unavailable"]


async def test_without_a_database_the_turn_goes_on() -> None:
    """The failure is logged, and earlier notices stay."""
    run, earlier = Listener(), {"code": "pii_masked", "message": "I masked an IBAN."}
    with socket.socket() as closed, capture_logs() as lines:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        url = f"postgresql://frontdesk@127.0.0.1:{closed.getsockname()[1]}/frontdesk"
        async with Pool.open(url, timeout=0.1) as pool:
            state = a_state(notices=[earlier])
            loaded = await load_memory(state, run.runtime, embed=embed, recall=Recall(pool, MODEL), seconds=30)
    assert [notice["code"] for notice in loaded["notices"]] == ["pii_masked", "memory_unavailable"]
    assert [(line["event"], line["exc_info"]) for line in lines] == [("memory unavailable", True)]


@pytest.mark.parametrize(
    ("message", "quoted"),
    [
        ("Who was it for the boiler?", "…Then call Harrow Heating about the boile…"),
        ("How much a month?", "…boiler. At the end put 50 a month aside."),
        ("And then?", "…Then call Harrow Heating about the boile…"),
        ("Hello", "First list your debts. Then call Harrow…"),
    ],
)
def test_a_long_text_is_quoted_from_the_sentence_with_most_words_of_the_message(message: str, quoted: str) -> None:
    """Or from its beginning; what is left out is shown."""
    assert excerpt(ADVICE, message, 40) == quoted


def test_a_short_text_is_quoted_whole() -> None:
    """Without spaces around it."""
    assert excerpt(" Call Harrow. ", "Hello", 40) == "Call Harrow."
