"""Tools for balances and debts."""

from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID, uuid4

import pytest

from nodes.tools.registry import ToolFailed
from storage.finance.accounts import FinanceAccounts, NewAccount
from storage.finance.plans import NewDebt, Plans
from storage.pool import Pool
from tests.nodes.tools.desk import ask, figures
from tests.storage.finance.importing import imported, row


@pytest.fixture
async def accounts(pool: Pool, ada: UUID) -> None:
    """Two with balances and one without."""
    await imported(pool, ada, [row(5, "-20", "A"), row(9, "100", "B")], balance="180.50", number="DE1")
    await imported(pool, ada, [row(6, "-7", "C")], name="2", balance="-10", number="DE2")
    await FinanceAccounts(pool).put(ada, uuid4(), NewAccount("Cash", "cash", "EUR"))


@pytest.mark.usefixtures("accounts")
async def test_what_is_in_all_accounts(pool: Pool, ada: UUID) -> None:
    """Together and each, with what is not known and of when the statements are."""
    found = await ask(pool, ada, "prime", "balance")
    assert figures(found)["Balance"] == "170.50 EUR"
    assert [line[:2] + line[3:] for line in found["rows"][:1]] == [["Cash", None, None, "0"]]
    assert sorted(line[1:] for line in found["rows"][1:]) == [
        ["-10.00", "EUR", "2026-03-06", "0"], ["180.50", "EUR", "2026-03-09", "0"],
    ]  # fmt: skip
    assert found["notes"][0] == "No balance is known of Cash: no statement for that day says one."
    assert "march: the last balance is that of 9 March 2026." in found["notes"]
    assert found["words"] == "Balance, of all accounts, as of 31 March 2026"


@pytest.mark.usefixtures("accounts")
async def test_what_was_in_an_account_on_a_day(pool: Pool, ada: UUID, bob: UUID) -> None:
    """At its end; an account that there is not, a day to come and another user's accounts are refused."""
    found = await ask(pool, ada, "crystal", "balance", accounts=["DE1"], on="2026-03-05")
    assert figures(found) == {"Balance": "80.50 EUR"}
    for user, arguments, said in (
        (ada, {"accounts": ["Swiss"]}, "no account"), (ada, {"on": "2026-04-01"}, "future"),
        (bob, {}, "no account"), (bob, {"accounts": ["DE1"]}, "no account"),
    ):  # fmt: skip
        with pytest.raises(ToolFailed, match=said):
            await ask(pool, user, "crystal", "balance", **arguments)


async def debt(pool: Pool, user: UUID, name: str, balance: str, rate: str, minimum: str, currency: str = "EUR") -> None:
    """Store a debt."""
    new = NewDebt(
        name=name, balance=Decimal(balance), currency=currency, annual_rate=Decimal(rate), minimum=Decimal(minimum)
    )
    await Plans(pool).put_debt(user, new, uuid4())


def paid(balance: str, rate: str, monthly: str) -> tuple[str, str]:
    """Months and interest until a debt is paid, month by month."""
    left, interest, months = Decimal(balance), Decimal(0), 0
    while left > 0:
        added = (left * Decimal(rate) / 1200).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        interest, left, months = interest + added, max(left + added - Decimal(monthly), Decimal(0)), months + 1
    return str(months), f"{interest} EUR"


async def test_what_is_owed(pool: Pool, ada: UUID) -> None:
    """In all, by currency, and each debt with its rate, its instalment and its end."""
    await debt(pool, ada, "Car loan", "6420.00", "5.9", "210.00")
    await debt(pool, ada, "Store card", "1240.00", "17.9", "60.00")
    found = await ask(pool, ada, "goalie", "debts")
    said = figures(found)
    assert (said["Owed"], said["Instalments a month"]) == ("7660.00 EUR", "270.00 EUR")
    assert (said["Car loan, months left"], said["Car loan, interest until then"]) == paid("6420", "5.9", "210")
    assert (said["Store card, interest this month"], said["Store card, rate"]) == ("18.50 EUR", "17.9")
    one = figures(await ask(pool, ada, "prime", "debts", debt="store", monthly="120"))
    assert (one["Store card, months left"], one["Store card, interest until then"]) == paid("1240", "17.9", "120")
    assert "Car loan, rate" not in one
    await debt(pool, ada, "Dollars", "10.00", "0", "1.00", "USD")
    several = await ask(pool, ada, "goalie", "debts")
    assert figures(several)["Owed"] == "10.00 USD"
    assert several["notes"][0] == "There are amounts in several currencies; they are not added up."


async def test_a_debt_that_never_ends_is_said_to(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Its instalment does not cover the interest; of a debt that there is not nothing is said."""
    await debt(pool, ada, "Loan", "10000.00", "24", "100.00")
    found = await ask(pool, ada, "goalie", "debts")
    assert found["notes"][0] == "These instalments do not cover the interest: Loan."
    assert "Loan, months left" not in figures(found)
    for user, arguments in ((ada, {"debt": "yacht"}), (ada, {"monthly": "5"}), (bob, {})):
        with pytest.raises(ToolFailed):
            await ask(pool, user, "goalie", "debts", **arguments)
