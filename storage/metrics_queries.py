"""Aggregates of the metrics of a time window, beside those of the window before it, for one user or for all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString, NotRequired, TypedDict
from uuid import UUID

from storage.connections import Connection
from storage.metrics_window import EVERYTHING, MATCHES, TimeWindow, TurnFilter, parameters
from storage.pool import Pool


class OutcomeCounts(TypedDict):
    """Number of turns by outcome."""

    done: int
    stopped: int
    limited: int
    refused: int
    failed: int
    fallback: int


class TokenCounts(TypedDict):
    """Estimated tokens beside those the model counted, over the turns that have both."""

    turns: int
    estimated: int
    counted: int


class AggregateMetrics(TypedDict):
    """Aggregates over turns. Times in milliseconds, without rejected turns; None where there is no turn."""

    total_requests: int
    success_rate: float | None
    """Percent."""
    avg_latency_ms: int | None
    p50_latency_ms: int | None
    p95_latency_ms: int | None
    p99_latency_ms: int | None
    p50_ttft_ms: int | None
    p95_ttft_ms: int | None
    p99_ttft_ms: int | None
    total_tokens_est: int
    tokens: TokenCounts
    outcomes: OutcomeCounts
    misroutes: int
    """Turns whose message was sent to another employee afterwards."""


class EmployeeMetrics(AggregateMetrics):
    """Aggregates by the employee that answered."""

    employee_slug: str


class ModelMetrics(AggregateMetrics):
    """Aggregates by the model that answered, or would have."""

    model: str


class TotalMetrics(AggregateMetrics):
    """Aggregates over all turns."""

    error_codes: dict[str, int]
    """Number of turns by error code, the most frequent first."""


class SeriesPoint(TypedDict):
    """One step of the time series, from `at` on."""

    at: datetime
    turns: int
    failures: int
    """Turns without success."""
    p50_latency_ms: int | None
    p95_latency_ms: int | None


class DiskUsage(TypedDict):
    """Bytes on disk, indexes included."""

    checkpoints: int
    journal: int


class MetricsReport(TypedDict):
    """All aggregates of a time window."""

    since: datetime
    until: datetime
    """The first moment that is not in it."""
    totals: TotalMetrics
    previous: AggregateMetrics
    """Of the window of the same length that ends where this one begins."""
    data: list[EmployeeMetrics]
    """The busiest employee first."""
    models: list[ModelMetrics]
    """The busiest model first."""
    series: list[SeriesPoint]
    """The oldest first, without gaps."""
    sizes: NotRequired[DiskUsage]


class MetricsQueries:
    """Aggregates computed from the turns' rows, in one snapshot and by the database's clock."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def for_user(self, user_id: UUID, window: TimeWindow, only: TurnFilter = EVERYTHING) -> MetricsReport:
        """The user's own turns."""
        async with self._pool.as_user(user_id, snapshot=True) as conn:
            return await _report(conn, window, only)

    async def for_all_users(self, window: TimeWindow, only: TurnFilter = EVERYTHING) -> MetricsReport:
        """The turns of all users, including erased accounts, and the disk usage."""
        async with self._pool.as_analyst() as conn:
            return {**await _report(conn, window, only), "sizes": await _disk_usage(conn)}


async def _report(conn: Connection, window: TimeWindow, only: TurnFilter) -> MetricsReport:
    """Aggregate the rows that the transaction's role may see: no statement here names a user."""
    values = await parameters(conn, window, only)
    overall, *grouped = await _rows(conn, _BY_EMPLOYEE_AND_MODEL, values)
    before = {**values, "since": values["since"] - (values["until"] - values["since"]), "until": values["since"]}
    (previous,) = await _rows(conn, _TOGETHER, before)
    given = {row["error_code"]: row["given"] for row in await _rows(conn, _ERROR_CODES, values)}
    return {
        "since": values["since"],
        "until": values["until"],
        "totals": TotalMetrics(**_without(overall, "employee_slug", "model"), error_codes=given),  # type: ignore[typeddict-item]
        "previous": AggregateMetrics(**previous),  # type: ignore[typeddict-item]
        "data": [EmployeeMetrics(**_without(row, "model")) for row in grouped if row["model"] is None],  # type: ignore[typeddict-item]
        "models": [ModelMetrics(**_without(row, "employee_slug")) for row in grouped if row["model"] is not None],  # type: ignore[typeddict-item]
        "series": [SeriesPoint(**row) for row in await _rows(conn, _SERIES, values)],  # type: ignore[typeddict-item]
    }


def _without(row: dict[str, Any], *columns: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in columns}


