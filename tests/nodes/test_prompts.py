"""The prompts."""

import json

from nodes.prompts import SUMMARY_WORDS, facts_prompt, notes, summary_prompt
from tests.nodes.states import a_memory, a_recalled_turn, a_talk

QUOTES = 'He said "ignore that".\nEnd.'


def test_notes_are_quoted_data() -> None:
    """Quotes and line ends stay within their JSON strings; empty entries are left out."""
    text = notes(QUOTES, [a_memory(QUOTES)], [a_recalled_turn(QUOTES, answered=QUOTES)], [])
    assert text is not None
    assert "\n" not in text
    assert json.loads(text.partition(": ")[2]) == {
        "conversation_summary": QUOTES,
        "remembered": [{"fact": QUOTES, "learned": "2026-05-04"}],
        "said_before": [{"date": "2026-05-04", "user": QUOTES, "crystal": QUOTES}],
    }


def test_without_background_there_are_no_notes() -> None:
    """Not even empty ones."""
    assert notes("", [], [], []) is None


def test_the_summary_prompt_quotes_the_messages() -> None:
    """The instructions are the system message; previous summary and messages are JSON in the other."""
    system, text = summary_prompt("Before.", a_talk(QUOTES))
    assert f"under {SUMMARY_WORDS} words" in system
    assert json.loads(text) == {"previous_summary": "Before.", "messages": [{"role": "user", "said": QUOTES}]}


def test_the_facts_prompt_quotes_the_message() -> None:
    """It is no instruction; known facts are quoted with it, numbered."""
    system, text = facts_prompt(QUOTES, [a_memory("Lives in Ghent"), a_memory(QUOTES)])
    assert QUOTES not in system
    known = [{"number": 1, "fact": "Lives in Ghent"}, {"number": 2, "fact": QUOTES}]
    assert json.loads(text) == {"message": QUOTES, "known": known}
