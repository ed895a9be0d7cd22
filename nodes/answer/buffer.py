"""Send an answer out in breaths instead of in syllables."""

import asyncio
from collections.abc import Callable

BREATH = 0.02
"""Seconds within which tokens go out together: below what an eye can tell, and far fewer events."""


class Voice:
    """Passes text on at once after a pause, and otherwise gathers it for one breath.

    Args:
        send: called with each piece, in order.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._held: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")

    def say(self, text: str) -> None:
        """Say this now or with the next breath."""
        self._held.append(text)
        if self._timer is None:
            wait = self._last + BREATH - self._loop.time()
            if wait <= 0:
                self.flush()
            else:
                self._timer = self._loop.call_later(wait, self.flush)

    def flush(self) -> None:
        """Say whatever is held."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._held:
            text, self._held = "".join(self._held), []
            self._last = self._loop.time()
            self._send(text)
