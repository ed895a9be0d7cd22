"""What a run measures and what it found."""

from dataclasses import dataclass, field

from bench.speed.processes import Memory


@dataclass(frozen=True)
class Figures:
    """A round of a case: milliseconds, of times the median over its turns, of CPU the mean."""

    cpu: float
    database_cpu: float
    per_second: float
    first: float
    """From the request to the first token."""
    done: float
    """From the last token to `done`."""


Rounds = dict[str, list[Figures]]
"""Figures of each server or each kind of user, an entry a round."""


@dataclass
class Server:
    """Frontdesk alone, in one process or in several; None for what was not measured.

    Attributes:
        idle_cpu: milliseconds of CPU in a second in which nobody uses it; `idle_database_cpu` is Postgres' part.
        memory: when it is idle again after it was used.
        stream_kb: memory (PSS) of each stream that is open.
        crowd: the case `crowd`, here and at the bare ChatOpenAI.
    """

    idle_cpu: float | None = None
    idle_database_cpu: float | None = None
    memory: Memory | None = None
    stream_kb: float | None = None
    crowd: Rounds = field(default_factory=dict[str, list[Figures]])


@dataclass
class Statements:
    """What Postgres is sent; an idle server's share is taken off the figures of a turn."""

    idle_per_second: float
    per_turn: float
    round_trips_before_first: float


@dataclass
class Findings:
    """All that was measured."""

    postgres: str = ""
    model_calls: float = 0.0
    cases: dict[str, Rounds] = field(default_factory=dict[str, Rounds])
    pasts: Rounds = field(default_factory=dict[str, list[Figures]])
    one: Server = field(default_factory=Server)
    two: Server = field(default_factory=Server)
    statements: Statements | None = None
