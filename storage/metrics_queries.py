"""Aggregates of the metrics of the last hours, for one user or for all."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple, NotRequired, TypedDict
from uuid import UUID

from storage.connections import Connection
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
    p50_ttft_ms: int | None
    p95_ttft_ms: int | None
    total_tokens_est: int
    tokens: TokenCounts
    outcomes: OutcomeCounts
    misroutes: int
    """Turns whose message was sent to another employee afterwards."""


class EmployeeMetrics(AggregateMetrics):
    """Aggregates by the employee that answered."""

    employee_slug: str


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

    totals: TotalMetrics
    data: list[EmployeeMetrics]
    """The busiest employee first."""
    series: list[SeriesPoint]
    """The oldest first, without gaps."""
    sizes: NotRequired[DiskUsage]


class TimeWindow(NamedTuple):
    """How many hours to look back, in steps of `step` hours, which divide `hours`."""

    hours: int
    step: int


class MetricsQueries:
    """Aggregates computed from the turns' rows, in one snapshot and by the database's clock."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def for_user(self, user_id: UUID, window: TimeWindow) -> MetricsReport:
        """The user's own turns."""
        async with self._pool.as_user(user_id, snapshot=True) as conn:
            return await _report(conn, window)

    async def for_all_users(self, window: TimeWindow) -> MetricsReport:
        """The turns of all users, including erased accounts, and the disk usage."""
        async with self._pool.as_analyst() as conn:
            return {**await _report(conn, window), "sizes": await _disk_usage(conn)}


async def _report(conn: Connection, window: TimeWindow) -> MetricsReport:
    """Aggregate the rows that the transaction's role may see: no statement here names a user."""
    overall, *by_employee = await _rows(conn, _AGGREGATES, window)
    codes = await _rows(conn, _ERROR_CODES, window)
    del overall["employee_slug"]
    return {
        "totals": TotalMetrics(**overall, error_codes={row["error_code"]: row["given"] for row in codes}),  # type: ignore[typeddict-item]
        "data": [EmployeeMetrics(**row) for row in by_employee],  # type: ignore[typeddict-item]
        "series": [SeriesPoint(**row) for row in await _rows(conn, _SERIES, window)],  # type: ignore[typeddict-item]
    }


async def _rows(conn: Connection, statement: LiteralString, window: TimeWindow) -> list[dict[str, Any]]:
    return await (await conn.execute(statement, window._asdict())).fetchall()


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


# The totals first, then the employees, all from the turns themselves: no average of averages. `ran` leaves out rejected
# turns, which took no time and no tokens and would make slow answers look quick. Only they share rows (`times`).
_AGGREGATES: LiteralString = (
    "select m.employee_slug, coalesce(sum(m.times), 0) as total_requests,"
    " round(100.0 * coalesce(sum(m.times) filter (where m.success), 0) / nullif(sum(m.times), 0), 2)::float8"
    "  as success_rate,"
    " round(avg(ran.latency_ms::float8))::int as avg_latency_ms,"
    " round(percentile_cont(0.50) within group (order by ran.latency_ms))::int as p50_latency_ms,"
    " round(percentile_cont(0.95) within group (order by ran.latency_ms))::int as p95_latency_ms,"
    " round(percentile_cont(0.50) within group (order by ran.ttft_ms))::int as p50_ttft_ms,"
    " round(percentile_cont(0.95) within group (order by ran.ttft_ms))::int as p95_ttft_ms,"
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
    " left join lateral (select m.latency_ms, m.ttft_ms, m.prompt_tokens_est + m.completion_tokens_est as estimated,"
    "  m.prompt_tokens + m.completion_tokens as counted where m.outcome not in ('limited', 'refused')) ran on true"
    " where m.created_at >= now() - make_interval(hours => %(hours)s) and m.created_at < now()"
    " group by grouping sets ((), (m.employee_slug))"
    " order by grouping(m.employee_slug) desc, sum(m.times) desc, m.employee_slug"
)

_ERROR_CODES: LiteralString = (
    "select error_code, sum(times) as given from xai_chat_metrics"
    " where created_at >= now() - make_interval(hours => %(hours)s) and created_at < now() and error_code is not null"
    " group by error_code order by given desc, error_code"
)

_SERIES: LiteralString = (
    "select s.at, coalesce(t.turns, 0) as turns, coalesce(t.failures, 0) as failures,"
    " t.p50_latency_ms, t.p95_latency_ms"
    " from generate_series(now() - make_interval(hours => %(hours)s), now() - make_interval(hours => %(step)s),"
    "  make_interval(hours => %(step)s)) as s(at)"
    " left join (select"
    "   date_bin(make_interval(hours => %(step)s), m.created_at, now() - make_interval(hours => %(hours)s)) as at,"
    "   sum(m.times) as turns, sum(m.times) filter (where not m.success) as failures,"
    "   round(percentile_cont(0.50) within group (order by ran.latency_ms))::int as p50_latency_ms,"
    "   round(percentile_cont(0.95) within group (order by ran.latency_ms))::int as p95_latency_ms"
    "  from xai_chat_metrics m"
    "  left join lateral (select m.latency_ms where m.outcome not in ('limited', 'refused')) ran on true"
    "  where m.created_at >= now() - make_interval(hours => %(hours)s) and m.created_at < now()"
    "  group by 1) t using (at) order by s.at"
)
