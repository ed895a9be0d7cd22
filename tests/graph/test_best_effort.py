"""What follows the answer, and its failures."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import stamina
from langgraph.runtime import Runtime
from structlog.testing import capture_logs

from graph.best_effort import best_effort
from nodes.errors import EmbeddingUnavailable, ModelRejected, ModelUnavailable
from nodes.state import Context, State
from storage.errors import StorageUnavailable
from tests.nodes.states import ADA, TURN, Listener, a_state

FAILED = {"event": "step failed", "step": "a step", "exc_info": True, "log_level": "error"}


class Flaky:
    """A step that fails with each of these errors in turn, and then learns something."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.tried = 0

    async def __call__(self, state: State, runtime: Runtime[Context]) -> Mapping[str, Any]:
        """Fail, or succeed."""
        self.tried += 1
        if self._errors:
            raise self._errors.pop(0)
        return {"learned": [state["message"], runtime.context.user_id]}


@pytest.fixture(autouse=True)
def without_waiting() -> Iterator[None]:
    """Retries follow at once, as many as there would be."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


async def test_a_step_that_succeeds_changes_the_state() -> None:
    """The wrapper passes it on."""
    node = best_effort("a step", Flaky(), seconds=5)
    assert await node(a_state("one"), Listener().runtime) == {"learned": ["one", str(ADA)]}


@pytest.mark.parametrize("passing", [ModelUnavailable("model_failed"), EmbeddingUnavailable(), StorageUnavailable()])
async def test_what_may_pass_is_tried_again(passing: Exception) -> None:
    """Three times in all."""
    step = Flaky(passing, passing)
    assert await best_effort("a step", step, seconds=5)(a_state("one"), Listener().runtime) == {
        "learned": ["one", str(ADA)]
    }
    assert step.tried == 3


async def test_after_the_last_attempt_the_failure_is_swallowed_and_logged() -> None:
    """The state says that it failed, if that was asked for; the log names the step."""
    step = Flaky(*[EmbeddingUnavailable()] * 4)
    node = best_effort("a step", step, seconds=5, failed={"facts_failed": True})
    with capture_logs() as lines:
        assert await node(a_state(), Listener().runtime) == {"facts_failed": True}
    assert step.tried == 3
    assert lines[-1] == FAILED


async def test_a_database_that_is_away_fails_the_run() -> None:
    """So that whoever takes the turn over does what is left, once it is back."""
    step = Flaky(*[StorageUnavailable()] * 4)
    with pytest.raises(StorageUnavailable):
        await best_effort("a step", step, seconds=5)(a_state(), Listener().runtime)
    assert step.tried == 3


@pytest.mark.parametrize("lasting", [ModelRejected("model_rejected"), KeyError("bug")])
async def test_what_will_not_pass_is_swallowed_at_once(lasting: Exception) -> None:
    """A second try would fail the same way, and a mistake of ours costs nobody the answer."""
    step = Flaky(lasting)
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
