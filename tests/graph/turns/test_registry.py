"""Which turns a process knows, and how it ends them."""

import asyncio
from collections.abc import Callable
from random import Random
from uuid import UUID

import pytest

from graph.observability.tracing import outcome_of
from graph.turns.registry import REMEMBERED, TurnRegistry
from graph.turns.turn import Turn, error_of
from nodes.stream_events import Notice, Token
from storage.leases import Pending
from storage.turn_status import TurnStatus
from tests.graph.turns.samples import DONE, REFUSED, START, a_turn, publish
from tests.support.resources import instances

MANY = 1001


class Running:
    """A registry whose turns run until they are let go."""

    def __init__(self) -> None:
        self.registry = TurnRegistry(limit=2)
        self.ends: dict[UUID, asyncio.Event] = {}

    def start(self, turn: Turn, *, remember: bool = True) -> Turn:
        """Run a turn, which breaks off when it is let go or cancelled."""
        self.ends[turn.turn_id] = asyncio.Event()
        self.registry.start(turn, self._work(turn), remember=remember)
        return turn

    async def end(self, *turn_ids: UUID) -> None:
        """Let the work of these end, one after the other."""
        for turn_id in turn_ids:
            self.ends[turn_id].set()
            await asyncio.sleep(0)  # its task comes first, and then what follows its end
            await asyncio.sleep(0)

    async def _work(self, turn: Turn) -> None:
        try:
            await self.ends[turn.turn_id].wait()
        finally:
            turn.break_off(turn.cancel_code)


class Turns(Running):
    """So many turns of a user, all running."""

    def __init__(self, user_id: UUID, count: int) -> None:
        super().__init__()
        self._user_id = user_id
        self._before = instances()
        self.ids = [self.start(a_turn(user_id=user_id)).turn_id for _ in range(count)]

    def hand_over(self, *turn_ids: UUID) -> None:
        """Leave these to another process."""
        for turn_id in turn_ids:
            turn = self.registry.find_any(self._user_id, turn_id)
            assert turn
            turn.hand_over()

    @property
    def known(self) -> list[UUID]:
        """Those that are found."""
        return [turn_id for turn_id in self.ids if self.registry.find_any(self._user_id, turn_id)]

    @property
    def held(self) -> int:
        """How many of them are in memory."""
        return (instances() - self._before)["turns"]


async def test_the_last_turns_that_ended_are_remembered(ada: UUID) -> None:
    """And none but these, however many there were."""
    turns = Turns(ada, MANY)
    await turns.end(*turns.ids)
    assert turns.known == turns.ids[-REMEMBERED:]
    assert turns.held == REMEMBERED


async def test_a_running_turn_is_known_whatever_comes_and_goes(ada: UUID) -> None:
    """The first to come and the last to end does not keep the others there."""
    turns = Turns(ada, MANY)
    first, *others = turns.ids
    Random(7).shuffle(others)  # noqa: S311 - so that it can be done again
    await turns.end(*others)
    assert set(turns.known) == {first, *others[-REMEMBERED:]}
    await turns.end(first)
    assert set(turns.known) == {first, *others[1 - REMEMBERED :]}


async def test_turns_that_were_handed_over_are_forgotten(ada: UUID) -> None:
    """They have no end here; their readers find it elsewhere."""
    turns = Turns(ada, MANY)
    kept, *lost = turns.ids
    turns.hand_over(*lost)
    assert turns.known == [kept]
    await turns.end(*turns.ids)
    assert turns.held == 1


async def test_a_turn_is_found_by_its_user_once_it_began(ada: UUID, bob: UUID) -> None:
    """Before, and where it was refused, only for the request that sent it."""
    running = Running()
    registry, turn = running.registry, running.start(a_turn(user_id=ada))
    refused = running.start(a_turn(user_id=ada))
    refused.refuse(REFUSED)
    assert registry.find(ada, turn.turn_id) is None
    publish(turn, START)
    assert registry.find(ada, turn.turn_id) is registry.find_any(ada, turn.turn_id) is turn
    assert (registry.find(ada, refused.turn_id), registry.find_any(ada, refused.turn_id)) == (None, refused)
    assert registry.find(bob, turn.turn_id) is registry.find_any(bob, turn.turn_id) is None
    await registry.close(0)


async def test_a_recovered_turn_is_not_found(ada: UUID) -> None:
    """Its readers follow the event log, which has the events of the lost attempt, too."""
    running = Running()
    turn = running.start(publish(a_turn(user_id=ada, attempt=2), START), remember=False)
    assert running.registry.find_any(ada, turn.turn_id) is None
    assert running.registry.count == 1
    await running.registry.close(0)


