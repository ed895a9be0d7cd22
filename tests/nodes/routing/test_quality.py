"""How often the router is right, on messages that it was neither trained nor tuned on."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import pytest

from graph.models.factory import LocalModels
from nodes.employees import EMPLOYEES, Slug, find
from nodes.route import Classify, LearnedRouter, learned
from tests.nodes.held_out import assert_right, read

pytestmark = pytest.mark.xdist_group("routing")  # so that each message is asked about once

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


def second_set(kind: str) -> list[Case]:
    """First messages of this kind, by another author."""
    return [
        (case["text"], None, slug(case["employee"])) for case in read("routing_2")["message"] if case["kind"] == kind
    ]


async def wrong(classify: Classify, cases: list[Case]) -> list[str]:
    """The cases that go to another employee than expected, as lines of a report."""
    lines: list[str] = []
    for message, current, expected in cases:
        chosen = learned(await classify(message), current)["employee"]
        if chosen != expected:
            lines.append(f"  {chosen} instead of {expected}: {message}")
    return lines


@pytest.fixture(scope="module")
def classify(local: LocalModels) -> Classify:
    """The real router, asked once about each message, however many figures it counts in."""
    assert isinstance(local.classify, LearnedRouter)
    asked: dict[str, Mapping[str, float]] = {}

    async def once(message: str) -> Mapping[str, float]:
        if message not in asked:
            asked[message] = await local.classify(message)
        return asked[message]

    return once


@pytest.mark.parametrize(
    ("kind", "at_least", "of"),
    [
        ("plain", 57, 60),
        ("short", 31, 35),
        ("long", 31, 35),
        ("typo", 39, 45),
        ("no_keyword", 65, 70),
        ("distractor", 40, 45),
        ("language", 26, 30),
    ],
)
async def test_messages_of_each_kind_go_to_their_employee(
    classify: Classify, kind: str, at_least: int, of: int
) -> None:
    """Also misspelt ones, without a word of the field, with words of another field, and in other languages."""
    cases = second_set(kind)
    assert_right(await wrong(classify, cases), at_least=at_least, of=of, cases=cases)


async def test_most_messages_of_all_kinds_go_to_their_employee(classify: Classify) -> None:
    """At least 300 of 320."""
    cases = [
        case for kind in sorted({case["kind"] for case in read("routing_2")["message"]}) for case in second_set(kind)
    ]
    assert_right(await wrong(classify, cases), at_least=300, of=320, cases=cases)


@pytest.mark.parametrize(("kind", "at_least", "of"), [("stay", 37, 42), ("leave", 34, 38)])
async def test_later_messages_stay_or_leave(classify: Classify, kind: str, at_least: int, of: int) -> None:
    """A follow-up stays with the employee who answered last, a new topic goes to the employee for it."""
    found = [case for case in read("routing_2")["follow_up"] if case["kind"] == kind]
    cases: list[Case] = [(case["message"], slug(case["current"]), slug(case["expected"])) for case in found]
    assert_right(await wrong(classify, cases), at_least=at_least, of=of, cases=cases)


@pytest.mark.parametrize(
    ("name", "at_least", "of", "later"),
    [
        ("routing_3", 181, 200, ((True, 31, 35), (False, 23, 25))),
        ("routing_4", 206, 220, ((True, 32, 35), (False, 32, 35))),
        ("routing_5", 207, 220, ((True, 32, 35), (False, 30, 35))),
        ("routing_6", 206, 220, ((True, 31, 36), (False, 30, 34))),
        ("routing_7", 209, 220, ((True, 31, 35), (False, 33, 35))),
    ],
)
async def test_messages_of_other_authors_go_to_their_employee(
    classify: Classify, name: str, at_least: int, of: int, later: Sequence[tuple[bool, int, int]]
) -> None:
    """First ones, and later ones, which stay with the employee or leave them."""
    held_out = read(name)
    first: list[Case] = [(case["text"], None, slug(case["employee"])) for case in held_out["message"]]
    assert_right(await wrong(classify, first), at_least=at_least, of=of, cases=first)
    for stays, least, of_all in later:
        cases: list[Case] = [
            (case["text"], slug(case["previous"]), slug(case["previous" if stays else "employee"]))
            for case in held_out["follow_up"]
            if case["stay"] is stays
        ]
        assert_right(await wrong(classify, cases), at_least=least, of=of_all, cases=cases)


async def test_first_messages_go_to_their_employee(classify: Classify) -> None:
    """At least 143 of 150, in several languages."""
    cases = first_messages()
    assert_right(await wrong(classify, cases), at_least=143, of=150, cases=cases)


@pytest.mark.parametrize(
    ("employee", "at_least"),
    [("prime", 23), ("crystal", 23), ("ledger", 22), ("byte", 22), ("tag", 23), ("goalie", 22)],
)
async def test_each_employee_gets_their_messages(classify: Classify, employee: Slug, at_least: int) -> None:
    """No employee is neglected for the sake of the total."""
    cases = [case for case in first_messages() if case[2] == employee]
    assert_right(await wrong(classify, cases), at_least=at_least, of=25, cases=cases)


async def test_follow_ups_stay(classify: Classify) -> None:
    """At least 27 of 30 messages without a topic stay with the employee who answered last."""
    cases = later_messages("follow_up", "current")
    assert_right(await wrong(classify, cases), at_least=27, of=30, cases=cases)


async def test_new_topics_change_the_employee(classify: Classify) -> None:
    """At least 18 of 20 messages with a topic of their own go to the employee for it."""
    cases = later_messages("switch", "expected")
    assert_right(await wrong(classify, cases), at_least=18, of=20, cases=cases)
