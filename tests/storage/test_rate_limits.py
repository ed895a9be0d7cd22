"""Rate limits; the tests move times in the table instead of waiting."""

import asyncio
from uuid import UUID

import pytest

from storage.errors import StorageUnavailable
from storage.pool import Pool
from storage.rate_limits import CHAT_WINDOW, POLICIES, Allowance, RateLimits
from tests.storage.rows import Owner, create_user, rows

HITS = """
    with known as (insert into chat_users (user_id) values (%(user)s))
    insert into chat_rate_limits (user_id, window_start, admitted_at, count, created_at)
    select %(user)s, to_char(min(t) at time zone 'utc', 'YYYY-MM-DD HH24:MI'), array_agg(t), count(*), min(t)
    from (select clock_timestamp() - make_interval(secs => ago) as t from unnest(%(ago)s::float[]) ago) hits
"""


def insert_requests(owner: Owner, user: UUID, *ago: float) -> None:
    """Insert requests that were admitted so many seconds ago."""
    owner.execute(HITS, {"user": user, "ago": list(ago)})


async def take(limits: RateLimits, user: UUID) -> Allowance:
    """What one more request leaves, or its refusal."""
    allowance = await limits.take(user)
    assert allowance is not None
    return allowance


async def test_eight_requests_pass_and_the_ninth_is_refused(pool: Pool, ada: UUID) -> None:
    """Each result says how many are left."""
    answers = [await take(RateLimits(pool, 8), ada) for _ in range(9)]
    assert [answer["remaining"] for answer in answers] == [7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert [answer["retry_after"] is None for answer in answers] == [True] * 8 + [False]


async def test_of_fifty_concurrent_requests_exactly_eight_pass(pool: Pool, ada: UUID) -> None:
    """Two cannot both be the last allowed one."""
    answers = await asyncio.gather(*(take(RateLimits(pool, 8), ada) for _ in range(50)))
    passed = [answer for answer in answers if answer["retry_after"] is None]
    assert sorted(answer["remaining"] for answer in passed) == list(range(8))


async def test_a_refused_request_is_not_counted(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Repeated attempts do not delay the next allowed one."""
    limits = RateLimits(pool, 2)
    for _ in range(5):
        await take(limits, ada)
    counted = rows(owner, "select count, cardinality(admitted_at) from chat_rate_limits")
    assert counted == [(2, 2)]


async def test_the_window_slides(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """A request counts for sixty seconds, whichever minute of the clock it fell into."""
    insert_requests(owner, ada, *[30] * 8)
    insert_requests(owner, bob, *[61] * 8)
    assert (await take(RateLimits(pool, 8), ada))["retry_after"] is not None
    assert (await take(RateLimits(pool, 8), bob))["remaining"] == 7


async def test_a_refused_request_may_be_retried_when_the_oldest_leaves_the_window(
    pool: Pool, owner: Owner, ada: UUID
) -> None:
    """That is when the oldest of the eight is sixty seconds old."""
    insert_requests(owner, ada, 45, *[10] * 7)
    assert_retry_when_it_leaves(owner, (await take(RateLimits(pool, 8), ada))["retry_after"], nth=1, ago=45)


async def test_after_lowering_the_limit_only_the_latest_requests_matter(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A request passes once fewer than eight are left in the window."""
    insert_requests(owner, ada, 50, 40, *[20] * 8)
    assert_retry_when_it_leaves(owner, (await take(RateLimits(pool, 8), ada))["retry_after"], nth=3, ago=20)


def assert_retry_when_it_leaves(owner: Owner, seconds: float | None, *, nth: int, ago: float) -> None:
    """Check that the wait ends when the nth oldest request is a minute old: between what was left and what is."""
    [(left,)] = rows(
        owner,
        "select extract(epoch from (array_agg(t order by t))[%(nth)s] + interval '60 s' - clock_timestamp())::float"
        " from chat_rate_limits, unnest(admitted_at) t",
        nth=nth,
    )
    assert seconds is not None
    assert left <= seconds <= CHAT_WINDOW - ago


async def test_requests_in_the_future_do_not_count(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The database's clock was set back after they were admitted, which locks no user out."""
    insert_requests(owner, ada, *[-3600] * 7, 10)
    limits = RateLimits(pool, 2)
    before = await limits.peek(ada)
    first, second = await take(limits, ada), await take(limits, ada)
    assert before is not None
    assert before["remaining"] == 1
    assert first["retry_after"] is None
    assert second["retry_after"] is not None
    assert second["retry_after"] <= CHAT_WINDOW - 10


async def test_each_kind_of_request_has_a_limit_of_its_own(pool: Pool, ada: UUID) -> None:
    """Exhausting one leaves the others alone."""
    limits = RateLimits(pool, 1)
    assert (await take(limits, ada))["remaining"] == 0
    for bucket, policy in POLICIES.items():
        allowance = await limits.take(ada, bucket)
        assert allowance is not None
        assert (allowance["limit"], allowance["window"], allowance["remaining"]) == (*policy, policy.limit - 1)
        left = await limits.peek(ada, bucket)
        assert left is not None
        assert left["remaining"] == policy.limit - 1


async def test_an_exhausted_limit_is_cached(database_url: str, ada: UUID, bob: UUID) -> None:
    """Further requests are refused without the database, which is closed here."""
    async with Pool.open(database_url) as opened:
        limits = RateLimits(opened, 2)
        for _ in range(2):
            await take(limits, ada)
        await take(limits, bob)
    refused = [await take(limits, ada) for _ in range(3)]
    assert all(one["remaining"] == 0 for one in refused)
    assert all(one["retry_after"] and one["retry_after"] <= CHAT_WINDOW for one in refused)
    with pytest.raises(StorageUnavailable):
        await limits.take(bob)


async def test_an_exhausted_limit_is_cached_until_a_request_is_allowed_again(
    pool: Pool, owner: Owner, ada: UUID
) -> None:
    """And no longer."""
    now = 1000.0
    limits = RateLimits(pool, 1, clock=lambda: now)
    insert_requests(owner, ada, 20)
    until = (await take(limits, ada))["retry_after"]
    assert until is not None
    owner.execute("update chat_rate_limits set admitted_at = array[clock_timestamp() - interval '61 s']")
    now += until - 1
    assert (await take(limits, ada))["retry_after"] == pytest.approx(1)
    now += 2
    assert (await take(limits, ada))["retry_after"] is None


async def test_a_limit_of_zero_switches_all_limits_off(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Nothing is counted."""
    assert await RateLimits(pool, 0).take(ada) is None
    assert [await RateLimits(pool, 0).take(ada, bucket) for bucket in POLICIES] == [None] * len(POLICIES)
    assert rows(owner, "select * from chat_rate_limits") == []


async def test_users_do_not_share_a_limit(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Ada exhausts hers, and Bob's is untouched."""
    limits = RateLimits(pool, 1)
    await take(limits, ada)
    assert (await take(limits, ada))["retry_after"] is not None
    assert (await take(limits, bob))["retry_after"] is None


async def test_old_requests_are_removed(pool: Pool, owner: Owner, ada: UUID) -> None:
    """So that the table does not grow with a user's age."""
    insert_requests(owner, ada, 3600)
    await take(RateLimits(pool, 8), ada)
    assert rows(owner, "select cardinality(admitted_at) from chat_rate_limits") == [(1,)]


def test_the_current_minute_is_text_in_utc(owner: Owner) -> None:
    """Whatever the session's time zone."""
    owner.execute("set timezone to 'Asia/Kolkata'")
    expected = "to_char(now() at time zone 'utc', 'YYYY-MM-DD HH24:MI')"
    assert rows(owner, f"select pg_typeof(current_minute())::text, current_minute() = {expected}") == [("text", True)]


async def test_increment_rate_limit_counts_from_one(pool: Pool, ada: UUID) -> None:
    """Also for the request that inserts the row."""
    counts: list[int] = []
    await create_user(pool, ada)
    async with pool.as_user(ada) as conn:
        for _ in range(3):
            cursor = await conn.execute("select * from increment_rate_limit(%(user)s, current_minute())", {"user": ada})
            counts += [row["count"] for row in await cursor.fetchall()]
    assert counts == [1, 2, 3]


async def test_peeking_does_not_count(pool: Pool, ada: UUID) -> None:
    """However often."""
    limits = RateLimits(pool, 2)
    before = await limits.peek(ada)
    await limits.take(ada)
    after = [await limits.peek(ada) for _ in range(3)]
    assert before is not None
    assert (before["remaining"], before["reset_after"]) == (2, 0)
    assert [one["remaining"] for one in after if one] == [1, 1, 1]
    assert await RateLimits(pool, 0).peek(ada) is None
