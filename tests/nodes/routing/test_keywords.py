"""The routing rules for when nothing can be embedded."""

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
def test_each_class_has_its_keywords(message: str, slug: Slug) -> None:
    """One word is enough, in any case; the report names it."""
    matched = by_rules(message)
    assert matched.employee == slug
    assert matched.reason.startswith("keyword “")


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
    """The product's first rules sent taxis to tax and stages to categories."""
    assert by_rules(message) == ("prime", "no rule matched", 0.3)


@pytest.mark.parametrize(("slug", "example"), EXAMPLES)
def test_what_is_like_an_example_goes_its_way(slug: Slug, example: str) -> None:
    """A word more does not change who answers, and lowers the confidence."""
    matched = by_rules(f"{example} please")
    assert (matched.employee, matched.reason) == (slug, "like an example")
    assert matched.confidence < 1.0


def test_likeness_is_words_in_common_over_words_in_all() -> None:
    """Case, order and punctuation do not count, repetition neither."""
    assert likeness("How much, HOW much?", "much how") == 1.0
    assert likeness("save for a house", "save a house now") == 3 / 5
    assert likeness("one", "other") == 0.0


def test_two_empty_texts_have_nothing_in_common() -> None:
    """No words is no likeness, and no division by zero."""
    assert likeness("", "?!") == 0.0


@settings(deadline=None, database=None)
@given(st.text(), st.text())
def test_likeness_is_the_same_from_both_sides(one: str, other: str) -> None:
    """And never leaves 0 to 1."""
    assert 0.0 <= likeness(one, other) == likeness(other, one) <= 1.0


def likeness(one: str, other: str) -> float:
    """How like each other two texts are."""
    return jaccard(words_of(one), words_of(other))
