"""Vectors, computed once and by a real model."""

import asyncio
import gc
import math

import numpy as np
import pytest

from graph.embeddings import NoEmbeddings, OncePerText, no_router
from graph.opening import Local
from nodes.errors import EmbeddingUnavailable


class Counting:
    """An embedding model that counts what it is asked, and answers once its gate is open."""

    name = "counting"

    def __init__(self, *, failures: int = 0) -> None:
        self.gate, self.begun, self.done = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.asked: list[str] = []
        self._failures = failures

    async def embed(self, text: str) -> list[float]:
        """The text's length, after the first failures."""
        self.asked.append(text)
        self.begun.set()
        await self.gate.wait()
        self.done.set()
        if len(self.asked) <= self._failures:
            raise EmbeddingUnavailable
        return [float(len(text))]


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
async def test_a_vector_is_384_numbers_of_length_one(local: Local, text: str) -> None:
    """Whatever the text, an empty and an overlong one too."""
    vector = await local.embedder.embed(text)
    assert len(vector) == 384
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-5)


async def test_like_meanings_are_near(local: Local) -> None:
    """Other words for the same are nearer than the same words for something else."""
    one, like, unlike = [
        await local.embedder.embed(text)
        for text in ("The user saves for a house.", "She puts money aside to buy a home.", "The house cat user forum.")
    ]
    assert np.dot(one, like) > np.dot(one, unlike)


async def test_the_real_router_has_an_opinion_on_everything(local: Local) -> None:
    """Seven shares of one, the largest for the obvious topic."""
    likely = await local.classify("Which receipts do I need for my VAT return?")
    assert sum(likely.values()) == pytest.approx(1)
    assert max(likely, key=lambda label: likely[label]) == "ledger"
