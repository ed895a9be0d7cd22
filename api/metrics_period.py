"""Which turns a request for metrics is about: a time window and a filter, from its query parameters."""

import math
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.auth.user import User
from api.problems import Problem
from nodes.employees import find
from storage.metrics import Outcome
from storage.metrics_window import TimeWindow, TurnFilter

WINDOWS: dict[str, TimeWindow] = {"24h": TimeWindow(hours=24, step=1), "7d": TimeWindow(hours=7 * 24, step=6)}
CUSTOM = "custom"
"""The range's name where `from` and `to` are given."""
STEPS = (1 / 12, 1 / 4, 1, 3, 6, 12, 24, 3 * 24, 7 * 24, 30 * 24, 91 * 24)
"""Hours of a step of other windows: the first of these with which there are at most `MOST_STEPS`."""
MOST_STEPS = 62
LONGEST_DAYS = 3653
"""Ten years, where metrics are kept for ever."""
TIME = r"^20\d\d-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$"

Span = Annotated[  # not a Literal: the framework's error would not name the values
    str, QueryParameter(name="range", description="How far to look back.", schema_extra={"enum": [*WINDOWS]})
]
Start = Annotated[
    str | None,
    QueryParameter(name="from", pattern=TIME, description="With `to` instead of `range`: where the window begins."),
]
End = Annotated[
    str | None,
    QueryParameter(name="to", pattern=TIME, description="The first moment after the window; unset: now."),
]
Employee = Annotated[
    str | None, QueryParameter(max_length=40, description="Turns of this employee only, by slug or alias.")
]
Model = Annotated[str | None, QueryParameter(max_length=200, description="Turns of this model only.")]
OnlyOutcome = Annotated[Outcome | None, QueryParameter(description="Turns with this outcome only.")]


class Period(NamedTuple):
    """The turns that are asked for, in words and as the queries take them."""

    range: str
    window: TimeWindow
    only: TurnFilter

    @property
    def detail(self) -> str:
        """For the audit log: what exactly was looked at."""
        until = self.window.until
        asked = {"range": self.range, "hours": None, "to": None, **self.only._asdict()}
        if until:
            asked |= {"hours": f"{self.window.hours:g}", "to": until.astimezone(UTC).isoformat(timespec="seconds")}
        return "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)


def provide_period(  # one parameter for each of the query
    request: Request[Any, Any, Any],
    user: NamedDependency[User],  # noqa: ARG001 - so that a client that is not signed in gets 401
    span: Span = "24h",
    start: Start = None,
    end: End = None,
    employee: Employee = None,
    model: Model = None,
    outcome: OnlyOutcome = None,
) -> Period:
    """Dependency `period`.

    Raises:
        Problem: 400, there is no such range, time or employee.
    """
    only = TurnFilter(_slug(employee), model, outcome)
    if start is None and end is None:
        if span not in WINDOWS:
            raise Problem(400, "invalid_request", f"range: takes {' or '.join(WINDOWS)}")
        return Period(span, WINDOWS[span], only)
    if start is None:
        raise Problem(400, "invalid_request", "from: is needed with to")
    kept = request.app.state.metrics_days or LONGEST_DAYS
    until = _time("to", end) if end else datetime.now(UTC)
    hours = (until - _time("from", start)).total_seconds() / 3600
    if hours <= 0:
        raise Problem(400, "invalid_request", "from: must be before to")
    if hours > kept * 24:
        raise Problem(400, "invalid_request", f"from: metrics are kept for {kept:g} days")
    return Period(CUSTOM, TimeWindow(hours, _step(hours), until), only)


def _step(hours: float) -> float:
    return next((step for step in STEPS if math.ceil(hours / step) <= MOST_STEPS), STEPS[-1])


def _time(name: str, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(400, "invalid_request", f"{name}: is no time") from None


def _slug(name: str | None) -> str | None:
    if name is None:
        return None
    employee = find(name)
    if employee is None:
        raise Problem(400, "invalid_request", "employee: there is no such employee")
    return employee.slug
