"""Linear classifier over a text's embedding and its hashed n-grams, with weights that `make train` computed.

The embedding knows what words mean; the n-grams of characters know how they are written, also those that the embedding
model breaks into pieces; those of words know what stands beside what. Of n-grams no vocabulary is kept: a piece's place
is its CRC-32 modulo the number of buckets, the same in every process. graph/training.py fits the weights and writes
them; the program only reads them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

END_CHARS = 400
"""Of a long message at either end that classifiers and the embedding model read."""

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_ENDS = frozenset('.!?:"\n“')
"""Signs behind which a capital says nothing about a word."""
NUMBER, NAME = "\N{SECTION SIGN}9", "\N{SECTION SIGN}C"
"""What stands for any number, and for any word with a capital that begins no sentence."""


_NONE = np.empty(0, np.int32)
MAX_CACHED = 30
"""Characters of a word whose n-grams are kept."""


class SparseVector(NamedTuple):
    """The entries of a vector that are not zero: their places, in ascending order, and their values."""

    places: NDArray[np.int32]
    values: NDArray[np.float32]


class NGramFeatures(NamedTuple):
    """Which n-grams of a text a classifier counts, and how much they weigh beside an embedding of length 1."""

    shortest: int
    """Characters."""
    longest: int
    buckets: int
    weight: float
    word_buckets: int
    word_weight: float

    @property
    def size(self) -> int:
        """Numbers that a text has."""
        return self.buckets + self.word_buckets

    def of(self, text: str) -> SparseVector:
        """The text's weighted n-grams, those of characters first."""
        places, values = hashed_ngrams(text, self.shortest, self.longest, self.buckets)
        word_places, word_values = hashed_words(text, self.word_buckets)
        return SparseVector(
            np.concatenate([places, word_places + np.int32(self.buckets)]),
            np.concatenate([values * np.float32(self.weight), word_values * np.float32(self.word_weight)]),
        )


class LinearModel:
    """Softmax regression: the probability of each label for a text.

    Args:
        labels: the classes, in the order of the weights' columns.
        weights: a row for each number of the embedding, then one for each bucket of n-grams, last the bias.
    """

    def __init__(self, labels: Sequence[str], weights: NDArray[np.floating], ngrams: NGramFeatures) -> None:
        self.labels = tuple(labels)
        self.ngrams = ngrams
        self._stored = weights.astype(np.float16)
        by_row = self._stored.astype(np.float32)
        self._of_embedding = by_row[: -ngrams.size - 1]
        self._of_ngrams = by_row[-ngrams.size - 1 : -1]
        self._bias = by_row[-1]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file that `save` wrote."""
        with np.load(path) as stored:
            shortest, longest, buckets, word_buckets = (int(number) for number in stored["ngrams"])
            weight, word_weight = (float(number) for number in stored["weight"])
            ngrams = NGramFeatures(shortest, longest, buckets, weight, word_buckets, word_weight)
            return cls([str(label) for label in stored["labels"]], stored["weights"], ngrams)

    def save(self, path: Path, made_from: str = "") -> None:
        """Write the weights, in half precision, which changes probabilities by a thousandth or two.

        Args:
            path: the file, which ends in `.npz`.
            made_from: a hash of what the weights were trained from.
        """
        shortest, longest, buckets, weight, word_buckets, word_weight = self.ngrams
        np.savez_compressed(
            path,
            labels=np.array(self.labels),
            weights=self._stored,
            ngrams=np.array([shortest, longest, buckets, word_buckets]),
            weight=np.array([weight, word_weight]),
            made_from=np.array(made_from),
        )

    def ngram_scores(self, text: str) -> dict[str, float]:
        """What the text's n-grams alone speak for each label: cheap, to choose which texts are worth embedding."""
        places, values = self.ngrams.of(text)
        return dict(zip(self.labels, (values @ self._of_ngrams[places]).tolist(), strict=True))

    def probabilities(self, embedding: Sequence[float] | NDArray[np.float32], text: str) -> dict[str, float]:
        """The probability of each label; they sum to 1.

        Args:
            embedding: the text's vector, by the model that embedded the examples.
            text: what the n-grams are taken of.
        """
        scores = self._scores(embedding, text)
        exponentials = np.exp(scores - scores.max())
        shares = exponentials / exponentials.sum()
        return dict(zip(self.labels, shares.tolist(), strict=True))

    def log_odds(self, label: str, embedding: Sequence[float] | NDArray[np.float32], text: str) -> float:
        """The logarithm of the odds of one label against all others, for the same text as `probabilities`."""
        scores = self._scores(embedding, text)
        place = self.labels.index(label)
        return float(scores[place] - np.logaddexp.reduce(np.delete(scores, place)))

    def _scores(self, embedding: Sequence[float] | NDArray[np.float32], text: str) -> NDArray[np.float64]:
        places, values = self.ngrams.of(text)
        vector = np.asarray(embedding, dtype=np.float32)
        scores = vector @ self._of_embedding + values @ self._of_ngrams[places] + self._bias
        return np.asarray(scores, dtype=np.float64)


