"""The made-up household: the same for a seed and a day, and its files say what it paid."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from graph.demo.bank_files import bank_files
from graph.demo.household import ACCOUNTS, household
from graph.demo.merchants import HABITS
from graph.demo.papers import letters
from graph.demo.sorting import UNKNOWN, chosen_category, matching_rule
from tests.graph.demo.plain import HOME, TODAY
from tests.graph.documents.test_bank_files import read


def test_it_is_the_same_for_a_seed_and_a_day() -> None:
    """Another seed is another household, and a later day adds to the same purchases."""
    assert household(TODAY) == HOME
    assert household(TODAY, seed=2).movements != HOME.movements
    habits = {(one.payee.replace("#", ""), one.words) for one in HABITS}
    later = household(TODAY + timedelta(days=20))
    first = later.movements[0].day
    known = [one for one in later.movements if (one.payee, one.words) in habits and one.day <= TODAY]
    assert known == [one for one in HOME.movements if (one.payee, one.words) in habits and one.day >= first]


@pytest.mark.parametrize("until", [date(2026, 1, 1), date(2026, 2, 28), date(2028, 2, 29), date(2026, 12, 31)])
def test_it_is_whole_on_any_day(until: date) -> None:
    """Several thousand rows of two years, none after the day; transfers leave one account as they reach another."""
    home = household(until)
    assert len(home.movements) > 3000
    assert home.movements[-1].day <= until
    between = [one for one in home.movements if one.category in ("transfers", "savings")]
    assert sum(one.amount for one in between) == 0
    assert len(letters(home)) == 2


def test_its_files_say_what_it_paid() -> None:
    """Each row of each account is read from the account's files as it was made, those of two files in both."""
    found = {account: Counter[tuple[date, Decimal, str, str, str]]() for account in ACCOUNTS}
    by_number = {one.number: account for account, one in ACCOUNTS.items()}
    for file in bank_files(HOME):
        (statement,) = read(file.content).statements
        rows = Counter(
            (row.booked_on, row.amount, row.currency or "EUR", row.counterparty, row.text) for row in statement.rows
        )
        found[by_number[str(statement.number)]] |= rows
    for account in ACCOUNTS:
        made = Counter((one.day, one.amount, one.currency, one.payee, one.words) for one in HOME.of(account))
        assert found[account] == made


def test_some_payments_are_left_to_be_sorted() -> None:
    """Neither a rule nor the household gives them a category; all others have the right one."""
    for one in HOME.movements:
        rule = matching_rule(one)
        assert rule is None or rule["category"] == one.category
        assert (rule is None and chosen_category(one) is None) == (one.payee in UNKNOWN)
