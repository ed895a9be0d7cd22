"""Vectors, computed once and by a real model."""

import asyncio
import gc
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graph.models.embeddings import NoEmbeddings, OncePerText, _embedded, no_router
from graph.models.factory import LocalModels
from graph.models.local_embeddings import READ, MiniLM, ends_of
from nodes.errors import EmbeddingUnavailable


class Counting:
    """An embedding model that counts what it is asked, and answers once its gate is open."""

    name = "counting"

    def __init__(self, *, failures: int = 0) -> None:
        self.gate, self.begun, self.done = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.asked: list[str] = []
        self._failures = failures

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's length, after the first failures."""
        self.asked.append(f"all of {text}" if whole else text)
        self.begun.set()
        await self.gate.wait()
        self.done.set()
        if len(self.asked) <= self._failures:
            raise EmbeddingUnavailable
        return [float(len(text))]


@pytest.fixture
def minilm() -> Iterator[MiniLM]:
    """The real model, without what keeps its answers."""
    model = MiniLM()
    yield model
    model.close()


def counting(*, failures: int = 0) -> Counting:
    """A model whose gate is open."""
    model = Counting(failures=failures)
    model.gate.set()
    return model


async def test_two_who_ask_at_once_share_one_computation() -> None:
    """Routing and memory ask for the same message in the same turn."""
    model = Counting()
    once = OncePerText(model)
    both = asyncio.gather(once.embed("tax"), once.embed("tax"))
    model.gate.set()
    assert list(await both) == [[3.0], [3.0]]
    assert await once.embed("tax") == [3.0]
    assert model.asked == ["tax"]


async def test_a_message_and_a_fact_of_the_same_words_are_two() -> None:
    """Of a message head and tail are read, of a fact all."""
    model = counting()
    once = OncePerText(model)
    await once.embed("tax")
    await once.embed("tax", whole=True)
    assert model.asked == ["tax", "all of tax"]


async def test_one_who_stops_waiting_does_not_stop_the_other() -> None:
    """Memory's deadline passes, and routing still gets its vector."""
    model = Counting()
    once = OncePerText(model)
    impatient, patient = asyncio.ensure_future(once.embed("tax")), asyncio.ensure_future(once.embed("tax"))
    await model.begun.wait()
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    model.gate.set()
    assert await patient == [3.0]
    assert model.asked == ["tax"]


async def test_a_failure_is_forgotten() -> None:
    """Both who asked learn of it, and the next one asks anew."""
    model = counting(failures=1)
    once = OncePerText(model)
    failed = await asyncio.gather(once.embed("tax"), once.embed("tax"), return_exceptions=True)
    assert [type(error) for error in failed] == [EmbeddingUnavailable] * 2
    assert await once.embed("tax") == [3.0]
    assert model.asked == ["tax", "tax"]


async def asked_and_left() -> None:
    """Somebody stops waiting for a vector, and the model fails after that."""
    model = Counting(failures=1)
    waiting = asyncio.ensure_future(OncePerText(model).embed("tax"))
    await model.begun.wait()
    waiting.cancel()
    model.gate.set()
    await asyncio.wait({waiting})
    await model.done.wait()


async def test_a_failure_after_everybody_left_is_not_complained_of() -> None:
    """Memory was not waited for any longer; whether it would have come is nobody's business then."""
    heard: list[Exception | None] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: heard.append(context.get("exception")))
    try:
        await asked_and_left()
        gc.collect()
    finally:
        loop.set_exception_handler(None)
    assert EmbeddingUnavailable not in map(type, heard)  # what other tests left behind is collected, too


async def test_closing_gives_up_what_is_being_computed() -> None:
    """The connections that it needs are closed next."""
    model = Counting()
    once = OncePerText(model)
    waiting = asyncio.ensure_future(once.embed("tax"))
    await model.begun.wait()
    await once.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_only_the_last_texts_are_remembered() -> None:
    """The one that was asked for longest ago goes first."""
    model = counting()
    once = OncePerText(model, size=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        await once.embed(text)
    assert model.asked == ["a", "b", "c", "b"]


async def test_without_a_model_it_says_so() -> None:
    """For vectors and for routes, so that rules decide and memory is left out."""
    with pytest.raises(EmbeddingUnavailable):
        await NoEmbeddings().embed("tax")
    with pytest.raises(EmbeddingUnavailable):
        await no_router("tax")


@pytest.mark.parametrize("text", ["tax", "", "Ich spare für ein Haus. " * 200, "🎯"])
async def test_a_vector_is_384_numbers_of_length_one(local: LocalModels, text: str) -> None:
    """Whatever the text, an empty and an overlong one too."""
    vector = await local.embedder.embed(text)
    assert len(vector) == 384
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("filler", ["pay the rent ", "税", "z", "\u0301 "], ids=ascii)
async def test_of_a_message_head_and_tail_are_read(local: LocalModels, filler: str) -> None:
    """What stands between them costs nothing, and the question at the end of a long message counts."""
    begin, end = "Here is my list of expenses. " * 20, "How much of it can I deduct from my taxes? " * 20
    one, other = [await local.embedder.embed(begin + filler * times + end) for times in (8000, 200)]
    assert np.allclose(one, other)
    assert not np.allclose(one, await local.embedder.embed(begin + filler * 200))


async def test_of_a_fact_all_is_read(local: LocalModels) -> None:
    """A word in the middle of the longest fact there is changes its meaning."""
    one, other = [f"{'月' * 140} {word} {'年' * 140}" for word in ("dogs", "cars")]
    assert np.allclose(await local.embedder.embed(one), await local.embedder.embed(other))
    facts = [await local.embedder.embed(text, whole=True) for text in (one, other)]
    assert not np.allclose(facts[0], facts[1])


@pytest.mark.parametrize("text", ["税" * 8000, "z q " * 2000, "!" * 8000, "a" * 8000, "\u0301 " * 4000], ids=ascii)
def test_no_message_costs_more_than_its_tokens(minilm: MiniLM, text: str) -> None:
    """Neither the model nor what makes tokens for it gets more than head and tail."""
    assert len(ends_of(text)) <= 801
    (tokens,) = minilm._tokens([text], whole=False)
    assert len(tokens) <= READ


async def test_vectors_that_were_made_otherwise_are_not_used(minilm: MiniLM, tmp_path: Path) -> None:
    """The examples' vectors are kept, until texts are read in another way."""
    cache = tmp_path / "examples.npz"
    await _embedded(minilm, ["tax", "house"], cache)
    kept = cache.stat().st_ino
    await _embedded(minilm, ["tax", "house"], cache)
    assert cache.stat().st_ino == kept
    minilm.reading = "all of it"
    await _embedded(minilm, ["tax", "house"], cache)
    assert cache.stat().st_ino != kept


async def test_like_meanings_are_near(local: LocalModels) -> None:
    """Other words for the same are nearer than the same words for something else."""
    one, like, unlike = [
        await local.embedder.embed(text)
        for text in ("The user saves for a house.", "She puts money aside to buy a home.", "The house cat user forum.")
    ]
    assert np.dot(one, like) > np.dot(one, unlike)


async def test_the_real_router_has_an_opinion_on_everything(local: LocalModels) -> None:
    """Seven shares of one, the largest for the obvious topic."""
    likely = await local.classify("Which receipts do I need for my VAT return?")
    assert sum(likely.values()) == pytest.approx(1)
    assert max(likely, key=lambda label: likely[label]) == "ledger"
