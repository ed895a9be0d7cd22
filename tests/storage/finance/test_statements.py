"""Rows of bank statements: what is new of each, and what is left when one is taken back."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import ImportRunning
from storage.finance.accounts import FinanceAccounts
from storage.finance.document_queue import DocumentQueue
from storage.finance.documents import Documents, NewDocument
from storage.finance.lock import locked_finances
from storage.finance.rules import Rules
from storage.finance.statement_rows import Row, Statement
from storage.finance.transactions import TransactionFilter, Transactions
from storage.pool import Pool
from tests.storage.finance.importing import MODEL, imported, reading, row, waiting
from tests.storage.rows import Owner

COFFEE, RENT, SALARY = row(1, "-3.50", "Coffee"), row(2, "-900.00", "Rent"), row(3, "2500.00", "Salary")


async def contents(pool: Pool, user: UUID) -> list[tuple[int, str, str]]:
    """Days, amounts and words of all transactions."""
    found = await Transactions(pool).list(user, TransactionFilter(), limit=1000)
    return sorted((one["booked_on"].day, f"{one['amount']:.2f}", one["text"]) for one in found)


async def test_only_new_rows_are_added(pool: Pool, ada: UUID) -> None:
    """Of a statement that overlaps another; equal rows of one statement all count, and so does another account's."""
    first = await imported(pool, ada, [COFFEE, COFFEE, RENT])
    second = await imported(pool, ada, [COFFEE, COFFEE, COFFEE, SALARY], name="2")
    assert await contents(pool, ada) == [
        (1, "-3.50", "Coffee"), (1, "-3.50", "Coffee"), (1, "-3.50", "Coffee"), (2, "-900.00", "Rent"),
        (3, "2500.00", "Salary"),
    ]  # fmt: skip
    documents = Documents(pool)
    counts = [await documents.find(ada, document) for document in (first, second)]
    assert [(one["rows_added"], one["rows_known"]) for one in counts if one] == [(3, 0), (2, 2)]
    await imported(pool, ada, [RENT], name="3", number="DE2")
    accounts = await FinanceAccounts(pool).list(ada)
    assert sorted((account["transactions"], account["number_end"]) for account in accounts) == [(1, "DE2"), (5, "DE1")]


async def test_another_format_calls_rows_by_other_words(pool: Pool, ada: UUID) -> None:
    """They are known by day and amount, and keep the words of the first document as long as it is there."""
    first = await imported(pool, ada, [COFFEE, RENT])
    ofx = [row(1, "-3.5", "COFFEE SHOP 12"), row(1, "-3.50", "COFFEE SHOP 13"), row(2, "-900", "STANDING ORDER")]
    await imported(pool, ada, ofx, name="2", format="ofx")
    both = await contents(pool, ada)
    assert [one for one in both if not one[2].startswith("COFFEE")] == [(1, "-3.50", "Coffee"), (2, "-900.00", "Rent")]
    assert len(both) == 3
    await imported(pool, ada, ofx, name="3", format="ofx")
    assert await contents(pool, ada) == both
    assert await Documents(pool).undo(ada, first) == 0
    assert await contents(pool, ada) == [
        (1, "-3.50", "COFFEE SHOP 12"), (1, "-3.50", "COFFEE SHOP 13"), (2, "-900.00", "STANDING ORDER"),
    ]  # fmt: skip


months = st.lists(
    st.builds(row, st.integers(1, 3), st.sampled_from(["-1", "-2.00", "5"]), st.sampled_from(["a", "b"])), max_size=8
)
of_one_format = st.lists(months, min_size=2, max_size=3).map(lambda found: [("csv:1", rows) for rows in found])
of_two_formats = st.tuples(months, months).map(lambda found: [("csv:1", found[0]), ("ofx", found[1])])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(files=of_one_format | of_two_formats)
async def test_undoing_an_import_leaves_what_the_others_alone_give(
    pool: Pool, files: Sequence[tuple[str, Sequence[Row]]]
) -> None:
    """Whatever they share; and nothing is left of all of them."""
    called = [
        (kind, [row(r.booked_on.day, str(r.amount), r.text if kind == "csv:1" else r.text.upper()) for r in rows])
        for kind, rows in files
    ]
    one, other = uuid4(), uuid4()
    documents = [await imported(pool, one, rows, name=str(n), format=kind) for n, (kind, rows) in enumerate(called)]
    await Documents(pool).undo(one, documents[0])
    for n, (kind, rows) in enumerate(called[1:]):
        await imported(pool, other, rows, name=str(n), format=kind)
    assert await contents(pool, one) == await contents(pool, other)
    for document in documents[1:]:
        await Documents(pool).undo(one, document)
    assert await contents(pool, one) == []
    assert await FinanceAccounts(pool).list(one) == []


