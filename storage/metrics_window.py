"""Which turns a report is about: a window of time, and a filter."""

from datetime import datetime, timedelta
from typing import Any, LiteralString, NamedTuple

from storage.connections import Connection
from storage.metrics import Outcome


class TimeWindow(NamedTuple):
    """How many hours to look back, in steps of `step` hours."""

    hours: float
    step: float
    until: datetime | None = None
    """Where the window ends; None: now, by the database's clock."""


class TurnFilter(NamedTuple):
    """What turns have in common; None: anything."""

    employee: str | None = None
    model: str | None = None
    outcome: Outcome | None = None


EVERYTHING = TurnFilter()

MATCHES: LiteralString = (
    "m.created_at >= %(since)s and m.created_at < %(until)s"
    " and (%(employee)s::text is null or m.employee_slug = %(employee)s)"
    " and (%(model)s::text is null or m.model = %(model)s)"
    " and (%(outcome)s::text is null or m.outcome = %(outcome)s)"
)
"""Condition on a row `m` of metrics, with `parameters`."""


async def parameters(conn: Connection, window: TimeWindow, only: TurnFilter) -> dict[str, Any]:
    """Parameters of `MATCHES`: `since`, `until`, the step as an interval, and the filter's."""
    until = window.until
    if until is None:
        row = await (await conn.execute("select now()")).fetchone()
        assert row
        until = row["now"]
    since = until - timedelta(hours=window.hours)
    return {"since": since, "until": until, "step": timedelta(hours=window.step), **only._asdict()}