STATES: dict[str, Callable[[], Turn]] = {
    "waiting": lambda: a_turn(has_key=True),
    "started": lambda: publish(a_turn(), START, Notice("fallback", "No.")),
    "answering": lambda: publish(a_turn(), START, Token("Hel")),
    "answered": lambda: publish(a_turn(), START, Token("Hel"), DONE),
}
"""One turn of each, by how far it has come."""


async def running_in_each_state() -> tuple[Running, dict[str, Turn]]:
    """A registry with a turn in each of the states, whose work has begun."""
    running = Running()
    turns = {name: running.start(make()) for name, make in STATES.items()}
    await asyncio.sleep(0)
    return running, turns


async def test_turns_are_counted_by_how_far_they_have_come() -> None:
    """Those that are stored are on a lease; those that wait are not."""
    running, turns = await running_in_each_state()
    registry = running.registry
    assert (registry.count, registry.waiting, registry.without_words) == (4, 1, 2)
    assert registry.leased() == [turns[name].turn_id for name in ("started", "answering", "answered")]
    assert registry.pending() == [Pending(turns["waiting"].user_id, turns["waiting"].turn_id)]
    await registry.close(0)
    assert (registry.count, registry.leased(), registry.pending()) == (0, [], [])


async def test_a_stop_is_for_one_turn() -> None:
    """The others go on."""
    running, turns = await running_in_each_state()
    running.registry.stop(turns["answering"].turn_id)
    assert [name for name, turn in turns.items() if turn.stop.is_set()] == ["answering"]
    await running.registry.close(0)


async def test_turns_whose_lease_was_lost_are_handed_over() -> None:
    """Those that are over have nothing to hand over, and those whose lease holds go on."""
    running, turns = await running_in_each_state()
    registry, held = running.registry, running.start(publish(a_turn(), START))
    registry.hand_over_lost({held.turn_id}, of=registry.leased())
    assert {name: turn.status for name, turn in turns.items()} == {
        "waiting": TurnStatus.WAITING,
        "started": TurnStatus.HANDED_OVER,
        "answering": TurnStatus.HANDED_OVER,
        "answered": TurnStatus.ANSWERED,
    }
    assert held.status is TurnStatus.STREAMING
    await registry.close(0)


async def test_a_waiting_turn_whose_key_was_claimed_anew_is_handed_over() -> None:
    """One without a key waits on, and so does one whose claim holds; one that began is beyond that."""
    running = Running()
    registry = running.registry
    reclaimed, held = (running.start(a_turn(has_key=True)) for _ in range(2))
    keyless, began = running.start(a_turn()), running.start(a_turn(has_key=True))
    asked = registry.pending()
    publish(began, START)
    registry.hand_over_reclaimed({held.turn_id}, of=asked)
    assert reclaimed.status is TurnStatus.HANDED_OVER
    assert [held.status, keyless.status, began.status] == [*[TurnStatus.WAITING] * 2, TurnStatus.STREAMING]
    await registry.close(0)


async def test_a_turn_is_given_up_only_before_it_began() -> None:
    """There is no database for it; the others have begun, and go on."""
    running, turns = await running_in_each_state()
    for turn in turns.values():
        running.registry.give_up(turn.turn_id)
    await running.end(turns["waiting"].turn_id)
    assert outcome_of(turns["waiting"]) == ("failed", "storage_unavailable")
    assert running.registry.count == 3
    await running.registry.close(0)


@pytest.mark.parametrize("conversation_id", ["c-1", None], ids=["conversation", "account"])
async def test_deleted_turns_end_and_are_forgotten(ada: UUID, bob: UUID, conversation_id: str | None) -> None:
    """Those of the user, in one conversation or all; their readers get an error."""
    running = Running()
    mine, ended = running.start(publish(a_turn(user_id=ada), START)), running.start(a_turn(user_id=ada))
    await running.end(ended.turn_id)
    other = running.start(publish(a_turn(user_id=bob), START))
    registry = running.registry
    await registry.delete(ada, conversation_id)
    assert (mine.status, mine.end) == (TurnStatus.FAILED, error_of("deleted"))
    assert [registry.find_any(ada, turn.turn_id) for turn in (mine, ended)] == [None, None]
    assert registry.find(bob, other.turn_id) is other
    await registry.delete(bob, "another")
    assert other.status is TurnStatus.STREAMING
    await registry.close(0)


async def test_at_the_end_unfinished_turns_are_handed_over() -> None:
    """They are returned, with those whose answer is out; a turn that waits is refused, and no more are begun."""
    running, turns = await running_in_each_state()
    left = await running.registry.close(0)
    assert left == [turns[name].turn_id for name in ("started", "answering", "answered")]
    assert {name: turn.status for name, turn in turns.items()} == {
        "waiting": TurnStatus.REFUSED,
        "started": TurnStatus.HANDED_OVER,
        "answering": TurnStatus.HANDED_OVER,
        "answered": TurnStatus.HANDED_OVER,
    }
    assert running.registry.closing
    await running.registry.idle()
