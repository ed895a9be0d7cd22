"""What the pipeline works with, by what its nodes ask of it."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Protocol
from uuid import UUID

from nodes import (
    extract_facts,
    generate,
    rate_limit,
    record_metrics,
    roll_summary,
    route,
)
from nodes.answer.attempts import Model
from nodes.answer.stop_requests import Stops
from nodes.wait_for_conversation import Queue
from storage.fact_search import FactSearch
from storage.facts import Facts
from storage.messages import Messages
from storage.rate_limits import Allowance, Bucket, Policy
from storage.summaries import Summaries


@dataclass(frozen=True)
class Options:
    """The limits the pipeline keeps. Times in seconds."""

    max_chars: int = 8000
    context_tokens: int = 6000
    answer_tokens: int = 800
    attempts: int = 3
    turn_seconds: float = 25.0
    memory_seconds: float = 1.0
    tail_seconds: float = 20.0


@dataclass(frozen=True)
class Parts:
    """Everything the nodes are given, by what the nodes ask of it."""

    options: Options
    clock: Callable[[], float]
    """Unix time in seconds, which goes on evenly; the same one for a turn's beginning and its end."""
    limits: "LimitKeeper"
    queue: Queue
    classify: route.Classify
    who_answered: route.Conversations
    conversations: Messages
    embed: extract_facts.Embed
    embedding_model: str
    """The name stored with every vector of `embed`."""
    recall: FactSearch
    model: Model
    second: Model | None
    """Answers where the first cannot."""
    turns: "TurnKeeper"
    summarise: roll_summary.Summarise | None
    summaries: Summaries
    extract: extract_facts.Extract | None
    facts: Facts
    metrics: record_metrics.Metrics
    stops: Stops = field(default_factory=Stops)


class _Unconnected:
    """Stands for any part; only a model's name is real."""

    def __init__(self, label: str) -> None:
        self.label = label

    def __getattr__(self, name: str) -> None:
        return None


def unconnected(options: Options, model: str, second: str | None = None, *, follows_instructions: bool) -> Parts:
    """Parts of the right shape that lead nowhere: enough to draw the pipeline, or to fill in recorded answers."""
    nothing = _Unconnected(model)
    names = {one.name for one in fields(Parts) if one.default_factory is MISSING} - {"options"}
    left_out = set[str]() if follows_instructions else {"summarise", "extract"}
    parts: dict[str, Any] = {name: None if name in left_out else nothing for name in names}
    parts["second"] = _Unconnected(second) if second else None
    return Parts(options=options, **parts)


class LimitKeeper(rate_limit.Limits, Protocol):
    """Counts requests of each kind, and says what is left."""

    policies: Mapping[Bucket, Policy]

    async def take(self, user_id: UUID, bucket: Bucket = "chat") -> Allowance | None:
        """Count this one and say what is left; None without a limit."""
        ...

    async def peek(self, user_id: UUID) -> Allowance | None:
        """What is left, without counting anything; None without a limit."""
        ...

    def used_up(self, user_id: UUID, bucket: Bucket) -> Allowance | None:
        """The refusal that is known without asking anybody; None where it has to be asked."""
        ...

    async def carry_over(self, user_id: UUID) -> None:
        """Keep in mind what the user has used, whose account is about to be erased."""
        ...


class TurnKeeper(route.Turns, generate.Turns, record_metrics.Turns, Protocol):
    """Keeps turns, for whoever accepts, answers and ends them."""

    async def known(self, user_id: UUID, turn_id: UUID) -> bool:
        """Whether the turn is there, and was not deleted with its conversation."""
        ...

    async def ask_to_stop(self, user_id: UUID, turn_id: UUID) -> None:
        """Let whoever writes the turn's answer know that it is to end."""
        ...

    async def fail(self, user_id: UUID, turn_id: UUID, error_code: str) -> None:
        """Mark a turn that ended without an answer."""
        ...
