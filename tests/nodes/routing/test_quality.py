"""How often the router is right, on messages that it was neither trained nor tuned on."""

from typing import TypeAlias

import pytest

from graph.models.factory import LocalModels
from nodes.employees import EMPLOYEES, Slug, find
from nodes.route import Classify, learned
from nodes.routing.classifier import LearnedRouter
from tests.nodes.held_out import assert_right, read

Case: TypeAlias = tuple[str, Slug | None, Slug]
"""A message, who answered last, and who should answer it."""


def first_messages() -> list[Case]:
    """Messages that start a conversation."""
    held_out = read("routing")
    return [(message, None, employee.slug) for employee in EMPLOYEES for message in held_out[employee.slug]]


def later_messages(kind: str, expected: str) -> list[Case]:
    """Messages of a running conversation; `expected` is the key of who should answer."""
    return [(case["message"], slug(case["current"]), slug(case[expected])) for case in read("routing")[kind]]


def slug(name: str) -> Slug:
    """The slug of an employee's name."""
    found = find(name)
    assert found is not None, name
    return found.slug


async def wrong(classify: Classify, cases: list[Case]) -> list[str]:
    """The cases that go to another employee than expected, as lines of a report."""
    lines: list[str] = []
    for message, current, expected in cases:
        chosen = learned(await classify(message), current)["employee"]
        if chosen != expected:
            lines.append(f"  {chosen} instead of {expected}: {message}")
    return lines


@pytest.fixture
def classify(local: LocalModels) -> Classify:
    """The real router."""
    assert isinstance(local.classify, LearnedRouter)
    return local.classify


async def test_first_messages_go_to_their_employee(classify: Classify) -> None:
    """At least 135 of 150, in several languages."""
    cases = first_messages()
    assert_right(await wrong(classify, cases), at_least=135, of=150, cases=cases)


@pytest.mark.parametrize(
    ("employee", "at_least"),
    [("prime", 23), ("crystal", 21), ("ledger", 20), ("byte", 20), ("tag", 21), ("goalie", 20)],
)
async def test_each_employee_gets_their_messages(classify: Classify, employee: Slug, at_least: int) -> None:
    """No employee is neglected for the sake of the total."""
    cases = [case for case in first_messages() if case[2] == employee]
    assert_right(await wrong(classify, cases), at_least=at_least, of=25, cases=cases)


async def test_follow_ups_stay(classify: Classify) -> None:
    """At least 25 of 30 messages without a topic stay with the employee who answered last."""
    cases = later_messages("follow_up", "current")
    assert_right(await wrong(classify, cases), at_least=25, of=30, cases=cases)


async def test_new_topics_change_the_employee(classify: Classify) -> None:
    """At least 18 of 20 messages with a topic of their own go to the employee for it."""
    cases = later_messages("switch", "expected")
    assert_right(await wrong(classify, cases), at_least=18, of=20, cases=cases)
