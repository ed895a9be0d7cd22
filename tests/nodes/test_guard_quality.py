"""How often the guard is right, on texts that its rules were not written with."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nodes.text.cleaning import clean
from nodes.text.injection import detect
from nodes.text.pii.masking import mask

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def injections() -> dict[str, list[str]]:
    """Attacks, and what only sounds like one."""
    return tomllib.loads((DATA / "injections.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def pii() -> list[dict[str, Any]]:
    """Texts with the parts of them that must be masked."""
    cases: list[dict[str, Any]] = tomllib.loads((DATA / "pii.toml").read_text("utf-8"))["case"]
    return cases


def share(wrong: Sequence[str], cases: Sequence[object]) -> tuple[float, str]:
    """The share that is right, and a report of the rest."""
    right = 1 - len(wrong) / len(cases)
    return right, "\n".join([f"{right:.3f} of {len(cases)} right", *wrong])


def test_attacks_are_caught(injections: dict[str, list[str]]) -> None:
    """More than half, by rules alone: they are the first line and not the only one."""
    attacks = injections["attacks"]
    caught, report = share([text for text in attacks if detect(clean(text).text) is None], attacks)
    assert caught >= 0.55, report


def test_honest_messages_pass(injections: dict[str, list[str]]) -> None:
    """At most two in a hundred of those that ignore, forget and override honestly are refused."""
    benign = injections["benign"]
    passed, report = share([text for text in benign if detect(clean(text).text)], benign)
    assert passed >= 0.98, report


def test_what_must_be_masked_is_gone(pii: list[dict[str, Any]]) -> None:
    """Card numbers, IBANs and national ids as people of many countries write them."""
    cases = [case for case in pii if case["masks"]]
    leaking = [case["text"] for case in cases if any(number in mask(case["text"]).text for number in case["masks"])]
    gone, report = share(leaking, cases)
    assert gone >= 0.95, report


def test_other_numbers_are_left_alone(pii: list[dict[str, Any]]) -> None:
    """Dates, amounts, orders and phones stay as they were written."""
    cases = [case["text"] for case in pii if not case["masks"]]
    left, report = share([text for text in cases if mask(text).text != text], cases)
    assert left >= 0.98, report
