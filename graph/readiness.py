"""Whether turns can be answered here; made out once for all who ask."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from graph.supervision import Supervisor
from graph.turns.registry import TurnRegistry
from storage.health import Pulse

MODEL_SECONDS = 5.0
"""For which the model's state holds: to ask it may cost a provider's call, and anybody may ask for readiness."""
CHECK_SECONDS = 2.0
"""Within which whoever asks is told."""


class Readiness:
    """The state of everything that a turn needs.

    The database's is what its health probe saw last, so no question opens a connection. The model is asked at most
    every `MODEL_SECONDS`, and by one caller while the others wait.

    Args:
        reachable: asks whether the model's server answers.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        registry: TurnRegistry,
        pulse: Pulse,
        supervisor: Supervisor,
        reachable: Callable[[], Awaitable[bool]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._pulse = pulse
        self._supervisor = supervisor
        self._ask_model = reachable
        self._clock = clock
        self._asking = asyncio.Lock()
        self._reachable = False
        self._asked_until = float("-inf")

    async def check(self) -> dict[str, str]:
        """State of `server`, `database`, `migrations`, `model` and of each background task that is down.

        `ok`, or what is wrong in a word or two.
        """
        reachable, database = await asyncio.gather(self._model_answers(), self._pulse.state(CHECK_SECONDS))
        server = "shutting down" if self._registry.closing else "ok"
        model = "ok" if reachable else "unreachable"
        return {"server": server, **database, "model": model, **self._supervisor.down()}

    async def _model_answers(self) -> bool:
        async with self._asking:
            if self._clock() >= self._asked_until:
                try:
                    async with asyncio.timeout(CHECK_SECONDS):
                        self._reachable = await self._ask_model()
                except TimeoutError:
                    self._reachable = False
                self._asked_until = self._clock() + MODEL_SECONDS
            return self._reachable
