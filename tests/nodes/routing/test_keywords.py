"""The routing rules for when no embedding is available."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.employees import Slug
from nodes.routing.keywords import EXAMPLES, by_rules, jaccard, words_of


@pytest.mark.parametrize(
    ("message", "slug"),
    [
        ("Which TAXES do I owe?", "ledger"),
        ("can I deduct my desk", "ledger"),
        ("what is a write-off", "ledger"),
        ("where is my W-2?", "ledger"),
        ("show me a chart", "crystal"),
        ("What did I spend in May?", "crystal"),
        ("any patterns?", "crystal"),
        ("I scanned this", "byte"),
        ("find the last bank statement", "byte"),
        ("a PDF of it", "byte"),
        ("recategorize this", "tag"),
        ("please sort my many expenses", "tag"),
        ("my savings", "goalie"),
        ("a debt target", "goalie"),
        ("when can I retire", "goalie"),
    ],
)
def test_a_keyword_chooses_its_employee(message: str, slug: Slug) -> None:
    """One keyword is enough, case-insensitive; the reason names it."""
    matched = by_rules(message)
    assert matched.employee == slug
    assert matched.code == "keyword"
    assert str(matched.keyword) in message.lower()


@pytest.mark.parametrize(
    "message",
    [
        "a taxi to the airport",
        "is democracy for sale",
        "no, scratch that",
        "what percentage is that",
        "at this stage",
        "the second paragraph",
        "that target store downtown",
        "a vintage bottle",
        "I'd return the shoes",
        "my safety comes first",
        "the graphite pencil",
    ],
)
def test_parts_of_words_do_not_count(message: str) -> None:
    """A keyword has to be a whole word: a taxi is no tax question."""
    assert by_rules(message) == ("prime", "no_rule", 0.3, None)


@pytest.mark.parametrize(("slug", "example"), EXAMPLES)
def test_a_message_similar_to_an_example_goes_to_its_employee(slug: Slug, example: str) -> None:
    """One more word lowers the confidence and does not change the employee."""
    matched = by_rules(f"{example} please")
    assert (matched.employee, matched.code) == (slug, "example")
    assert matched.confidence < 1.0


def test_similarity_is_common_words_over_all_words() -> None:
    """Case, order, punctuation and repetition do not count."""
    assert similarity("How much, HOW much?", "much how") == 1.0
    assert similarity("save for a house", "save a house now") == 3 / 5
    assert similarity("one", "other") == 0.0


def test_two_empty_texts_are_not_similar() -> None:
    """No words mean a similarity of zero, and no division by it."""
    assert similarity("", "?!") == 0.0


@settings(deadline=None, database=None)
@given(st.text(), st.text())
def test_similarity_is_symmetric(one: str, other: str) -> None:
    """And between 0 and 1."""
    assert 0.0 <= similarity(one, other) == similarity(other, one) <= 1.0


def similarity(one: str, other: str) -> float:
    """The similarity of two texts."""
    return jaccard(words_of(one), words_of(other))
