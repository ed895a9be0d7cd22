"""Aggregates of known turns."""

from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from storage.metrics import Metrics
from storage.metrics_queries import MetricsQueries, MetricsReport
from storage.metrics_window import TimeWindow
from storage.misroutes import Misroutes
from storage.pool import Pool
from storage.users import Users
from tests.storage.rows import Owner, answered, create_user, record_turns, rows, save_answered, turn_metrics
from tests.support.expected_metrics import error_codes, figures

DAY = TimeWindow(hours=24, step=1)
WEEK = TimeWindow(hours=168, step=6)


async def report(pool: Pool, user: UUID, window: TimeWindow = DAY) -> MetricsReport:
    """The report of the user's own turns."""
    return await MetricsQueries(pool).for_user(user, window)


async def test_totals_are_averages_over_turns(pool: Pool, ada: UUID) -> None:
    """Not over employees; percentiles are interpolated."""
    quick = [turn_metrics(latency_ms=ms, ttft_ms=ms // 10) for ms in (100, 200, 300)]
    await record_turns(pool, ada, *quick, turn_metrics(employee="tag", latency_ms=1000, ttft_ms=None, success=False))
    found = await report(pool, ada)
    totals, (ledger, tag) = found["totals"], found["data"]
    assert (totals["total_requests"], totals["success_rate"], totals["avg_latency_ms"]) == (4, 75.0, 400)
    assert (totals["p50_latency_ms"], totals["p95_latency_ms"]) == (250, 895)
    assert (totals["p50_ttft_ms"], totals["p95_ttft_ms"]) == (20, 29)
    assert (ledger["employee_slug"], ledger["avg_latency_ms"], ledger["p95_latency_ms"]) == ("ledger", 200, 290)
    assert (tag["employee_slug"], tag["success_rate"], tag["p95_latency_ms"], tag["p50_ttft_ms"]) == (
        "tag", 0.0, 1000, None
    )  # fmt: skip


async def test_rejected_turns_do_not_change_the_times(pool: Pool, ada: UUID) -> None:
    """They count as requests without success, and have no tokens."""
    rejected = [turn_metrics(latency_ms=1, outcome=outcome, success=False) for outcome in ("limited", "refused")]
    await record_turns(pool, ada, turn_metrics(latency_ms=500, outcome="stopped"), *rejected)
    found = await report(pool, ada)
    assert found["totals"]["outcomes"] == {
        "done": 0, "stopped": 1, "limited": 1, "refused": 1, "failed": 0, "fallback": 0
    }  # fmt: skip
    assert (found["totals"]["total_requests"], found["totals"]["success_rate"]) == (3, 33.33)
    assert (found["totals"]["avg_latency_ms"], found["totals"]["total_tokens_est"]) == (500, 15)
    assert (found["series"][-1]["turns"], found["series"][-1]["p50_latency_ms"]) == (3, 500)


async def test_turns_that_share_a_row_count_like_single_rows(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """In every report: the user's, everyone's and metrics_summary()."""
    limited = turn_metrics(employee="tag", outcome="limited", success=False, error_code="rate_limited", latency_ms=1)
    blocked = turn_metrics(outcome="refused", success=False, error_code="blocked", latency_ms=1)
    turns = [turn_metrics(), turn_metrics(employee="tag", error_code="facts_failed"), *[limited] * 7, *[blocked] * 3]
    await record_turns(pool, ada, *turns)
    shared = await all_reports(pool, ada)
    assert shared["totals"] == {**figures(turns), "misroutes": 0, "error_codes": error_codes(turns)}
    assert rows(owner, "select count(*), sum(times) from xai_chat_metrics") == [(4, 12)]
    owner.execute(
        "insert into xai_chat_metrics (id, user_id, employee_slug, model, outcome, latency_ms, prompt_chars,"
        " completion_chars, prompt_tokens_est, completion_tokens_est, success, error_code, created_at)"
        " select gen_random_uuid(), user_id, employee_slug, model, outcome, latency_ms, prompt_chars,"
        " completion_chars, prompt_tokens_est, completion_tokens_est, success, error_code, created_at"
        " from xai_chat_metrics, generate_series(2, times)"
    )
    owner.execute("update xai_chat_metrics set times = 1, hour = null")
    assert rows(owner, "select count(*), sum(times) from xai_chat_metrics") == [(12, 12)]
    assert await all_reports(pool, ada) == shared


async def all_reports(pool: Pool, user: UUID) -> dict[str, Any]:
    """A user's turns in every report, without the series' times and the disk usage."""
    own, everyone = await report(pool, user), await MetricsQueries(pool).for_all_users(DAY)
    assert own["totals"] == everyone["totals"]
    assert own["data"] == everyone["data"]
    async with pool.as_user(user) as conn:
        summary = await (await conn.execute("select * from metrics_summary()")).fetchall()
    series = [(point["turns"], point["failures"], point["p50_latency_ms"]) for point in own["series"]]
    return {"totals": own["totals"], "data": own["data"], "series": series, "summary": summary}


async def test_estimated_tokens_are_compared_only_where_the_model_counted(pool: Pool, ada: UUID) -> None:
    """Other turns are in the total and not in the comparison."""
    with_counts = turn_metrics(prompt_tokens_est=100, completion_tokens_est=20, prompt_tokens=90, completion_tokens=25)
    await record_turns(pool, ada, with_counts, with_counts, turn_metrics(), turn_metrics(prompt_tokens=7))
    totals = (await report(pool, ada))["totals"]
    assert totals["tokens"] == {"turns": 2, "estimated": 240, "counted": 230}
    assert totals["total_tokens_est"] == 270


async def test_error_codes_are_counted(pool: Pool, ada: UUID) -> None:
    """The most frequent first, including those of successful turns."""
    codes = ("rate_limited", "model_down", "summary_failed", "model_down", None)
    await record_turns(pool, ada, *[turn_metrics(error_code=code) for code in codes])
    counts = (await report(pool, ada))["totals"]["error_codes"]
    assert list(counts.items()) == [("model_down", 2), ("rate_limited", 1), ("summary_failed", 1)]


@pytest.mark.parametrize(("window", "count"), [(DAY, 24), (WEEK, 28)])
async def test_the_series_has_no_gaps_and_adds_up_to_the_totals(
    pool: Pool, owner: Owner, ada: UUID, window: TimeWindow, count: int
) -> None:
    """Every turn of the window is in one step, and older ones are in none."""
    ages = (0.1, 1.5, window.step * 2.5, window.hours - 0.1, window.hours + 0.1)
    for hours in ages:
        await record_turns(pool, ada, turn_metrics(latency_ms=round(hours * 100), success=hours < 1, outcome="failed"))
        owner.execute(
            "update xai_chat_metrics set created_at = now() - make_interval(secs => %s) where latency_ms = %s",
            [hours * 3600, round(hours * 100)],
        )
    found = await report(pool, ada, window)
    series = found["series"]
    assert len(series) == count
    assert {later["at"] - sooner["at"] for sooner, later in pairwise(series)} == {(series[1]["at"] - series[0]["at"])}
    assert (series[1]["at"] - series[0]["at"]).total_seconds() == window.step * 3600
    assert found["totals"]["total_requests"] == sum(point["turns"] for point in series) == 4
    assert sum(point["failures"] for point in series) == 3
    assert [point["p95_latency_ms"] for point in (series[0], series[-3], series[5])] == [
        round((window.hours - 0.1) * 100), round(window.step * 250), None
    ]  # fmt: skip


async def test_without_turns_counts_are_zero_and_times_are_none(pool: Pool, ada: UUID) -> None:
    """The series is there, with empty steps."""
    found = await report(pool, ada)
    totals = found["totals"]
    assert (totals["total_requests"], totals["total_tokens_est"], totals["misroutes"]) == (0, 0, 0)
    assert totals["success_rate"] is totals["avg_latency_ms"] is totals["p95_latency_ms"] is None
    assert (found["data"], totals["error_codes"], len(found["series"])) == ([], {}, 24)


async def test_a_misroute_counts_for_the_employee_that_answered(pool: Pool, ada: UUID) -> None:
    """Once per turn, however often the wanted employee changes."""
    turns = [await save_answered(pool, ada, answered(employee=name)) for name in ("ledger", "ledger", "tag")]
    for turn, employee in zip(turns, ("ledger", "ledger", "tag"), strict=True):
        await Metrics(pool).record(ada, turn, turn_metrics(employee=employee))
    for wanted in ("tag", "goalie"):
        assert await Misroutes(pool).record(ada, "c-1", turns[0], wanted) == "ledger"
    found = await report(pool, ada)
    assert [(row["employee_slug"], row["misroutes"]) for row in found["data"]] == [("ledger", 1), ("tag", 0)]
    assert found["totals"]["misroutes"] == 1


async def test_the_report_for_all_users_includes_erased_accounts(pool: Pool, ada: UUID, bob: UUID) -> None:
    """It also has the disk usage, which a user's own report has not."""
    await record_turns(pool, ada, turn_metrics())
    await record_turns(pool, bob, turn_metrics(employee="tag", latency_ms=900))
    await Users(pool).erase(ada)
    everyone = await MetricsQueries(pool).for_all_users(DAY)
    assert [row["employee_slug"] for row in everyone["data"]] == ["ledger", "tag"]
    assert everyone["totals"]["avg_latency_ms"] == 500
    own = await report(pool, bob)
    assert (own["totals"]["total_requests"], own["totals"]["avg_latency_ms"]) == (1, 900)
    assert "sizes" not in own
    assert "sizes" in everyone
    assert everyone["sizes"]["journal"] > 0
    assert everyone["sizes"]["checkpoints"] > 0


@pytest.mark.parametrize(
    "statement",
    [
        "select user_id from xai_chat_metrics",
        "select * from chat_misroutes",
        "select count(*) from chat_messages",
        "select count(*) from chat_turns",
        "select count(*) from langgraph.checkpoints",
    ],
)
async def test_the_analyst_role_cannot_read_users_or_messages(pool: Pool, ada: UUID, statement: str) -> None:
    """Only metrics without user ids."""
    await record_turns(pool, ada, turn_metrics())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with pool.as_analyst() as conn:
            await conn.execute(statement.encode())


async def test_a_report_is_one_snapshot(pool: Pool, ada: UUID) -> None:
    """A turn that ends meanwhile is in none of its queries."""
    await record_turns(pool, ada, turn_metrics())
    count = "select count(*) from xai_chat_metrics"
    async with pool.as_analyst() as conn:
        before = await (await conn.execute(count)).fetchone()
        await record_turns(pool, await create_user(pool, uuid4()), turn_metrics())
        assert await (await conn.execute(count)).fetchone() == before
