"""The ids of a message's turn and conversation."""

from uuid import UUID, uuid4

import pytest
from langchain_core.messages import HumanMessage

from nodes.guard import guard
from nodes.state import State
from tests.nodes.judging import KnownAdmission, probability
from tests.nodes.states import MORNING, Listener, a_state


async def guarded(message: HumanMessage, *, conversation_id: str = "", thread: str | None = None) -> State:
    """The state after the guard has read this message."""
    state = a_state(messages=[message], conversation_id=conversation_id)
    return await guard(
        state,
        Listener(thread=thread).runtime,
        clock=lambda: MORNING,
        max_chars=8000,
        admission=KnownAdmission(),
        suspect=probability(0.0),
    )


async def test_the_message_id_names_the_turn() -> None:
    """A UUID is taken as it is, so that running the message again is the same turn."""
    message_id = uuid4()
    state = await guarded(HumanMessage("hello", id=str(message_id)))
    assert state["turn_id"] == str(message_id)
    assert state["messages"][0].id == str(message_id)


async def test_a_message_id_that_is_no_uuid_names_the_turn_too() -> None:
    """The turn's id is derived from it: the same for the same message, and the message keeps its own."""
    states = [await guarded(HumanMessage("hello", id=name)) for name in ("m-1", "m-1", "m-2")]
    turns = [UUID(state["turn_id"]) for state in states]
    assert turns[0] == turns[1] != turns[2]
    assert states[0]["messages"][0].id == "m-1"


async def test_a_message_without_an_id_gets_a_turn_of_its_own() -> None:
    """Two such messages are two turns."""
    one, other = await guarded(HumanMessage("hello")), await guarded(HumanMessage("hello"))
    assert one["turn_id"] != other["turn_id"]


@pytest.mark.parametrize(
    ("given", "thread", "expected"),
    [("mine", "a thread", "mine"), ("", "a thread", "a thread"), ("", None, str(UUID(int=7)))],
    ids=["as given", "else the thread's", "else the turn's"],
)
async def test_the_conversation_is_found(given: str, thread: str | None, expected: str) -> None:
    """As asked; else the LangGraph thread is the conversation; else the turn begins one."""
    message = HumanMessage("hello", id=str(UUID(int=7)))
    state = await guarded(message, conversation_id=given, thread=thread)
    assert state["conversation_id"] == expected
