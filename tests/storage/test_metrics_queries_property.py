"""Property test: for any turns the database's aggregates equal those of plain Python."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple, cast, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.connections import Connection
from storage.metrics import REJECTED, Outcome, TurnMetrics
from storage.metrics_queries import MetricsQueries
from storage.metrics_window import TimeWindow
from storage.pool import Pool
from storage.users import ensure_user
from tests.storage.rows import turn_metrics
from tests.support.expected_metrics import error_codes, figures

DAY = TimeWindow(hours=24, step=1)
WEEK = TimeWindow(hours=168, step=6)
HOUR = 3_600_000_000
"""Microseconds."""


class Aged(NamedTuple):
    """A turn, its age in microseconds, and how many turns share its row."""

    turn: TurnMetrics
    age: int
    times: int


COUNTS = st.integers(0, 5000)
TURNS = st.builds(
    turn_metrics,
    employee=st.sampled_from(["ledger", "prime", "tag"]),
    outcome=st.sampled_from(get_args(Outcome)),
    model=st.sampled_from(["gpt", "big"]),
    success=st.booleans(),
    latency_ms=st.integers(0, 150_000),
    ttft_ms=st.none() | st.integers(0, 150_000),
    prompt_tokens_est=COUNTS,
    completion_tokens_est=COUNTS,
    prompt_tokens=st.none() | COUNTS,
    completion_tokens=st.none() | COUNTS,
    error_code=st.sampled_from([None, "internal", "model_down", "rate_limited", "facts_failed"]),
)
EDGES = st.tuples(st.sampled_from([0, 1, 6, 12, 23, 24, 162, 168]), st.integers(-1, 1)).map(
    lambda edge: max(0, edge[0] * HOUR + edge[1])
)
AGED = st.builds(Aged, TURNS, EDGES | st.integers(1, 200 * HOUR), st.integers(1, 3)).map(
    lambda one: one if one.turn["outcome"] in REJECTED else one._replace(times=1)
)


class OneTransaction:
    """A pool of one open transaction, in which now() does not change."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @asynccontextmanager
    async def as_user(self, user_id: UUID, *, snapshot: bool) -> AsyncGenerator[Connection]:  # noqa: ARG002
        """The transaction, which is the user's already."""
        yield self._conn


async def insert(conn: Connection, user: UUID, turns: Sequence[Aged]) -> None:
    """Insert each turn with its age."""
    await ensure_user(conn, user)
    await conn.cursor().executemany(
        "insert into xai_chat_metrics (id, user_id, employee_slug, model, outcome, latency_ms, ttft_ms, prompt_chars,"
        " completion_chars, prompt_tokens_est, completion_tokens_est, prompt_tokens, completion_tokens, success,"
        " error_code, times, created_at) values (gen_random_uuid(), %(user)s, %(employee)s, %(model)s, %(outcome)s,"
        " %(latency_ms)s, %(ttft_ms)s, %(prompt_chars)s, %(completion_chars)s, %(prompt_tokens_est)s,"
        " %(completion_tokens_est)s, %(prompt_tokens)s, %(completion_tokens)s, %(success)s, %(error_code)s,"
        " %(times)s, now() - %(age)s * interval '1 microsecond')",
        [{**one.turn, "user": user, "age": one.age, "times": one.times} for one in turns],
    )


def grouped(turns: Sequence[TurnMetrics], by: Literal["employee", "model"], name: str) -> list[dict[str, Any]]:
    """The busiest employee or model first."""
    groups = [(one, [turn for turn in turns if turn[by] == one]) for one in sorted({turn[by] for turn in turns})]
    groups.sort(key=lambda group: -len(group[1]))
    return [{name: one, "misroutes": 0, **figures(group)} for one, group in groups]


def series(turns: Sequence[Aged], window: TimeWindow) -> list[dict[str, Any]]:
    """Steps back from now, the oldest first."""
    hours, step = int(window.hours), int(window.step)
    steps: list[list[TurnMetrics]] = [[] for _ in range(hours // step)]
    for one in turns:
        steps[(hours * HOUR - one.age) // (step * HOUR)] += [one.turn] * one.times
    points = [(figures(step), sum(not turn["success"] for turn in step)) for step in steps]
    return [
        {
            "turns": known["total_requests"],
            "failures": failures,
            "p50_latency_ms": known["p50_latency_ms"],
            "p95_latency_ms": known["p95_latency_ms"],
        }
        for known, failures in points
    ]


@pytest.mark.parametrize("window", [DAY, WEEK])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(AGED, max_size=25))
async def test_aggregates_equal_those_of_plain_python(
    pool: Pool, ada: UUID, window: TimeWindow, turns: list[Aged]
) -> None:
    """To the microsecond at the edges of the window and its steps, and with missing values."""
    async with pool.as_user(ada) as conn:
        await insert(conn, ada, turns)
        found = await MetricsQueries(cast(Pool, OneTransaction(conn))).for_user(ada, window)
        await conn.execute("delete from chat_users")
    inside = [one for one in turns if 0 < one.age <= window.hours * HOUR]
    kept = [one.turn for one in inside for _ in range(one.times)]
    assert found["totals"] == {**figures(kept), "misroutes": 0, "error_codes": error_codes(kept)}
    assert found["data"] == grouped(kept, "employee", "employee_slug")
    assert found["models"] == grouped(kept, "model", "model")
    before = [one for one in turns if window.hours * HOUR < one.age <= 2 * window.hours * HOUR]
    assert found["previous"] == {**figures([one.turn for one in before for _ in range(one.times)]), "misroutes": 0}
    points = [{name: value for name, value in point.items() if name != "at"} for point in found["series"]]
    assert points == series(inside, window)
