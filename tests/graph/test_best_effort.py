"""What follows the answer, and its failures."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from langgraph.runtime import Runtime
from structlog.testing import capture_logs

from graph.pipeline import best_effort
from nodes.errors import EmbeddingUnavailable, ModelRejected, ModelUnavailable
from nodes.state import Context, State
from storage.errors import StorageUnavailable
from tests.nodes.states import ADA, TURN, Listener, a_state

FAILED = {"event": "step failed", "step": "a step", "exc_info": True, "log_level": "error"}


class Step:
    """A step that fails, or learns something."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.tried = 0

    async def __call__(self, state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
        """Fail, or succeed."""
        self.tried += 1
        if self._error:
            raise self._error
        return {"learned": [state["message"], runtime.context.user_id]}


async def test_a_step_that_succeeds_changes_the_state() -> None:
    """The wrapper passes it on."""
    node = best_effort("a step", Step(), seconds=5)
    assert await node(a_state("one"), Listener().runtime) == {"learned": ["one", str(ADA)]}


async def test_the_state_says_that_a_step_failed() -> None:
    """If that was asked for; the log names the step."""
    node = best_effort("a step", Step(EmbeddingUnavailable()), seconds=5, failed={"facts_failed": True})
    with capture_logs() as lines:
        assert await node(a_state(), Listener().runtime) == {"facts_failed": True}
    assert lines == [FAILED]


async def test_a_database_that_is_away_fails_the_run() -> None:
    """So that the process that takes the turn over does what is left, once it is back."""
    with pytest.raises(StorageUnavailable):
        await best_effort("a step", Step(StorageUnavailable()), seconds=5)(a_state(), Listener().runtime)


@pytest.mark.parametrize("error", [ModelUnavailable("model_failed"), ModelRejected("model_rejected"), KeyError("bug")])
async def test_any_other_failure_is_swallowed(error: Exception) -> None:
    """It costs nobody the answer, and the step is not run again: what it is made of is tried again by itself."""
    step = Step(error)
    with capture_logs() as lines:
        assert await best_effort("a step", step, seconds=5)(a_state(), Listener().runtime) == {}
    assert step.tried == 1
    assert lines == [FAILED]


async def test_a_step_that_does_not_end_is_ended() -> None:
    """It is really stopped, not only left behind."""
    stopped: list[str] = []

    async def endless(state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(state["turn_id"])
        return {}

    with capture_logs() as lines:
        assert await best_effort("a step", endless, seconds=0.01)(a_state(), Listener().runtime) == {}
    assert stopped == [str(TURN)]
    assert lines == [FAILED]


async def test_a_cancelled_run_is_not_kept_alive() -> None:
    """Being told to stop is no failure of the step."""
    begun = asyncio.Event()

    async def endless(state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
        begun.set()
        await asyncio.Event().wait()
        return {}

    running = asyncio.ensure_future(best_effort("a step", endless, seconds=60)(a_state(), Listener().runtime))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
