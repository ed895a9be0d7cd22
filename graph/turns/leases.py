"""Heartbeat of one process: renew the leases of its turns, and take over the turns of processes that are gone."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from structlog.stdlib import get_logger

from graph.supervision import Tick
from graph.turns.executor import Runner
from storage.errors import StorageUnavailable
from storage.leases import Held, Orphan, Pending

log = get_logger(__name__)

BEAT = 1.0
"""Seconds between two signs of life: some may fail before a lease runs out, or its process is taken for dead."""
AT_ONCE = 25
"""Turns taken over in one look at most."""
AGAIN = 0.5
"""Seconds until the next look where one found that many: the first process to look must not be the only one to get
something."""
MOST = 100
"""Turns without a word of their answer in this process, from which on it takes none over: it has enough to do with
those that it has, and another one may have less."""


class Leases(Protocol):
    """Knows whose turn is whose."""

    async def renew(self, turn_ids: Sequence[UUID]) -> list[Held]:
        """Give a sign of life; returns those that are still ours."""
        ...

    async def renew_pending(self, turns: Sequence[Pending]) -> set[UUID]:
        """Do the same for turns that are not accepted yet; returns those whose idempotency key is still ours."""
        ...

    async def adopt(self, limit: int, *, running: Sequence[UUID] = ()) -> list[Orphan]:
        """Take over turns whose lease has run out."""
        ...


class Heart:
    """Beats for one process."""

    def __init__(self, runner: Runner, leases: Leases) -> None:
        self._runner = runner
        self._leases = leases

    async def run(self, tick: Tick) -> None:
        """Renew leases until cancelled."""
        while True:
            try:
                await self.beat()
                tick()
            except StorageUnavailable:
                log.warning("no sign of life could be given, the database is away")
            await asyncio.sleep(BEAT)

    async def beat(self) -> None:
        """Renew, and notice what was lost or is to stop.

        Raises:
            StorageUnavailable: the database is away.
        """
        running = self._runner.running
        if leased := running.leased():
            held = await self._leases.renew(leased)
            running.keep_only({one["turn_id"] for one in held}, of=leased)
            for one in held:
                if one["stop_asked"]:
                    running.stop(one["turn_id"])
        if pending := running.pending():
            running.keep_claimed(await self._leases.renew_pending(pending), of=pending)

    async def run_adoption(self, tick: Tick) -> None:
        """Take over turns until cancelled: a look a second, and more of them while there is more than one takes.

        Apart from the renewals, which must not come late because there is much to take over.
        """
        while True:
            found = 0
            with suppress(StorageUnavailable):  # the renewals say so in the log
                found = await self.adopt()
            tick()
            await asyncio.sleep(AGAIN if found == AT_ONCE else BEAT)

    async def adopt(self) -> int:
        """Take over turns that are nobody's, as far as there is room for them; returns how many.

        Raises:
            StorageUnavailable: the database is away.
        """
        running = self._runner.running
        room = min(AT_ONCE, MOST - running.wordless)
        if running.closing or room <= 0:
            return 0
        orphans = await self._leases.adopt(room, running=running.leased())
        for orphan in orphans:
            self._runner.adopt(orphan)
        return len(orphans)
