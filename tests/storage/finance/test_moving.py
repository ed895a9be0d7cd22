"""Documents, accounts, transactions and plans in an export, and imported by another account."""

import json
import re
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from graph.account_import import read_export
from storage.account_export.exporter import AccountExporter
from storage.account_export.importer import AccountImporter
from storage.finance.document_queue import ReadPage
from storage.finance.documents import Documents
from storage.finance.plans import Budget, NewDebt, NewGoal, Plans
from storage.finance.rules import NewRule, Rules
from storage.finance.transactions import TransactionFilter, Transactions
from storage.pool import Pool
from tests.storage.finance.importing import imported, row

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def embed(_: str) -> list[float]:
    """The vector of every text."""
    return [1.0]


async def export(pool: Pool, user: UUID) -> list[str]:
    """The lines of an export."""
    return [line async for line in AccountExporter(pool).lines(user)]


def without_ids(lines: list[str]) -> list[dict[str, Any]]:
    """The lines as JSON, in an order that does not depend on ids."""
    return sorted(
        (json.loads(ID.sub("an id", line)) for line in lines), key=lambda line: json.dumps(line, sort_keys=True)
    )


async def test_finances_move_with_an_account(pool: Pool, ada: UUID, bob: UUID) -> None:
    """With files in several parts; a statement that overlaps is known there, too."""
    await Rules(pool).add(ada, NewRule(field="any", match="contains", pattern="rent", category="housing"))
    rent = row(2, "-900.1234", "Rent")
    rows = [row(1, "-3.50", "Coffee", bank_category="Coffee"), rent, rent]
    page = ReadPage(number=1, text="Thank you", suspicious=True, vector=[1.0, 0.0])
    large = "a" * (3 * 1024 * 1024)
    first = await imported(
        pool,
        ada,
        rows,
        name=large,
        pages=[page],
        fingerprint="Date|Amount",
        rejected=[{"line": 1, "start": "x", "reason": "y"}],
    )
    await imported(pool, ada, [row(1, "-3.50", "COFFEE SHOP")], name="2", format="ofx", balance="96.50")
    transactions, plans = Transactions(pool), Plans(pool)
    found = await transactions.list(ada, TransactionFilter(), limit=9)
    await transactions.annotate(ada, found[0]["transaction_id"], "Mine")
    await transactions.categorise(ada, [found[0]["transaction_id"]], "gifts")
    await plans.set_budget(ada, Budget(category="gifts", currency="EUR", amount=Decimal(10)))
    goal = NewGoal(name="Bike", target=Decimal(900), saved=Decimal("1.5"), currency="EUR", due_on=None)
    await plans.put_goal(ada, goal, uuid4())
    debt = NewDebt(name="Card", balance=Decimal(9), currency="EUR", annual_rate=Decimal("19.9"), minimum=Decimal(1))
    await plans.put_debt(ada, debt, uuid4())
    exported = await export(pool, ada)
    assert [json.loads(line)["type"] for line in exported].count("document_part") == 3
    await AccountImporter(pool, embed, "test").import_lines(bob, read_export(line.encode() for line in exported))
    assert without_ids(await export(pool, bob)) == without_ids(exported)
    documents = await Documents(pool).list(bob, limit=9)
    assert first not in [document["document_id"] for document in documents]
    assert large.encode() in [await Documents(pool).content(bob, one["document_id"]) for one in documents]
    await imported(pool, bob, [*rows, row(3, "-1", "New")], name="3")
    again = (await Documents(pool).list(bob, limit=1))[0]
    assert (again["rows_added"], again["rows_known"]) == (1, 3)
