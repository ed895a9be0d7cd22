"""What is in the prompt, and what is left out to fit the window."""

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, trim_messages

from nodes.prompts import estimate_messages, prompt_texts
from nodes.stream_events import Notice
from nodes.trim_context import _newest
from storage.turns import Message
from tests.nodes.states import Listener, a_memory, a_state
from tests.nodes.trimming import LONG, noted, talked, trimmed

LONG_CHINESE = "我每个月为旅行存四百元。" * 30


async def test_everything_is_in_the_prompt_where_it_fits() -> None:
    """System prompt, notes, conversation and message, in this order, without a notice."""
    run = Listener()
    history = talked("one", "two", summary="They began.")
    trim = await trimmed(a_state("three", history=history, memories=[a_memory("The user cooks.")]), run=run)
    system, _, *rest = trim["prompt"]
    crystal = prompt_texts().whole["crystal"]
    assert (system.type, system.text) == ("system", f"{crystal.text}\n\nToday is 2027-01-15.")
    assert trim["prompt_version"] == crystal.version
    assert [(message.type, message.text) for message in rest] == [("human", "one"), ("ai", "two"), ("human", "three")]
    assert noted(trim["prompt"]) == {
        "conversation_summary": "They began.",
        "remembered": [{"fact": "The user cooks.", "learned": "2026-05-04"}],
    }
    assert (trim["trimmed"], trim["notices"], run.events) == ({"messages": 0, "memories": 0}, [], [])


async def test_a_first_message_has_no_notes() -> None:
    """Without background there is no empty message for it."""
    assert [message.type for message in (await trimmed(a_state()))["prompt"]] == ["system", "human"]


@pytest.mark.parametrize("covers", [40, 0], ids=["summarised", "not summarised yet"])
@pytest.mark.parametrize("text", [LONG, LONG_CHINESE], ids=["ASCII", "CJK"])
async def test_the_newest_messages_stay_and_the_budget_is_kept(text: str, covers: int) -> None:
    """In Chinese too, where each character is a token."""
    history = talked(*[f"{number} {text}" for number in range(40)], summary="Trips.", covers=covers)
    trim = await trimmed(a_state(history=history), budget=3000, reserve=500)
    assert estimate_messages(trim["prompt"]) <= 2500
    kept = [message.text.split()[0] for message in trim["prompt"][2:-1]]
    assert kept
    assert kept == [str(number) for number in range(40 - len(kept), 40)]
    assert trim["trimmed"]["messages"] == 40 - len(kept)


@settings(deadline=None, database=None)
@given(st.data())
async def test_the_budget_is_kept_for_any_conversation(data: st.DataObject) -> None:
    """Only system prompt and message may exceed it, and then they are alone. The history starts with the user."""
    text = st.text(st.sampled_from('a "\n税'), max_size=400)
    contents = data.draw(st.lists(text, max_size=12))
    state = a_state(
        data.draw(text),
        history=talked(*contents, summary=data.draw(text), covers=data.draw(st.integers(0, 12))),
        memories=[a_memory(fact) for fact in data.draw(st.lists(text, max_size=6))],
    )
    room = data.draw(st.integers(0, 2000))
    prompt = (await trimmed(state, budget=room + 200, reserve=200))["prompt"]
    assert (prompt[0].type, prompt[-1].text) == ("system", state["message"])
    assert len(prompt) == 2 or estimate_messages(prompt) <= room
    history = prompt[2 if noted(prompt) else 1 : -1]
    assert not history or history[0].type == "human"


async def test_a_message_larger_than_the_budget_is_in_the_prompt() -> None:
    """Everything else is left out, the summary too, and a notice says so."""
    run, message = Listener(), "字" * 5000
    state = a_state(message, history=talked("one", "two", summary="Known."), memories=[a_memory("The user cooks.")])
    trim = await trimmed(state, budget=3000, run=run)
    assert [found.type for found in trim["prompt"]] == ["system", "human"]
    assert trim["prompt"][-1].text == message
    message = "Left out to fit the window: 2 earlier messages and 1 memory."
    assert run.events[-1] == Notice("context_trimmed", message)


async def test_the_history_starts_with_the_user() -> None:
    """Where only an answer would fit, it is left out, too."""
    trim = await trimmed(a_state(history=talked(LONG, "two", covers=2)), budget=1100)
    assert [message.type for message in trim["prompt"]] == ["system", "human"]


@settings(deadline=None, database=None)
@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text(st.sampled_from('a "\n税é😀'), max_size=60))),
    st.integers(-5, 400),
)
def test_the_window_is_that_of_langchain(said: list[tuple[Literal["user", "assistant"], str]], tokens: int) -> None:
    """For any messages and any room; only faster, because each message is counted once."""
    messages = [
        Message(id=str(seq), seq=seq, role=role, employee="crystal", content=content)
        for seq, (role, content) in enumerate(said, 1)
    ]
    kept, dropped = _newest(messages, tokens)
    assert dropped + kept == messages
    chat = [HumanMessage(text) if role == "user" else AIMessage(text) for role, text in said]
    expected = trim_messages(
        chat, max_tokens=max(tokens, 0), token_counter=estimate_messages, strategy="last", start_on="human"
    )
    assert [message["content"] for message in kept] == [message.text for message in expected]
