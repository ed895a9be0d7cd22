"""One row for every turn, and what they add up to."""

import asyncio
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID, uuid4

import psycopg
import pytest

from storage.audit import KEPT, Finding
from storage.errors import Gone
from storage.metrics import ErrorCode, Metrics
from storage.pool import Pool
from storage.users import Users
from tests.storage.rows import Owner, measured, met, recorded, rows

LIMITED = measured(outcome="limited", success=False, error_code="rate_limited")
BLOCKED = measured(outcome="refused", success=False, error_code="blocked")
INJECTION = Finding(kind="injection", action="refused", rule="ignore_instructions", text_hash="ab" * 32)


async def summary(pool: Pool, user: UUID, hours: int = 24) -> list[dict[str, Any]]:
    """metrics_summary() as this user sees it."""
    async with pool.as_user(user) as conn:
        cursor = await conn.execute("select * from metrics_summary(%(hours)s)", {"hours": hours})
        return await cursor.fetchall()


def test_the_database_knows_the_same_error_codes(owner: Owner) -> None:
    """An import of any other is refused with its line, and no turn is recorded with one."""
    [(definition,)] = rows(
        owner, "select pg_get_constraintdef(oid) from pg_constraint where conname = 'error_code_is_known'"
    )
    assert sorted(re.findall(r"'(\w+)'::text", definition)) == sorted(get_args(ErrorCode))


