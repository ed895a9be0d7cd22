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

Retried = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool | float]
"""Errors to retry; or a function that says whether to, or after how many seconds."""


async def retried(
    step: Callable[[], Awaitable[T]],
    *,
    on: Retried = TRANSIENT,
    attempts: int | None = ATTEMPTS,
    timeout: float | None = None,  # noqa: ASYNC109 - of all attempts, none of which it ends
    wait_initial: float = 0.2,
    wait_max: float = 5.0,
    wait_jitter: float = 1.0,
) -> T:
    """Run a step until it succeeds, and return its result; as `stamina.retry_context`, whose arguments these are.

    Each step of a node is retried on its own, so that a failed write does not pay for the model's reply again. The
    first attempt, which nearly always succeeds, costs nothing.

    Raises:
        Exception: the last attempt's, or one that is not retried.
    """
    try:
        return await step()
    except Exception as first:  # noqa: BLE001 - raised again below, where it is found out whether to retry
        failure: Exception | None = first
    async for attempt in stamina.retry_context(
        on=on, attempts=attempts, timeout=timeout, wait_initial=wait_initial, wait_max=wait_max, wait_jitter=wait_jitter
    ):
        with attempt:
            if failure:  # of the first attempt
                known, failure = failure, None
                raise known
            return await step()
    raise AssertionError("unreachable")  # the last attempt returns or raises
