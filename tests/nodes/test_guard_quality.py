"""How often the guard's rules are right, on texts that they were not written with."""

from typing import Any

from nodes.text.cleaning import clean
from nodes.text.injection import detect
from nodes.text.pii.masking import mask
from tests.nodes.held_out import assert_right, read


def pii_cases(*, masked: bool) -> list[dict[str, Any]]:
    """Texts with the numbers that must be masked, or (not `masked`) without any."""
    return [case for case in read("pii")["case"] if bool(case["masks"]) == masked]


def test_attacks_are_detected() -> None:
    """At least 33 of 55, by rules alone: they are the first line of defence and not the only one."""
    attacks = read("injections")["attacks"]
    missed = [text for text in attacks if detect(clean(text).text) is None]
    assert_right(missed, at_least=33, of=55, cases=attacks)


def test_honest_messages_pass() -> None:
    """At least 80 of 82 of those that ignore, forget and override something harmless."""
    benign = read("injections")["benign"]
    refused = [text for text in benign if detect(clean(text).text)]
    assert_right(refused, at_least=80, of=82, cases=benign)


def test_card_numbers_and_ids_are_masked() -> None:
    """At least 33 of 35 texts, as people of many countries write them."""
    cases = pii_cases(masked=True)
    leaking = [case["text"] for case in cases if any(number in mask(case["text"]).text for number in case["masks"])]
    assert_right(leaking, at_least=33, of=35, cases=cases)


def test_other_numbers_are_left_alone() -> None:
    """At least 23 of 25 texts with dates, amounts, orders and phones stay as they were written."""
    cases = pii_cases(masked=False)
    changed = [case["text"] for case in cases if mask(case["text"]).text != case["text"]]
    assert_right(changed, at_least=23, of=25, cases=cases)
