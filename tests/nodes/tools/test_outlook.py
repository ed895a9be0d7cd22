"""What a period under way comes to by its end."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from nodes.tools.outlook import Stretch
from nodes.tools.registry import ToolFailed
from storage.finance.statement_rows import Row
from storage.pool import Pool
from tests.nodes.tools.desk import ask, figures
from tests.storage.finance.importing import imported

SHOPS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir")


@pytest.fixture
async def rows(pool: Pool, ada: UUID) -> None:
    """From September to 20 March: rent, a salary that comes on the 28th, and another shop on each 25th."""
    months = [date(2025 + n // 12, n % 12 + 1, 1) for n in range(8, 14)]
    await imported(pool, ada, [
        *(Row(one.replace(day=2), Decimal(-900), text="Rent") for one in [*months, date(2026, 3, 1)]),
        *(Row(one.replace(day=28), Decimal(2500), text="Salary") for one in months),
        *(Row(one.replace(day=25), Decimal(-10 * n), text=shop)
          for n, (one, shop) in enumerate(zip(months, SHOPS, strict=True), 1)),
        Row(date(2026, 3, 10), Decimal(-5), text="Kiosk"), Row(date(2026, 3, 20), Decimal(-1), text="Baker"),
    ], balance="1000")  # fmt: skip


@pytest.mark.usefixtures("rows")
async def test_what_will_have_been_spent(pool: Pool, ada: UUID) -> None:
    """What is booked, what recurs, and the average of the same days of six months, with its range."""
    found = await ask(pool, ada, "crystal", "forecast", until="2026-03-31")
    assert figures(found) == {
        "Spending, 1 to 31 March 2026": "-906.00 EUR", "Recurring payments to come": "0.00 EUR",
        "Other spending to come": "-35.00 EUR", "In all by 31 March 2026": "-941.00 EUR",
        "At least": "-916.00 EUR", "At most": "-966.00 EUR",
    }  # fmt: skip
    assert found["rows"][2] == ["Other spending to come", "-35.00", "-10.00", "-60.00", "EUR"]
    assert found["notes"] == ["The last transaction is of 20 March 2026; from then on it is expected."]
    april = figures(await ask(pool, ada, "goalie", "forecast", until="2026-04-05"))
    assert april["Recurring payments to come"] == "-900.00 EUR"


@pytest.mark.usefixtures("rows")
async def test_what_will_be_left(pool: Pool, ada: UUID) -> None:
    """Of the income, of what is in the accounts, and before payday, when no income counts."""
    net = figures(await ask(pool, ada, "prime", "forecast", until="2026-03-31", what="net"))
    assert (net["Recurring income to come"], net["Left by 31 March 2026"]) == ("2500.00 EUR", "1559.00 EUR")
    found = await ask(pool, ada, "goalie", "forecast", until="2026-03-31", what="balance")
    balance = figures(found)
    assert (balance["Balance"], balance["Balance on 31 March 2026"]) == ("1000.00 EUR", "3465.00 EUR")
    assert (balance["At least"], balance["At most"]) == ("3440.00 EUR", "3490.00 EUR")
    assert found["words"] == "Forecast until 31 March 2026, Balance"
    payday = await ask(pool, ada, "crystal", "forecast", until="payday", what="balance")
    assert figures(payday)["Balance on 31 March 2026"] == "965.00 EUR"
    assert "Payday is the day after; no income before it is counted." in payday["notes"]


async def test_too_little_is_said_to_be_too_little(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Two months give no forecast, and another user's rows none either."""
    await imported(pool, ada, [
        Row(date(2026, month, day), Decimal(-day), text="Market") for month in (2, 3) for day in (3, 20)
    ])  # fmt: skip
    found = await ask(pool, ada, "crystal", "forecast", until="2026-03-31")
    said = "EUR: fewer than three complete months; that is too few for a forecast."
    assert (found["figures"], found["notes"]) == ([], [said])
    nothing = await ask(pool, bob, "crystal", "forecast", until="2026-03-31")
    assert (nothing["figures"], nothing["notes"]) == ([], ["No transaction matches."])


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"until": "2026-03-30"}, "period is over"),
        ({"until": "2027-12-31"}, "too far"),
        ({"until": "2026-04-30", "since": "2026-04-01"}, "not begun"),
        ({"what": "balance"}, "until when"),
        ({"since": "2026-01-01"}, "until when"),
        ({"what": "balance", "until": "payday", "merchant": "rent"}, "whole accounts"),
        ({"until": "tomorrow"}, "until"),
    ],
)
async def test_what_no_forecast_is_for_is_refused(
    pool: Pool, ada: UUID, bob: UUID, arguments: dict[str, Any], said: str
) -> None:
    """With what to say instead; nobody's payday is another's."""
    with pytest.raises(ToolFailed, match=said):
        await ask(pool, ada, "crystal", "forecast", **arguments)
    for what in ("spent", "balance"):
        with pytest.raises(ToolFailed, match=r"No regular income|No balance"):
            await ask(pool, bob, "crystal", "forecast", until="payday", what=what)


def test_the_same_days_of_earlier_months() -> None:
    """A month's last day stays one, and no day is in two stretches that follow each other."""
    found = Stretch(date(2026, 2, 28), date(2026, 3, 31)).earlier()
    assert [next(found) for _ in range(2)] == [
        Stretch(date(2026, 1, 31), date(2026, 2, 28)), Stretch(date(2025, 12, 31), date(2026, 1, 31)),
    ]  # fmt: skip
    month_end = Stretch(date(2026, 3, 18), date(2026, 3, 31)).earlier()
    assert next(month_end) == Stretch(date(2026, 2, 18), date(2026, 2, 28))
    year = Stretch(date(2026, 11, 18), date(2026, 12, 31)).earlier()
    assert next(year) == Stretch(date(2026, 9, 18), date(2026, 10, 31))
