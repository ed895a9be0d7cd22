"""What is still to come: payments that are due."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from nodes.tools.ahead import expected
from nodes.tools.patterns import series_of
from nodes.tools.registry import ToolFailed
from storage.finance.figures import Payments
from storage.finance.statement_rows import Row
from storage.pool import Pool
from tests.nodes.tools.desk import TODAY, ask, figures
from tests.storage.finance.importing import imported


def a_series(days: Sequence[date]) -> Payments:
    """Payments of 10 on these days."""
    amounts = [Decimal(-10)] * len(days)
    ids = [UUID(int=n) for n in range(len(days))]
    return Payments(merchant="m", label="M", currency="EUR", days=days, amounts=amounts, ids=ids)


def monthly(day: int, months: Sequence[int], amount: str, text: str) -> list[Row]:
    """A payment on a day of these months of 2025 (1 to 12) and 2026 (13 and on)."""
    return [
        Row(date(2025 + (month - 1) // 12, (month - 1) % 12 + 1, day), Decimal(amount), text=text) for month in months
    ]


def booked(day: date) -> date:
    """When a bank books what is due on a day: not on weekends."""
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() >= 5 else 0)


def first_of_months(since: date, count: int) -> Iterator[date]:
    """The first days of so many months."""
    for n in range(since.month - 1, since.month - 1 + count):
        yield date(since.year + n // 12, n % 12 + 1, 1)


@pytest.mark.parametrize("day", [1, 15, 28, 30, 31])
def test_the_next_day_of_a_monthly_payment_is_its_usual_one(day: int) -> None:
    """However banks move it at weekends; a month that has no such day ends before."""
    due_on = [min(one + timedelta(day - 1), _end_of(one)) for one in first_of_months(date(2025, 3, 1), 15)]
    series = series_of(a_series([booked(one) for one in due_on[:12]]), booked(due_on[11]))
    assert series
    found = list(expected(series, due_on[14] + timedelta(5)))
    assert [abs((one.on - true).days) <= 2 for one, true in zip(found, due_on[12:], strict=True)] == [True] * 3
    assert all(one.earliest <= one.on <= one.latest for one in found)


def _end_of(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


EVERY_WEEK = [date(2026, 1, 7) + timedelta(weeks=n) for n in range(7)]
EVERY_QUARTER = [date(2025 + n // 4, n % 4 * 3 + 1, 15) for n in range(7)]
EVERY_YEAR = [date(2020 + n, 5, 14) for n in range(7)]


@pytest.mark.parametrize("days", [EVERY_WEEK, EVERY_QUARTER, EVERY_YEAR], ids=["week", "quarter", "year"])
def test_other_intervals_go_on_as_they_were(days: Sequence[date]) -> None:
    """As many times as fit before a day."""
    series = series_of(a_series(days[:4]), days[3])
    assert series
    assert [one.on for one in expected(series, days[5])] == days[4:6]


@pytest.fixture
async def rows(pool: Pool, ada: UUID) -> None:
    """Until 31 March 2026: rent, power that was dearer, a gym that ended, a late fee, and a salary."""
    await imported(pool, ada, [
        *monthly(2, range(9, 16), "-900", "Rent"), *monthly(10, (13, 14), "-80", "Power"),
        *monthly(10, (15,), "-90", "Power"), *monthly(5, range(5, 11), "-30", "Gym"),
        *monthly(20, (12, 13, 14), "-5", "Fee"), *monthly(28, range(9, 16), "2500", "Salary"),
    ])  # fmt: skip


@pytest.mark.usefixtures("rows")
async def test_what_is_due_in_a_period(pool: Pool, ada: UUID) -> None:
    """With sums, days, and the range of amounts; what ended is not due, and what is late is said apart."""
    found = await ask(pool, ada, "crystal", "due", until="2026-04-30")
    assert [line[:3] for line in found["rows"]] == [
        ["2026-04-02", "Rent", "-900.00"], ["2026-04-10", "Power", "-90.00"], ["2026-04-20", "Fee", "-5.00"],
    ]  # fmt: skip
    assert figures(found) == {
        "Still to be paid": "-995.00 EUR", "At least": "-985.00 EUR", "At most": "-995.00 EUR", "Payments": "3",
        "Rent": "-900.00 EUR", "Power": "-90.00 EUR", "Fee": "-5.00 EUR",
    }  # fmt: skip
    assert found["notes"] == ["Fee was expected on 20 March 2026 and is in no statement yet; it is not counted."]
    income = await ask(pool, ada, "goalie", "due", what="received", until="2026-05-31")
    assert figures(income)["Still to come in"] == "5000.00 EUR"


@pytest.mark.usefixtures("rows")
async def test_the_next_payment_of_a_merchant(pool: Pool, ada: UUID) -> None:
    """Whenever it is; nothing where the merchant has no regular payment."""
    found = await ask(pool, ada, "crystal", "due", merchant="rent")
    assert ([line[0] for line in found["rows"]], found["words"]) == (["2026-04-02"], "Payments to come, at “rent”")
    gym = await ask(pool, ada, "crystal", "due", merchant="gym")
    assert (gym["rows"], gym["notes"]) == ([], ["Nothing that recurs is expected."])


@pytest.mark.usefixtures("rows")
async def test_nothing_is_due_until_today(pool: Pool, ada: UUID, bob: UUID) -> None:
    """At the month's end nothing of the month is left; of another user's payments nothing is known."""
    assert (await ask(pool, ada, "crystal", "due"))["rows"] == []
    assert (await ask(pool, bob, "crystal", "due", until="2026-12-31"))["rows"] == []
    for until in (TODAY - timedelta(1), TODAY + timedelta(500)):
        with pytest.raises(ToolFailed, match=r"over|far"):
            await ask(pool, ada, "crystal", "due", until=str(until))
