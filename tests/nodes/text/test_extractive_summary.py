"""The summary that is made without a model."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.prompts import SUMMARY_WORDS, estimate
from nodes.text.extractive_summary import LONGEST_CLAUSE, extractive_summary, shorten
from tests.nodes.states import a_talk

TEXTS = st.text(st.sampled_from("ab 税.。\n?"), max_size=600)
PROSE = " ".join(f"Sentence number {number} is about the user's trip to Lisbon." for number in range(14))


def test_what_fits_is_kept_whole() -> None:
    """With the speaker where another one goes on; an employee by name."""
    talk = a_talk("I have two cars. One is red.", "Good to know!")
    assert extractive_summary("User: Hi.", talk) == "User: Hi. I have two cars. One is red.\nCrystal: Good to know!"


def test_what_users_say_of_their_lives_outlasts_talk() -> None:
    """Numbers, dates and names are kept whole, also after many turns of rolling on."""
    summary = extractive_summary("", a_talk("My rent is 1,150 a month until June 2027.", "Thanks for telling me that."))
    for number in range(12):
        chatter = f"That is quite interesting to hear, so please go on with number {'x' * number} of your explanation."
        summary = extractive_summary(
            summary, a_talk(chatter, "It depends on what you would like to know about it all.")
        )
    assert "User: My rent is 1,150 a month until June 2027." in summary


def test_what_was_said_twice_is_kept_once() -> None:
    """Where it was said last."""
    assert extractive_summary("User: I rent. Fine.", a_talk("I rent.")) == "User: Fine. I rent."


def test_a_very_long_sentence_is_cut() -> None:
    """With an ellipsis, so that it leaves room for others."""
    summary = extractive_summary("", a_talk("word " * 90, "Your rent is 900."))
    assert summary == f"User: {'word ' * (LONGEST_CLAUSE - 1)}word…\nCrystal: Your rent is 900."


def test_a_long_conversation_loses_its_fillers_first() -> None:
    """Greetings, filler words and what employees say without any sign; each speaker's clauses stand together."""
    talk = a_talk(
        "Hi, my rent is honestly 1,150 a month.",
        "That is quite nice to hear from you.",
        *[f"I paid {number} for {number} bricks" for number in range(200, 230)],
    )
    lines = extractive_summary("", talk).splitlines()
    assert lines[0].startswith("User: my rent is 1,150 a month.")
    assert [line.partition(":")[0] for line in lines] == ["User", "Crystal"]
    assert "quite nice" not in lines[1]


def test_an_unknown_employee_is_the_assistant() -> None:
    """As in messages of an employee that was removed."""
    (_, answer) = a_talk("one", "two")
    answer["employee"] = "nobody"
    assert extractive_summary("", [answer]) == "Assistant: two."


@settings(deadline=None, database=None)
@given(TEXTS, st.lists(TEXTS, max_size=30))
def test_a_summary_is_always_under_150_words(previous: str, contents: list[str]) -> None:
    """Whatever the messages, and however often they were summarised before."""
    summary = extractive_summary(previous, a_talk(*contents))
    assert len(summary.split()) < SUMMARY_WORDS
    assert len(extractive_summary(summary, a_talk(*contents)).split()) < SUMMARY_WORDS


@settings(deadline=None, database=None)
@given(st.text())
def test_a_shortened_text_is_under_150_words(text: str) -> None:
    """Whatever the text."""
    assert len(shorten(text * 20).split()) < SUMMARY_WORDS


@pytest.mark.parametrize(
    "content", ["税金についてもう少し教えてください。" * 50, "x" * 8000], ids=["Japanese", "no spaces"]
)
def test_a_text_without_spaces_does_not_fill_the_window(content: str) -> None:
    """Its summary is as short in tokens, although it has no spaces to count words by."""
    assert estimate(extractive_summary("", a_talk(*[content] * 40))) < 1300


def test_the_newest_messages_are_kept() -> None:
    """The user's, of which the oldest are dropped first."""
    summary = extractive_summary("", a_talk(*[f"Message {number} is one of very many." for number in range(1, 81)]))
    kept = [number for number in range(1, 81) if f"Message {number} is" in summary]
    assert kept == list(range(81 - 2 * len(kept), 81, 2))
    assert len(kept) > 10


def test_a_long_sentence_loses_only_a_part() -> None:
    """Its clauses count for themselves."""
    talk = [f"I put {number} into the jar, which my aunt painted with flowers" for number in range(200, 260)]
    assert "I put 258 into the jar." in extractive_summary("", a_talk(*talk))


def test_a_figure_that_is_taken_back_counts_no_more() -> None:
    """What corrects it stays."""
    wrong, right = "The braces cost 450 a quarter.", "No, they cost 480, not 450."
    talk = [wrong, "Noted.", right, "Noted.", *[f"Flat {number} has {number} doors." for number in range(100, 136)]]
    summary = extractive_summary("", a_talk(*talk))
    assert "they cost 480" in summary
    assert wrong not in summary


def test_a_summary_in_prose_loses_only_single_sentences() -> None:
    """One turn without the model does not lose the model's summary."""
    assert len(PROSE.split()) == 140
    said = "My sister comes along, with her two children, her husband and their dog."
    summary = extractive_summary(PROSE, a_talk(said))
    kept = [number for number in range(14) if f"Sentence number {number} is" in summary]
    assert kept == list(range(14 - len(kept), 14))
    assert len(kept) >= 12
    assert summary.endswith(f"User: {said}")


def test_a_shortened_text_ends_at_a_sentence() -> None:
    """If there is one in its second half; line breaks stay."""
    assert shorten("One line.\n" + "word " * 140 + "end. " + "more " * 40).endswith(" word end.")
    assert shorten("word " * 200) == " ".join(["word"] * 149) + "…"
    assert shorten("One line.\nAnother.") == "One line.\nAnother."
