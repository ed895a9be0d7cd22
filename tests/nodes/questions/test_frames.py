"""What a question asks for is a frame, found by its words and restricted by what fills its slots."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import get_args

import pytest

from graph.models.embeddings import MiniLM
from nodes.questions.asked import Asked
from nodes.questions.choosing import Choice, choices, chosen
from nodes.questions.examples import by_author, frame_examples, proper_nouns
from nodes.questions.frames import TAKES, Frame, Frames, Likely, ranked
from nodes.questions.reading import Reading, read
from nodes.questions.restrictions import STORED, restricting, words_of
from tests.graph.demo.plain import TODAY
from tests.nodes.questions.household import FACTS, household_names


@pytest.fixture(scope="module")
def minilm() -> Iterator[MiniLM]:
    """The real model, without a cache."""
    model = MiniLM()
    yield model
    model.close()


def as_said(says: str) -> Reading:
    """A question to the household."""
    reading = read(says, household_names(), TODAY, str.isalpha)
    assert reading
    return reading


def test_each_frame_has_examples_of_several_authors() -> None:
    """Sixty at least, of four authors at least; and each says which slots it takes."""
    frames = set(get_args(Frame))
    assert set(frame_examples()) == frames == set(TAKES)
    assert {frame: len(texts) for frame, texts in frame_examples().items() if len(texts) < 60} == {}
    authors = Counter(frame for found in by_author().values() for frame in found)
    assert {frame: authors[frame] for frame in frames if authors[frame] < 4} == {}


def test_no_text_is_an_example_of_two_frames() -> None:
    """What differs by its slots alone is one text."""
    texts = [text for found in frame_examples().values() for text in found]
    assert len(texts) == len(set(texts))


def test_the_stored_words_are_of_these_examples() -> None:
    """`make train` was run after their last change."""
    assert json.loads(STORED.read_text(encoding="utf-8")) == words_of(frame_examples(), proper_nouns())


def test_slots_restrict_frames() -> None:
    """A frame without a place for what is said cannot be meant, and what spoke for it is not shared out."""
    probabilities = {"spent_total": 0.2, "recurring": 0.7, "find_amount": 0.1}
    assert [one.frame for one in ranked(probabilities, {"period"})] == ["recurring", "spent_total"]
    assert ranked(probabilities, {"amount"}) == [Likely("find_amount", 0.1)]


def test_only_a_sure_answer_is_chosen() -> None:
    """Sure by itself, and far surer than the next one; a plain sum surer still."""
    total, listed = Asked("totals", {"group": "all"}), Asked("largest", {"count": 20})
    assert chosen([Choice(listed, 0.7), Choice(total, 0.2)]) == listed
    assert chosen([Choice(listed, 0.5), Choice(total, 0.1)]) is None
    assert chosen([Choice(listed, 0.62), Choice(total, 0.37)]) is None
    assert chosen([Choice(total, 0.7), Choice(listed, 0.1)]) is None
    assert chosen([Choice(None, 0.9)]) is None


def test_frames_that_lead_to_one_answer_count_together() -> None:
    """What was spent on donations is also what can be deducted of them."""
    reading = as_said("donations in 2025")
    found = choices([Likely("deductible", 0.5), Likely("spent_total", 0.4)], reading, FACTS)
    assert [(one.asked and one.asked.tool, round(one.probability, 1)) for one in found] == [("totals", 0.9)]


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("what did we spend on groceries apart from kornblume in october", ["apart from"]),
        ("how much did we spend on saturdays in october", ["saturdays"]),
        ("what did we pay for zebras at kornblume in october", ["zebras"]),
        ("groceries per person in october", ["per person"]),
        ("what did my sister spend in october", ["my sister"]),
        ("how much did we spend on groceries while it rained", ["while"]),
        ("what did we spend on 17 groceries last month", ["17"]),
        ("how much did we honestly spend on groceries in october", []),
        ("what was the heftiest bill in october", []),
    ],
)
def test_a_word_that_restricts_a_question_is_found(says: str, words: list[str]) -> None:
    """Where no slot took it; a new adverb or adjective restricts nothing."""
    assert restricting(as_said(says), Asked("totals", {"merchant": "x"})) == words


@pytest.mark.parametrize(
    ("says", "tool"),
    [
        ("what has the canteen had out of me in october all in", "totals"),
        ("did we fork out more for groceries in june or in july", "compare"),
        ("which shop swallowed most of our grocery money in march", "totals"),
        ("whats the heftiest payment of september", "largest"),
        ("how far along is the new kitchen", "monthly_amount"),
        ("which of our debts shall i attack before the others", "pay_off"),
        ("for what reason is streamora filed under subscriptions", "why_category"),
        ("will it rain on saturday", None),
        ("should i cancel streamora", None),
        ("what does jonas's boss earn", None),
        ("when did we last pay the dentist", None),
    ],
)
async def test_questions_in_new_words_are_understood(minilm: MiniLM, says: str, tool: str | None) -> None:
    """Or not at all."""
    reading = as_said(says)
    asked = chosen(choices(await Frames.load(minilm.embed)(reading), reading, FACTS))
    if asked and restricting(reading, asked):
        asked = None
    assert (asked and asked.tool) == tool