async def _rows(conn: Connection, statement: LiteralString, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return await (await conn.execute(statement, values)).fetchall()


async def _disk_usage(conn: Connection) -> DiskUsage:
    cursor = await conn.execute(
        "select coalesce(sum(pg_total_relation_size(c.oid)) filter (where n.nspname = 'langgraph'), 0)::bigint"
        " as checkpoints, coalesce(sum(pg_total_relation_size(c.oid))"
        "  filter (where n.nspname = 'public' and c.relname = 'chat_turn_events'), 0)::bigint as journal"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r'"
    )
    row = await cursor.fetchone()
    assert row
    return DiskUsage(checkpoints=row["checkpoints"], journal=row["journal"])


def _aggregates(keys: LiteralString, grouping: LiteralString) -> LiteralString:
    """All from the turns themselves: no average of averages.

    `ran` leaves out rejected turns, which took no time and no tokens and would make slow answers look quick. Only they
    share rows (`times`). One sort gives all percentiles of a column.
    """
    return (
        f"select {keys} total_requests, success_rate, avg_latency_ms,"  # noqa: S608 (of literals)
        " round(latency[1])::int as p50_latency_ms, round(latency[2])::int as p95_latency_ms,"
        " round(latency[3])::int as p99_latency_ms, round(ttft[1])::int as p50_ttft_ms,"
        " round(ttft[2])::int as p95_ttft_ms, round(ttft[3])::int as p99_ttft_ms,"
        " total_tokens_est, tokens, outcomes, misroutes from ("
        f"select {keys} coalesce(sum(m.times), 0) as total_requests,"
        " round(100.0 * coalesce(sum(m.times) filter (where m.success), 0) / nullif(sum(m.times), 0), 2)::float8"
        "  as success_rate,"
        " round(avg(ran.latency_ms::float8))::int as avg_latency_ms,"
        " percentile_cont(array[0.50, 0.95, 0.99]) within group (order by ran.latency_ms) as latency,"
        " percentile_cont(array[0.50, 0.95, 0.99]) within group (order by ran.ttft_ms) as ttft,"
        " coalesce(sum(ran.estimated), 0)::bigint as total_tokens_est,"
        " json_build_object('turns', count(ran.counted),"
        "  'estimated', coalesce(sum(ran.estimated) filter (where ran.counted is not null), 0),"
        "  'counted', coalesce(sum(ran.counted), 0)) as tokens,"
        " json_build_object('done', coalesce(sum(m.times) filter (where m.outcome = 'done'), 0),"
        "  'stopped', coalesce(sum(m.times) filter (where m.outcome = 'stopped'), 0),"
        "  'limited', coalesce(sum(m.times) filter (where m.outcome = 'limited'), 0),"
        "  'refused', coalesce(sum(m.times) filter (where m.outcome = 'refused'), 0),"
        "  'failed', coalesce(sum(m.times) filter (where m.outcome = 'failed'), 0),"
        "  'fallback', coalesce(sum(m.times) filter (where m.outcome = 'fallback'), 0)) as outcomes,"
        " count(w.turn_id) as misroutes"
        " from xai_chat_metrics m left join chat_misroutes w on w.turn_id = m.id"
        " left join lateral (select m.latency_ms, m.ttft_ms,"
        "  m.prompt_tokens_est + m.completion_tokens_est as estimated,"
        "  m.prompt_tokens + m.completion_tokens as counted where m.outcome not in ('limited', 'refused')) ran on true"
        f" where {MATCHES} {grouping}) counted"
    )


_TOGETHER: LiteralString = _aggregates("", "")
# The totals first, then employees and models, each with the busiest first.
_BY_EMPLOYEE_AND_MODEL: LiteralString = (
    _aggregates("employee_slug, model,", "group by grouping sets ((), (employee_slug), (model))")
    + " order by employee_slug is null and model is null desc, total_requests desc, employee_slug, model"
)

_ERROR_CODES: LiteralString = (
    f"select m.error_code, sum(m.times) as given from xai_chat_metrics m where m.error_code is not null and {MATCHES}"  # noqa: S608 (of literals)
    " group by m.error_code order by given desc, m.error_code"
)

_SERIES: LiteralString = (
    "select s.at, coalesce(t.turns, 0) as turns, coalesce(t.failures, 0) as failures,"  # noqa: S608 (of literals)
    " round(t.latency[1])::int as p50_latency_ms, round(t.latency[2])::int as p95_latency_ms"
    " from generate_series(%(since)s, %(until)s - interval '1 microsecond', %(step)s) as s(at)"
    " left join (select date_bin(%(step)s, m.created_at, %(since)s) as at,"
    "   sum(m.times) as turns, sum(m.times) filter (where not m.success) as failures,"
    "   percentile_cont(array[0.50, 0.95]) within group (order by ran.latency_ms) as latency"
    "  from xai_chat_metrics m"
    "  left join lateral (select m.latency_ms where m.outcome not in ('limited', 'refused')) ran on true"
    f"  where {MATCHES} group by 1) t using (at) order by s.at"
)
