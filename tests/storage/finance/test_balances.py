"""Balances of accounts: what statements say, and what follows from it for other days."""

import random
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from storage.finance.accounts import Balance, FinanceAccounts, NewAccount
from storage.finance.documents import Documents
from storage.finance.statement_rows import Row
from storage.finance.transactions import NewTransaction, Transactions
from storage.pool import Pool
from tests.storage.finance.importing import imported, row
from tests.storage.rows import Owner


async def balance(pool: Pool, user: UUID, day: int) -> Balance:
    """The balance of the only account at the end of a day of March 2026."""
    (found,) = await FinanceAccounts(pool).balances(user, [], date(2026, 3, day))
    return found


async def amount(pool: Pool, user: UUID, day: int) -> str | None:
    """The same as text."""
    found = (await balance(pool, user, day))["balance"]
    return None if found is None else str(found)


async def test_a_balance_follows_from_a_statement_and_the_rows_around_it(pool: Pool, ada: UUID) -> None:
    """After its last row it stays; within it rows are taken off; before its first row nothing is known."""
    await imported(pool, ada, [row(5, "-20"), row(5, "-5"), row(9, "100")], balance="175")
    assert [await amount(pool, ada, day) for day in (3, 4, 5, 8, 9, 31)] == [
        None, "100.00", "75.00", "75.00", "175.00", "175.00",
    ]  # fmt: skip
    assert (await balance(pool, ada, 31))["as_of"] == date(2026, 3, 9)


async def test_rows_that_a_statement_does_not_have_count_from_its_last_day_on(pool: Pool, ada: UUID) -> None:
    """A file may have been made at noon; a later one without balances has the rest, and so has its user."""
    await imported(pool, ada, [row(5, "-20", "A"), row(9, "100", "B")], balance="180")
    await imported(pool, ada, [row(9, "100", "B"), row(9, "-30", "C"), row(12, "-1", "D")], name="2")
    found = await balance(pool, ada, 15)
    assert (found["balance"], found["rows"], found["gap"]) == (Decimal("149.00"), 2, None)
    by_hand = NewTransaction(found["account_id"], date(2026, 3, 14), Decimal(-9), "Market")
    await Transactions(pool).put(ada, uuid4(), by_hand)
    assert await amount(pool, ada, 15) == "140.00"


async def test_a_missing_statement_is_noticed(pool: Pool, ada: UUID) -> None:
    """The balances of two statements differ by more than the rows between them."""
    await imported(pool, ada, [row(2, "-20", "A")], balance="80")
    await imported(pool, ada, [row(20, "-10", "B"), row(25, "-1", "C")], name="2", balance="39")
    found = await balance(pool, ada, 10)
    assert (found["balance"], found["as_of"], found["gap"]) == (Decimal("80.00"), date(2026, 3, 2), Decimal("-30.00"))
    within = await balance(pool, ada, 20)
    assert (within["balance"], within["as_of"]) == (Decimal("40.00"), date(2026, 3, 25))


async def test_what_was_paid_in_another_currency_changes_no_balance(pool: Pool, ada: UUID) -> None:
    """Its amount in the account's currency is not known."""
    await imported(pool, ada, [row(2, "-20")], balance="80")
    await imported(pool, ada, [row(3, "-7", currency="GBP")], name="2")
    assert await amount(pool, ada, 5) == "80.00"


async def test_an_account_without_a_statement_has_no_known_balance(pool: Pool, ada: UUID) -> None:
    """Cash that is entered by hand, and a file that says none."""
    await imported(pool, ada, [row(2, "-20")])
    await FinanceAccounts(pool).put(ada, uuid4(), NewAccount("Cash", "cash", "EUR"))
    found = await FinanceAccounts(pool).balances(ada, [], date(2026, 3, 9))
    assert {one["balance"] for one in found} == {None}


@pytest.mark.parametrize("deleted", [True, False])
async def test_a_balance_goes_with_its_document(pool: Pool, ada: UUID, owner: Owner, deleted: bool) -> None:
    """Where it is deleted, and where its import is undone."""
    document = await imported(pool, ada, [row(2, "-20", "A")], balance="80")
    await imported(pool, ada, [row(2, "-20", "A"), row(3, "-20", "B")], name="2")
    await (Documents(pool).delete if deleted else Documents(pool).undo)(ada, document)
    assert await amount(pool, ada, 9) is None
    assert owner.execute("select count(*) from finance_balances").fetchall() == [(0,)]


@pytest.mark.parametrize("seed", range(4))
async def test_balances_are_those_of_adding_up_all_rows(pool: Pool, ada: UUID, seed: int) -> None:
    """Whatever statements a year's rows came in: overlapping, cut within a day, in any order."""
    dice = random.Random(seed)  # noqa: S311 - made-up rows
    days = sorted(dice.randrange(60) for _ in range(80))
    rows = [
        Row(date(2026, 1, 1) + timedelta(day), Decimal(dice.randint(-9999, 9999)) / 100, text=f"row {n}")
        for n, day in enumerate(days)
    ]
    cuts = [0, *sorted(dice.sample(range(5, 78), 4)), 80]
    parts = [(max(0, start - dice.randrange(4)), end) for start, end in pairwise(cuts)]
    for number, (start, end) in enumerate(dice.sample(parts, len(parts))):
        closing = Decimal(500) + sum((one.amount for one in rows[:end]), Decimal(0))
        await imported(pool, ada, rows[start:end], name=str(number), balance=str(closing))
    for day in range(days[0], 62):
        on = date(2026, 1, 1) + timedelta(day)
        (found,) = await FinanceAccounts(pool).balances(ada, [], on)
        true = Decimal(500) + sum((one.amount for one in rows if one.booked_on <= on), Decimal(0))
        assert (found["balance"], found["gap"]) in ((true, None), (true, 0)), on
