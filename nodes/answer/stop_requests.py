"""Which of the answers being written somebody wants to end."""

import asyncio
from weakref import WeakValueDictionary


class Stops:
    """The wishes to stop, by turn: as long as anyone holds on to one, and no longer."""

    def __init__(self) -> None:
        self._events: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    def of(self, turn_id: str) -> asyncio.Event:
        """Set once somebody wants this turn's answer to end."""
        event = self._events.get(turn_id)
        if event is None:
            event = self._events[turn_id] = asyncio.Event()
        return event
