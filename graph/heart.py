"""Signs of life: renew the leases of this process's turns; and take over those of processes that give none."""

import asyncio
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from structlog.stdlib import get_logger

from graph.runner import Runner
from graph.supervision import Tick
from storage.errors import StorageUnavailable
from storage.leases import Held, Orphan, Pending

log = get_logger(__name__)

BEAT = 1.0
"""Seconds between two signs of life: some may fail before a lease runs out, or its process is taken for dead."""
AT_ONCE = 8
"""Turns taken over in one beat at most, so that several processes share what another one left."""


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
        """Beat until cancelled."""
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

    async def adopt(self) -> int:
        """Take over turns that are nobody's; returns how many.

        Raises:
            StorageUnavailable: the database is away.
        """
        if self._runner.running.closing:
            return 0
        orphans = await self._leases.adopt(AT_ONCE, running=self._runner.running.leased())
        for orphan in orphans:
            self._runner.adopt(orphan)
        return len(orphans)
