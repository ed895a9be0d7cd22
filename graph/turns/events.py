"""What a turn tells its readers: a closed set, numbered from 1 in the order it happened.

`Start` comes first and exactly one of `Done` and `Failed` comes last; `Refused` stands alone, for a turn
that never started.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from nodes.employees import employee
from nodes.state import FinishReason, NoticeCode, RouteReport, Usage
from storage.event_log import Name, Told

ErrorCode = Literal["internal", "storage_unavailable", "shutting_down", "deleted"]


@dataclass(frozen=True)
class Start:
    """Someone is going to answer."""

    turn_id: str
    conversation_id: str
    route: RouteReport
    model: str


@dataclass(frozen=True)
class Notice:
    """Something the person should know."""

    code: NoticeCode
    message: str


@dataclass(frozen=True)
class Token:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True)
class Done:
    """The answer is complete and committed."""

    turn_id: str
    conversation_id: str
    message_id: str | None
    """None for a reply of the guard's, which is not kept."""
    employee: str
    model: str
    finish_reason: FinishReason
    fallback: bool
    facts_used: list[str]
    """Ids of what was remembered of the user and stood in the prompt."""
    usage: Usage
    latency_ms: int
    ttft_ms: int | None


@dataclass(frozen=True)
class Failed:
    """There will be no answer, or no more of it."""

    code: ErrorCode
    message: str
    retryable: bool


@dataclass(frozen=True)
class Refused:
    """The turn was turned away before it started."""

    code: Literal["empty_message", "rate_limited", "conversation_busy"] | ErrorCode
    message: str
    retry_after: float | None = None
    """Seconds until the same request would pass, where that is known."""


Event = Start | Notice | Token | Done | Failed

_NAMES: dict[type[Event], Name] = {Start: "start", Notice: "notice", Token: "token", Done: "done", Failed: "error"}


def told(event: Event) -> Told:
    """The event as clients see it."""
    return Told(event=_NAMES[type(event)], data=_start(event) if isinstance(event, Start) else asdict(event))


def started(told: Told) -> Start:
    """The `Start` behind what clients were told first."""
    data = told["data"]
    route = cast(RouteReport, {"employee": data["employee"]["slug"], **data["route"]})
    return Start(data["turn_id"], data["conversation_id"], route, data["model"])


def _start(event: Start) -> dict[str, Any]:
    who = employee(event.route["employee"])
    return {
        "turn_id": event.turn_id,
        "conversation_id": event.conversation_id,
        "employee": {"slug": who.slug, "name": who.name, "title": who.title, "emoji": who.emoji},
        "route": {name: event.route[name] for name in ("reason", "confidence", "runner_up")},
        "model": event.model,
    }
