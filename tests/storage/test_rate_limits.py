"""The limits, with time moved in the table and never waited for."""

import asyncio
from uuid import UUID

import pytest

from storage.errors import StorageUnavailable
from storage.pool import Pool
from storage.rate_limits import CHAT_WINDOW, POLICIES, Allowance, Limits
from tests.storage.rows import Owner, met, rows

HITS = """
    with known as (insert into chat_users (user_id) values (%(user)s))
    insert into chat_rate_limits (user_id, window_start, admitted_at, count, created_at)
    select %(user)s, to_char(min(t) at time zone 'utc', 'YYYY-MM-DD HH24:MI'), array_agg(t), count(*), min(t)
    from (select clock_timestamp() - make_interval(secs => ago) as t from unnest(%(ago)s::float[]) ago) hits
"""


def admitted(owner: Owner, user: UUID, *ago: float) -> None:
    """Write down that requests were admitted so many seconds ago."""
    owner.execute(HITS, {"user": user, "ago": list(ago)})


async def taken(limits: Limits, user: UUID) -> Allowance:
    """The answer to one more request."""
    allowance = await limits.take(user)
    assert allowance is not None
    return allowance


async def test_eight_requests_pass_and_the_ninth_is_refused(pool: Pool, ada: UUID) -> None:
    """The limit is eight, and each answer says how many are left."""
    answers = [await taken(Limits(pool, 8), ada) for _ in range(9)]
    assert [answer["remaining"] for answer in answers] == [7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert [answer["retry_after"] is None for answer in answers] == [True] * 8 + [False]


async def test_of_fifty_requests_at_once_exactly_eight_pass(pool: Pool, ada: UUID) -> None:
    """Two at once cannot both be the last."""
    answers = await asyncio.gather(*(taken(Limits(pool, 8), ada) for _ in range(50)))
    passed = [answer for answer in answers if answer["retry_after"] is None]
    assert sorted(answer["remaining"] for answer in passed) == list(range(8))


async def test_a_refused_request_is_not_counted(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Asking again and again does not push the next chance away."""
    limits = Limits(pool, 2)
    for _ in range(5):
        await taken(limits, ada)
    counted = rows(owner, "select count, cardinality(admitted_at) from chat_rate_limits")
    assert counted == [(2, 2)]


async def test_the_window_slides_over_the_edge_of_a_minute(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """Eight requests count for sixty seconds, whichever minute of the clock they fell into."""
    admitted(owner, ada, *[50] * 8)
    admitted(owner, bob, *[61] * 8)
    assert (await taken(Limits(pool, 8), ada))["retry_after"] is not None
    assert (await taken(Limits(pool, 8), bob))["remaining"] == 7


async def test_a_refused_request_may_come_back_when_the_oldest_leaves(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Not a whole minute from now: when the oldest of the eight is sixty seconds old."""
    admitted(owner, ada, 45, *[10] * 7)
    assert_when_it_leaves(owner, (await taken(Limits(pool, 8), ada))["retry_after"], nth=1, ago=45)


async def test_only_the_last_eight_matter_where_more_were_admitted(pool: Pool, owner: Owner, ada: UUID) -> None:
    """After the limit was lowered a request passes once fewer than eight are left in the window."""
    admitted(owner, ada, 50, 40, *[20] * 8)
    assert_when_it_leaves(owner, (await taken(Limits(pool, 8), ada))["retry_after"], nth=3, ago=20)


def assert_when_it_leaves(owner: Owner, seconds: float | None, *, nth: int, ago: float) -> None:
    """The wait ends when the nth oldest request is a minute old: not more than was left, not less than is."""
    [(left,)] = rows(
        owner,
        "select extract(epoch from (array_agg(t order by t))[%(nth)s] + interval '60 s' - clock_timestamp())::float"
        " from chat_rate_limits, unnest(admitted_at) t",
        nth=nth,
    )
    assert seconds is not None
    assert left <= seconds <= CHAT_WINDOW - ago


async def test_times_that_are_still_to_come_count_for_nothing(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The database's clock was set back by an hour after they were written, and nobody is locked out for it."""
    admitted(owner, ada, *[-3600] * 7, 10)
    limits = Limits(pool, 2)
    before = await limits.peek(ada)
    first, second = await taken(limits, ada), await taken(limits, ada)
    assert before is not None
    assert before["remaining"] == 1
    assert first["retry_after"] is None
    assert second["retry_after"] is not None
    assert second["retry_after"] <= CHAT_WINDOW - 10


async def test_each_kind_of_request_has_a_limit_of_its_own(pool: Pool, ada: UUID) -> None:
    """What one has used up the others have not."""
    limits = Limits(pool, 1)
    assert (await taken(limits, ada))["remaining"] == 0
    for bucket, policy in POLICIES.items():
        allowance = await limits.take(ada, bucket)
        assert allowance is not None
        assert (allowance["limit"], allowance["window"], allowance["remaining"]) == (*policy, policy.limit - 1)
        left = await limits.peek(ada, bucket)
        assert left is not None
        assert left["remaining"] == policy.limit - 1


async def test_a_limit_that_is_used_up_is_remembered(database_url: str, ada: UUID, bob: UUID) -> None:
    """Whoever goes on asking is refused without a question to the database, which may be away by then."""
    async with Pool.open(database_url) as opened:
        limits = Limits(opened, 2)
        for _ in range(2):
            await taken(limits, ada)
        await taken(limits, bob)
    refused = [await taken(limits, ada) for _ in range(3)]
    assert all(one["remaining"] == 0 for one in refused)
    assert all(one["retry_after"] and one["retry_after"] <= CHAT_WINDOW for one in refused)
    with pytest.raises(StorageUnavailable):
        await limits.take(bob)


async def test_a_used_up_limit_is_forgotten_when_there_is_room_again(pool: Pool, owner: Owner, ada: UUID) -> None:
    """And not before."""
    now = 1000.0
    limits = Limits(pool, 1, clock=lambda: now)
    admitted(owner, ada, 20)
    until = (await taken(limits, ada))["retry_after"]
    assert until is not None
    owner.execute("update chat_rate_limits set admitted_at = array[clock_timestamp() - interval '61 s']")
    now += until - 1
    assert (await taken(limits, ada))["retry_after"] == pytest.approx(1)
    now += 2
    assert (await taken(limits, ada))["retry_after"] is None


async def test_zero_switches_every_limit_off(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Without a limit nothing is asked and nothing is counted."""
    assert await Limits(pool, 0).take(ada) is None
    assert [await Limits(pool, 0).take(ada, bucket) for bucket in POLICIES] == [None] * len(POLICIES)
    assert rows(owner, "select * from chat_rate_limits") == []


async def test_users_do_not_share_a_limit(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Ada used hers up; Bob has not begun."""
    limits = Limits(pool, 1)
    await taken(limits, ada)
    assert (await taken(limits, ada))["retry_after"] is not None
    assert (await taken(limits, bob))["retry_after"] is None


async def test_times_long_past_are_forgotten(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The table holds minutes and not a user's whole life."""
    admitted(owner, ada, 3600)
    await taken(Limits(pool, 8), ada)
    assert rows(owner, "select cardinality(admitted_at) from chat_rate_limits") == [(1,)]


def test_the_current_minute_is_text_in_utc(owner: Owner) -> None:
    """Whatever time zone the session is in."""
    owner.execute("set timezone to 'Asia/Kolkata'")
    expected = "to_char(now() at time zone 'utc', 'YYYY-MM-DD HH24:MI')"
    assert rows(owner, f"select pg_typeof(current_minute())::text, current_minute() = {expected}") == [("text", True)]


async def test_the_first_request_of_a_minute_counts(pool: Pool, ada: UUID) -> None:
    """increment_rate_limit says one, and not zero, for the request that makes the row."""
    counts: list[int] = []
    await met(pool, ada)
    async with pool.as_user(ada) as conn:
        for _ in range(3):
            cursor = await conn.execute("select * from increment_rate_limit(%(user)s, current_minute())", {"user": ada})
            counts += [row["count"] for row in await cursor.fetchall()]
    assert counts == [1, 2, 3]


async def test_looking_does_not_count(pool: Pool, ada: UUID) -> None:
    """What is left can be asked for any number of times."""
    limits = Limits(pool, 2)
    before = await limits.peek(ada)
    await limits.take(ada)
    after = [await limits.peek(ada) for _ in range(3)]
    assert before is not None
    assert (before["remaining"], before["reset_after"]) == (2, 0)
    assert [one["remaining"] for one in after if one] == [1, 1, 1]
    assert await Limits(pool, 0).peek(ada) is None
