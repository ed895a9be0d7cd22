"""Steps that are tried again."""

from collections.abc import Iterator

import pytest
import stamina

from nodes.errors import EmbeddingUnavailable, ModelRejected, ModelUnavailable
from nodes.retrying import ATTEMPTS, retried
from storage.errors import StorageUnavailable


class Flaky:
    """A step that fails with each of these errors in turn, and then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.tried = 0

    async def __call__(self) -> str:
        """Fail, or succeed."""
        self.tried += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


@pytest.fixture(autouse=True)
def without_waiting() -> Iterator[None]:
    """Retries follow at once, as many as there would be."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.mark.parametrize("passing", [ModelUnavailable("model_failed"), EmbeddingUnavailable(), StorageUnavailable()])
async def test_what_may_pass_is_tried_again(passing: Exception) -> None:
    """Three times in all."""
    step = Flaky(passing, passing)
    assert await retried(step) == "done"
    assert step.tried == 3


async def test_after_the_last_attempt_the_failure_is_the_callers() -> None:
    """As it is."""
    step = Flaky(*[StorageUnavailable()] * 9)
    with pytest.raises(StorageUnavailable):
        await retried(step)
    assert step.tried == ATTEMPTS


@pytest.mark.parametrize("lasting", [ModelRejected("model_rejected"), KeyError("bug")])
async def test_what_will_not_pass_is_not_tried_again(lasting: Exception) -> None:
    """A second try would fail the same way."""
    step = Flaky(lasting)
    with pytest.raises(type(lasting)):
        await retried(step)
    assert step.tried == 1
