"""What is quoted of a long text."""

import pytest

from nodes.text.excerpt import excerpt

ADVICE = "First list your debts. Then call Harrow Heating about the boiler. At the end put 50 a month aside."


@pytest.mark.parametrize(
    ("message", "quoted"),
    [
        ("Who was it for the boiler?", "…Then call Harrow Heating about the boile…"),
        ("How much a month?", "…boiler. At the end put 50 a month aside."),
        ("And then?", "…Then call Harrow Heating about the boile…"),
        ("Hello", "First list your debts. Then call Harrow…"),
    ],
)
def test_a_long_text_is_quoted_from_the_sentence_with_most_words_of_the_message(message: str, quoted: str) -> None:
    """Or from its beginning; what is left out is shown."""
    assert excerpt(ADVICE, message, 40) == quoted


def test_a_short_text_is_quoted_whole() -> None:
    """Without spaces around it."""
    assert excerpt(" Call Harrow. ", "Hello", 40) == "Call Harrow."
