"""Loading the conversation so far."""

from uuid import uuid4

from nodes.load_context import load_summary
from storage.pool import Pool
from storage.turns import Turns
from tests.nodes.states import ADA, TURN, Listener, a_state
from tests.nodes.stored import CONVERSATION, accept, store_turn


async def test_the_conversation_is_loaded_without_the_turn_itself(pool: Pool) -> None:
    """A turn that runs again does not find its own message, nor that of another user."""
    first = await store_turn(pool, "one", "two")
    await Turns(pool).save_summary(ADA, CONVERSATION, "They spoke about food.", turn_id=first, seen=0)
    await accept(pool, "not Ada's", user_id=uuid4())
    await accept(pool, "three", turn_id=TURN)
    state = a_state("three", conversation_id=CONVERSATION)
    loaded = await load_summary(state, Listener().runtime, turns=Turns(pool))
    history = loaded["history"]
    assert history["summary"] == "They spoke about food."
    assert [message["content"] for message in history["messages"]] == ["one", "two"]
    assert history["covers"] == history["messages"][-1]["seq"]
