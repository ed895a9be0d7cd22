"""Answers that people prepared, given where no model answers and a message is close to one of their questions.

They stand in `prepared.toml`, which anyone can edit; `make train` embeds the questions (graph/training.py). A message
is compared by the embedding that routing has made of it already.
"""

import tomllib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from structlog.stdlib import get_logger

from nodes.employees import Slug
from nodes.errors import EmbeddingUnavailable
from nodes.text import stored_vectors

log = get_logger(__name__)

FILE = Path(__file__).with_name("prepared.toml")
VECTORS = Path(__file__).with_name("prepared.npz")
CLOSE = 0.7
"""Cosine similarity from which a message asks the same as a question. Of 137 paraphrases of our
own it gives the right answer to 112 and a wrong one to none, and an answer to 2 of 225 other messages."""

Prepare = Callable[[str], Awaitable[str | None]]
"""Finds the prepared answer to a message; None where no question is close."""
Embed = Callable[[str], Awaitable[list[float]]]


class Prepared(NamedTuple):
    """An answer, and how people ask for it."""

    employee: Slug
    """Whose field and voice it is; the chosen employee says it."""
    asks: tuple[str, ...]
    says: str
    language: str = "en"
    """In another one a question counts word for word: the embedding model understands English."""


def read_prepared(path: Path = FILE) -> list[Prepared]:
    """Read the answers."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["answer"]
    return [
        Prepared(entry["employee"], tuple(entry["asks"]), entry["says"], entry.get("language", "en"))
        for entry in entries
    ]


def questions(answers: Sequence[Prepared]) -> list[str]:
    """All questions that are compared by their embeddings, in order."""
    return [question for answer in _english(answers) for question in answer.asks]


def save_vectors(path: Path, answers: Sequence[Prepared], vectors: Sequence[NDArray[np.float32]]) -> None:
    """Write the questions' vectors."""
    stored_vectors.save_vectors(path, _key(answers), vectors)


class PreparedAnswers:
    """Finds the answer whose question is nearest to a message.

    Args:
        embed: embeds a message, with the model that embedded the questions.
        vectors: of all questions, a row each.
    """

    def __init__(self, embed: Embed, answers: Sequence[Prepared], vectors: NDArray[np.float32]) -> None:
        self._embed = embed
        self._answers = [answer for answer in _english(answers) for _ in answer.asks]
        self._literal = {
            _words(question): answer.says for answer in answers if answer.language != "en" for question in answer.asks
        }
        self._vectors = vectors

    @classmethod
    def load(cls, embed: Embed, file: Path = FILE, vectors: Path = VECTORS) -> Self:
        """Read both files; without answers where the vectors are those of other questions."""
        answers = read_prepared(file)
        if (stored := stored_vectors.load_vectors(vectors, _key(answers))) is not None:
            return cls(embed, answers, stored)
        log.error("prepared answers are not given: their questions were edited, run `make train`")
        return cls(embed, [], np.empty((0, 0), np.float32))

    async def __call__(self, message: str) -> str | None:
        """The prepared answer to the message; None where no question is close."""
        if literal := self._literal.get(_words(message)):
            return literal
        if not self._answers:
            return None
        try:
            similarities = self._vectors @ np.asarray(await self._embed(message), np.float32)
        except EmbeddingUnavailable:
            log.warning("no embedding to find a prepared answer by", exc_info=True)
            return None
        nearest = int(similarities.argmax())
        return self._answers[nearest].says if similarities[nearest] >= CLOSE else None


async def nothing_prepared(message: str) -> str | None:  # noqa: ARG001
    """No answer: where there is no embedding model, none can be found."""
    return None


def _key(answers: Sequence[Prepared]) -> str:
    """Which English questions, in which order; their answers may change without new vectors."""
    return stored_vectors.key_of("\n".join(answer.asks) for answer in _english(answers))


def _english(answers: Sequence[Prepared]) -> list[Prepared]:
    return [answer for answer in answers if answer.language == "en"]


def _words(text: str) -> str:
    """A question as it is compared word for word."""
    return text.casefold().strip(" .?!")
