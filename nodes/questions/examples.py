"""Example questions, by which a message is understood that fits no rule: it asks what the nearest of them asks."""

import tomllib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from structlog.stdlib import get_logger

from nodes.errors import EmbeddingUnavailable
from nodes.questions.grammar import Intent
from nodes.text.stored_vectors import key_of, load_vectors

log = get_logger(__name__)

FILE = Path(__file__).with_name("examples.toml")
VECTORS = Path(__file__).with_name("examples.npz")
CLOSE = 0.75
"""Cosine similarity from which a message asks the same as an example."""


def read_examples(path: Path = FILE) -> Mapping[Intent, Sequence[str]]:
    """The examples, by what they ask."""
    examples: Mapping[Intent, Sequence[str]] = tomllib.loads(path.read_text(encoding="utf-8"))["examples"]
    return examples


def all_examples(examples: Mapping[Intent, Sequence[str]]) -> list[str]:
    """All examples in order."""
    return [text for texts in examples.values() for text in texts]


class ExampleQuestions:
    """Finds what the nearest example asks.

    Args:
        embed: embeds a message, with the model that embedded the examples.
        vectors: of all examples, a row each.
    """

    def __init__(
        self,
        embed: Callable[[str], Awaitable[list[float]]],
        examples: Mapping[Intent, Sequence[str]],
        vectors: NDArray[np.float32],
    ) -> None:
        self._embed = embed
        self._intents: list[Intent] = [intent for intent, texts in examples.items() for _ in texts]
        self._vectors = vectors

    @classmethod
    def load(cls, embed: Callable[[str], Awaitable[list[float]]], file: Path = FILE, vectors: Path = VECTORS) -> Self:
        """Read both files; without examples where the vectors are those of other ones."""
        examples = read_examples(file)
        stored = load_vectors(vectors, key_of(all_examples(examples)))
        if stored is None:
            log.error("questions are understood by rules alone: their examples were edited, run `make train`")
            return cls(embed, {}, np.empty((0, 0), np.float32))
        return cls(embed, examples, stored)

    async def __call__(self, text: str) -> Intent | None:
        """What the nearest example asks; None where none is close."""
        if not self._intents:
            return None
        try:
            similarities = self._vectors @ np.asarray(await self._embed(text), np.float32)
        except EmbeddingUnavailable:
            log.warning("no embedding to understand a question by", exc_info=True)
            return None
        nearest = int(similarities.argmax())
        return self._intents[nearest] if similarities[nearest] >= CLOSE else None
