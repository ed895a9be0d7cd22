"""The routing classifier's examples, and whether its weights are of these."""

from collections.abc import Iterator

import numpy as np
import pytest

from graph.models.embeddings import MiniLM
from graph.training import RECIPES, Recipe, made_from
from nodes.employees import EMPLOYEES
from nodes.route import FOLLOW_UP
from nodes.routing.classifier import read_examples
from tests.nodes.held_out import read


@pytest.fixture(scope="module")
def minilm() -> Iterator[MiniLM]:
    """The real model, without a cache."""
    model = MiniLM()
    yield model
    model.close()


@pytest.fixture(scope="module")
def examples() -> dict[str, list[str]]:
    """The examples file."""
    return read_examples()


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


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_weights_are_of_these_examples(recipe: Recipe, minilm: MiniLM) -> None:
    """`make train` was run after the last change of examples or features."""
    with np.load(recipe.weights) as stored:
        assert str(stored["made_from"]) == made_from(recipe, minilm), "run `make train`"


def test_no_held_out_message_is_an_example(examples: dict[str, list[str]]) -> None:
    """The router is measured on messages that it was not trained on."""
    held_out = read("routing")
    measured = {text for employee in EMPLOYEES for text in held_out[employee.slug]}
    measured |= {case["message"] for case in held_out["follow_up"] + held_out["switch"]}
    second = read("routing_2")
    measured |= {case["text"] for case in second["message"]} | {case["message"] for case in second["follow_up"]}
    taught = {text.casefold() for texts in examples.values() for text in texts}
    assert {text for text in measured if text.casefold() in taught} == set()
