"""Metrics: one row per turn, and metrics_summary()."""

import asyncio
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID, uuid4

import psycopg
import pytest

from storage.errors import Gone
from storage.metrics import REFUSALS_KEPT, ErrorCode, Finding, Metrics
from storage.pool import Pool
from storage.users import Users
from tests.storage.rows import (
    AnsweredTurn,
    Owner,
    accepted,
    answered,
    create_user,
    record_turns,
    rows,
    save_accepted,
    save_answered,
    turn_metrics,
)

LIMITED = turn_metrics(outcome="limited", success=False, error_code="rate_limited")
BLOCKED = turn_metrics(outcome="refused", success=False, error_code="blocked")
FOUND = Finding(kind="card", action="masked", rule=None, text_hash="cd" * 32)
INJECTION = Finding(kind="injection", action="refused", rule="ignore_instructions", text_hash="ab" * 32)


async def summary(pool: Pool, user: UUID, hours: int = 24) -> list[dict[str, Any]]:
    """metrics_summary() for this user."""
    async with pool.as_user(user) as conn:
        cursor = await conn.execute("select * from metrics_summary(%(hours)s)", {"hours": hours})
        return await cursor.fetchall()


def test_code_and_database_have_the_same_error_codes(owner: Owner) -> None:
    """`ErrorCode` and the constraint are equal."""
    [(definition,)] = rows(
        owner, "select pg_get_constraintdef(oid) from pg_constraint where conname = 'error_code_is_known'"
    )
    assert sorted(re.findall(r"'(\w+)'::text", definition)) == sorted(get_args(ErrorCode))


