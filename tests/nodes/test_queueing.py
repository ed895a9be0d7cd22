"""Waiting for one's turn in a conversation."""

from uuid import UUID

import pytest

from nodes import queueing
from nodes.queueing import WhileBusy
from nodes.rate_limit import rate_limit
from storage.limits import Allowance
from tests.nodes.states import ADA, TURN, Listener, a_state


class Line:
    """A queue in which it takes so many looks until it is one's turn."""

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self.done: list[str] = []

    async def wait(self, user_id: UUID, conversation_id: str, turn_id: UUID) -> bool:
        """Look."""
        assert (user_id, conversation_id, turn_id) == (ADA, "a conversation", TURN)
        self.done.append("wait")
        self._looks -= 1
        return self._looks <= 0

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
    ("policy", "looks", "done", "busy"),
    [
        ("wait", 1, ["wait"], False),
        ("wait", 3, ["wait", "wait", "wait"], False),
        ("reject", 1, ["wait"], False),
        ("reject", 2, ["wait", "leave"], True),
        ("interrupt", 1, ["wait"], False),
        ("interrupt", 3, ["wait", "interrupt", "wait", "wait"], False),
        ("wait", 99, ["wait"] * 4 + ["leave"], True),
    ],
)
async def test_each_policy_in_its_way(
    monkeypatch: pytest.MonkeyPatch, policy: WhileBusy, looks: int, done: list[str], busy: bool
) -> None:
    """A free conversation is the same for all; a busy one is waited for, refused, or interrupted once."""
    monkeypatch.setattr(queueing, "LOOK_AGAIN", 0.001)
    monkeypatch.setattr(queueing, "LONGEST", 0.003)
    line, run = Line(looks), Listener()
    limited = await rate_limit(a_state(while_busy=policy), run.runtime, limits=Unlimited(), queue=line)
    assert line.done == done
    assert (limited["refusal"] or {"code": None})["code"] == ("conversation_busy" if busy else None)
    assert [event["kind"] for event in run.events] == (["admitted", "refused"] if busy else ["admitted"])
