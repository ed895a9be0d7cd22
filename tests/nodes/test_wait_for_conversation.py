"""Waiting until the conversation is free."""

import asyncio
from uuid import UUID

import pytest

from nodes.state import WhileBusy
from nodes.stream_events import Refused
from nodes.wait_for_conversation import BUSY, FULL, MAX_WAIT, Waited, wait_for_conversation
from storage.conversation_queue import ConversationQueue, Reached
from storage.errors import LeaseLost
from storage.rate_limits import Admission, Admitted, Place
from tests.nodes.states import ADA, TURN, Listener, a_state


class FixedQueue(ConversationQueue):
    """A queue where the turn comes, or does not, or loses its place; `calls` is what was asked of it."""

    def __init__(self, *, comes: bool = True, lost: bool = False) -> None:
        self._comes = comes
        self._lost = lost
        self.calls: list[str] = []

    async def wait(
        self, user_id: UUID, turn_id: UUID, seconds: float, withdrawn: asyncio.Event | None = None
    ) -> Reached | None:
        """Say at once whether the turn comes; Byte has answered meanwhile."""
        assert (user_id, turn_id, seconds, withdrawn and withdrawn.is_set()) == (ADA, TURN, MAX_WAIT, False)
        self.calls.append("wait")
        if self._lost:
            raise LeaseLost
        return Reached(employee="byte") if self._comes else None

    async def leave(self, user_id: UUID, turn_id: UUID) -> None:
        """Note the call."""
        assert (user_id, turn_id) == (ADA, TURN)
        self.calls.append("leave")

    async def interrupt(self, user_id: UUID, conversation_id: str) -> None:
        """Note the call."""
        assert (user_id, conversation_id) == (ADA, "a conversation")
        self.calls.append("interrupt")


class FixedAdmission(Admission):
    """Admission that gives such a place, after an answer by Ledger; without one it must not be asked."""

    def __init__(self, place: Place | None = None) -> None:
        self._place: Place | None = place
        self.has_key: bool | None = None

    async def admit(
        self,
        user_id: UUID,
        conversation_id: str,
        turn_id: UUID,
        *,
        has_key: bool,
        counted: bool = True,
        take_place: bool = True,
    ) -> Admitted:
        """Give the place."""
        assert (user_id, conversation_id, turn_id) == (ADA, "a conversation", TURN)
        assert (counted, take_place) == (False, True)
        assert self._place is not None
        self.has_key = has_key
        return Admitted(allowance=None, place=self._place, employee="ledger")


async def waited(
    place: Place | None,
    queue: FixedQueue,
    *,
    admission: FixedAdmission | None = None,
    run: Listener | None = None,
    while_busy: WhileBusy | None = None,
) -> Waited:
    """What the node returns at this place, in a conversation that Ledger answered last."""
    policy = {"while_busy": while_busy} if while_busy else {}
    state = a_state(place=place, last_employee="ledger" if place else None, **policy)
    runtime = (run or Listener()).runtime
    return await wait_for_conversation(state, runtime, admission=admission or FixedAdmission(), queue=queue)


@pytest.mark.parametrize(
    ("policy", "place", "queue", "calls", "busy"),
    [
        ("wait", "waiting", FixedQueue(), ["wait"], None),
        ("wait", "waiting", FixedQueue(comes=False), ["wait", "leave"], BUSY),
        ("wait", "conversation_full", FixedQueue(), [], FULL["conversation_full"]),
        ("wait", "user_full", FixedQueue(), [], FULL["user_full"]),
        ("reject", "waiting", FixedQueue(), ["leave"], BUSY),
        ("reject", "user_full", FixedQueue(), [], BUSY),
        ("interrupt", "waiting", FixedQueue(), ["interrupt", "wait"], None),
        ("interrupt", "waiting", FixedQueue(comes=False), ["interrupt", "wait", "leave"], BUSY),
        ("interrupt", "conversation_full", FixedQueue(), [], FULL["conversation_full"]),
    ],
)
async def test_a_busy_conversation_is_handled_by_policy(
    policy: WhileBusy, place: Place, queue: FixedQueue, calls: list[str], busy: str | None
) -> None:
    """It is waited for, refused, or interrupted once."""
    run = Listener()
    refusal = (await waited(place, queue, run=run, while_busy=policy))["refusal"]
    assert queue.calls == calls
    assert refusal == (busy and {"code": "conversation_busy", "message": busy, "rule": None})
    assert run.events == ([Refused("conversation_busy", busy)] if busy else [])


async def test_without_a_policy_a_message_waits() -> None:
    """As from LangGraph clients, whose input need not name one."""
    queue = FixedQueue()
    assert (await waited("waiting", queue))["refusal"] is None
    assert queue.calls == ["wait"]


async def test_who_answered_meanwhile_is_known() -> None:
    """A follow-up goes to who answered last when its turn comes, and not when it arrived."""
    assert (await waited("waiting", FixedQueue()))["last_employee"] == "byte"


@pytest.mark.parametrize("claimed", [True, False])
@pytest.mark.parametrize(
    ("place", "calls", "last", "busy"),
    [
        ("first", [], "ledger", False),
        ("waiting", ["wait"], "byte", False),
        ("user_full", [], "ledger", True),
    ],
)
async def test_a_message_that_could_not_be_counted_takes_its_place_here(
    place: Place, calls: list[str], last: str, *, busy: bool, claimed: bool
) -> None:
    """Without being counted, and by its claim where a key was claimed for it."""
    admission, queue = FixedAdmission(place), FixedQueue()
    result = await waited(None, queue, admission=admission, run=Listener(claimed=claimed))
    assert (queue.calls, result["last_employee"], bool(result["refusal"])) == (calls, last, busy)
    assert admission.has_key is claimed


async def test_a_place_that_is_gone_ends_the_turn_here() -> None:
    """Another process runs it by now."""
    queue = FixedQueue(lost=True)
    with pytest.raises(LeaseLost):
        await waited("waiting", queue)
    assert queue.calls == ["wait"]
