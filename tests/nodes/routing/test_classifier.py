"""The learned router's classifier, and the examples it learns from."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.employees import EMPLOYEES
from nodes.route import FOLLOW_UP
from nodes.routing.classifier import Classifier, read_examples

LEANINGS = {
    "ledger": [[1.0, 0.0, 0.1], [0.9, 0.1, 0.0]],
    "byte": [[0.0, 1.0, 0.1], [0.1, 0.9, 0.0]],
    "goalie": [[0.0, 0.1, 1.0], [0.1, 0.0, 0.9]],
}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """Taught three directions of three dimensions."""
    return Classifier.train(LEANINGS)


@pytest.fixture(scope="module")
def examples() -> dict[str, list[str]]:
    """The examples file."""
    return read_examples()


def test_it_tells_apart_what_it_was_taught(classifier: Classifier) -> None:
    """Each example is likeliest under its own label."""
    for label, vectors in LEANINGS.items():
        for vector in vectors:
            likely = classifier.probabilities(vector)
            assert max(likely, key=lambda name: likely[name]) == label


def test_training_twice_gives_the_same_router() -> None:
    """Two replicas never disagree about who answers."""
    one, other = Classifier.train(LEANINGS), Classifier.train(dict(reversed(LEANINGS.items())))
    assert one.probabilities([0.3, 0.4, 0.5]) == other.probabilities([0.3, 0.4, 0.5])


@settings(deadline=None, database=None)
@given(vector=st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3))
def test_likelihoods_are_shares_of_one(classifier: Classifier, vector: list[float]) -> None:
    """For any vector, however far from what was taught."""
    likely = classifier.probabilities(vector)
    assert set(likely) == set(LEANINGS)
    assert all(0 <= share <= 1 for share in likely.values())
    assert sum(likely.values()) == pytest.approx(1)


def test_the_examples_have_all_seven_labels(examples: dict[str, list[str]]) -> None:
    """The six employees and the follow-up, and nothing else."""
    assert set(examples) == {*(one.slug for one in EMPLOYEES), FOLLOW_UP}


def test_every_label_has_enough_examples(examples: dict[str, list[str]]) -> None:
    """At least forty each."""
    assert {label: len(texts) for label, texts in examples.items() if len(texts) < 40} == {}


def test_no_message_is_an_example_twice(examples: dict[str, list[str]]) -> None:
    """Neither for one label nor for two, capitals and spaces aside."""
    plain = [" ".join(text.casefold().split()) for texts in examples.values() for text in texts]
    assert sorted(text for text in set(plain) if plain.count(text) > 1) == []


def test_no_held_out_message_is_an_example(examples: dict[str, list[str]]) -> None:
    """What the router is measured on it was not taught."""
    held_out = tomllib.loads((Path(__file__).parents[2] / "data/routing.toml").read_text("utf-8"))
    measured = {text for one in EMPLOYEES for text in held_out[one.slug]}
    measured |= {case["message"] for case in held_out["follow_up"] + held_out["switch"]}
    taught = {text.casefold() for texts in examples.values() for text in texts}
    assert {text for text in measured if text.casefold() in taught} == set()
