"""Readiness of this process to answer turns, for `/health/ready` and everything else that asks."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from graph.supervision import Supervisor
from graph.turns.registry import TurnRegistry
from storage.health import DatabaseHealth

MODEL_SECONDS = 5.0
"""For which the model's state is cached: checking it is a request to the provider, and anybody may ask."""
CHECK_SECONDS = 2.0
"""After which a check without an answer counts as failed."""


class Readiness:
    """State of everything that a turn needs.

    The database's state is what its health probe saw last, so a check opens no connection. The model's is checked at
    most every `MODEL_SECONDS`, by one caller while the others wait.

    Args:
        reachable: checks whether the model's server answers.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        registry: TurnRegistry,
        health: DatabaseHealth,
        supervisor: Supervisor,
        reachable: Callable[[], Awaitable[bool]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._health = health
        self._supervisor = supervisor
        self._check_model = reachable
        self._clock = clock
        self._checking = asyncio.Lock()
        self._reachable = False
        self._valid_until = float("-inf")

    async def check(self) -> dict[str, str]:
        """State of `server`, `database`, `migrations`, `model` and of each background task that is down.

        `ok`, or what is wrong in a word or two.
        """
        reachable, database = await asyncio.gather(self._model_reachable(), self._health.status(CHECK_SECONDS))
        server = "shutting down" if self._registry.closing else "ok"
        model = "ok" if reachable else "unreachable"
        return {"server": server, **database, "model": model, **self._supervisor.down()}

    async def _model_reachable(self) -> bool:
        async with self._checking:
            if self._clock() >= self._valid_until:
                try:
                    async with asyncio.timeout(CHECK_SECONDS):
                        self._reachable = await self._check_model()
                except TimeoutError:
                    self._reachable = False
                self._valid_until = self._clock() + MODEL_SECONDS
            return self._reachable
