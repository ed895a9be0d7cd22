"""Waiting for one's turn in a conversation."""

from uuid import UUID

import pytest

from nodes.rate_limit import rate_limit
from nodes.wait_for_conversation import BUSY, FULL, LONGEST, WhileBusy
from storage.conversation_queue import Place
from storage.rate_limits import Allowance
from tests.nodes.states import ADA, TURN, Listener, a_state


class Line:
    """A queue with such a place, whose time comes or does not."""

    def __init__(self, place: Place = "first", *, comes: bool = True, claimed: bool = False) -> None:
        self._place: Place = place
        self._comes = comes
        self._claimed = claimed
        self.done: list[str] = []

    async def take(self, user_id: UUID, conversation_id: str, turn_id: UUID, *, claimed: bool) -> Place:
        """Take it."""
        assert (user_id, conversation_id, turn_id, claimed) == (ADA, "a conversation", TURN, self._claimed)
        self.done.append("take")
        return self._place

    async def wait(self, user_id: UUID, turn_id: UUID, seconds: float) -> bool:
        """Wait there."""
        assert (user_id, turn_id, seconds) == (ADA, TURN, LONGEST)
        self.done.append("wait")
        return self._comes

    async def leave(self, user_id: UUID, turn_id: UUID) -> None:
        """Go away."""
        assert (user_id, turn_id) == (ADA, TURN)
        self.done.append("leave")

    async def interrupt(self, user_id: UUID, conversation_id: str) -> None:
        """Stop the one before."""
        assert (user_id, conversation_id) == (ADA, "a conversation")
        self.done.append("interrupt")


class Unlimited:
    """No limit."""

    async def take(self, user_id: UUID) -> Allowance | None:
        """There is none, for anyone."""
        assert user_id == ADA
        return None


@pytest.mark.parametrize(
    ("policy", "line", "done", "busy"),
    [
        ("wait", Line(), ["take"], None),
        ("wait", Line("waiting"), ["take", "wait"], None),
        ("wait", Line("waiting", comes=False), ["take", "wait", "leave"], BUSY),
        ("wait", Line("conversation_full"), ["take"], FULL["conversation_full"]),
        ("wait", Line("user_full"), ["take"], FULL["user_full"]),
        ("reject", Line(), ["take"], None),
        ("reject", Line("waiting"), ["take", "leave"], BUSY),
        ("reject", Line("user_full"), ["take"], BUSY),
        ("interrupt", Line(), ["take"], None),
        ("interrupt", Line("waiting"), ["take", "interrupt", "wait"], None),
        ("interrupt", Line("conversation_full"), ["take"], FULL["conversation_full"]),
    ],
)
async def test_each_policy_in_its_way(policy: WhileBusy, line: Line, done: list[str], busy: str | None) -> None:
    """A free conversation is the same for all; a busy one is waited for, refused, or interrupted once."""
    run = Listener()
    limited = await rate_limit(a_state(while_busy=policy), run.runtime, limits=Unlimited(), queue=line)
    assert line.done == done
    assert limited["refusal"] == (busy and {"code": "conversation_busy", "message": busy, "rule": None})
    assert [event["kind"] for event in run.events] == (["admitted", "refused"] if busy else ["admitted"])


async def test_a_claimed_turn_gets_its_place_by_its_claim() -> None:
    """That a key was claimed for it comes with the run, as who asks does."""
    run, line = Listener(claimed=True), Line(claimed=True)
    await rate_limit(a_state(), run.runtime, limits=Unlimited(), queue=line)
    assert line.done == ["take"]
