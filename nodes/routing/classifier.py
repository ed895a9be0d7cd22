"""Router: a linear classifier over a message's embedding and its character n-grams.

The examples are files that a person can edit, one for each label. `make train` fits the weights to them
(graph/training.py).
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nodes.employees import EMPLOYEES
from nodes.errors import EmbeddingUnavailable
from nodes.routing.spelling import Spelling
from nodes.text.ends import head_and_tail
from nodes.text.linear_model import LinearModel, NGramFeatures

EXAMPLES = Path(__file__).with_name("examples")
WEIGHTS = Path(__file__).with_name("weights.npz")
NGRAMS = NGramFeatures(shortest=3, longest=6, buckets=16384, weight=1.5)

Vector = Sequence[float] | NDArray[np.float32]
Embed = Callable[[str], Awaitable[list[float]]]


def read_examples(folder: Path = EXAMPLES) -> dict[str, list[str]]:
    """The labelled messages: label to texts, from the examples' files and the employees' example questions."""
    examples = {file.stem: [text for _, text in read_file(file)] for file in sorted(folder.glob("*.txt"))}
    for employee in EMPLOYEES:
        examples[employee.slug].extend(employee.examples)
    return examples


def read_file(file: Path) -> Iterator[tuple[str, str]]:
    """The kind and the text of each message of a file: lines with `#` name the kind of those below them."""
    kind = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            kind = line.removeprefix("#").strip()
        elif line.strip():
            yield kind, line.strip()


class LearnedRouter:
    """Classifies messages by their embeddings and n-grams, after mending their spelling."""

    def __init__(self, embed: Embed, model: LinearModel, spelling: Spelling) -> None:
        self._embed = embed
        self._model = model
        self.spelling = spelling

    async def __call__(self, message: str) -> Mapping[str, float]:
        """The probability of each label. Raises EmbeddingUnavailable."""
        mended = self.spelling.mend(message)
        return self.classify(await self._embed(mended), mended)

    def classify(self, embedding: Vector, mended: str) -> Mapping[str, float]:
        """The probability of each label for a message whose spelling is mended."""
        return self._model.probabilities(embedding, head_and_tail(mended))


async def no_router(message: str) -> Mapping[str, float]:  # noqa: ARG001
    """The router without an embedding model: always raises EmbeddingUnavailable, so that keyword rules decide."""
    raise EmbeddingUnavailable("no embedding model is installed")
