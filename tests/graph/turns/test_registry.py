"""Which turns a process remembers."""

import asyncio
from random import Random
from uuid import UUID, uuid4

from graph.turns.endings import broken_off

from graph.turns.registry import REMEMBERED
from graph.turns.turn import Turn
from tests.support.held import alive

MANY = 1001


class Turns:
    """Turns of a registry, whose work ends when it is told to."""

    def __init__(self, user: UUID, count: int) -> None:
        self._living = alive()
        self.running = TurnRegistry()
        self.ids = [uuid4() for _ in range(count)]
        self._user = user
        self._gates = {turn_id: asyncio.Event() for turn_id in self.ids}
        for turn_id in self.ids:
            turn = Turn(turn_id, user, "c-1", asyncio.Event())
            self.running.start(turn, self._work(turn))
            self.running.remember(turn)

    async def end(self, *turn_ids: UUID) -> None:
        """Let the work of these end, one after the other."""
        for turn_id in turn_ids:
            self._gates[turn_id].set()
            await asyncio.sleep(0)  # its task comes first, and then what follows its end
            await asyncio.sleep(0)

    def lose(self, *turn_ids: UUID) -> None:
        """Another process goes on with these."""
        for turn_id in turn_ids:
            turn = self.running.here(self._user, turn_id)
            assert turn
            turn.lose()

    @property
    def known(self) -> list[UUID]:
        """Those that are found."""
        return [turn_id for turn_id in self.ids if self.running.here(self._user, turn_id)]

    @property
    def held(self) -> int:
        """How many are in memory, whoever holds them."""
        return (alive() - self._living)["turns"]

    async def _work(self, turn: Turn) -> None:
        await self._gates[turn.turn_id].wait()
        broken_off(turn, "internal")


async def test_the_latest_that_ended_are_remembered(ada: UUID) -> None:
    """And none but these, however many there were."""
    turns = Turns(ada, MANY)
    await turns.end(*turns.ids)
    assert turns.known == turns.ids[-REMEMBERED:]
    assert turns.held == REMEMBERED


async def test_whoever_runs_is_remembered_whatever_comes_and_goes(ada: UUID) -> None:
    """The first to come and the last to end keeps no other one there."""
    turns = Turns(ada, MANY)
    first, *others = turns.ids
    Random(7).shuffle(others)  # noqa: S311 - so that it can be done again
    await turns.end(*others)
    assert set(turns.known) == {first, *others[-REMEMBERED:]}
    await turns.end(first)
    assert set(turns.known) == {first, *others[1 - REMEMBERED :]}


async def test_lost_turns_are_let_go(ada: UUID) -> None:
    """They have no end here, and are not waited for; whoever comes back finds them elsewhere."""
    turns = Turns(ada, MANY)
    kept, *lost = turns.ids
    turns.lose(*lost)
    await turns.end(*turns.ids)
    assert turns.known == [kept]
    assert turns.held == 1
