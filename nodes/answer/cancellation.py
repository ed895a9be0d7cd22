"""Let an answer be stopped from outside."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Stopped(Exception):
    """Somebody asked that no more be said."""


@asynccontextmanager
async def stoppable(stop: asyncio.Event) -> AsyncGenerator[None]:
    """Break the block off as soon as `stop` is set, at whatever it is waiting for.

    Raises:
        Stopped: it was.
    """
    task = asyncio.current_task()
    assert task is not None
    asked = False

    async def watch() -> None:
        nonlocal asked
        await stop.wait()
        asked = True
        task.cancel()

    watching = asyncio.create_task(watch(), name="stop")
    try:
        yield
    except asyncio.CancelledError:
        # Another cancellation, of the whole run, may have come too: then it goes on.
        if asked and task.uncancel() == 0:
            raise Stopped from None
        raise
    finally:
        watching.cancel()
