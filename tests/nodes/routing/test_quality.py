"""How often the router is right, on messages that it was neither taught nor tuned on."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from graph.models.embeddings import LearnedRouter
from graph.models.factory import LocalModels
from nodes.employees import EMPLOYEES, Slug, find
from nodes.route import Classify, learned

Case: TypeAlias = tuple[str, Slug | None, Slug]
"""A message, who answered last, and who should answer it."""

HELD_OUT = Path(__file__).parents[2] / "data/routing.toml"


def first_messages() -> list[Case]:
    """Messages that begin a conversation."""
    held_out = tomllib.loads(HELD_OUT.read_text("utf-8"))
    return [(message, None, one.slug) for one in EMPLOYEES for message in held_out[one.slug]]


def later_messages(kind: str, expected: str) -> list[Case]:
    """Messages of a running conversation; `expected` is the key of who should answer."""
    cases = tomllib.loads(HELD_OUT.read_text("utf-8"))[kind]
    return [(case["message"], slug(case["current"]), slug(case[expected])) for case in cases]


def slug(name: str) -> Slug:
    """The name, which is somebody's."""
    found = find(name)
    assert found is not None, name
    return found.slug


async def score(classify: Classify, cases: Sequence[Case]) -> tuple[float, str]:
    """The share that goes to the right employee, and a report of the rest."""
    wrong: list[str] = []
    for message, current, right in cases:
        chosen = learned(await classify(message), current)["employee"]
        if chosen != right:
            wrong.append(f"  {right} got by {chosen}: {message}")
    share = 1 - len(wrong) / len(cases)
    return share, "\n".join([f"{share:.3f} of {len(cases)} right", *wrong])


@pytest.fixture
def classify(local: LocalModels) -> Classify:
    """The real router."""
    assert isinstance(local.classify, LearnedRouter)
    return local.classify


async def test_first_messages_find_their_employee(classify: Classify) -> None:
    """At least seven in ten, of every kind and in several languages."""
    share, report = await score(classify, first_messages())
    assert share >= 0.70, report


async def test_every_employee_is_found(classify: Classify) -> None:
    """Nobody is right at the expense of someone else: each gets at least four in ten of theirs."""
    for one in EMPLOYEES:
        share, report = await score(classify, [case for case in first_messages() if case[2] == one.slug])
        assert share >= 0.40, f"{one.slug}: {report}"


async def test_follow_ups_stay(classify: Classify) -> None:
    """At least three in four messages without a topic stay with whoever answered last."""
    share, report = await score(classify, later_messages("follow_up", "current"))
    assert share >= 0.75, report


async def test_new_topics_leave(classify: Classify) -> None:
    """At least 65 in a hundred messages with a topic of their own go to whom it belongs."""
    share, report = await score(classify, later_messages("switch", "expected"))
    assert share >= 0.65, report
