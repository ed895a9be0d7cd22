"""Circuit breaker: refuses calls to a server that keeps failing, and lets one trial call at a time test it again."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal

from structlog.stdlib import get_logger

from nodes.errors import ModelDown, ModelRejected, ModelUnavailable

log = get_logger(__name__)

FAILURE_THRESHOLD = 5
"""Failures in a row that open it."""
OPEN_SECONDS = 10.0
"""For which it stays open, or longer where the server's Retry-After says so, up to `MAX_OPEN_SECONDS`."""
MAX_OPEN_SECONDS = 60.0

State = Literal["closed", "open", "half_open"]
"""closed: calls are made. open: calls are refused. half_open: a trial call is due or under way, others are refused."""


class CircuitBreaker:
    """A circuit breaker around the calls of any number of tasks to one server.

    Args:
        name: the server's name in the log.
        clock: monotonic time in seconds.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None
        self._trial_running = False

    @property
    def state(self) -> State:
        """Whether calls are made at this moment."""
        if self._open_until is None:
            return "closed"
        return "half_open" if self._trial_running or self._clock() >= self._open_until else "open"

    @contextmanager
    def call(self) -> Generator[None]:
        """One call. A caller that is cancelled counts neither as a success nor as a failure.

        Raises:
            ModelDown: the call is refused.
        """
        is_trial = self._open_until is not None
        if self._open_until is not None:
            if self._trial_running or self._clock() < self._open_until:
                raise ModelDown
            self._trial_running = True
        try:
            yield
        except ModelUnavailable as error:
            self._fail(error)
            raise
        except ModelRejected:
            self._close()
            raise
        else:
            self._close()
        finally:
            if is_trial:
                self._trial_running = False

    def first_chunk(self) -> None:
        """Close it once a streamed trial call receives anything; the next failure opens it again."""
        if self._trial_running:
            log.warning("circuit breaker closed", model=self._name)
            self._trial_running, self._open_until, self._failures = False, None, FAILURE_THRESHOLD - 1

    def _fail(self, error: ModelUnavailable) -> None:
        self._failures += 1
        if self._failures >= FAILURE_THRESHOLD:
            seconds = min(max(OPEN_SECONDS, error.retry_after or 0), MAX_OPEN_SECONDS)
            if self._open_until is None:
                log.warning("circuit breaker opened", model=self._name, seconds=seconds, code=error.code)
            self._open_until = self._clock() + seconds

    def _close(self) -> None:
        self._failures, self._open_until = 0, None
