"""Vectors for routing and memory."""

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import httpx2
import numpy as np
import openai
from langchain_openai import OpenAIEmbeddings
from structlog.stdlib import get_logger

from graph.models.local_embeddings import MiniLM
from graph.observability.tracing import Tracing
from nodes.employees import EMPLOYEES
from nodes.errors import EmbeddingUnavailable
from nodes.routing.classifier import Classifier, read_examples

log = get_logger(__name__)

Embed = Callable[[str], Awaitable[list[float]]]
"""Embeds messages."""


class Embedder(Protocol):
    """An embedding model."""

    @property
    def name(self) -> str:
        """Stored with every vector: vectors of different models never meet."""
        ...

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's vector. Raises EmbeddingUnavailable.

        A model may read only the head and the tail of a message; with `whole` it reads all, as of a fact.
        """
        ...


class OncePerText:
    """Remembers the last texts' vectors, so that routing and memory share one computation a turn.

    Two that ask for the same text at once wait for the same one.
    """

    def __init__(self, embedder: Embedder, *, size: int = 256) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._size = size
        self._known: OrderedDict[tuple[str, bool], asyncio.Task[list[float]]] = OrderedDict()

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's vector. Raises EmbeddingUnavailable."""
        task = self._known.get((text, whole))
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._known[text, whole] = asyncio.ensure_future(self._embedder.embed(text, whole=whole))
            task.add_done_callback(_seen)
        self._known.move_to_end((text, whole))
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return await asyncio.shield(task)  # one who stops waiting does not stop the others

    async def close(self) -> None:
        """Give up what is being computed: what computes it is about to go."""
        for task in self._known.values():
            task.cancel()
        await asyncio.gather(*self._known.values(), return_exceptions=True)


def _seen(task: asyncio.Task[list[float]]) -> None:
    """A failure that nobody waits for any more is no news: whoever asks next asks anew."""
    if not task.cancelled():
        task.exception()


class RemoteEmbeddings:
    """A provider's embedding model.

    Args:
        client: where and which.
        tracing: hears of each request, where somebody traces.
    """

    def __init__(self, client: OpenAIEmbeddings, tracing: Tracing | None = None) -> None:
        self.name = client.model
        self._tracing = tracing
        self._client = client

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:  # noqa: ARG002 - it reads all of any text
        """The text's vector. Raises EmbeddingUnavailable."""
        with self._tracing.embeddings(self._client) if self._tracing else nullcontext():
            try:
                return await self._client.aembed_query(text)
            except (openai.OpenAIError, httpx2.HTTPError) as error:
                raise EmbeddingUnavailable from error


class NoEmbeddings:
    """What stands where no embedding model is installed."""

    name = "none"

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:  # noqa: ARG002 - as the others are asked
        """Raises EmbeddingUnavailable, always."""
        raise EmbeddingUnavailable("no embedding model is installed")


class LearnedRouter:
    """The classifier over an embedding model."""

    def __init__(self, embed: Embed, classifier: Classifier) -> None:
        self._embed = embed
        self._classifier = classifier

    @classmethod
    async def train(cls, model: MiniLM, embed: Embed, cache: Path | None = None) -> "LearnedRouter":
        """Learn from the examples file and from what each employee offers, embedded with the same model.

        Args:
            model: embeds the examples.
            embed: embeds the messages to route.
            cache: a file that keeps the examples' vectors: they cost seconds, the training itself does not.
        """
        examples = read_examples()
        for one in EMPLOYEES:
            examples[one.slug].extend(one.examples)
        vectors = iter(await _embedded(model, [text for texts in examples.values() for text in texts], cache))
        embedded = {label: [next(vectors) for _ in texts] for label, texts in examples.items()}
        return cls(embed, await asyncio.to_thread(Classifier.train, embedded))

    async def __call__(self, message: str) -> Mapping[str, float]:
        """How likely each label is. Raises EmbeddingUnavailable."""
        return self._classifier.probabilities(await self._embed(message))


async def no_router(message: str) -> Mapping[str, float]:  # noqa: ARG001 - as the other is asked
    """Raises EmbeddingUnavailable, always: the rules decide."""
    raise EmbeddingUnavailable("no embedding model is installed")


async def _embedded(model: MiniLM, texts: list[str], cache: Path | None) -> list[list[float]]:
    """The texts' vectors, from the cache where it holds exactly these texts, read by this model in this way."""
    key = hashlib.sha256("\0".join([model.name, model.reading, *texts]).encode()).hexdigest()
    if cache and (known := await asyncio.to_thread(_cached, cache, key)) is not None:
        return known
    vectors = await model.embed_many(texts)
    if cache:
        await asyncio.to_thread(_cache, cache, key, vectors)
    return vectors


def _cached(path: Path, key: str) -> list[list[float]] | None:
    try:
        with np.load(path) as stored:
            return stored["vectors"].tolist() if str(stored["key"]) == key else None
    except (OSError, ValueError, KeyError, BadZipFile):
        return None  # none yet, or one that a full disk or a kill left unreadable: it is made anew


def _cache(path: Path, key: str, vectors: list[list[float]]) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            np.savez(file, key=np.array(key), vectors=np.array(vectors))
        fresh.replace(path)
    except OSError:
        log.warning("the examples' vectors could not be kept", path=str(path), exc_info=True)