async def test_rows_get_the_category_of_a_rule_or_else_of_the_bank(pool: Pool, ada: UUID) -> None:
    """A category of the bank's that is new is added; rows added later meet the rules, too."""
    rules = Rules(pool)
    await rules.add(ada, {"field": "any", "match": "contains", "pattern": "RENT", "category": "housing"})
    await imported(
        pool,
        ada,
        [row(1, "-9", "Müller", bank_category="Lebensmittel"), row(2, "-900", "Rent", bank_category="Wohnen")],
    )
    found = await Transactions(pool).list(ada, TransactionFilter(), limit=10)
    assert [(one["category"], one["category_by"]) for one in found] == [("housing", "rule"), ("lebensmittel", "bank")]
    assert [rule["transactions"] for rule in await rules.list(ada)] == [1]


async def test_two_documents_of_a_user_are_added_one_after_the_other(pool: Pool, ada: UUID) -> None:
    """What they share is there once, also where two processes store them at the same time."""
    queue = DocumentQueue(pool, MODEL)
    claimed = [await waiting(pool, ada, content) for content in ("1", "2")]
    statement = Statement(rows=[COFFEE, RENT], number="DE1", currency="EUR")
    await asyncio.gather(*(queue.store(one, reading(statement), currency="EUR") for one in claimed))
    assert len(await contents(pool, ada)) == 2


async def test_numbers_of_accounts_are_not_kept(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Only a hash, and the last four characters."""
    await imported(pool, ada, [COFFEE], number="DE89 3704 0044 0532 0130 00")
    ((end, whole),) = owner.execute("select number_end, a::text from finance_accounts a").fetchall()
    assert end == "3000"
    assert "0532" not in whole


async def test_rows_wait_for_those_of_another_document(pool: Pool, database_url: str, ada: UUID) -> None:
    """Longer than a statement may take, and so does what takes rows back; neither holds a connection meanwhile."""
    known = await imported(pool, ada, [row(1, "-1.00")])
    async with (
        Pool.open(database_url, statement_timeout=0.2, size=1) as hurried,
        await psycopg.AsyncConnection.connect(database_url) as other,
    ):
        claimed = await waiting(hurried, ada, "2")
        await other.execute("select from chat_users where user_id = %s for no key update", [ada])
        statement = Statement(rows=[row(2, "-2.00")], number="DE1", currency="EUR")
        storing = asyncio.create_task(DocumentQueue(hurried, MODEL).store(claimed, reading(statement), currency="EUR"))
        undoing = asyncio.create_task(Documents(hurried).undo(ada, known))
        for _look in range(20):
            assert await Documents(hurried).find(ada, known)
        assert not storing.done()
        assert not undoing.done()
        await other.rollback()
        assert await undoing == 1
        await storing
    (left,) = await Transactions(pool).list(ada, TransactionFilter(), limit=9)
    assert left["amount"] == Decimal("-2.00")


async def test_who_waits_too_long_for_another_document_is_told(pool: Pool, database_url: str, ada: UUID) -> None:
    """And nothing is changed."""
    known = await imported(pool, ada, [row(1, "-1.00")])
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("select from chat_users where user_id = %s for no key update", [ada])
        with pytest.raises(ImportRunning):
            async with locked_finances(pool, ada, wait=0):
                pass
    found = await Documents(pool).find(ada, known)
    assert found
    assert (found["status"], found["rows_added"]) == ("ready", 1)


async def test_documents_are_read_in_turns_between_users(pool: Pool, ada: UUID, bob: UUID) -> None:
    """A user with many waits for one with a single document, and a user who has enough readers is passed over."""
    documents, queue = Documents(pool), DocumentQueue(pool, MODEL)
    for user, name in ((ada, "1"), (ada, "2"), (ada, "3"), (bob, "4"), (bob, "5")):
        await documents.add(user, NewDocument(name, "text/csv", name.encode()))
    order = [await queue.claim() for _ in range(4)]
    assert [one and one.user_id for one in order] == [ada, bob, ada, bob]
    for one in order:
        assert one
        await queue.fail(one, "broken", "It is broken.")
    await documents.add(bob, NewDocument("6", "text/csv", b"6"))
    assert await queue.claim(without=[ada, bob]) is None
    first, second = await queue.claim(), await queue.claim()
    assert [one and one.user_id for one in (first, second)] == [ada, bob]
