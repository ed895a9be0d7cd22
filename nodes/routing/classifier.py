"""Router: logistic regression on sentence embeddings of labelled examples.

The examples are one file that a person can edit (examples.toml). The router is trained from it at every start, which
takes a fraction of a second, so no model file is stored that could become stale. Their vectors, which take seconds,
are cached in a file.
"""

import asyncio
import hashlib
import os
import tomllib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from structlog.stdlib import get_logger

from nodes.employees import EMPLOYEES
from nodes.errors import EmbeddingUnavailable

log = get_logger(__name__)

EXAMPLES = Path(__file__).with_name("examples.toml")

Matrix = NDArray[np.float64]
Vector = Sequence[float] | NDArray[np.float32]
Embed = Callable[[str], Awaitable[list[float]]]
EmbedMany = Callable[[Sequence[str]], Awaitable[Sequence[Vector]]]


def read_examples(path: Path = EXAMPLES) -> dict[str, list[str]]:
    """Read the labelled messages: label to texts."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


class Classifier:
    """Softmax regression over embeddings.

    Args:
        labels: the classes, in the order of the weights' columns.
        weights: one column per class; the last row is the bias.
    """

    def __init__(self, labels: Sequence[str], weights: Matrix) -> None:
        self._labels = tuple(labels)
        self._weights = weights

    @classmethod
    def train(cls, examples: Mapping[str, Sequence[Vector]], *, penalty: float = 1e-4) -> Self:
        """Fit to embedded examples (label to vectors) by gradient descent with momentum.

        Deterministic: it starts from zero weights and uses all examples in every step. `penalty` is the factor of the
        L2 regularisation, which keeps rare words from deciding alone.
        """
        labels = sorted(examples)
        inputs = _with_bias(np.concatenate([np.asarray(examples[label], dtype=np.float64) for label in labels]))
        sizes = [len(examples[label]) for label in labels]
        truth = np.repeat(np.eye(len(labels)), sizes, axis=0)
        weights = np.zeros((inputs.shape[1], len(labels)))
        step = np.zeros_like(weights)
        for _ in range(400):
            gradient = inputs.T @ (_softmax(inputs @ weights) - truth) / len(truth) + penalty * weights
            step = 0.9 * step - 4.0 * gradient
            weights = weights + step
        return cls(labels, weights)

    def probabilities(self, vector: Sequence[float]) -> dict[str, float]:
        """The probability of each label for one embedding; they sum to 1."""
        row = _softmax(_with_bias(np.asarray([vector], dtype=np.float64)) @ self._weights)[0]
        return {label: float(probability) for label, probability in zip(self._labels, row, strict=True)}


def _with_bias(inputs: Matrix) -> Matrix:
    return np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)


def _softmax(scores: Matrix) -> Matrix:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities: Matrix = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


class LearnedRouter:
    """Classifies messages by their embeddings."""

    def __init__(self, embed: Embed, classifier: Classifier) -> None:
        self._embed = embed
        self._classifier = classifier

    @classmethod
    async def train(cls, embed: Embed, embed_many: EmbedMany, version: str, cache: Path | None = None) -> Self:
        """Train it on the examples file and on each employee's example questions.

        Args:
            embed: embeds the messages to route.
            embed_many: embeds the examples, with the same model.
            version: of that model and of how it reads a text; vectors of another one are not used.
            cache: file that keeps the examples' vectors, which take seconds to compute.
        """
        examples = read_examples()
        for employee in EMPLOYEES:
            examples[employee.slug].extend(employee.examples)
        texts = [text for texts in examples.values() for text in texts]
        vectors = iter(await example_vectors(embed_many, version, texts, cache))
        embedded = {label: [next(vectors) for _ in examples[label]] for label in examples}
        return cls(embed, await asyncio.to_thread(Classifier.train, embedded))

    async def __call__(self, message: str) -> Mapping[str, float]:
        """The probability of each label. Raises EmbeddingUnavailable."""
        return self._classifier.probabilities(await self._embed(message))


async def example_vectors(
    embed_many: EmbedMany, version: str, texts: list[str], cache: Path | None
) -> Sequence[Vector]:
    """The texts' vectors, from the cache where it holds those of these texts and this version."""
    key = hashlib.sha256("\0".join([version, *texts]).encode()).hexdigest()
    if cache and (cached := await asyncio.to_thread(_load, cache, key)) is not None:
        return cached
    vectors = await embed_many(texts)
    if cache:
        await asyncio.to_thread(_save, cache, key, vectors)
    return vectors


def _load(path: Path, key: str) -> Sequence[Vector] | None:
    try:
        with np.load(path) as stored:
            return list(stored["vectors"]) if str(stored["key"]) == key else None
    except (OSError, ValueError, KeyError, BadZipFile):
        return None  # no file yet, or one that a full disk or a kill left unreadable


def _save(path: Path, key: str, vectors: Sequence[Vector]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez(file, key=np.array(key), vectors=np.array(vectors))
        temporary.replace(path)
    except OSError:
        log.warning("vectors of the routing examples not cached", path=str(path), exc_info=True)


async def no_router(message: str) -> Mapping[str, float]:  # noqa: ARG001
    """The router without an embedding model: always raises EmbeddingUnavailable, so that keyword rules decide."""
    raise EmbeddingUnavailable("no embedding model is installed")
