"""The token estimate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage

from nodes.prompts import PER_MESSAGE, estimate, estimate_messages


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("für", 1), ("税金", 2), ("налог", 5), ("税 abc", 2), ("🎯", 1)],
)
def test_four_latin_characters_are_a_token_and_each_other_one_is(text: str, tokens: int) -> None:
    """Counting Chinese by four would let in four times what the window holds."""
    assert estimate(text) == tokens


@settings(deadline=None, database=None)
@given(st.text(), st.text())
def test_a_longer_text_never_has_fewer_tokens(text: str, more: str) -> None:
    """Nor more than both parts have."""
    assert estimate(text) <= estimate(text + more) <= estimate(text) + estimate(more)


def test_each_message_costs_the_tokens_of_the_chat_format() -> None:
    """Even an empty one."""
    assert estimate_messages([]) == 0
    assert estimate_messages([HumanMessage("abcd"), AIMessage("")]) == 1 + 2 * PER_MESSAGE
