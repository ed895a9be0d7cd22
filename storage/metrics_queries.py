"""What the turns of the last hours add up to, for one user or for all."""

from datetime import datetime
from typing import Any, LiteralString, NamedTuple, NotRequired, TypedDict
from uuid import UUID

from storage.pool import Connection, Pool


class Outcomes(TypedDict):
    """How many turns ended how."""

    done: int
    stopped: int
    limited: int
    refused: int
    failed: int
    fallback: int


class Tokens(TypedDict):
    """Our estimate beside what the model counted, over the turns of which both are known."""

    turns: int
    estimated: int
    counted: int


class Figures(TypedDict):
    """Turns in numbers. Times in milliseconds, of turns that were not turned away; None where there is none."""

    total_requests: int
    success_rate: float | None
    """Percent."""
    avg_latency_ms: int | None
    p50_latency_ms: int | None
    p95_latency_ms: int | None
    p50_ttft_ms: int | None
    p95_ttft_ms: int | None
    total_tokens_est: int
    tokens: Tokens
    outcomes: Outcomes
    misroutes: int
    """Turns whose message was sent to another employee afterwards."""


class EmployeeFigures(Figures):
    """Those of the employee that answered."""

    employee_slug: str


class Totals(Figures):
    """Those of all together."""

    error_codes: dict[str, int]
    """How often each was given, the most frequent first."""


class Point(TypedDict):
    """A stretch of time, by its beginning."""

    at: datetime
    turns: int
    failures: int
    """Turns without success."""
    p50_latency_ms: int | None
    p95_latency_ms: int | None


class Sizes(TypedDict):
    """Bytes on disk, indexes included."""

    checkpoints: int
    journal: int


class Sums(TypedDict):
    """All of it."""

    totals: Totals
    data: list[EmployeeFigures]
    """The busiest employee first."""
    series: list[Point]
    """The oldest first, without a gap."""
    sizes: NotRequired[Sizes]


class Stretch(NamedTuple):
    """How far to look back, and in which steps, which the former is a multiple of."""

    hours: int
    step: int


class AllFigures:
    """Adds up: within one snapshot, by the database's clock, each figure from the turns themselves."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_user(self, user_id: UUID, stretch: Stretch) -> Sums:
        """The user's own turns."""
        async with self._pool.as_user(user_id, snapshot=True) as conn:
            return await _sums(conn, stretch)

    async def of_everyone(self, stretch: Stretch) -> Sums:
        """Everyone's turns, those of erased accounts too, and what is kept on disk for turns."""
        async with self._pool.as_analyst() as conn:
            return {**await _sums(conn, stretch), "sizes": await _sizes(conn)}


async def _sums(conn: Connection, stretch: Stretch) -> Sums:
    """Of the rows that the transaction's role may see: no statement here names a user."""
    overall, *each = await _rows(conn, _FIGURES, stretch)
    codes = await _rows(conn, _ERROR_CODES, stretch)
    del overall["employee_slug"]
    return {
        "totals": Totals(**overall, error_codes={row["error_code"]: row["given"] for row in codes}),  # type: ignore[typeddict-item]
        "data": [EmployeeFigures(**row) for row in each],  # type: ignore[typeddict-item]
        "series": [Point(**row) for row in await _rows(conn, _SERIES, stretch)],  # type: ignore[typeddict-item]
    }


async def _rows(conn: Connection, statement: LiteralString, stretch: Stretch) -> list[dict[str, Any]]:
    return await (await conn.execute(statement, stretch._asdict())).fetchall()


async def _sizes(conn: Connection) -> Sizes:
    cursor = await conn.execute(
        "select coalesce(sum(pg_total_relation_size(c.oid)) filter (where n.nspname = 'langgraph'), 0)::bigint"
        " as checkpoints, coalesce(sum(pg_total_relation_size(c.oid))"
        "  filter (where n.nspname = 'public' and c.relname = 'chat_turn_events'), 0)::bigint as journal"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r'"
    )
    row = await cursor.fetchone()
    assert row
    return Sizes(checkpoints=row["checkpoints"], journal=row["journal"])


# The totals first, then the employees: all from the same turns, so that no average of averages is taken. What was
# turned away took no time and no tokens, and would make slow answers look quick: of it `ran` has nothing. It is also
# all that may share a row, which says how many times.
_FIGURES: LiteralString = (
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
