"""Status of a turn: one enum and one table of legal transitions, for the database, the registry, readers and recovery.

waiting ──► streaming ──► answered ──► done
│            │             │    └──► stopped
└► refused   └► failed     │
└────────────┴─────────────┴──────► handed_over
"""

from enum import StrEnum


class TurnStatus(StrEnum):
    """How far a turn has come. `waiting`, `refused` and `handed_over` are never stored."""

    WAITING = "waiting"
    """Received; no employee was chosen yet."""
    STREAMING = "streaming"
    """Stored with its message; its answer is being written."""
    ANSWERED = "answered"
    """The answer is committed; summary, facts and metrics are to follow."""
    DONE = "done"
    """All of that is stored."""
    STOPPED = "stopped"
    """The same, of an answer that its reader ended."""
    FAILED = "failed"
    """There is no answer, and there will be none."""
    REFUSED = "refused"
    """Not answered: empty, blocked, beyond a limit, or ended before it was stored."""
    HANDED_OVER = "handed_over"
    """Another process goes on with it."""


LEGAL: dict[TurnStatus, frozenset[TurnStatus]] = {
    TurnStatus.WAITING: frozenset({TurnStatus.STREAMING, TurnStatus.REFUSED, TurnStatus.HANDED_OVER}),
    TurnStatus.STREAMING: frozenset({TurnStatus.ANSWERED, TurnStatus.FAILED, TurnStatus.HANDED_OVER}),
    TurnStatus.ANSWERED: frozenset({TurnStatus.DONE, TurnStatus.STOPPED, TurnStatus.HANDED_OVER}),
    TurnStatus.DONE: frozenset(),
    TurnStatus.STOPPED: frozenset(),
    TurnStatus.FAILED: frozenset(),
    TurnStatus.REFUSED: frozenset(),
    TurnStatus.HANDED_OVER: frozenset(),
}
"""The statuses that may follow each."""

UNFINISHED = (TurnStatus.STREAMING, TurnStatus.ANSWERED)
"""Stored, with work left: such a turn is on a lease, and recovered when its process is lost."""
STORED = frozenset({*UNFINISHED, TurnStatus.DONE, TurnStatus.STOPPED, TurnStatus.FAILED})
"""A row of `chat_turns` has one of these."""
