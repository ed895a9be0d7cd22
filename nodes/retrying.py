"""Try a step again where another attempt may get past what failed."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from nodes.errors import EmbeddingUnavailable, ModelUnavailable
from storage.errors import StorageUnavailable

T = TypeVar("T")

ATTEMPTS = 3
PASSING = (ModelUnavailable, EmbeddingUnavailable, StorageUnavailable)
"""What another attempt may get past."""


async def retried(step: Callable[[], Awaitable[T]]) -> T:
    """The step's result, after three attempts at most.

    Each step of a node is tried again by itself, so that a model is not paid twice because its result could not be
    stored at once.

    Raises:
        ModelUnavailable, EmbeddingUnavailable, StorageUnavailable: the last attempt failed, too.
    """
    async for attempt in stamina.retry_context(on=PASSING, attempts=ATTEMPTS, wait_initial=0.2):
        with attempt:
            return await step()
    raise AssertionError("unreachable")  # the last attempt returns or raises
