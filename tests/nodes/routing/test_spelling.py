"""Mending misspelt words before routing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.routing.spelling import Spelling

WORDS = (
    "the",
    "to",
    "my",
    "a",
    "of",
    "is",
    "in",
    "how",
    "much",
    "you",
    "where",
    "spend",
    "move",
    "home",
    "office",
    "over",
)
"""Words of an embedding model."""
EXAMPLES = [
    "upload a receipt and the invoice for my transport",
    "where is the receipt for the transport to the office",
    "what did I spend on transport in January, and is the invoice in?",
    "recategorise my payment", "recategorise the payment", "is recategorise a word",
    "cancel the subscription to it", "my subscription",
    "much agian for my agian",
    *["do it again"] * 20,
]  # fmt: skip


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    """It knows the words above."""
    return Spelling(WORDS, EXAMPLES)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("upload my reciept", "upload my receipt"),  # swapped
        ("upload my recept", "upload my receipt"),  # missing
        ("upload my receiipt", "upload my receipt"),  # doubled
        ("upload my recaipt", "upload my receipt"),  # another one
        ("the pymnt", "the payment"),  # without vowels
        ("cancel my subscribtin", "cancel my subscription"),  # two mistakes
        ("move it to homeoffice", "move it to home office"),  # run together
        ("Reciept, and TRANSPROT!", "receipt, and TRANSPROT!"),  # a word in capitals may be a name
        ("WHERE IS MY RECIEPT", "WHERE IS MY receipt"),  # not where all are
    ],
)
def test_a_misspelt_word_becomes_the_known_one(spelling: Spelling, text: str, mended: str) -> None:
    """Whatever the mistake, with the rest of the message as it is."""
    assert spelling.mend(text) == mended


@pytest.mark.parametrize(
    "text",
    [
        "upload my receipt",
        "recategorise it",  # only the examples know it
        "who is Reciep",  # a name
        "is it 1o99 or w-2",
        "uploads and uploaded invoices",  # inflected
        "zzyzxqq",  # nothing is near
        "où est mon reciept",
        "donde esta el reciept que subi",
        " ".join(["reciept"] * 11),  # too many to be mistakes
        "reciept " * 200,  # too long
        "reciept" * 3,
        "",
    ],
)
def test_what_is_no_mistake_stays(spelling: Spelling, text: str) -> None:
    """Known words, names, numbers, other languages, and what is like nothing."""
    assert spelling.mend(text) == text


def test_the_likelier_word_is_taken(spelling: Spelling) -> None:
    """A mistake that examples make twice does not count as a word, beside the word itself."""
    assert spelling.mend("do it agian") == "do it again"


@settings(deadline=None, database=None)
@given(text=st.text(st.sampled_from("abcdefgh étx'’ZÑ1月\n"), max_size=60))
def test_any_text_can_be_read(spelling: Spelling, text: str) -> None:
    """A mended text has no more to mend, or the two words of a split one."""
    mended = spelling.mend(text)
    assert len(mended.split()) >= len(text.split())


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("where is my home office?", 1.0),
        ("Where is the Müller office", 1.0),  # a name or two do not matter
        ("où est my home", pytest.approx(2 / 3)),
        ("wie viel habe ich ausgegeben", 0.3),
        ("कितना खर्च हुआ", 0.3),
        ("42.50", 0.3),
    ],
)
def test_an_embedding_counts_less_in_other_languages(spelling: Spelling, text: str, weight: float) -> None:
    """By the share of words that the embedding model knows."""
    assert spelling.embedding_weight(text) == weight
