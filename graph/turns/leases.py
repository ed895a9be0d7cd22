"""Leases of one process: renew those of its turns, and take over the turns of processes that are gone."""

import asyncio
from contextlib import suppress

from structlog.stdlib import get_logger

from graph.supervision import Tick
from graph.turns.executor import TurnExecutor
from storage.errors import StorageUnavailable
from storage.leases import Leases

log = get_logger(__name__)

HEARTBEAT_SECONDS = 1.0
"""Seconds between two renewals: some may fail before a lease runs out, or its process is taken for dead."""
BATCH = 25
"""Turns taken over at once, at most."""
NEXT_BATCH_SECONDS = 0.5
"""Seconds until the next batch after a full one: the first process to look must not be the only one to get turns."""
MAX_WITHOUT_WORDS = 100
"""Turns of this process without a word of their answer, from which on it takes none over: another may have less."""


class LeaseKeeper:
    """Renews leases, and adopts turns, for one process."""

    def __init__(self, executor: TurnExecutor, leases: Leases) -> None:
        self._executor = executor
        self._registry = executor.registry
        self._leases = leases

    async def run(self, tick: Tick) -> None:
        """Renew leases until cancelled."""
        while True:
            try:
                await self.renew()
                tick()
            except StorageUnavailable:
                log.warning("leases could not be renewed, the database is away")
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def renew(self) -> None:
        """Renew, and let go or stop the turns that were lost or are to stop.

        Raises:
            StorageUnavailable: the database is away.
        """
        if leased := self._registry.leased():
            held = await self._leases.renew(leased)
            self._registry.hand_over_lost({one["turn_id"] for one in held}, of=leased)
            for one in held:
                if one["stop_asked"]:
                    self._registry.stop(one["turn_id"])
        if pending := self._registry.pending():
            self._registry.hand_over_reclaimed(await self._leases.renew_pending(pending), of=pending)

    async def run_adoption(self, tick: Tick) -> None:
        """Take over turns until cancelled: a look a second, and more of them after a full batch.

        Apart from the renewals, which must not come late because there is much to take over.
        """
        while True:
            found = 0
            with suppress(StorageUnavailable):  # the renewals say so in the log
                found = await self.adopt()
            tick()
            await asyncio.sleep(NEXT_BATCH_SECONDS if found == BATCH else HEARTBEAT_SECONDS)

    async def adopt(self) -> int:
        """Take over turns of lost processes, as far as there is room for them here; returns how many.

        Raises:
            StorageUnavailable: the database is away.
        """
        room = min(BATCH, MAX_WITHOUT_WORDS - self._registry.without_words)
        if self._registry.closing or room <= 0:
            return 0
        orphans = await self._leases.adopt(room, running=self._registry.leased())
        for orphan in orphans:
            self._executor.adopt(orphan)
        return len(orphans)