async def test_a_turn_is_counted_once(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A turn that is run again keeps its first row, and whoever ran it again is told that there was one."""
    turn_id = uuid4()
    await met(pool, ada)
    first = await Metrics(pool).record(ada, turn_id, measured(outcome="failed", success=False, error_code="internal"))
    again = await Metrics(pool).record(ada, turn_id, measured())
    assert (first, again) == (True, False)
    written = rows(owner, "select id, user_id, outcome, success, error_code from xai_chat_metrics")
    assert written == [(turn_id, ada, "failed", False, "internal")]


async def test_nothing_is_counted_for_an_account_that_was_erased_meanwhile(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A turn that was still running cannot bring its user back."""
    await recorded(pool, ada)
    await Users(pool).erase(ada)
    with pytest.raises(Gone):
        await Metrics(pool).record(ada, uuid4(), measured())
    assert rows(owner, "select * from chat_users") == rows(owner, "select * from xai_chat_metrics") == []


async def test_what_the_guard_found_is_audited_with_the_turn(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Once, also of a user of whom nothing else is kept."""
    turn_id = uuid4()
    for _ in range(2):
        await Metrics(pool).record(ada, turn_id, BLOCKED, [INJECTION])
    written = rows(owner, "select user_id, turn_id, kind, action, rule, text_hash from chat_guard_events")
    assert written == [(ada, turn_id, "injection", "refused", "ignore_instructions", "ab" * 32)]


async def test_messages_that_are_turned_away_alike_share_a_row(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """One for each user, employee, error code and hour: whoever goes on being refused makes the table no longer."""
    await recorded(pool, ada, *[LIMITED] * 3, *[BLOCKED] * 2, measured())
    await recorded(pool, ada, measured(**{**LIMITED, "employee": "tag"}))
    await recorded(pool, bob, *[LIMITED] * 2)
    owner.execute("update xai_chat_metrics set hour = hour - interval '1 h' where user_id = %s", [bob])
    await recorded(pool, bob, LIMITED)
    counted = "select employee_slug, error_code, times from xai_chat_metrics where user_id = %(user)s order by 1, 2, 3"
    assert rows(owner, counted, user=ada) == [
        ("ledger", "blocked", 2),
        ("ledger", "rate_limited", 3),
        ("ledger", None, 1),
        ("tag", "rate_limited", 1),
    ]
    assert rows(owner, counted, user=bob) == [("ledger", "rate_limited", 1), ("ledger", "rate_limited", 2)]


async def test_a_message_that_was_turned_away_is_counted_once(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Whoever could not tell whether it was written, and writes it again, is told that it was."""
    await recorded(pool, ada, LIMITED)
    turn_id = uuid4()
    assert [await Metrics(pool).record(ada, turn_id, LIMITED) for _ in range(3)] == [True, False, False]
    assert rows(owner, "select id, times from xai_chat_metrics") == [(turn_id, 2)]


async def test_of_many_at_once_each_is_counted(pool: Pool, owner: Owner, ada: UUID) -> None:
    """By whichever process, they add up."""
    await met(pool, ada)
    new = await asyncio.gather(*(Metrics(pool).record(ada, uuid4(), LIMITED) for _ in range(30)))
    assert new == [True] * 30
    assert rows(owner, "select times from xai_chat_metrics") == [(30,)]


async def test_a_user_who_comes_back_is_counted_anew(pool: Pool, owner: Owner, ada: UUID) -> None:
    """What was turned away before the account was erased belongs to nobody, and is not added to."""
    await recorded(pool, ada, *[LIMITED] * 2)
    await Users(pool).erase(ada)
    await recorded(pool, ada, LIMITED)
    assert rows(owner, "select user_id, times from xai_chat_metrics order by times") == [(ada, 1), (None, 2)]


async def test_only_what_was_turned_away_is_counted_together(pool: Pool, owner: Owner, ada: UUID) -> None:
    """An average over a row that stands for several answers would be none."""
    await recorded(pool, ada, measured())
    for times, hour in ((2, None), (0, None), (1, datetime.now(UTC))):
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute("update xai_chat_metrics set times = %s, hour = %s", [times, hour])


async def test_of_refused_messages_the_latest_are_audited(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """With all that was found in them; what was masked in answered ones stays, and so does what is another's."""
    masked = Finding(kind="card", action="masked", rule=None, text_hash="0" * 64)
    await Metrics(pool).record(await met(pool, ada), uuid4(), measured(), [masked])
    await Metrics(pool).record(bob, uuid4(), BLOCKED, [INJECTION])
    turns = [uuid4() for _ in range(KEPT + 5)]
    for turn_id in turns:
        await Metrics(pool).record(ada, turn_id, BLOCKED, [masked, INJECTION])
    audited = rows(owner, "select turn_id, kind from chat_guard_events where user_id = %(ada)s", ada=ada)
    kept = set(turns[-KEPT:])
    assert {turn for turn, kind in audited if kind == "injection"} == kept
    assert len([turn for turn, kind in audited if kind == "card" and turn in kept]) == KEPT
    assert len(audited) == 2 * KEPT + 1
    assert len(rows(owner, "select from chat_guard_events where user_id = %(bob)s", bob=bob)) == 1


async def test_every_figure_is_written_down(pool: Pool, owner: Owner, ada: UUID) -> None:
    """What was measured is what stands in the table."""
    turn = measured(ttft_ms=None, prompt_tokens=11, completion_tokens=6)
    await recorded(pool, ada, turn)
    written = rows(
        owner,
        "select employee_slug, model, outcome, latency_ms, ttft_ms, prompt_chars, completion_chars,"
        " prompt_tokens_est, completion_tokens_est, prompt_tokens, completion_tokens, success, error_code"
        " from xai_chat_metrics",
    )
    assert written == [tuple(turn.values())]


async def test_the_summary_of_a_known_mixture(pool: Pool, ada: UUID) -> None:
    """Counts, success in percent, averages over requests and not over models, percentiles between values."""
    quick = [measured(latency_ms=ms, ttft_ms=ms // 10) for ms in (100, 200, 300)]
    slow = measured(latency_ms=1000, ttft_ms=None, model="big", outcome="failed", success=False)
    await recorded(pool, ada, *quick, slow, measured(employee="scout", latency_ms=50, ttft_ms=7))
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


async def test_the_summary_takes_no_times_from_what_was_turned_away(pool: Pool, ada: UUID) -> None:
    """Such a message is a request without success, and took neither time nor tokens."""
    away = [measured(latency_ms=1, outcome=outcome, success=False) for outcome in ("limited", "refused")]
    await recorded(pool, ada, measured(latency_ms=500), *away)
    (ledger,) = await summary(pool, ada)
    assert (ledger["total_requests"], ledger["success_rate"]) == (3, Decimal("33.33"))
    assert (ledger["avg_latency_ms"], ledger["p50_latency_ms"], ledger["total_tokens_est"]) == (500, 500, 15)


async def test_the_summary_looks_back_as_far_as_it_is_asked(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A turn of yesterday is not of the last day."""
    await recorded(pool, ada, measured())
    owner.execute("update xai_chat_metrics set created_at = now() - interval '25 hours'")
    await recorded(pool, ada, measured())
    assert [row["total_requests"] for row in await summary(pool, ada)] == [1]
    assert [row["total_requests"] for row in await summary(pool, ada, hours=26)] == [2]


async def test_another_users_turns_are_not_in_the_summary(pool: Pool, ada: UUID, bob: UUID) -> None:
    """The figures are those of the rows that the caller may see."""
    await recorded(pool, ada, measured(), measured(employee="scout"))
    await recorded(pool, bob, measured(latency_ms=900))
    assert [(row["total_requests"], row["avg_latency_ms"]) for row in await summary(pool, bob)] == [(1, 900)]
    assert await summary(pool, uuid4()) == []


async def test_the_figures_outlive_the_person(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Once an account is erased its rows belong to nobody, and no user sees them."""
    await recorded(pool, ada, measured())
    await Users(pool).erase(ada)
    assert await summary(pool, ada) == []
    assert rows(owner, "select sum(total_requests)::int from metrics_summary()") == [(1,)]
