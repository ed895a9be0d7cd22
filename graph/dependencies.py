"""What the nodes are given, bound in `graph.pipeline`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Protocol
from uuid import UUID

from langgraph.runtime import Runtime

from nodes import extract_facts, guard, roll_summary, route
from nodes.answer.attempts import Model
from nodes.answer.prepared import Prepare
from nodes.questions.understanding import Understand
from nodes.state import Context, State
from nodes.text.pii.detection import OptionalKind
from nodes.tools.running import RunTool
from storage.conversation_queue import ConversationQueue
from storage.facts import Facts
from storage.metrics import Metrics
from storage.rate_limits import Admission, RateLimits
from storage.recall import Recall
from storage.turns import Turns


class Node(Protocol):
    """A step of the pipeline with its dependencies bound. LangGraph wants its parameters by these names."""

    async def __call__(self, state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
        """What it changes in the state."""
        ...


@dataclass(frozen=True)
class Options:
    """The limits the pipeline keeps. Times in seconds."""

    max_chars: int = 8000
    context_tokens: int = 7500
    answer_tokens: int = 800
    attempts: int = 3
    turn_seconds: float = 25.0
    memory_seconds: float = 1.0
    has_model: bool = True
    """Whether a model is set; without one answers are prepared."""
    calls_tools: bool = False
    """Whether the model may be offered tools."""
    summary_after: int = 0
    """Messages that may wait for a summary."""
    tail_seconds: float = 20.0
    mask: tuple[OptionalKind, ...] = ()
    """Kinds that are masked beside those that always are."""


@dataclass(frozen=True)
class Dependencies:
    """Everything the nodes are given."""

    options: Options
    clock: Callable[[], float]
    """Unix time in seconds, monotonic; the same one for a turn's beginning and its end."""
    limits: RateLimits
    admission: Admission
    queue: ConversationQueue
    suspect: guard.Suspect
    classify: route.Classify
    embed: extract_facts.Embed
    embedding_model: str
    """The name stored with every vector of `embed`."""
    embed_ahead: Callable[[str], None]
    """Begins to embed a message, whose vector is going to be needed."""
    model: Model
    second: Model | None
    """Answers where the first cannot."""
    prepare: Prepare
    """Finds the prepared answer that is given where no model answers."""
    understand: Understand
    """Finds what a message asks of the tools, where no model is set."""
    run_tool: RunTool
    turns: Turns
    summarise: roll_summary.Summarise | None
    extract: extract_facts.Extract | None
    facts: Facts
    recall: Recall
    metrics: Metrics
    events_logged: Callable[[UUID], Awaitable[None]] | None = None
    """Returns once the event log has all events of a turn; None where there is no event log (LangGraph's server)."""


class _Unconnected:
    """Stands for any dependency; only a model's name is real."""

    def __init__(self, label: str) -> None:
        self.label = label

    def __getattr__(self, name: str) -> None:
        return None

    def __call__(self, *_: object) -> None:
        return None


def unconnected(options: Options, model: str, second: str | None = None, *, follows_instructions: bool) -> Dependencies:
    """Dependencies that lead nowhere: enough to draw the pipeline, or to fill in recorded answers."""
    nothing = _Unconnected(model)
    names = {one.name for one in fields(Dependencies) if one.default_factory is one.default is MISSING} - {"options"}
    left_out = set[str]() if follows_instructions else {"summarise", "extract"}
    parts: dict[str, Any] = {name: None if name in left_out else nothing for name in names}
    parts["second"] = _Unconnected(second) if second else None
    return Dependencies(options=options, **parts)
