"""Audit log of administrators: who looked at what of other users."""

from datetime import datetime
from typing import Literal, TypedDict
from uuid import UUID

from storage.pool import Pool

AdminAction = Literal["metrics_summary", "prometheus", "audit", "costs", "turns", "turn", "turn_content", "feedback"]
"""What an administrator did: read everyone's metrics, the program's own, this log, everyone's costs, a list of turns,
one turn in numbers, what was said in it, or everyone's feedback."""
QUIET_SECONDS = 3600
"""Seconds in which the same again adds nothing: the dashboard asks every 15 seconds, and so does Prometheus."""


class AuditEntry(TypedDict):
    """An access of an administrator."""

    entry_id: int
    admin_id: UUID
    action: AdminAction
    detail: str
    """What exactly, such as the range that was asked for; empty where there is nothing to choose."""
    created_at: datetime


class AdminAudit:
    """The log. Entries are added and read; only retention deletes them, by age."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, admin_id: UUID, action: AdminAction, detail: str = "") -> None:
        """Add an entry, unless there is the same one of the last hour.

        Raises:
            StorageUnavailable: it could not be stored.
        """
        await self._pool.call(
            "select add_to_admin_audit(%(admin_id)s, %(action)s, %(detail)s, %(quiet)s)",
            {"admin_id": admin_id, "action": action, "detail": detail, "quiet": QUIET_SECONDS},
        )

    async def latest(self, admin_id: UUID, *, limit: int, before: int | None = None) -> list[AuditEntry]:
        """The latest entries of all administrators, for one of them; those before that entry, where one is given."""
        rows = await self._pool.call(
            "select id as entry_id, admin_id, action, detail, created_at"
            " from read_admin_audit(%(admin_id)s, %(before)s::bigint, %(limit)s)",
            {"admin_id": admin_id, "before": before, "limit": limit},
        )
        return [AuditEntry(**row) for row in rows]  # type: ignore[typeddict-item]
