"""The questions to the household have the figures that plain Python computes."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from nodes.employees import EMPLOYEES
from tests.graph.demo.plain import expected

FILE = Path(__file__).parents[2] / "data/finance_questions.toml"
DATA: dict[str, Any] = tomllib.loads(FILE.read_text())
QUESTIONS: list[dict[str, Any]] = DATA["questions"]


@pytest.mark.parametrize("question", QUESTIONS, ids=[one["ask"] for one in QUESTIONS])
def test_the_figures_are_right(question: dict[str, Any]) -> None:
    """Computed over the payments as they were made, for each reading of the question."""
    assert expected(question["of"]) == question["figures"]
    assert [expected(one) for one in question.get("also_of", [])] == question.get("also", [])
    assert question["figures"] or question["says"]


def test_there_are_enough_of_each_kind() -> None:
    """Some have typos, no question is there twice, and there are some that nobody can answer."""
    asked = [one["ask"] for one in QUESTIONS] + DATA["unsupported"]
    assert len(asked) == len(set(asked))
    assert len(QUESTIONS) >= 380
    assert len(DATA["unsupported"]) >= 40
    assert sum(one.get("typo", False) for one in QUESTIONS) >= 60
    assert {one["employee"] for one in QUESTIONS} == {one.slug for one in EMPLOYEES}
