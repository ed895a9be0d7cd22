"""What recurs, what is unusual, and forecasts."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from nodes.tools.patterns import LOOKED_BACK, series_of, unusual
from storage.finance.figures import Payments
from storage.finance.statement_rows import Row
from storage.pool import Pool
from tests.nodes.tools.desk import TODAY, ask, figures
from tests.storage.finance.importing import imported


def payments(days: Sequence[date], amounts: Sequence[str]) -> Payments:
    """Payments to a merchant."""
    return Payments(
        merchant="m",
        label="M",
        currency="EUR",
        days=days,
        amounts=[Decimal(one) for one in amounts],
        ids=[uuid4() for _ in days],
    )


def months(*numbers: int, day: int = 28) -> list[date]:
    """A day of these months of 2025."""
    return [date(2025 + (n - 1) // 12, (n - 1) % 12 + 1, day) for n in numbers]


@pytest.mark.parametrize(
    ("days", "amounts", "every", "active"),
    [
        (months(12, 13, 14, 15), ["-9.99"] * 4, "month", True),
        (months(9, 10, 11), ["-9.99"] * 3, "month", False),
        (months(6, 9, 12, 15), ["-60"] * 4, "quarter", True),
        (months(3, 15), ["-120", "-130"], "year", True),
        ([TODAY - timedelta(days=7 * n) for n in range(5, 0, -1)], ["-5"] * 5, "week", True),
    ],
)
def test_regular_payments_are_a_series(days: list[date], amounts: list[str], every: str, active: bool) -> None:
    """With their interval, and whether they go on."""
    found = series_of(payments(days, amounts), TODAY)
    assert found
    assert (found.every, found.active) == (every, active)


def test_a_rise_is_seen() -> None:
    """What it was before, and since when it is more."""
    found = series_of(payments(months(11, 12, 13, 14), ["-9.99", "-9.99", "-12.99", "-12.99"]), TODAY)
    assert found
    assert (found.before, found.last, found.changed_on) == (Decimal("-9.99"), Decimal("-12.99"), date(2026, 1, 28))


@pytest.mark.parametrize(
    ("days", "amounts"),
    [
        (months(14, 15), ["-9.99"] * 2),
        ([date(2026, 3, n) for n in (1, 2, 9, 11, 20)], ["-20", "-31", "-4", "-55", "-7"]),
        (months(11, 12, 13, 14), ["-9.99", "-80", "-3", "-200"]),
        (months(1, 2, 9, 15), ["-9.99"] * 4),
    ],
)
def test_irregular_payments_are_none(days: list[date], amounts: list[str]) -> None:
    """Two are too few, or the days or the amounts differ."""
    assert series_of(payments(days, amounts), TODAY) is None


async def test_recurring_payments_have_a_cost_a_year(pool: Pool, ada: UUID) -> None:
    """The dearest first, with what they were before a rise; what has ended is left out, and other categories."""
    film = [
        Row(booked_on=day, amount=Decimal(amount), text="Film Club 77", bank_category="Subscriptions")
        for day, amount in zip(months(11, 12, 13, 14, 15), ["-9.99", "-9.99", "-9.99", "-12.99", "-12.99"], strict=True)
    ]
    gym = [Row(booked_on=day, amount=Decimal(-29), text="Gym") for day in months(3, 4, 5, 6)]
    await imported(pool, ada, [*film, *gym])
    found = await ask(pool, ada, "crystal", "recurring")
    assert figures(found) == {
        "All together, a year": "-155.88 EUR",
        "All together, a month": "-12.99 EUR",
        "Recurring payments": "1",
        "Film Club 77": "-12.99 EUR",
        "Film Club 77 before": "-9.99 EUR",
    }
    assert (await ask(pool, ada, "crystal", "recurring", only_active=False))["row_count"] == 2
    ended = await ask(pool, ada, "crystal", "recurring", only_active=False, categories=["subscriptions"])
    assert [row[0] for row in ended["rows"]] == ["Film Club 77"]


def odd(days: Sequence[date], amounts: Sequence[str], usual: str = "20") -> list[tuple[date, str]]:
    """Days and reasons of what stands out in March."""
    found = unusual(payments(days, amounts), date(2026, 3, 1), Decimal(usual), TODAY)
    return [(one.on, one.reason) for one in found]


def test_what_stands_out_has_a_reason() -> None:
    """An amount far above this merchant's, one that came twice, a large one to a new merchant."""
    weeks = [TODAY - timedelta(days=7 * n) for n in range(8, 0, -1)]
    usual = ["-20", "-22", "-19", "-21", "-20", "-23", "-20"]
    assert odd(weeks, [*usual, "-80"]) == [(weeks[-1], "This merchant usually gets 20 EUR.")]
    assert odd(weeks, [*usual, "-24"]) == []
    twice = [date(2026, 3, 3), date(2026, 3, 4)]
    assert odd(twice, ["-45", "-45"]) == [(twice[1], "The same amount twice within three days.")]
    assert odd(twice, ["-4.50", "-4.50"]) == [], "two coffees"
    (new,) = odd([date(2026, 3, 5)], ["-300"])
    assert new[1].startswith("A large first payment")
    assert odd([date(2026, 2, 5)], ["-300"]) == [], "before the period"


def test_a_payment_is_compared_with_the_last_ones() -> None:
    """What a merchant used to get long ago is not usual any more."""
    days = [TODAY - timedelta(days=5 * n) for n in range(2 * LOOKED_BACK, -1, -1)]
    amounts = [*["-100"] * LOOKED_BACK, *["-10"] * LOOKED_BACK, "-100"]
    assert odd(days, amounts)[-1] == (TODAY, "This merchant usually gets 10 EUR.")


async def test_a_forecast_has_a_range_and_its_months(pool: Pool, ada: UUID) -> None:
    """Of the last six complete months; a month without payments counts; too few give none."""
    rows = [
        Row(booked_on=date(2025, n, 5), amount=Decimal(amount), text="Shop")
        for n, amount in ((8, "-500"), (9, "-100"), (10, "-160.50"), (12, "-90"))
    ]
    await imported(pool, ada, [*rows, Row(booked_on=TODAY, amount=Decimal(-999), text="Shop")])
    found = await ask(pool, ada, "crystal", "forecast", months=2)
    assert figures(found) == {
        "A month, on average": "-58.42 EUR",
        "2 months": "-116.84 EUR",
        "Lowest month": "0.00 EUR",
        "Highest month": "-160.50 EUR",
        "Months used": "6",
    }
    few = await ask(pool, ada, "crystal", "forecast", look_back=3, merchant="nothing")
    assert (few["figures"], few["notes"]) == ([], ["No transaction matches."])
