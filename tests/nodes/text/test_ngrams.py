"""Hashed character n-grams."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.text.linear_model import hashed_ngrams


def test_a_texts_ngrams_are_those_of_its_words() -> None:
    """Two to four characters of each word with a space at either end, in any case, each counted."""
    pieces = [" ta", "tax", "ax ", " tax", "tax ", " ta", "tax", "ax ", " tax", "tax ", " a "]
    assert dense("TAX\n tax a", 3, 4, 1 << 16) == pytest.approx(counted(pieces, 1 << 16))


def test_a_misspelt_word_is_nearer_than_another_one() -> None:
    """What the n-grams are for."""
    word, misspelt, other = (np.array(dense(text, 2, 4, 4096)) for text in ("receipt", "reciept", "refund"))
    assert word @ misspelt > 2 * (word @ other)


@settings(deadline=None, database=None)
@given(st.text())
def test_the_vector_has_length_one(text: str) -> None:
    """Whatever the text; without words it has no entries."""
    places, values = hashed_ngrams(text, 2, 4, 512)
    assert list(places) == sorted({*places.tolist()})
    assert all(0 <= place < 512 for place in places)
    assert np.linalg.norm(values) == pytest.approx(1.0 if text.split() else 0.0)


def test_the_places_are_the_same_in_every_process() -> None:
    """They are stored with the weights, so they may not depend on Python's own hash."""
    assert hashed_ngrams("hi", 2, 2, 4096).places.tolist() == [729, 2732, 3895]


def dense(text: str, shortest: int, longest: int, buckets: int) -> list[float]:
    """All entries of the vector."""
    places, values = hashed_ngrams(text, shortest, longest, buckets)
    vector = np.zeros(buckets)
    vector[places] = values
    return [float(number) for number in vector]


def counted(pieces: Sequence[str], buckets: int) -> list[float]:
    """The vector of these n-grams."""
    vector = np.zeros(buckets)
    for piece in pieces:
        vector[crc32(piece.encode()) % buckets] += 1
    return [float(number) for number in vector / np.linalg.norm(vector)]
