"""What turns add up to, from rows of which every figure is known."""

from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from storage.metrics import Metrics
from storage.metrics_queries import AllFigures, Stretch, Sums
from storage.misroutes import Misroutes
from storage.pool import Pool
from storage.users import Users
from tests.storage.rows import Owner, answered, measured, met, recorded, rows, spoken
from tests.support.expected_metrics import error_codes, figures

DAY = Stretch(hours=24, step=1)
WEEK = Stretch(hours=168, step=6)


async def sums(pool: Pool, user: UUID, stretch: Stretch = DAY) -> Sums:
    """The user's own."""
    return await AllFigures(pool).of_user(user, stretch)


async def test_totals_weigh_each_turn_alike(pool: Pool, ada: UUID) -> None:
    """The average is over turns and not over employees, and percentiles lie between the turns' own values."""
    quick = [measured(latency_ms=ms, ttft_ms=ms // 10) for ms in (100, 200, 300)]
    await recorded(pool, ada, *quick, measured(employee="tag", latency_ms=1000, ttft_ms=None, success=False))
    found = await sums(pool, ada)
    totals, (ledger, tag) = found["totals"], found["data"]
    assert (totals["total_requests"], totals["success_rate"], totals["avg_latency_ms"]) == (4, 75.0, 400)
    assert (totals["p50_latency_ms"], totals["p95_latency_ms"]) == (250, 895)
    assert (totals["p50_ttft_ms"], totals["p95_ttft_ms"]) == (20, 29)
    assert (ledger["employee_slug"], ledger["avg_latency_ms"], ledger["p95_latency_ms"]) == ("ledger", 200, 290)
    assert (tag["employee_slug"], tag["success_rate"], tag["p95_latency_ms"], tag["p50_ttft_ms"]) == (
        "tag", 0.0, 1000, None
    )  # fmt: skip


async def test_what_was_turned_away_makes_nothing_look_quick(pool: Pool, ada: UUID) -> None:
    """It is a request without success, and took neither time nor tokens."""
    away = [measured(latency_ms=1, outcome=outcome, success=False) for outcome in ("limited", "refused")]
    await recorded(pool, ada, measured(latency_ms=500, outcome="stopped"), *away)
    found = await sums(pool, ada)
    assert found["totals"]["outcomes"] == {
        "done": 0, "stopped": 1, "limited": 1, "refused": 1, "failed": 0, "fallback": 0
    }  # fmt: skip
    assert (found["totals"]["total_requests"], found["totals"]["success_rate"]) == (3, 33.33)
    assert (found["totals"]["avg_latency_ms"], found["totals"]["total_tokens_est"]) == (500, 15)
    assert (found["series"][-1]["turns"], found["series"][-1]["p50_latency_ms"]) == (3, 500)


async def test_what_shares_a_row_counts_as_often_as_it_was(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """The figures of messages that were turned away are those of as many rows, for the user and for everyone."""
    limited = measured(employee="tag", outcome="limited", success=False, error_code="rate_limited", latency_ms=1)
    blocked = measured(outcome="refused", success=False, error_code="blocked", latency_ms=1)
    turns = [measured(), measured(employee="tag", error_code="facts_failed"), *[limited] * 7, *[blocked] * 3]
    await recorded(pool, ada, *turns)
    together = await counted(pool, ada)
    assert together["totals"] == {**figures(turns), "misroutes": 0, "error_codes": error_codes(turns)}
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
    assert await counted(pool, ada) == together


async def counted(pool: Pool, user: UUID) -> dict[str, Any]:
    """All that is told of a user's turns in all ways, but for the times of the series and what lies on disk."""
    own, everyone = await sums(pool, user), await AllFigures(pool).of_everyone(DAY)
    assert own["totals"] == everyone["totals"]
    assert own["data"] == everyone["data"]
    async with pool.as_user(user) as conn:
        summary = await (await conn.execute("select * from metrics_summary()")).fetchall()
    series = [(point["turns"], point["failures"], point["p50_latency_ms"]) for point in own["series"]]
    return {"totals": own["totals"], "data": own["data"], "series": series, "summary": summary}


async def test_an_estimate_is_held_only_against_what_was_counted(pool: Pool, ada: UUID) -> None:
    """Turns of which the model said nothing are in the total, and not in the comparison."""
    told = measured(prompt_tokens_est=100, completion_tokens_est=20, prompt_tokens=90, completion_tokens=25)
    await recorded(pool, ada, told, told, measured(), measured(prompt_tokens=7))
    totals = (await sums(pool, ada))["totals"]
    assert totals["tokens"] == {"turns": 2, "estimated": 240, "counted": 230}
    assert totals["total_tokens_est"] == 270


async def test_error_codes_are_counted(pool: Pool, ada: UUID) -> None:
    """The most frequent first, those of turns that succeeded too."""
    codes = ("rate_limited", "model_down", "summary_failed", "model_down", None)
    await recorded(pool, ada, *[measured(error_code=code) for code in codes])
    counted = (await sums(pool, ada))["totals"]["error_codes"]
    assert list(counted.items()) == [("model_down", 2), ("rate_limited", 1), ("summary_failed", 1)]


@pytest.mark.parametrize(("stretch", "count"), [(DAY, 24), (WEEK, 28)])
async def test_the_series_has_no_gap_and_adds_up_to_the_totals(
    pool: Pool, owner: Owner, ada: UUID, stretch: Stretch, count: int
) -> None:
    """Every turn is in one step, whatever the time of day, and what is older is in none."""
    ages = (0.1, 1.5, stretch.step * 2.5, stretch.hours - 0.1, stretch.hours + 0.1)
    for hours in ages:
        await recorded(pool, ada, measured(latency_ms=round(hours * 100), success=hours < 1, outcome="failed"))
        owner.execute(
            "update xai_chat_metrics set created_at = now() - make_interval(secs => %s) where latency_ms = %s",
            [hours * 3600, round(hours * 100)],
        )
    found = await sums(pool, ada, stretch)
    series = found["series"]
    assert len(series) == count
    assert {later["at"] - sooner["at"] for sooner, later in pairwise(series)} == {(series[1]["at"] - series[0]["at"])}
    assert (series[1]["at"] - series[0]["at"]).total_seconds() == stretch.step * 3600
    assert found["totals"]["total_requests"] == sum(point["turns"] for point in series) == 4
    assert sum(point["failures"] for point in series) == 3
    assert [point["p95_latency_ms"] for point in (series[0], series[-3], series[5])] == [
        round((stretch.hours - 0.1) * 100), round(stretch.step * 250), None
    ]  # fmt: skip


async def test_where_nothing_was_asked_there_is_nothing_to_tell(pool: Pool, ada: UUID) -> None:
    """Zeros where something is counted, and no rate or time that nobody measured."""
    found = await sums(pool, ada)
    totals = found["totals"]
    assert (totals["total_requests"], totals["total_tokens_est"], totals["misroutes"]) == (0, 0, 0)
    assert totals["success_rate"] is totals["avg_latency_ms"] is totals["p95_latency_ms"] is None
    assert (found["data"], totals["error_codes"], len(found["series"])) == ([], {}, 24)


async def test_a_misroute_counts_for_the_employee_that_was_not_wanted(pool: Pool, ada: UUID) -> None:
    """Once for each turn, whoever is asked instead in the end."""
    turns = [await spoken(pool, ada, answered(employee=name)) for name in ("ledger", "ledger", "tag")]
    for turn, employee in zip(turns, ("ledger", "ledger", "tag"), strict=True):
        await Metrics(pool).record(ada, turn, measured(employee=employee))
    for wanted in ("tag", "goalie"):
        assert await Misroutes(pool).record(ada, "c-1", turns[0], wanted) == "ledger"
    found = await sums(pool, ada)
    assert [(row["employee_slug"], row["misroutes"]) for row in found["data"]] == [("ledger", 1), ("tag", 0)]
    assert found["totals"]["misroutes"] == 1


async def test_everyones_figures_are_of_everyone(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Of erased accounts too; a user's own are not, and only an administrator learns what it takes on disk."""
    await recorded(pool, ada, measured())
    await recorded(pool, bob, measured(employee="tag", latency_ms=900))
    await Users(pool).erase(ada)
    everyone = await AllFigures(pool).of_everyone(DAY)
    assert [row["employee_slug"] for row in everyone["data"]] == ["ledger", "tag"]
    assert everyone["totals"]["avg_latency_ms"] == 500
    own = await sums(pool, bob)
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
async def test_whoever_adds_up_cannot_tell_whose_it_is(pool: Pool, ada: UUID, statement: str) -> None:
    """Whatever an administrator's statement might ask for."""
    await recorded(pool, ada, measured())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with pool.as_analyst() as conn:
            await conn.execute(statement.encode())


async def test_nothing_moves_while_it_is_added_up(pool: Pool, ada: UUID) -> None:
    """A turn that ends meanwhile is in none of the figures."""
    await recorded(pool, ada, measured())
    count = "select count(*) from xai_chat_metrics"
    async with pool.as_analyst() as conn:
        before = await (await conn.execute(count)).fetchone()
        await recorded(pool, await met(pool, uuid4()), measured())
        assert await (await conn.execute(count)).fetchone() == before
