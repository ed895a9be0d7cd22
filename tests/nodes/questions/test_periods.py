"""Periods as people say them."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.questions.dates import as_dates
from nodes.questions.periods import before, find_period, find_periods, month_of

TODAY = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("said", "since", "until", "rest"),
    [
        ("how much did i spend last month", "2026-02-01", "2026-02-28", "how much did i spend"),
        ("groceries in march 2025", "2025-03-01", "2025-03-31", "groceries"),
        ("spending in may", "2025-05-01", "2025-05-31", "spending"),
        ("q2", "2025-04-01", "2025-06-30", ""),
        ("second quarter of 2025", "2025-04-01", "2025-06-30", ""),
        ("this year so far", "2026-01-01", "2026-12-31", ""),
        ("year to date", "2026-01-01", "2026-03-31", ""),
        ("since january", "2026-01-01", "2026-03-31", ""),
        ("since the start of 2026", "2026-01-01", "2026-03-31", ""),
        ("between 1 march and 15 march", "2026-03-01", "2026-03-15", ""),
        ("1-15 march", "2026-03-01", "2026-03-15", ""),
        ("from november to february", "2025-11-01", "2026-02-28", ""),
        ("from 2026-01-05 to 2026-02-04", "2026-01-05", "2026-02-04", ""),
        ("last 3 months", "2025-12-01", "2026-02-28", ""),
        ("in the last two weeks", "2026-03-18", "2026-03-31", ""),
        ("past 30 days", "2026-03-02", "2026-03-31", ""),
        ("the month before last", "2026-01-01", "2026-01-31", ""),
        ("last quarter", "2025-10-01", "2025-12-31", ""),
        ("this week", "2026-03-30", "2026-04-05", ""),
        ("what happened yesterday", "2026-03-30", "2026-03-30", "what happened"),
        ("on 5 march", "2026-03-05", "2026-03-05", ""),
        ("spending 2025", "2025-01-01", "2025-12-31", "spending"),
        ("before june 2025", "None", "2025-05-31", ""),
    ],
)
def test_a_period_is_found(said: str, since: str, until: str, rest: str) -> None:
    """With what is left of the question."""
    found = find_period(said, TODAY)
    assert found
    assert (str(found.since), str(found.until), found.rest) == (since, until, rest)


@pytest.mark.parametrize("said", ["may i spend 200 euros", "how are you", "spending on 31 february", "the last 0 days"])
def test_where_none_is_named_none_is_found(said: str) -> None:
    """The verb, or a day that does not exist."""
    assert find_period(said, TODAY) is None


def test_two_periods_are_found() -> None:
    """For a comparison."""
    found = find_periods("compare march with february", TODAY)
    assert [one.since for one in found] == [date(2026, 3, 1), date(2026, 2, 1)]


@settings(deadline=None, database=None)
@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, 400))
def test_the_period_before_ends_the_day_before(since: date, days: int) -> None:
    """And is as long, but for calendar months and years."""
    until = since + timedelta(days=days)
    first, last = before(since, until)
    assert last == since - timedelta(days=1)
    if (since, until) != month_of(since.year, since.month) and (since.month, since.day, until.month) != (1, 1, 12):
        assert last - first == until - since


@settings(deadline=None, database=None)
@given(st.text(alphabet="0123456789 -/.aefjlmnorstyw'", max_size=60))
def test_any_text_is_read(text: str) -> None:
    """Without an error."""
    for found in find_periods(text, TODAY):
        assert found.since is None or found.until is None or found.since <= found.until


@pytest.mark.parametrize(
    ("said", "spans", "rest"),
    [
        ("clothes from january to the end of february", ["2026-01-01 2026-02-28"], "clothes"),
        ("booked between 1 january 2026 and today", ["2026-01-01 2026-03-31"], "booked"),
        ("since the first of january", ["2026-01-01 2026-03-31"], ""),
        ("for the period 1 october to 31 october 2025", ["2025-10-01 2025-10-31"], ""),
        ("calendar year 2025", ["2025-01-01 2025-12-31"], ""),
        ("balance per 30 september 2025", ["2025-09-30 2025-09-30"], "balance"),
        ("what comes before march is out", ["2026-03-01 2026-03-31"], "what comes"),
        ("in the first half of march", ["2026-03-01 2026-03-15"], ""),
        ("the second half of february 2025", ["2025-02-16 2025-02-28"], ""),
        ("may or june 2025", ["2025-06-01 2025-06-30", "2025-05-01 2025-05-31"], "or"),
        ("between march and may 2025", ["2025-03-01 2025-05-31"], ""),
    ],
)
def test_ways_to_say_a_period_are_read_as_dates(said: str, spans: list[str], rest: str) -> None:
    """Ends, beginnings and halves of months, and what accountants write."""
    found = find_periods(as_dates(said, TODAY), TODAY)
    assert sorted(f"{one.since} {one.until}" for one in found) == sorted(spans)
    assert found[-1].rest == rest
