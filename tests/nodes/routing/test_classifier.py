"""The routing classifier, and the examples it is trained on."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.employees import EMPLOYEES
from nodes.route import FOLLOW_UP
from nodes.routing.classifier import Classifier, example_vectors, read_examples
from tests.nodes.held_out import read

EXAMPLES = {
    "ledger": [[1.0, 0.0, 0.1], [0.9, 0.1, 0.0]],
    "byte": [[0.0, 1.0, 0.1], [0.1, 0.9, 0.0]],
    "goalie": [[0.0, 0.1, 1.0], [0.1, 0.0, 0.9]],
}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """A classifier trained on vectors of three dimensions."""
    return Classifier.train(EXAMPLES)


@pytest.fixture(scope="module")
def examples() -> dict[str, list[str]]:
    """The examples file."""
    return read_examples()


def test_it_recognises_its_training_examples(classifier: Classifier) -> None:
    """Each has the highest probability under its own label."""
    for label, vectors in EXAMPLES.items():
        for vector in vectors:
            shares = classifier.probabilities(vector)
            assert max(shares, key=lambda name: shares[name]) == label


def test_training_is_deterministic() -> None:
    """Two replicas agree about who answers."""
    one, other = Classifier.train(EXAMPLES), Classifier.train(dict(reversed(EXAMPLES.items())))
    assert one.probabilities([0.3, 0.4, 0.5]) == other.probabilities([0.3, 0.4, 0.5])


@settings(deadline=None, database=None)
@given(vector=st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3))
def test_probabilities_sum_to_one(classifier: Classifier, vector: list[float]) -> None:
    """For any vector, however far from the examples."""
    shares = classifier.probabilities(vector)
    assert set(shares) == set(EXAMPLES)
    assert all(0 <= share <= 1 for share in shares.values())
    assert sum(shares.values()) == pytest.approx(1)


def test_the_examples_have_all_seven_labels(examples: dict[str, list[str]]) -> None:
    """The six employees and the follow-up, and nothing else."""
    assert set(examples) == {*(employee.slug for employee in EMPLOYEES), FOLLOW_UP}


def test_every_label_has_enough_examples(examples: dict[str, list[str]]) -> None:
    """At least forty each."""
    assert {label: len(texts) for label, texts in examples.items() if len(texts) < 40} == {}


def test_no_message_is_an_example_twice(examples: dict[str, list[str]]) -> None:
    """Neither for one label nor for two, whatever its case and spaces."""
    plain = [" ".join(text.casefold().split()) for texts in examples.values() for text in texts]
    assert sorted(text for text in set(plain) if plain.count(text) > 1) == []


def test_no_held_out_message_is_an_example(examples: dict[str, list[str]]) -> None:
    """The router is measured on messages that it was not trained on."""
    held_out = read("routing")
    measured = {text for employee in EMPLOYEES for text in held_out[employee.slug]}
    measured |= {case["message"] for case in held_out["follow_up"] + held_out["switch"]}
    taught = {text.casefold() for texts in examples.values() for text in texts}
    assert {text for text in measured if text.casefold() in taught} == set()


async def test_the_examples_vectors_are_cached(tmp_path: Path) -> None:
    """Until the texts change, the model, or how it reads them."""
    computed: list[Sequence[str]] = []

    async def embed_many(texts: Sequence[str]) -> list[list[float]]:
        computed.append(texts)
        return [[float(len(text))] for text in texts]

    cache = tmp_path / "folder" / "examples.npz"
    for texts, version in ((["tax"], "1"), (["tax"], "1"), (["tax"], "2"), (["tax", "house"], "2")):
        vectors = await example_vectors(embed_many, version, texts, cache)
        assert [list(vector) for vector in vectors] == [[len(text)] for text in texts]
    assert computed == [["tax"], ["tax"], ["tax", "house"]]
    cache.write_bytes(b"half a file")
    await example_vectors(embed_many, "2", ["tax"], cache)
    assert len(computed) == 4