def hashed_ngrams(text: str, shortest: int, longest: int, buckets: int) -> SparseVector:
    """Counts of the text's n-grams, in any case, as a vector of length 1 (of no entries for a text without words).

    An n-gram is `shortest` to `longest` characters of a word with a space at either end; a word that is shorter than
    that counts as a whole. About 0.05 ms for 60 characters, linear in the text's length: cut a long one before.
    """
    return _counted([_hashed_word(word, shortest, longest, buckets) for word in text.lower().split()])


def hashed_words(text: str, buckets: int) -> SparseVector:
    """Counts of the text's words and signs, and of two in a row, as a vector of length 1.

    Numbers and names count as such, too, alone and in rows of two and three: "did Ana pay" is like "did Tom pay".
    """
    return _counted([_hashed(_word_ngrams(text), buckets)])


def _counted(hashed: Sequence[NDArray[np.int32]]) -> SparseVector:
    places, counts = np.unique(np.concatenate([*hashed, _NONE]), return_counts=True)
    values = counts.astype(np.float32)
    return SparseVector(places, values / np.float32(np.linalg.norm(values) or 1))


def _hashed(ngrams: Iterable[str], buckets: int) -> NDArray[np.int32]:
    return np.array([crc32(ngram.encode()) % buckets for ngram in ngrams], dtype=np.int32)


def _hashed_word(word: str, shortest: int, longest: int, buckets: int) -> NDArray[np.int32]:
    if len(word) <= MAX_CACHED:
        return _cached_word(word, shortest, longest, buckets)
    return _hashed(_ngrams(word, shortest, longest), buckets)


@lru_cache(maxsize=8192)  # most words come again
def _cached_word(word: str, shortest: int, longest: int, buckets: int) -> NDArray[np.int32]:
    return _hashed(_ngrams(word, shortest, longest), buckets)


def _ngrams(word: str, shortest: int, longest: int) -> Iterator[str]:
    padded = f" {word} "
    for size in range(shortest, longest + 1):
        if len(padded) <= size:
            yield padded
            break  # a longer n-gram would be the same one
        for start in range(len(padded) - size + 1):
            yield padded[start : start + size]


def _word_ngrams(text: str) -> Iterator[str]:
    words: list[str] = []
    kinds: list[str] = []
    first = True
    for token in _TOKEN.findall(text):
        word = token.lower()
        words.append(word)
        if token.isdigit():
            kinds.append(NUMBER)
        elif token[0].isupper() and not first and len(token) > 1 and not token.isupper():
            kinds.append(NAME)
        else:
            kinds.append(word)
        first = token in _ENDS
    yield from words
    yield from map(" ".join, pairwise(words))
    yield from (kind for kind, word in zip(kinds, words, strict=True) if kind != word)
    for two, plain in zip(pairwise(kinds), pairwise(words), strict=True):
        if two != plain:
            yield " ".join(two)
    yield from map(" ".join, zip(kinds, kinds[1:], kinds[2:], strict=False))


def head_and_tail(text: str) -> str:
    """The first and the last `END_CHARS` of a text; a text that is no longer than both stays as it is."""
    return text if len(text) <= 2 * END_CHARS else f"{text[:END_CHARS]} {text[-END_CHARS:]}"
