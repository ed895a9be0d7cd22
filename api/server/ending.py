"""The end of a process on SIGTERM and SIGINT: what becomes of the turns that run, and how long it may take."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable

from graph.container import STOP_WITHIN
from graph.service import Service

EXIT_DEADLINE = 10.0
"""Seconds after which a process that is shutting down is ended in any case; other processes take over its turns."""


def end_on_signals(service: Service, seconds: float, end: Callable[[], None]) -> None:
    """Call `end` after SIGTERM, once running turns got so many seconds, or after SIGINT, once they got `STOP_WITHIN`.

    A second signal of the same kind ends at once. Turns that are not answered by then are left to another process:
    after SIGTERM their readers are told to come back; after SIGINT, when there may be no other, they get an error.
    """
    ending = _Ending(service, {signal.SIGTERM: seconds, signal.SIGINT: STOP_WITHIN}, end)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.on_signal, number)


class _Ending:
    def __init__(self, service: Service, seconds: dict[signal.Signals, float], end: Callable[[], None]) -> None:
        self._service = service
        self._seconds = seconds
        self._end = end
        self._received = set[signal.Signals]()
        self._draining: asyncio.Task[None] | None = None
        self._ended = False

    def on_signal(self, number: signal.Signals) -> None:
        """End in the way of this signal."""
        # The supervisor of workers sends SIGTERM, also where they had SIGINT from the terminal.
        if self._ended or (number == signal.SIGTERM and signal.SIGINT in self._received):
            return
        seconds = 0.0 if number in self._received else self._seconds[number]
        self._received.add(number)
        if self._draining:
            self._draining.cancel()
        self._draining = asyncio.create_task(self._drain(seconds), name="drain")

    async def _drain(self, seconds: float) -> None:
        await self._service.drain(seconds)
        self._service.hand_over(with_error=signal.SIGINT in self._received)
        self._ended = True
        # A database that hangs may hold up the rest.
        timer = threading.Timer(EXIT_DEADLINE, os._exit, [1])
        timer.daemon = True
        timer.start()
        self._end()
