"""Leave a server alone that has failed again and again, and let one caller at a time find out whether it is back."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal

from structlog.stdlib import get_logger

from nodes.errors import ModelDown, ModelRejected, ModelUnavailable

log = get_logger(__name__)

FAILURES = 5
"""In a row, after which it is left alone."""
REST = 10.0
"""Seconds for which it is then left alone; more where it asks for more, up to `LONGEST_REST`."""
LONGEST_REST = 60.0

State = Literal["closed", "open", "half_open"]
"""Calls are made; none is made; the next one, or the one that is being made, finds out."""


class Breaker:
    """A circuit breaker around the calls to one server, made by any number of tasks.

    Args:
        name: of what it guards, for the log.
        clock: seconds that never go back.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._failures = 0
        self._rests_until: float | None = None
        self._probing = False

    @contextmanager
    def call(self) -> Generator[None]:
        """One call. A caller that gives up or is stopped says nothing about the server.

        Raises:
            ModelDown: the server is left alone, and this call is not to be made.
        """
        probes = self._rests_until is not None
        if self._rests_until is not None:
            if self._probing or self._clock() < self._rests_until:
                raise ModelDown
            self._probing = True
        try:
            yield
        except ModelUnavailable as error:
            self._failed(error)
            raise
        except ModelRejected:
            self._answered()
            raise
        else:
            self._answered()
        finally:
            if probes:
                self._probing = False

    @property
    def state(self) -> State:
        """How it stands just now."""
        if self._rests_until is None:
            return "closed"
        return "half_open" if self._probing or self._clock() >= self._rests_until else "open"

    def spoke(self) -> None:
        """Let the others in while the call that finds out is still listening; one more failure closes the door."""
        if self._probing:
            log.warning("model speaks again", model=self._name)
            self._probing, self._rests_until, self._failures = False, None, FAILURES - 1

    def _failed(self, error: ModelUnavailable) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            seconds = min(max(REST, error.retry_after or 0), LONGEST_REST)
            if self._rests_until is None:
                log.warning("model is left alone", model=self._name, seconds=seconds, code=error.code)
            self._rests_until = self._clock() + seconds

    def _answered(self) -> None:
        self._failures, self._rests_until = 0, None
