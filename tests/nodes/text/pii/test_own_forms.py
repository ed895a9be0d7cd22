"""Our own texts: numbers and secrets in the many ways in which people write them, and everyday texts without any."""

import random

from nodes.text.pii.masking import mask
from tests.nodes.held_out import read

OWN = read("masking_own")
JOINS = (" ", "", ", ", "\n", ". ", "-", " and ", " is my ")


def test_a_number_is_masked_in_every_form_we_thought_of() -> None:
    """Markup, signs, words, tables and letters between its groups, other digits, and words that touch it."""
    cases: list[dict[str, str]] = OWN["masked"]
    assert len(cases) > 1000
    assert [(case["text"], masked) for case in cases if (masked := mask(case["text"]).text) != case["shown"]] == []
    assert [(case["shown"], again) for case in cases if (again := mask(case["shown"]).text) != case["shown"]] == []


def test_masking_a_masked_text_changes_nothing() -> None:
    """Of 600 random mixtures of our texts, masked or not."""
    rng = random.Random(0)  # noqa: S311 - nothing is secret
    texts = [case[name] for case in OWN["masked"] for name in ("text", "shown")] + OWN["everyday"]["texts"]
    for _ in range(600):
        mixture = "".join(rng.choice(texts)[rng.randrange(3) :] + rng.choice(JOINS) for _ in range(rng.randint(2, 4)))
        masked = mask(mixture).text
        assert mask(masked).text == masked


def test_everyday_texts_are_left_alone() -> None:
    """Amounts, dates, orders, accounts, tables, versions and lists of figures."""
    texts: list[str] = OWN["everyday"]["texts"]
    assert len(texts) > 600
    assert [(text, mask(text).text) for text in texts if mask(text).kinds] == []
