"""The routing classifier's examples, and its weights, which are trained from them."""

import pytest

from nodes.employees import EMPLOYEES
from nodes.route import FOLLOW_UP
from nodes.routing.classifier import read_examples
from tests.nodes.held_out import read


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


def test_no_held_out_message_is_an_example(examples: dict[str, list[str]]) -> None:
    """The router is measured on messages that it was not trained on."""
    held_out = read("routing")
    measured = {text for employee in EMPLOYEES for text in held_out[employee.slug]}
    measured |= {case["message"] for case in held_out["follow_up"] + held_out["switch"]}
    taught = {text.casefold() for texts in examples.values() for text in texts}
    assert {text for text in measured if text.casefold() in taught} == set()
