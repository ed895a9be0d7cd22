"""Send a message once, however often it is sent."""

from collections.abc import AsyncIterator
from typing import Protocol
from uuid import UUID, uuid4

from graph.books import Ask
from graph.events import Refused, Start
from graph.rejoin import Rejoin
from graph.runner import Runner
from storage.journal import Numbered
from storage.keys import Claim
from storage.limits import Allowance

LOOK_AGAIN = 0.5
"""Seconds after which another process's turn is looked at again while it has not begun."""


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

    async def opening(self) -> Start | Refused:
        """How it begins, as soon as that is known."""
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

    async def send(self, ask: Ask, body_hash: str) -> Sent:
        """The turn that answers this: a new one, or the one that the same request began before.

        Raises:
            OtherBody: the key stands for another request.
            ShuttingDown: it would be a new turn, and none is begun here any more.
            StorageUnavailable: nobody can tell what it stands for.
        """
        if ask.key is None:
            return self._begin(ask, uuid4())
        while True:
            claim = await self._keys.claim(ask.user_id, ask.key, body_hash, uuid4())
            if claim["mine"] and self._runner.running.closing:
                await self._keys.give_up(ask.user_id, claim["turn_id"])
            if claim["mine"]:
                return self._begin(ask, claim["turn_id"])
            if claim["body_hash"] != body_hash:
                raise OtherBody
            if sent := await self._known(ask.user_id, claim["turn_id"]):
                return sent

    def _begin(self, ask: Ask, turn_id: UUID) -> Sent:
        if self._runner.running.closing:
            raise ShuttingDown
        return self._runner.begin(ask, turn_id)

    async def _known(self, user_id: UUID, turn_id: UUID) -> Sent | None:
        """The turn that a key names; None where it has not begun, or was refused, so that the key may be free now."""
        turn = self._runner.running.here(user_id, turn_id)
        if turn is None:
            return await self._elsewhere(user_id, turn_id)
        if turn.over and not turn.started:
            await self._keys.give_up(user_id, turn_id)
            return None
        return turn

    async def _elsewhere(self, user_id: UUID, turn_id: UUID) -> Sent | None:
        begun = await self._rejoin.beginning(user_id, turn_id)
        if begun is None:
            await self._rejoin.news(turn_id, LOOK_AGAIN)
            begun = await self._rejoin.beginning(user_id, turn_id)
        return _Elsewhere(user_id, turn_id, begun, self._rejoin) if begun else None


class _Elsewhere:
    """A turn of another process, or of another time."""

    allowance: Allowance | None = None

    def __init__(self, user_id: UUID, turn_id: UUID, start: Start, rejoin: Rejoin) -> None:
        self.user_id = user_id
        self.turn_id = turn_id
        self._start = start
        self._rejoin = rejoin

    async def opening(self) -> Start | Refused:
        """It has begun."""
        return self._start

    def follow(self, after: int = 0, *, heartbeat: float) -> AsyncIterator[Numbered | None]:
        """Its events."""
        return self._rejoin.read(self.user_id, self.turn_id, after, heartbeat)
