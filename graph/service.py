"""What the HTTP layer gets: the turns, the account, and the state of one process."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from graph.account import UserData
from graph.dependencies import Dependencies
from graph.observability.metrics import PrometheusMetrics
from graph.readiness import CHECK_SECONDS, Readiness
from graph.supervision import Supervisor
from graph.turns.leases import LeaseKeeper
from graph.turns.manager import TurnManager
from graph.turns.registry import TurnRegistry
from graph.turns.subscribe import Subscriptions
from graph.turns.turn import error_of
from storage.errors import StorageUnavailable
from storage.event_log import EventLogWriter
from storage.health import DatabaseHealth
from storage.jobs import Jobs
from storage.notifications import Notifications


@dataclass(frozen=True)
class Service:
    """The parts of a running process that requests are answered with, put together in `graph.container`."""

    turns: TurnManager
    subscriptions: Subscriptions
    registry: TurnRegistry
    leases: LeaseKeeper
    user_data: UserData
    dependencies: Dependencies
    health: DatabaseHealth
    notifications: Notifications
    event_log_writer: EventLogWriter
    metrics: PrometheusMetrics
    jobs: Jobs
    readiness: Readiness
    supervisor: Supervisor
    url: str

    async def drain(self, seconds: float) -> None:
        """Begin no more turns, end the streams of readers, and give running turns so many seconds to finish."""
        self.registry.closing = True
        self.notifications.wake()
        await self.registry.drain(seconds)

    def hand_over(self, *, with_error: bool) -> None:
        """Leave the turns that are being answered to another process; readers come back, or get an error."""
        self.registry.hand_over_unanswered(error_of("shutting_down") if with_error else None)

    async def prometheus(self) -> bytes:
        """The metrics of this process in Prometheus' text format; also without a database."""
        waiting = None
        if self.health.is_usable():
            with suppress(StorageUnavailable, TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    waiting = await self.jobs.count_waiting()
        self.metrics.set_waiting_jobs(waiting)
        return await self.metrics.text()