async def test_a_turn_is_recorded_once(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A turn that is run again keeps its first row, and `record` returns False."""
    turn_id = uuid4()
    await create_user(pool, ada)
    first = await Metrics(pool).record(
        ada, turn_id, turn_metrics(outcome="failed", success=False, error_code="internal")
    )
    again = await Metrics(pool).record(ada, turn_id, turn_metrics())
    assert (first, again) == (True, False)
    stored = rows(owner, "select id, user_id, outcome, success, error_code from xai_chat_metrics")
    assert stored == [(turn_id, ada, "failed", False, "internal")]


@pytest.mark.parametrize(("finish_reason", "status"), [("stop", "done"), ("stopped", "stopped")])
async def test_an_answered_turn_ends_with_its_metrics(
    pool: Pool, owner: Owner, ada: UUID, finish_reason: str, status: str
) -> None:
    """Where that is asked for, and only one that is answered; also where its metrics were recorded before."""
    turn: AnsweredTurn = {**answered(), "finish_reason": finish_reason}
    ending, going_on = await save_answered(pool, ada, turn), await save_answered(pool, ada, turn)
    streaming = await save_accepted(pool, ada, accepted())
    metrics = Metrics(pool)
    await metrics.record(ada, going_on, turn_metrics())
    for turn_id, is_new in ((ending, True), (ending, False), (streaming, True)):
        assert await metrics.record(ada, turn_id, turn_metrics(), [FOUND], finish=True) == is_new
    ended = dict(rows(owner, "select turn_id, status from chat_turns"))
    assert ended == {ending: status, going_on: "answered", streaming: "streaming"}
    assert len(rows(owner, "select from chat_guard_events")) == 2
    await metrics.record(ada, going_on, turn_metrics(), finish=True)
    assert rows(owner, "select status from chat_turns where turn_id = %(turn)s", turn=going_on) == [(status,)]


async def test_nothing_is_recorded_for_an_erased_account(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A turn that was still running does not recreate the user."""
    await record_turns(pool, ada)
    await Users(pool).erase(ada)
    with pytest.raises(Gone):
        await Metrics(pool).record(ada, uuid4(), turn_metrics())
    assert rows(owner, "select * from chat_users") == rows(owner, "select * from xai_chat_metrics") == []


async def test_findings_of_the_guard_are_recorded_with_the_turn(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Once, also for a user without any other rows."""
    turn_id = uuid4()
    for _ in range(2):
        await Metrics(pool).record(ada, turn_id, BLOCKED, [INJECTION])
    stored = rows(owner, "select user_id, turn_id, kind, action, rule, text_hash from chat_guard_events")
    assert stored == [(ada, turn_id, "injection", "refused", "ignore_instructions", "ab" * 32)]


async def test_equal_rejected_turns_share_a_row(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """One row for each user, employee, error code and hour, so that repeated refusals do not fill the table."""
    await record_turns(pool, ada, *[LIMITED] * 3, *[BLOCKED] * 2, turn_metrics())
    await record_turns(pool, ada, turn_metrics(**{**LIMITED, "employee": "tag"}))
    await record_turns(pool, bob, *[LIMITED] * 2)
    owner.execute("update xai_chat_metrics set hour = hour - interval '1 h' where user_id = %s", [bob])
    await record_turns(pool, bob, LIMITED)
    query = "select employee_slug, error_code, times from xai_chat_metrics where user_id = %(user)s order by 1, 2, 3"
    assert rows(owner, query, user=ada) == [
        ("ledger", "blocked", 2),
        ("ledger", "rate_limited", 3),
        ("ledger", None, 1),
        ("tag", "rate_limited", 1),
    ]
    assert rows(owner, query, user=bob) == [("ledger", "rate_limited", 1), ("ledger", "rate_limited", 2)]


async def test_a_rejected_turn_is_counted_once(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Also where it is recorded again because the reply to the commit was lost."""
    await record_turns(pool, ada, LIMITED)
    turn_id = uuid4()
    assert [await Metrics(pool).record(ada, turn_id, LIMITED) for _ in range(3)] == [True, False, False]
    assert rows(owner, "select id, times from xai_chat_metrics") == [(turn_id, 2)]


async def test_concurrent_rejected_turns_are_all_counted(pool: Pool, owner: Owner, ada: UUID) -> None:
    """None is lost."""
    await create_user(pool, ada)
    new = await asyncio.gather(*(Metrics(pool).record(ada, uuid4(), LIMITED) for _ in range(30)))
    assert new == [True] * 30
    assert rows(owner, "select times from xai_chat_metrics") == [(30,)]


async def test_rejected_turns_after_erasing_the_account_get_a_new_row(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The old row belongs to no user and is not added to."""
    await record_turns(pool, ada, *[LIMITED] * 2)
    await Users(pool).erase(ada)
    await record_turns(pool, ada, LIMITED)
    assert rows(owner, "select user_id, times from xai_chat_metrics order by times") == [(ada, 1), (None, 2)]


async def test_only_rejected_turns_share_a_row(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A row for several answers would distort the averages."""
    await record_turns(pool, ada, turn_metrics())
    for times, hour in ((2, None), (0, None), (1, datetime.now(UTC))):
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute("update xai_chat_metrics set times = %s, hour = %s", [times, hour])


async def test_findings_of_the_latest_refused_messages_are_kept(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """All findings of them; those of answered messages and of other users stay."""
    masked = Finding(kind="card", action="masked", rule=None, text_hash="0" * 64)
    await Metrics(pool).record(await create_user(pool, ada), uuid4(), turn_metrics(), [masked])
    await Metrics(pool).record(bob, uuid4(), BLOCKED, [INJECTION])
    turns = [uuid4() for _ in range(REFUSALS_KEPT + 5)]
    for turn_id in turns:
        await Metrics(pool).record(ada, turn_id, BLOCKED, [masked, INJECTION])
    found = rows(owner, "select turn_id, kind from chat_guard_events where user_id = %(ada)s", ada=ada)
    kept = set(turns[-REFUSALS_KEPT:])
    assert {turn for turn, kind in found if kind == "injection"} == kept
    assert len([turn for turn, kind in found if kind == "card" and turn in kept]) == REFUSALS_KEPT
    assert len(found) == 2 * REFUSALS_KEPT + 1
    assert len(rows(owner, "select from chat_guard_events where user_id = %(bob)s", bob=bob)) == 1


async def test_every_field_is_stored(pool: Pool, owner: Owner, ada: UUID) -> None:
    """In the column of its name."""
    turn = turn_metrics(
        ttft_ms=None, prompt_tokens=11, completion_tokens=6, cached_tokens=4, background_model="small",
        background_prompt_tokens=9, background_cached_tokens=2, background_completion_tokens=7,
        prompt_version="ledger-0a1b2c3d", timing={"guard_ms": 1.5, "model_ms": None}, attempts=2,
    )  # fmt: skip
    turn["trace_id"] = "0af7651916cd43dd8448eb211c80319c"
    await record_turns(pool, ada, turn)
    stored = rows(
        owner,
        "select employee_slug, model, outcome, latency_ms, ttft_ms, prompt_chars, completion_chars,"
        " prompt_tokens_est, completion_tokens_est, prompt_tokens, completion_tokens, cached_tokens,"
        " background_model, background_prompt_tokens, background_cached_tokens, background_completion_tokens,"
        " prompt_version,"
        " timing, attempts, success, error_code, trace_id"
        " from xai_chat_metrics",
    )
    assert stored == [tuple(turn.values())]


async def test_the_summary_of_known_turns(pool: Pool, ada: UUID) -> None:
    """Counts, success in percent, averages over requests and not over models, interpolated percentiles."""
    quick = [turn_metrics(latency_ms=ms, ttft_ms=ms // 10) for ms in (100, 200, 300)]
    slow = turn_metrics(latency_ms=1000, ttft_ms=None, model="big", outcome="failed", success=False)
    await record_turns(pool, ada, *quick, slow, turn_metrics(employee="scout", latency_ms=50, ttft_ms=7))
    ledger, scout = await summary(pool, ada)
    assert ledger == {
        "employee_slug": "ledger",
        "total_requests": 4,
        "success_rate": Decimal("75.00"),
        "avg_latency_ms": 400,
        "p50_latency_ms": 250,
        "p95_latency_ms": 895,
        "p50_ttft_ms": 20,
        "total_tokens_est": 60,
    }
    assert (scout["employee_slug"], scout["total_requests"], scout["success_rate"]) == ("scout", 1, 100)


async def test_rejected_turns_do_not_change_the_times_of_the_summary(pool: Pool, ada: UUID) -> None:
    """They count as requests without success."""
    rejected = [turn_metrics(latency_ms=1, outcome=outcome, success=False) for outcome in ("limited", "refused")]
    await record_turns(pool, ada, turn_metrics(latency_ms=500), *rejected)
    (ledger,) = await summary(pool, ada)
    assert (ledger["total_requests"], ledger["success_rate"]) == (3, Decimal("33.33"))
    assert (ledger["avg_latency_ms"], ledger["p50_latency_ms"], ledger["total_tokens_est"]) == (500, 500, 15)


async def test_the_summary_covers_the_hours_asked_for(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A turn of 25 hours ago is not in the last day."""
    await record_turns(pool, ada, turn_metrics())
    owner.execute("update xai_chat_metrics set created_at = now() - interval '25 hours'")
    await record_turns(pool, ada, turn_metrics())
    assert [row["total_requests"] for row in await summary(pool, ada)] == [1]
    assert [row["total_requests"] for row in await summary(pool, ada, hours=26)] == [2]


async def test_the_summary_has_only_the_users_own_turns(pool: Pool, ada: UUID, bob: UUID) -> None:
    """It aggregates the rows that the caller may see."""
    await record_turns(pool, ada, turn_metrics(), turn_metrics(employee="scout"))
    await record_turns(pool, bob, turn_metrics(latency_ms=900))
    assert [(row["total_requests"], row["avg_latency_ms"]) for row in await summary(pool, bob)] == [(1, 900)]
    assert await summary(pool, uuid4()) == []


async def test_metrics_outlive_the_account(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Rows of an erased account belong to no user, and no user sees them."""
    await record_turns(pool, ada, turn_metrics())
    await Users(pool).erase(ada)
    assert await summary(pool, ada) == []
    assert rows(owner, "select sum(total_requests)::int from metrics_summary()") == [(1,)]
