"""Retries of a node's steps."""

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
    """Retries without a pause, as many as in production."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.mark.parametrize("transient", [ModelUnavailable("model_failed"), EmbeddingUnavailable(), StorageUnavailable()])
async def test_a_transient_error_is_retried(transient: Exception) -> None:
    """Up to three attempts."""
    step = Flaky(transient, transient)
    assert await retried(step) == "done"
    assert step.tried == 3


async def test_the_error_of_the_last_attempt_is_raised() -> None:
    """Unchanged."""
    step = Flaky(*[StorageUnavailable()] * 9)
    with pytest.raises(StorageUnavailable):
        await retried(step)
    assert step.tried == ATTEMPTS


@pytest.mark.parametrize("permanent", [ModelRejected("model_rejected"), KeyError("bug")])
async def test_another_error_is_not_retried(permanent: Exception) -> None:
    """A second attempt would fail in the same way."""
    step = Flaky(permanent)
    with pytest.raises(type(permanent)):
        await retried(step)
    assert step.tried == 1
