"""Tools for single payments: how large one is, when the last one was, and which came twice."""

from statistics import mean
from uuid import UUID

import pytest

from nodes.tools.results import filter_of
from storage.finance.transactions import TransactionFilter, Transactions
from storage.pool import Pool
from tests.nodes.tools.desk import ask, figures
from tests.storage.finance.importing import imported, row


@pytest.fixture
async def rows(pool: Pool, ada: UUID) -> None:
    """March: a café, a shop that charged twice, tickets of one price, a transfer, pounds, and a salary."""
    await imported(pool, ada, [
        row(1, "-12.40", "Café Rio", bank_category="Eating out"), row(9, "-7.05", "Café Rio 2"),
        row(20, "-30.00", "Café Rio"), row(21, "-249.00", "Elektro"), row(22, "-249.00", "Elektro"),
        *(row(day, "-2.90", "Tram") for day in (2, 3, 4, 5, 8)), row(12, "-300", "To savings", bank_category="Savings"),
        row(15, "-50", "Inn", currency="GBP"), row(17, "-50", "Inn", currency="GBP"),
        row(28, "2500", "Salary", bank_category="Salary"),
    ])  # fmt: skip


@pytest.mark.usefixtures("rows")
async def test_what_one_payment_is_on_average(pool: Pool, ada: UUID) -> None:
    """With the smallest, the largest, the first and the last, as plain arithmetic has them."""
    found = await ask(pool, ada, "crystal", "payments", merchant="café rio")
    assert figures(found) == {
        "Payments": "3", "One payment, on average": f"-{round(mean([12.40, 7.05, 30.00]), 2)} EUR",
        "The smallest": "-7.05 EUR", "The largest": "-30.00 EUR", "The latest": "-30.00 EUR", "The first": "-12.40 EUR",
    }  # fmt: skip
    assert [line[0] for line in found["rows"]] == ["2026-03-20", "2026-03-09", "2026-03-01"]
    behind = await Transactions(pool).list(ada, filter_of(found["behind"] or {}), limit=99)
    assert len(behind) == 3


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("order", "first"),
    [("latest", "-249.00"), ("earliest", "-12.40"), ("largest", "-249.00"), ("smallest", "-2.90")],
)
async def test_payments_are_listed_in_an_order(pool: Pool, ada: UUID, order: str, first: str) -> None:
    """As many as are asked for, of all that match, and none of another currency first."""
    found = await ask(pool, ada, "crystal", "payments", order=order, count=2, currency="EUR")
    assert (found["rows"][0][2], len(found["rows"]), found["row_count"]) == (first, 2, 10)


@pytest.mark.usefixtures("rows")
async def test_payments_of_an_amount(pool: Pool, ada: UUID) -> None:
    """Of exactly that one; where there is none, of nearly that one, which is said; and of nothing else."""
    exact = await ask(pool, ada, "crystal", "payments", amount="249")
    assert ([line[2] for line in exact["rows"]], exact["notes"]) == (["-249.00", "-249.00"], [])
    assert exact["words"] == "Payments, of 249, until 31 March 2026"
    near = await ask(pool, ada, "crystal", "payments", amount="12")
    assert [line[2] for line in near["rows"]] == ["-12.40"]
    assert near["notes"] == ["None is of exactly this amount; these are up to 5 % away from it."]
    assert (await ask(pool, ada, "crystal", "payments", amount="999"))["figures"] == []
    income = await ask(pool, ada, "crystal", "payments", what="received", amount="2500")
    assert [line[1] for line in income["rows"]] == ["Salary"]


@pytest.mark.usefixtures("rows")
async def test_what_was_charged_twice(pool: Pool, ada: UUID) -> None:
    """With the days between; not what has one price, and not two payments weeks apart."""
    found = await ask(pool, ada, "crystal", "charged_twice")
    assert [line[:2] + line[3:] for line in found["rows"]] == [
        ["Elektro", "-249.00", "2026-03-21", "2026-03-22", "1"], ["Inn", "-50.00", "2026-03-15", "2026-03-17", "2"],
    ]  # fmt: skip
    assert figures(found)["Pairs"] == "2"
    behind = await Transactions(pool).list(ada, filter_of(found["behind"] or {}), limit=99)
    assert {one["text"] for one in behind} == {"Elektro", "Inn"}
    same_day = await ask(pool, ada, "crystal", "charged_twice", days=0)
    assert (same_day["rows"], same_day["notes"]) == ([], ["No payment was made twice."])
    later = await ask(pool, ada, "crystal", "charged_twice", since="2026-03-22")
    assert [line[0] for line in later["rows"]] == ["Elektro"]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("tool", ["payments", "charged_twice"])
async def test_nobody_sees_the_payments_of_others(pool: Pool, bob: UUID, tool: str) -> None:
    """Not by these tools either."""
    found = await ask(pool, bob, "crystal", tool)
    assert found["rows"] == []
    assert await Transactions(pool).list(bob, TransactionFilter(), limit=9) == []
