"""The one line that is logged of a turn when it is over."""

from dataclasses import asdict, dataclass

from structlog.stdlib import get_logger

from nodes.employees import Slug
from nodes.state import FinishReason
from storage.metrics import Outcome

log = get_logger(__name__)


@dataclass(frozen=True)
class TurnLogLine:
    """What became of a turn: numbers, names and words from closed lists.

    Not the reason of its route, which may quote the message.
    """

    outcome: Outcome
    error_code: str | None
    employee: Slug | None = None
    """None where nobody had been chosen yet."""
    confidence: float | None = None
    """Of the choice, 0 to 1."""
    model: str | None = None
    finish_reason: FinishReason | None = None
    fallback: bool = False
    latency_ms: int | None = None
    ttft_ms: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    estimated: bool | None = None
    """Whether the tokens are."""

    def log(self, **ids: str) -> None:
        """Log it; `ids` where the task it is logged in has none."""
        log.info("turn", **ids, **asdict(self))
