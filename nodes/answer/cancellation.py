"""Stop an answer from outside."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class StopRequests:
    """An event for each turn that is being answered, set once somebody asks that its answer end.

    An event is kept for as long as anyone holds on to it.
    """

    def __init__(self) -> None:
        self._events: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    def of(self, turn_id: str) -> asyncio.Event:
        """The turn's event."""
        event = self._events.get(turn_id)
        if event is None:
            event = self._events[turn_id] = asyncio.Event()
        return event


class Stopped(Exception):
    """The answer was asked to end."""


@asynccontextmanager
async def stoppable(stop: asyncio.Event) -> AsyncGenerator[None]:
    """Leave the block as soon as `stop` is set, at whatever it is waiting for.

    Raises:
        Stopped: it was set.
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
