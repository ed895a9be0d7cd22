"""Routing classifier: logistic regression on sentence embeddings of labelled examples.

The examples are one file that a person can edit (examples.toml). The classifier is trained from it at every
start, which takes a fraction of a second, so no model file is stored that could become stale.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

EXAMPLES = Path(__file__).with_name("examples.toml")

Matrix = NDArray[np.float64]


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
    def train(cls, examples: Mapping[str, Sequence[Sequence[float]]], *, penalty: float = 1e-4) -> Self:
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
