"""Numbers that tell the truth: what turns add up to, and what you did of late."""

from typing import Annotated, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.describe import SIGNED_IN, refusals
from api.errors import Problem
from api.user import User
from graph.records import Records
from storage.figures import Stretch, Sums
from storage.insights import Insights

Range = Literal["24h", "7d"]
STRETCHES: dict[Range, Stretch] = {"24h": Stretch(hours=24, step=1), "7d": Stretch(hours=7 * 24, step=6)}

Span = Annotated[  # any text, because the framework's own words do not say what it takes
    str, QueryParameter(name="range", description="How far to look back.", schema_extra={"enum": [*STRETCHES]})
]


class MetricsSummary(Sums):
    """The turns of the last hours in numbers; for administrators everyone's."""

    range: Range
    hours: int


@get("/metrics-summary", security=SIGNED_IN, tags=["metrics"], responses=refusals())
async def metrics_summary(
    user: NamedDependency[User],
    records: NamedDependency[Records],
    span: Span = "24h",
) -> MetricsSummary:
    """Your turns in numbers, under the employee that answered; an administrator sees everyone's."""
    known = next((one for one in STRETCHES if one == span), None)
    if known is None:
        raise Problem(400, "invalid_request", f"range: takes {' or '.join(STRETCHES)}")
    stretch, figures = STRETCHES[known], records.figures
    sums = await (figures.of_everyone(stretch) if user.admin else figures.of_user(user.user_id, stretch))
    return MetricsSummary(range=known, hours=stretch.hours, **sums)


@get("/insights", security=SIGNED_IN, tags=["metrics"], responses=refusals())
async def insights(user: NamedDependency[User], records: NamedDependency[Records]) -> Insights:
    """Your last seven days, today included."""
    return await records.insights.of_user(user.user_id)
