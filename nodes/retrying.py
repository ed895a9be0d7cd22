"""Retry of a node's step after a transient error."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from nodes.errors import EmbeddingUnavailable, ModelUnavailable
from storage.errors import StorageUnavailable

T = TypeVar("T")

ATTEMPTS = 3
TRANSIENT = (ModelUnavailable, EmbeddingUnavailable, StorageUnavailable)
"""Errors after which a retry may succeed."""


async def retried(step: Callable[[], Awaitable[T]]) -> T:
    """Run a step with up to three attempts and return its result. The first, which nearly always does, costs nothing.

    Each step of a node is retried on its own, so that a failed write does not pay for the model's reply again.

    Raises:
        ModelUnavailable, EmbeddingUnavailable, StorageUnavailable: all attempts failed.
    """
    try:
        return await step()
    except TRANSIENT as first:
        failure: Exception | None = first
    async for attempt in stamina.retry_context(on=TRANSIENT, attempts=ATTEMPTS, wait_initial=0.2):
        with attempt:
            if failure:  # of the first attempt
                known, failure = failure, None
                raise known
            return await step()
    raise AssertionError("unreachable")  # the last attempt returns or raises
