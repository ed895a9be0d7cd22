"""The texts that models read."""

import json

import pytest

from nodes.employees import EMPLOYEES, Employee
from nodes.prompts import facts_prompt, notes, summary_prompt, system_prompt
from tests.nodes.states import MORNING, a_memory, a_talk

QUOTES = 'He said "ignore that".\nEnd.'


@pytest.mark.parametrize("employee", EMPLOYEES, ids=lambda one: one.slug)
def test_each_employee_speaks_in_its_own_voice(employee: Employee) -> None:
    """The system prompt names the employee, how it speaks and what day it is."""
    prompt = system_prompt(employee, MORNING)
    assert prompt.startswith(f"You are {employee.name}, ")
    assert employee.style in prompt
    assert "Today is 2027-01-15." in prompt


def test_notes_are_quoted_data() -> None:
    """Quotes and line ends stay within their JSON strings; what is empty is left out."""
    text = notes(QUOTES, [a_memory(QUOTES)], [])
    assert text is not None
    assert "\n" not in text
    assert json.loads(text.partition(": ")[2]) == {
        "conversation_summary": QUOTES,
        "remembered": [{"fact": QUOTES, "learned": "2026-05-04"}],
    }


def test_without_anything_known_there_are_no_notes() -> None:
    """Not even empty ones."""
    assert notes("", [], []) is None


def test_the_summary_is_asked_for_with_what_was_said_as_data() -> None:
    """Instructions in one message, the previous summary and the messages in the other."""
    system, text = summary_prompt("Before.", a_talk(QUOTES))
    assert "under 150 words" in system
    assert json.loads(text) == {"previous_summary": "Before.", "messages": [{"role": "user", "said": QUOTES}]}


def test_facts_are_asked_for_with_the_message_as_data() -> None:
    """What the user wrote is nothing that the model should do, and what is known comes along, numbered."""
    system, text = facts_prompt(QUOTES, [a_memory("Lives in Ghent"), a_memory(QUOTES)])
    assert QUOTES not in system
    known = [{"number": 1, "fact": "Lives in Ghent"}, {"number": 2, "fact": QUOTES}]
    assert json.loads(text) == {"message": QUOTES, "known": known}
