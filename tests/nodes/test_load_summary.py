"""What was said before."""

from uuid import UUID

from nodes.load_summary import load_summary
from storage.messages import History
from tests.nodes.states import ADA, TURN, Listener, a_state, a_talk

BEFORE = History(summary="They spoke about food.", covers=2, messages=a_talk("one", "two", "three"))


class Conversations:
    """One conversation."""

    def __init__(self) -> None:
        self.asked: list[tuple[UUID, str, UUID]] = []

    async def history(self, user_id: UUID, conversation_id: str, *, before_turn: UUID) -> History:
        """It."""
        self.asked.append((user_id, conversation_id, before_turn))
        return BEFORE


async def test_the_conversation_so_far_is_read_without_the_turn_itself() -> None:
    """It is the run's user whose conversation is read, and a turn run again does not find its own message."""
    conversations = Conversations()
    read = await load_summary(a_state(), Listener().runtime, conversations=conversations)
    assert read == {"history": BEFORE}
    assert conversations.asked == [(ADA, "a conversation", TURN)]
