"""The log line of a finished turn."""

from dataclasses import asdict, dataclass

from structlog.stdlib import get_logger

from nodes.employees import Slug
from nodes.state import FinishReason
from storage.metrics import Outcome

log = get_logger(__name__)


@dataclass(frozen=True)
class TurnLogLine:
    """Outcome of a turn, in numbers, names and codes.

    Without the reason of its route, which may quote the message.
    """

    outcome: Outcome
    error_code: str | None
    employee: Slug | None = None
    """None for a turn that ended before routing."""
    confidence: float | None = None
    """Confidence of the routing, 0 to 1."""
    model: str | None = None
    finish_reason: FinishReason | None = None
    fallback: bool = False
    latency_ms: int | None = None
    ttft_ms: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    estimated: bool | None = None
    """Whether the token counts are estimates."""

    def log(self, **ids: str) -> None:
        """Log the line; `ids` are for a task whose log context has none."""
        log.info("turn", **ids, **asdict(self))
