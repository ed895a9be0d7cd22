"""A turn to publish to, and events for it."""

from typing import Any
from uuid import UUID, uuid4

import msgspec

from graph.turns.turn import Turn
from nodes.state import Usage
from nodes.stream_events import Done, EmployeeCard, Error, Event, Refused, Route, Start, Token
from storage.event_log import LoggedEvent
from storage.turn_status import TurnStatus

START = Start("t-1", "c-1", EmployeeCard("prime", "Prime", "Boss", "👑"), Route("a test", 0.9, None), "scripted")
ERROR = Error("internal", "Something went wrong.", retryable=True)
REFUSED = Refused("rate_limited", "Too many.", retry_after=12.2)


def done(**changes: Any) -> Done:
    """The end of an answer; any field as a keyword argument."""
    end = Done(
        turn_id="t-1",
        conversation_id="c-1",
        message_id="m-1",
        employee="prime",
        model="scripted",
        finish_reason="stop",
        fallback=False,
        facts_used=[],
        usage=Usage(prompt_tokens=90, completion_tokens=7, estimated=False),
        latency_ms=1200,
        ttft_ms=300,
    )
    return msgspec.structs.replace(end, **changes)


DONE = done()
BLOCKED = Refused("blocked", "No.", reply=(START, Token("No."), done(message_id=None, finish_reason="blocked")))
"""The guard's refusal, with its reply."""


class Log:
    """Keeps what a turn adds to the event log."""

    def __init__(self) -> None:
        self.added: list[tuple[UUID, UUID, LoggedEvent]] = []

    def add(self, user_id: UUID, turn_id: UUID, event: LoggedEvent) -> None:
        """Keep an event."""
        self.added.append((user_id, turn_id, event))

    @property
    def events(self) -> list[LoggedEvent]:
        """The events, in order."""
        return [event for _, _, event in self.added]

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [event.name for event in self.events]


def a_turn(
    *,
    user_id: UUID | None = None,
    log: Log | None = None,
    attempt: int = 1,
    status: TurnStatus = TurnStatus.WAITING,
    has_key: bool = False,
) -> Turn:
    """A turn of conversation c-1."""
    return Turn(
        uuid4(),
        user_id or uuid4(),
        "c-1",
        add_to_log=log.add if log else None,
        attempt=attempt,
        status=status,
        has_key=has_key,
    )


def publish(turn: Turn, *events: Event) -> Turn:
    """The turn, with these events published."""
    for event in events:
        turn.publish(event)
    return turn


async def names(turn: Turn, after: int = 0) -> list[str]:
    """The names of the turn's events after that number, to the last."""
    return [event.name async for event in turn.follow(after) if event]
