"""Embedding models for routing and memory, and the router that is trained on their vectors."""

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
"""Embeds a message."""


class Embedder(Protocol):
    """An embedding model."""

    @property
    def name(self) -> str:
        """Stored with every vector: vectors of different models are never compared."""
        ...

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's vector. Raises EmbeddingUnavailable.

        A model may read only the beginning and the end of a long message; a fact is read whole.
        """
        ...


class EmbeddingCache:
    """Caches the vectors of the last `size` texts, so that routing and memory share one computation a turn.

    Simultaneous requests for the same text share one computation, too.
    """

    def __init__(self, embedder: Embedder, *, size: int = 256) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._size = size
        self._tasks: OrderedDict[tuple[str, bool], asyncio.Task[list[float]]] = OrderedDict()

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:
        """The text's vector. Raises EmbeddingUnavailable."""
        task = self._tasks.get((text, whole))
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._tasks[text, whole] = asyncio.ensure_future(self._embedder.embed(text, whole=whole))
            task.add_done_callback(_retrieve_exception)
        self._tasks.move_to_end((text, whole))
        while len(self._tasks) > self._size:
            self._tasks.popitem(last=False)
        return await asyncio.shield(task)  # a cancelled caller does not cancel the others

    async def close(self) -> None:
        """Cancel computations under way: their connections are closed next."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def _retrieve_exception(task: asyncio.Task[list[float]]) -> None:
    """Keep asyncio from logging the failure of a task whose callers were all cancelled."""
    if not task.cancelled():
        task.exception()


class RemoteEmbeddings:
    """The embedding model of an OpenAI-compatible provider.

    Args:
        tracing: records a span for each request; None where nothing is traced.
    """

    def __init__(self, client: OpenAIEmbeddings, tracing: Tracing | None = None) -> None:
        self.name = client.model
        self._tracing = tracing
        self._client = client

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:  # noqa: ARG002 - it always reads the whole text
        """The text's vector. Raises EmbeddingUnavailable."""
        with self._tracing.embeddings(self._client) if self._tracing else nullcontext():
            try:
                return await self._client.aembed_query(text)
            except (openai.OpenAIError, httpx2.HTTPError) as error:
                raise EmbeddingUnavailable from error


class NoEmbeddings:
    """The embedding model of an installation that has none."""

    name = "none"

    async def embed(self, text: str, *, whole: bool = False) -> list[float]:  # noqa: ARG002
        """Always raises EmbeddingUnavailable."""
        raise EmbeddingUnavailable("no embedding model is installed")


class LearnedRouter:
    """Classifies messages by their embeddings."""

    def __init__(self, embed: Embed, classifier: Classifier) -> None:
        self._embed = embed
        self._classifier = classifier

    @classmethod
    async def train(cls, model: MiniLM, embed: Embed, cache: Path | None = None) -> "LearnedRouter":
        """Train it on the examples file and on each employee's example questions.

        Args:
            model: embeds the examples.
            embed: embeds the messages to route, with the same model.
            cache: file that keeps the examples' vectors, which take seconds to compute.
        """
        examples = read_examples()
        for employee in EMPLOYEES:
            examples[employee.slug].extend(employee.examples)
        vectors = iter(await _example_vectors(model, [text for texts in examples.values() for text in texts], cache))
        embedded = {label: [next(vectors) for _ in texts] for label, texts in examples.items()}
        return cls(embed, await asyncio.to_thread(Classifier.train, embedded))

    async def __call__(self, message: str) -> Mapping[str, float]:
        """The probability of each label. Raises EmbeddingUnavailable."""
        return self._classifier.probabilities(await self._embed(message))


async def no_router(message: str) -> Mapping[str, float]:  # noqa: ARG001
    """The router without an embedding model: always raises EmbeddingUnavailable, so that keyword rules decide."""
    raise EmbeddingUnavailable("no embedding model is installed")


async def _example_vectors(model: MiniLM, texts: list[str], cache: Path | None) -> list[list[float]]:
    """The texts' vectors, from the cache where it holds these texts, embedded by this model with this truncation."""
    key = hashlib.sha256("\0".join([model.name, model.truncation, *texts]).encode()).hexdigest()
    if cache and (cached := await asyncio.to_thread(_load, cache, key)) is not None:
        return cached
    vectors = await model.embed_many(texts)
    if cache:
        await asyncio.to_thread(_save, cache, key, vectors)
    return vectors


def _load(path: Path, key: str) -> list[list[float]] | None:
    try:
        with np.load(path) as stored:
            return stored["vectors"].tolist() if str(stored["key"]) == key else None
    except (OSError, ValueError, KeyError, BadZipFile):
        return None  # no file yet, or one that a full disk or a kill left unreadable


def _save(path: Path, key: str, vectors: list[list[float]]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez(file, key=np.array(key), vectors=np.array(vectors))
        temporary.replace(path)
    except OSError:
        log.warning("vectors of the routing examples not cached", path=str(path), exc_info=True)
