"""Crystal's tools: exact sums, by currency, of the user's own rows."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from nodes.tools.registry import ToolFailed
from nodes.tools.results import filter_of
from storage.finance.statement_rows import Row
from storage.finance.transactions import Transactions
from storage.pool import Pool
from tests.nodes.tools.desk import ask, figures
from tests.storage.finance.importing import imported, row


@pytest.fixture
async def rows(pool: Pool, ada: UUID) -> None:
    """March and February, with a transfer, a refund and another currency."""
    february = Row(booked_on=date(2026, 2, 10), amount=Decimal("-80.10"), text="Market", bank_category="Groceries")
    await imported(pool, ada, [
        february,
        row(1, "-100.05", "Market 12", bank_category="Groceries"),
        row(9, "-20.20", "Market 99", bank_category="Groceries"),
        row(10, "5.25", "Market 99", bank_category="Groceries"), row(12, "-300", "To savings", bank_category="Savings"),
        row(15, "-50", "Café Rio", currency="BRL", bank_category="Eating out"), row(20, "-7.30", "Kiosk"),
        row(28, "2500", "Salary", bank_category="Salary"),
    ])  # fmt: skip


MARCH = {"since": "2026-03-01", "until": "2026-03-31"}


@pytest.mark.usefixtures("rows")
async def test_totals_are_exact_and_by_currency(pool: Pool, ada: UUID) -> None:
    """Transfers are left out, unless they are asked for."""
    found = await ask(pool, ada, "crystal", "totals", **MARCH)
    assert [(one["value"], one["currency"]) for one in found["figures"][:2]] == [("-127.55", "EUR"), ("-50.00", "BRL")]
    assert found["words"] == "Spending, 1 to 31 March 2026"
    assert found["notes"] == ["There are amounts in several currencies; they are not added up."]
    income = await ask(pool, ada, "prime", "totals", what="received", **MARCH)
    assert figures(income) == {"Income": "2505.25 EUR", "Transactions": "2"}
    saved = await ask(pool, ada, "crystal", "totals", categories=["Savings"], **MARCH)
    assert figures(saved)["Spending"] == "-300.00 EUR"


@pytest.mark.usefixtures("rows")
async def test_totals_by_group(pool: Pool, ada: UUID) -> None:
    """By merchant, whatever number its branch has; the rows behind them are found again."""
    found = await ask(pool, ada, "crystal", "totals", group="merchant", currency="EUR", **MARCH)
    assert found["rows"] == [["Market 99", "-120.25", "EUR", "2"], ["Kiosk", "-7.30", "EUR", "1"]]
    behind = await Transactions(pool).list(ada, filter_of(found["behind"] or {}), limit=99)
    assert sum(one["amount"] for one in behind if one["category"] != "savings") == Decimal("-127.55")
    months = await ask(pool, ada, "crystal", "totals", group="month", categories=["groceries"], since="2026-01-01")
    assert [(label, amount) for label, amount, *_ in months["rows"]] == [("2026-02", "-80.10"), ("2026-03", "-120.25")]
    none = await ask(pool, ada, "crystal", "totals", categories=["none"])
    assert figures(none)["Spending"] == "-7.30 EUR"
    assert none["words"].startswith("Spending, without a category, ")
    out = await ask(pool, ada, "crystal", "totals", categories=["eating_out", "none"])
    assert out["words"].startswith("Spending, in Eating out or without a category, ")


@pytest.mark.usefixtures("rows")
async def test_two_periods_are_compared(pool: Pool, ada: UUID) -> None:
    """With the difference of each category, what makes the comparison uneven, and more spent as more per cent."""
    found = await ask(
        pool, ada, "crystal", "compare", **MARCH, before_since="2026-02-01", before_until="2026-02-28", currency="EUR"
    )
    assert list(figures(found).values())[:4] == ["-127.55 EUR", "-80.10 EUR", "-47.45 EUR", "59.2"]
    assert list(figures(found).items())[4:] == [
        ("More: Groceries", "-40.15 EUR"), ("More: Without a category", "-7.30 EUR"),
    ]  # fmt: skip
    assert found["rows"][0] == ["Groceries", "-120.25", "-80.10", "-40.15", "EUR"]
    assert found["notes"] == ["The periods are not equally long: 31 and 28 days."]


async def test_what_rose_and_fell_most(pool: Pool, ada: UUID) -> None:
    """Three each by how much, also of income, where more is more; what stayed is neither."""
    spent = {"A": (10, 40), "B": (10, 30), "C": (10, 20), "D": (10, 15), "E": (50, 0), "F": (9, 9), "G": (20, 19)}
    await imported(pool, ada, [
        Row(date(2026, 2 + n, 5), Decimal(-amount), text=merchant, counterparty=merchant)
        for merchant, amounts in spent.items() for n, amount in enumerate(amounts) if amount
    ])  # fmt: skip
    periods = {**MARCH, "before_since": "2026-02-01", "before_until": "2026-02-28", "group": "merchant"}
    found = await ask(pool, ada, "crystal", "compare", **periods)
    changed = {name: value for name, value in figures(found).items() if name.startswith(("More", "Less"))}
    assert list(changed.items()) == [
        ("More: A", "-30.00 EUR"), ("More: B", "-20.00 EUR"), ("More: C", "-10.00 EUR"),
        ("Less: E", "50.00 EUR"), ("Less: G", "1.00 EUR"),
    ]  # fmt: skip
    net = figures(await ask(pool, ada, "crystal", "compare", **periods, what="net"))
    assert (net["More: E"], net["Less: A"]) == ("50.00 EUR", "-30.00 EUR")


@pytest.mark.usefixtures("rows")
async def test_the_largest_payments(pool: Pool, ada: UUID) -> None:
    """In their order, without transfers."""
    found = await ask(pool, ada, "crystal", "largest", count=2, currency="EUR")
    assert [(line[1], line[2]) for line in found["rows"]] == [("Market 12", "-100.05"), ("Market", "-80.10")]
    assert {line[4] for line in found["rows"]} == {"Groceries"}


async def test_nothing_is_said_of_nothing(pool: Pool, ada: UUID) -> None:
    """A user without rows gets no figure, and is told so."""
    found = await ask(pool, ada, "crystal", "totals")
    assert (found["figures"], found["notes"]) == ([], ["No transaction matches."])


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("slug", "tool", "arguments", "said"),
    [
        ("tag", "totals", {}, "no tool"),
        ("crystal", "drop table", {}, "no tool"),
        ("crystal", "totals", {"since": "2026-04-01", "until": "2026-03-01"}, "since is after until"),
        ("crystal", "totals", {"since": "yesterday"}, "since"),
        ("crystal", "totals", {"user_id": "me"}, "user_id"),
        ("crystal", "totals", {"categories": ["yachts"]}, "groceries"),
        ("crystal", "totals", {"account": "Swiss"}, "march"),
        ("crystal", "largest", {"count": 5000}, "count"),
    ],
)
async def test_a_wrong_call_says_what_is_wrong(
    pool: Pool, ada: UUID, slug: str, tool: str, arguments: dict[str, object], said: str
) -> None:
    """For the model, which may try again."""
    with pytest.raises(ToolFailed, match=said):
        await ask(pool, ada, slug, tool, **arguments)  # type: ignore[arg-type]
