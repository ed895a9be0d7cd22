"""Send a message once, however often it is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Protocol
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

from graph.turns.events import Refused, Start
from graph.turns.executor import Runner
from graph.turns.request import Ask
from graph.turns.subscribe import Rejoin
from storage.event_log import Numbered
from storage.idempotency import Claim
from storage.rate_limits import Allowance

LOOK_AGAIN = 5.0
"""Seconds after which another process's turn, which has not begun, is looked after: that process may have died."""


class ShuttingDown(Exception):
    """No more turns are begun in this process."""


class OtherBody(Exception):
    """The key stands for another request."""


class Keys(Protocol):
    """Keeps what clients' keys stand for."""

    async def claim(self, user_id: UUID, key: str, body_hash: str, turn_id: UUID) -> Claim:
        """Take the key for a new turn, unless it names one already."""
        ...

    async def give_up(self, user_id: UUID, turn_id: UUID) -> None:
        """Let the key be claimed anew."""
        ...


class Sent(Protocol):
    """A turn that answers a message, wherever it runs."""

    @property
    def turn_id(self) -> UUID:
        """Which it is."""
        ...

    @property
    def user_id(self) -> UUID:
        """Whose it is."""
        ...

    @property
    def allowance(self) -> Allowance | None:
        """What the rate limit left when it was counted, where that is known."""
        ...

    async def opening(self) -> Start | Refused | None:
        """How it begins, as soon as that is known; None where that is not known here any more."""
        ...

    def follow(self, after: int = 0, *, heartbeat: float) -> AsyncIterator[Numbered | None]:
        """Its events with their numbers."""
        ...


class Sender:
    """Begins turns, and finds those that were begun for the same key."""

    def __init__(self, runner: Runner, keys: Keys, rejoin: Rejoin) -> None:
        self._runner = runner
        self._keys = keys
        self._rejoin = rejoin
        self._claiming: WeakValueDictionary[tuple[UUID, str], asyncio.Lock] = WeakValueDictionary()

    async def send(self, ask: Ask, body_hash: str) -> Sent:
        """The turn that answers this: a new one, or the one that the same request began before.

        Raises:
            OtherBody: the key stands for another request.
            ShuttingDown: it would be a new turn, and none is begun here any more.
            StorageUnavailable: nobody can tell what it stands for.
        """
        if ask.key is None:
            return self._begin(ask, uuid4())
        found = await self.find(ask, ask.key, body_hash)
        return _Elsewhere(self, self._rejoin, ask, ask.key, body_hash, found) if isinstance(found, UUID) else found

    async def find(self, ask: Ask, key: str, body_hash: str) -> Sent | UUID:
        """The turn that the key names; it is begun here if the key names none.

        Only its id where another process has it and it has not begun: the key may become free again.

        Raises:
            OtherBody, StorageUnavailable: as for `send`.
            ShuttingDown: it has not begun, and is not waited for here any more.
        """
        # Of two requests of this process the second finds the turn of the first.
        claiming = self._claiming.setdefault((ask.user_id, key), asyncio.Lock())
        async with claiming:
            claim = await self._keys.claim(ask.user_id, key, body_hash, uuid4())
            turn = self._runner.running.here(ask.user_id, claim["turn_id"])
            if turn and turn.over and not turn.started:  # refused: nothing is kept of it
                await self._keys.give_up(ask.user_id, turn.turn_id)
                claim, turn = await self._keys.claim(ask.user_id, key, body_hash, uuid4()), None
            if claim["mine"]:
                return await self._claimed(ask, claim["turn_id"])
        if claim["body_hash"] != body_hash:
            raise OtherBody
        found = turn or await self._rejoin.begun(ask.user_id, claim["turn_id"])
        if found is None and self._runner.running.closing:
            raise ShuttingDown
        return found or claim["turn_id"]

    async def _claimed(self, ask: Ask, turn_id: UUID) -> Sent:
        if self._runner.running.closing:
            await self._keys.give_up(ask.user_id, turn_id)
        return self._begin(ask, turn_id)

    def _begin(self, ask: Ask, turn_id: UUID) -> Sent:
        if self._runner.running.closing:
            raise ShuttingDown
        return self._runner.begin(ask, turn_id)


class _Elsewhere:
    """A turn of another process that has not begun yet. If it is refused there, or that process dies, one begins here.

    Args:
        turn_id: which it is.
    """

    def __init__(self, sender: Sender, rejoin: Rejoin, ask: Ask, key: str, body_hash: str, turn_id: UUID) -> None:
        self.turn_id = turn_id
        self.user_id = ask.user_id
        self._find = partial(sender.find, ask, key, body_hash)
        self._rejoin = rejoin
        self._turn: Sent | None = None

    @property
    def allowance(self) -> Allowance | None:
        """What the rate limit left, where the turn was begun here after all."""
        return self._turn.allowance if self._turn else None

    async def opening(self) -> Start | Refused | None:
        """Wait until it begins; meanwhile its process tells of it, and is looked after now and then.

        Raises:
            OtherBody, ShuttingDown, StorageUnavailable: as for `Sender.find`.
        """
        while self._turn is None:
            async with self._rejoin.listening(self.turn_id) as told:
                found = await self._find()
                if not isinstance(found, UUID):
                    self._turn = found
                elif found == self.turn_id:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(told.wait(), LOOK_AGAIN)
                else:
                    self.turn_id = found
        self.turn_id = self._turn.turn_id
        return await self._turn.opening()

    def follow(self, after: int = 0, *, heartbeat: float) -> AsyncIterator[Numbered | None]:
        """Its events, once it has begun."""
        assert self._turn is not None
        return self._turn.follow(after, heartbeat=heartbeat)
