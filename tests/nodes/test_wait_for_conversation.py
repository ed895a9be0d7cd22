"""Waiting until the conversation is free."""

from uuid import UUID

import pytest

from nodes.state import WhileBusy
from nodes.stream_events import Refused
from nodes.wait_for_conversation import BUSY, FULL, MAX_WAIT, wait_for_conversation
from storage.conversation_queue import ConversationQueue, Place
from tests.nodes.states import ADA, TURN, Listener, a_state


class FixedQueue(ConversationQueue):
    """A queue that gives such a place, whose turn comes or does not; `calls` is what was asked of it."""

    def __init__(self, place: Place = "first", *, comes: bool = True, claimed: bool = False) -> None:
        self._place: Place = place
        self._comes = comes
        self._claimed = claimed
        self.calls: list[str] = []

    async def take(self, user_id: UUID, conversation_id: str, turn_id: UUID, *, claimed: bool) -> Place:
        """Give the place."""
        assert (user_id, conversation_id, turn_id, claimed) == (ADA, "a conversation", TURN, self._claimed)
        self.calls.append("take")
        return self._place

    async def wait(self, user_id: UUID, turn_id: UUID, seconds: float) -> bool:
        """Say at once whether the turn comes."""
        assert (user_id, turn_id, seconds) == (ADA, TURN, MAX_WAIT)
        self.calls.append("wait")
        return self._comes

    async def leave(self, user_id: UUID, turn_id: UUID) -> None:
        """Note the call."""
        assert (user_id, turn_id) == (ADA, TURN)
        self.calls.append("leave")

    async def interrupt(self, user_id: UUID, conversation_id: str) -> None:
        """Note the call."""
        assert (user_id, conversation_id) == (ADA, "a conversation")
        self.calls.append("interrupt")


@pytest.mark.parametrize(
    ("policy", "queue", "calls", "busy"),
    [
        ("wait", FixedQueue(), ["take"], None),
        ("wait", FixedQueue("waiting"), ["take", "wait"], None),
        ("wait", FixedQueue("waiting", comes=False), ["take", "wait", "leave"], BUSY),
        ("wait", FixedQueue("conversation_full"), ["take"], FULL["conversation_full"]),
        ("wait", FixedQueue("user_full"), ["take"], FULL["user_full"]),
        ("reject", FixedQueue(), ["take"], None),
        ("reject", FixedQueue("waiting"), ["take", "leave"], BUSY),
        ("reject", FixedQueue("user_full"), ["take"], BUSY),
        ("interrupt", FixedQueue(), ["take"], None),
        ("interrupt", FixedQueue("waiting"), ["take", "interrupt", "wait"], None),
        ("interrupt", FixedQueue("waiting", comes=False), ["take", "interrupt", "wait", "leave"], BUSY),
        ("interrupt", FixedQueue("conversation_full"), ["take"], FULL["conversation_full"]),
    ],
)
async def test_a_busy_conversation_is_handled_by_policy(
    policy: WhileBusy, queue: FixedQueue, calls: list[str], busy: str | None
) -> None:
    """A free conversation is the same for all; a busy one is waited for, refused, or interrupted once."""
    run = Listener()
    waited = await wait_for_conversation(a_state(while_busy=policy), run.runtime, queue=queue)
    assert queue.calls == calls
    assert waited["refusal"] == (busy and {"code": "conversation_busy", "message": busy, "rule": None})
    assert run.events == ([Refused("conversation_busy", busy)] if busy else [])


async def test_without_a_policy_a_message_waits() -> None:
    """As from LangGraph clients, whose input need not name one."""
    queue = FixedQueue("waiting")
    assert (await wait_for_conversation(a_state(), Listener().runtime, queue=queue))["refusal"] is None
    assert queue.calls == ["take", "wait"]


async def test_a_claimed_turn_takes_its_place_by_its_claim() -> None:
    """That a key was claimed for it comes with the run, as the user does."""
    run, queue = Listener(claimed=True), FixedQueue(claimed=True)
    await wait_for_conversation(a_state(), run.runtime, queue=queue)
    assert queue.calls == ["take"]
