"""Finds the answer that people prepared for questions like a message, where no model answers.

The answers stand in a file a language (languages.py). An English message is compared by the embedding that routing has
made of it already, with those that `make train` makes of the questions (graph/training.py); the model of the embeddings
understands English, so a message in another language is compared by its wording.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from structlog.stdlib import get_logger

from nodes.answer.languages import LANGUAGES, Language, Prepared, file_of, read_texts, texts_in
from nodes.answer.wording import Wording
from nodes.errors import EmbeddingUnavailable
from nodes.text import stored_vectors

log = get_logger(__name__)

FILE = file_of("en")
VECTORS = Path(__file__).with_name("prepared.npz")
CLOSE = 0.7
"""Cosine similarity from which a message asks the same as a question. Of 137 paraphrases of our
own it gives the right answer to 112 and a wrong one to none, and an answer to 2 of 225 other messages."""

Prepare = Callable[[str, Language], Awaitable[str | None]]
"""Finds the prepared answer to a message in this language; None where no question is close."""
Embed = Callable[[str], Awaitable[list[float]]]


def questions(answers: Sequence[Prepared]) -> list[str]:
    """All questions to these answers, in order."""
    return [question for answer in answers for question in answer.asks]


def save_vectors(path: Path, answers: Sequence[Prepared], vectors: Sequence[NDArray[np.float32]]) -> None:
    """Write the questions' vectors."""
    stored_vectors.save_vectors(path, _key(answers), vectors)


class PreparedAnswers:
    """Finds the answer whose question is nearest to a message.

    Args:
        embed: embeds a message, with the model that embedded the questions.
        answers: the English ones.
        vectors: of all their questions, a row each.
    """

    def __init__(self, embed: Embed, answers: Sequence[Prepared], vectors: NDArray[np.float32]) -> None:
        self._embed = embed
        self._says = _answer_of_each_question(answers)
        self._vectors = vectors
        others = {language: texts_in(language).answers for language in LANGUAGES if language != "en"}
        self._by_wording = {
            language: (Wording(questions(found)), _answer_of_each_question(found)) for language, found in others.items()
        }

    @classmethod
    def load(cls, embed: Embed, file: Path = FILE, vectors: Path = VECTORS) -> Self:
        """Read the files; without English answers where the vectors are those of other questions."""
        answers = read_texts(file).answers
        if (stored := stored_vectors.load_vectors(vectors, _key(answers))) is not None:
            return cls(embed, answers, stored)
        log.error("prepared answers are not given: their questions were edited, run `make train`")
        return cls(embed, [], np.empty((0, 0), np.float32))

    async def __call__(self, message: str, language: Language) -> str | None:
        """The prepared answer to the message; None where no question is close."""
        if language in self._by_wording:
            wording, says = self._by_wording[language]
            found = wording.find(message)
            return None if found is None else says[found]
        if not self._says:
            return None
        try:
            similarities = self._vectors @ np.asarray(await self._embed(message), np.float32)
        except EmbeddingUnavailable:
            log.warning("no embedding to find a prepared answer by", exc_info=True)
            return None
        nearest = int(similarities.argmax())
        return self._says[nearest] if similarities[nearest] >= CLOSE else None


async def nothing_prepared(message: str, language: Language) -> str | None:  # noqa: ARG001
    """No answer: where there is no embedding model, none can be found."""
    return None


def _key(answers: Sequence[Prepared]) -> str:
    """Which questions, in which order; their answers may change without new vectors."""
    return stored_vectors.key_of("\n".join(answer.asks) for answer in answers)


def _answer_of_each_question(answers: Sequence[Prepared]) -> list[str]:
    return [answer.says for answer in answers for _ in answer.asks]
