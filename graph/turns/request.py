"""What a turn is begun with, and what is written down of turns besides their answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from graph.turns.turn import Turn
from nodes.wait_for_conversation import WhileBusy
from storage.event_log import Numbered, Told
from storage.turn_records import Story


@dataclass(frozen=True)
class Ask:
    """What a client asks for."""

    user_id: UUID
    message: str
    conversation_id: str
    employee: str | None = None
    while_busy: WhileBusy = "wait"
    key: str | None = None
    """By which the client knows this request again."""


class Keys(Protocol):
    """Keeps what clients' keys stand for."""

    async def give_up(self, user_id: UUID, turn_id: UUID) -> None:
        """Let the key be claimed anew, and the next in line go on: nothing is kept of the turn."""
        ...


class Records(Protocol):
    """Keeps records of turns."""

    async def story(self, user_id: UUID, turn_id: UUID) -> Story | None:
        """What whoever takes a turn over must know."""
        ...


class Journal(Protocol):
    """Keeps events."""

    async def read(self, user_id: UUID, turn_id: UUID, *, after: int) -> list[Numbered]:
        """Those beyond a number."""
        ...


@dataclass(frozen=True)
class Books:
    """What is written down of turns besides their answers."""

    keys: Keys
    records: Records
    journal: Journal
    write: Callable[[Turn, int, Told], None]
    """Puts an event into the journal, soon."""
    written: Callable[[Turn], Awaitable[None]]
    """Waits until it has all that a turn has told: once the turn is over nobody would tell its readers the rest."""
