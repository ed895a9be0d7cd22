"""The linear classifier over embedding and n-grams."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.training import Recipe, embed, fit
from nodes.text.linear_model import LinearModel, NGramFeatures

EXAMPLES = (
    ("tax", "ledger", (0.995, 0.0, 0.1)),
    ("taxes", "ledger", (0.99, 0.1, 0.0)),
    ("receipt", "byte", (0.0, 0.995, 0.1)),
    ("receipts", "byte", (0.1, 0.99, 0.0)),
    ("saving", "goalie", (0.0, 0.1, 0.995)),
    ("savings", "goalie", (0.1, 0.0, 0.99)),
)
"""Text, label and embedding."""


@pytest.fixture(scope="module")
def model() -> LinearModel:
    """Trained on embeddings of three numbers."""
    return trained(*{label for _, label, _ in EXAMPLES})


def _no_examples(_: object) -> dict[str, list[str]]:
    """They are given to `fit`."""
    return {}


def trained(*labels: str) -> LinearModel:
    """A model trained on the examples with these labels."""
    chosen = [example for example in EXAMPLES if example[1] in labels]
    ngrams = NGramFeatures(2, 4, 64, 0.5, 64, 0.5)
    recipe = Recipe("a test", _no_examples, embed, ngrams, 1.0, 10.0, 1.0, Path("nowhere"))
    vectors = [np.array(vector, dtype=np.float32) for _, _, vector in chosen]
    return fit(recipe, [text for text, _, _ in chosen], [label for _, label, _ in chosen], vectors)


@pytest.mark.parametrize("labels", [("byte", "goalie", "ledger"), ("byte", "ledger")])
def test_it_recognises_its_examples(labels: tuple[str, ...]) -> None:
    """Each has the highest probability under its own label, with two labels as with more."""
    model = trained(*labels)
    assert model.labels == labels
    for text, label, vector in EXAMPLES:
        if label in labels:
            shares = model.probabilities(vector, text)
            assert max(shares, key=lambda name: shares[name]) == label


def test_both_kinds_of_features_count(model: LinearModel) -> None:
    """The same embedding with another spelling is something else, and so is the same spelling with another meaning."""
    usual = model.probabilities((0.0, 1.0, 0.0), "receipt")["byte"]
    assert model.probabilities((0.0, 1.0, 0.0), "savings")["byte"] < usual
    assert model.probabilities((0.0, 0.0, 1.0), "receipt")["byte"] < usual


def test_the_file_holds_all_of_it(model: LinearModel, tmp_path: Path) -> None:
    """What is read is what was written, and it is written the same twice."""
    model.save(tmp_path / "one.npz")
    loaded = LinearModel.load(tmp_path / "one.npz")
    loaded.save(tmp_path / "two.npz")
    assert loaded.probabilities((0.1, 0.2, 0.3), "tax") == model.probabilities((0.1, 0.2, 0.3), "tax")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


@settings(deadline=None, database=None)
@given(vector=st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3), text=st.text())
def test_probabilities_sum_to_one(model: LinearModel, vector: list[float], text: str) -> None:
    """For any text and vector, however far from the examples."""
    shares = model.probabilities(vector, text)
    assert set(shares) == {"byte", "goalie", "ledger"}
    assert all(0 <= share <= 1 for share in shares.values())
    assert sum(shares.values()) == pytest.approx(1)
