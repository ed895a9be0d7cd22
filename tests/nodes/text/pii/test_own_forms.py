"""Our own texts: numbers and secrets in the many ways in which people write them, and everyday texts without any."""

from nodes.text.pii.masking import mask
from tests.nodes.held_out import read

OWN = read("masking_own")


def test_a_number_is_masked_in_every_form_we_thought_of() -> None:
    """Markup, signs, words, tables and letters between its groups, other digits, and words that touch it."""
    cases: list[dict[str, str]] = OWN["masked"]
    assert len(cases) > 900
    assert [(case["text"], masked) for case in cases if (masked := mask(case["text"]).text) != case["shown"]] == []
    assert [(case["shown"], again) for case in cases if (again := mask(case["shown"]).text) != case["shown"]] == []


def test_everyday_texts_are_left_alone() -> None:
    """Amounts, dates, orders, accounts, tables, versions and lists of figures."""
    texts: list[str] = OWN["everyday"]["texts"]
    assert len(texts) > 300
    assert [(text, mask(text).text) for text in texts if mask(text).kinds] == []
