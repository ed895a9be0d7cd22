"""Readiness of this process to answer turns, for `/health/ready` and everything else that asks."""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from graph.supervision import Supervisor
from graph.turns.registry import TurnRegistry
from nodes.answer.attempts import Model
from nodes.errors import ModelProblem
from storage.health import DatabaseHealth

MODEL_SECONDS = 5.0
"""For which the model's state is cached: checking it is a request to the provider, and anybody may ask."""
CHECK_SECONDS = 2.0
"""After which a check without an answer counts as failed."""


class Checks(NamedTuple):
    """State of each part, and more about those that are not `ok`, where there is more to say."""

    states: dict[str, str]
    details: dict[str, str]


class Readiness:
    """State of everything that a turn needs.

    The database's state is what its health probe saw last, so a check opens no connection. The model's is checked at
    most every `MODEL_SECONDS`, by one caller while the others wait.

    Args:
        model: the model that answers.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        registry: TurnRegistry,
        health: DatabaseHealth,
        supervisor: Supervisor,
        model: Model,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._health = health
        self._supervisor = supervisor
        self._model = model
        self._clock = clock
        self._checking = asyncio.Lock()
        self._problem: ModelProblem | None = None
        self._valid_until = float("-inf")

    async def check(self) -> Checks:
        """State of `server`, `database`, `migrations`, `model` and of each background task that is down.

        `ok`, or what is wrong in a word or two.
        """
        problem, database = await asyncio.gather(self._model_problem(), self._health.status(CHECK_SECONDS))
        server = "shutting down" if self._registry.closing else "ok"
        model = problem.state if problem else "ok"
        states = {"server": server, **database, "model": model, **self._supervisor.down()}
        return Checks(states, {"model": problem.detail} if problem else {})

    async def _model_problem(self) -> ModelProblem | None:
        async with self._checking:
            if self._clock() >= self._valid_until:
                try:
                    async with asyncio.timeout(CHECK_SECONDS):
                        self._problem = await self._model.problem()
                except TimeoutError:
                    self._problem = ModelProblem("unreachable", f"{self._model.label} does not answer")
                self._valid_until = self._clock() + MODEL_SECONDS
            return self._problem
