"""Our own texts: numbers and secrets in the many ways in which people write them, and everyday texts without any."""

import pytest

from nodes.text.pii.masking import mask
from tests.nodes.held_out import read

OWN = read("masking_own")


@pytest.mark.parametrize("case", OWN["masked"], ids=lambda case: ascii(case["text"])[:40])
def test_a_number_is_masked_in_every_form_we_thought_of(case: dict[str, str]) -> None:
    """Markup, signs, words, tables and letters between its groups, other digits, and words that touch it."""
    assert mask(case["text"]).text == case["shown"]
    assert mask(case["shown"]).text == case["shown"]


def test_everyday_texts_are_left_alone() -> None:
    """Amounts, dates, orders, accounts, tables, versions and lists of figures."""
    texts: list[str] = OWN["everyday"]["texts"]
    assert len(texts) > 300
    assert [(text, mask(text).text) for text in texts if mask(text).kinds] == []
