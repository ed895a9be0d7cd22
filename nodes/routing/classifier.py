"""Router: a linear classifier over a message's embedding and its character n-grams.

The examples are files that a person can edit. `make train` fits the weights to them (graph/training.py).
"""

import tomllib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from nodes.employees import EMPLOYEES
from nodes.errors import EmbeddingUnavailable
from nodes.text.linear_model import LinearModel, NGramFeatures

EXAMPLES = Path(__file__).with_name("examples.toml")
WEIGHTS = Path(__file__).with_name("weights.npz")
NGRAMS = NGramFeatures(shortest=2, longest=4, buckets=4096, weight=0.5)

Embed = Callable[[str], Awaitable[list[float]]]


def read_examples(path: Path = EXAMPLES) -> dict[str, list[str]]:
    """Read the labelled messages: label to texts."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def all_examples() -> dict[str, list[str]]:
    """What the router is trained on: the examples file, and each employee's example questions."""
    examples = read_examples()
    for employee in EMPLOYEES:
        examples[employee.slug].extend(employee.examples)
    return examples


class LearnedRouter:
    """Classifies messages by their embeddings and n-grams."""

    def __init__(self, embed: Embed, model: LinearModel) -> None:
        self._embed = embed
        self._model = model

    async def __call__(self, message: str) -> Mapping[str, float]:
        """The probability of each label. Raises EmbeddingUnavailable."""
        return self._model.probabilities(await self._embed(message), message)


async def no_router(message: str) -> Mapping[str, float]:  # noqa: ARG001
    """The router without an embedding model: always raises EmbeddingUnavailable, so that keyword rules decide."""
    raise EmbeddingUnavailable("no embedding model is installed")
