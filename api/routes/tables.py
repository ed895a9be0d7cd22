"""GET /tables: the dashboard's tables as CSV."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from litestar import MediaType, Response, get
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from api.auth.user import User
from api.csv_tables import to_csv
from api.metrics_period import Period, provide_period
from api.openapi import SIGNED_IN, refusals
from api.reports import costs_of, summary_of, turns_of
from graph.account import UserData

Table = Literal[
    "employees", "models", "series", "error_codes", "failed_turns", "slow_turns", "cost_by_day", "cost_by_model",
    "cost_by_employee", "cost_by_user",
]  # fmt: skip
MOST_TURNS = 1000
"""Turns in a table."""
COSTS = {"cost_by_day": "days", "cost_by_model": "models", "cost_by_employee": "employees", "cost_by_user": "users"}
CSV = "text/csv; charset=utf-8"


@get(
    "/tables/{table:str}",
    dependencies={"period": Provide(provide_period, sync_to_thread=False)},
    security=SIGNED_IN,
    tags=["metrics"],
    responses={
        200: ResponseSpec(str, description="CSV.", media_type="text/csv", generate_examples=False),
        **refusals(404),
    },
    media_type=MediaType.TEXT,
)
async def csv_table(
    user: NamedDependency[User],
    user_data: NamedDependency[UserData],
    period: NamedDependency[Period],
    table: FromPath[Table],
) -> Response[str]:
    """One table of the dashboard as CSV, with all its columns."""
    rows = await _rows(user, user_data, period, table)
    disposition = f'attachment; filename="frontdesk-{table.replace("_", "-")}.csv"'
    return Response(to_csv(rows), headers={"Content-Type": CSV, "Content-Disposition": disposition})


async def _rows(user: User, user_data: UserData, period: Period, table: Table) -> Sequence[Mapping[str, object]]:
    if table in ("failed_turns", "slow_turns"):
        return await turns_of(user, user_data, period, "failed" if table == "failed_turns" else "slow", MOST_TURNS)
    if table in COSTS:
        report = cast(dict[str, Any], await costs_of(user, user_data, period))
        return cast(list[dict[str, object]], report.get(COSTS[table], []))
    summary = await summary_of(user, user_data, period)
    if table == "error_codes":
        return [{"error_code": code, "turns": turns} for code, turns in summary["totals"]["error_codes"].items()]
    if table == "employees":
        return summary["data"]
    return summary["models"] if table == "models" else summary["series"]
