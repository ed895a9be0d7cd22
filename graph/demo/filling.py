"""Fill an account with the made-up household: its files are stored and read as those that a user sends."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid5

from graph.database import Say, database
from graph.demo.bank_files import File, bank_files
from graph.demo.household import ACCOUNTS, Household
from graph.demo.papers import papers
from graph.demo.sorting import BUDGETS, DEBTS, RULES, chosen_category, goals
from graph.documents.importing import DocumentImporter
from graph.models.factory import open_embedder
from graph.settings import Settings
from storage.finance.accounts import FinanceAccounts, number_end
from storage.finance.document_queue import DocumentQueue
from storage.finance.documents import Document, Documents, NewDocument
from storage.finance.plans import Plans
from storage.finance.rules import RuleExists, Rules
from storage.finance.transactions import Transaction, TransactionFilter, Transactions
from storage.pool import Pool

LOOK_SECONDS = 0.2
"""Between two looks whether a document is read: by this process, or by a server that runs."""
MOST_TRANSACTIONS = 10_000


class AccountHasDocuments(Exception):
    """The account has documents already, which may be somebody's own."""


class Filled(NamedTuple):
    """What an account has now."""

    documents: int
    failed: Sequence[str]
    """Names of those that could not be read, with the reason."""
    transactions: int
    unsorted: int
    """Transactions without a category."""


async def fill_account(settings: Settings, user_id: UUID, home: Household, say: Say, *, again: bool = False) -> Filled:
    """Fill the user's account; this process reads the documents, beside a server that may be running.

    Args:
        again: also where there are documents; what is there already is not added twice.

    Raises:
        AccountHasDocuments: nothing is added.
        StorageError: there is no database, or it is not fit; one line says why.
    """
    async with (
        database(settings, say) as url,
        Pool.open(url, statement_timeout=settings.statement_timeout) as pool,
        open_embedder(settings, say) as embedder,
    ):
        queue, embed = DocumentQueue(pool, embedder.name), partial(embedder.embed, whole=True)
        importer = DocumentImporter(queue, embed, currency=settings.currency, also_masked=settings.mask)
        reading = asyncio.create_task(importer.run(lambda: None))
        try:
            files = [*bank_files(home), *papers(home)]
            filling = asyncio.create_task(fill(pool, user_id, home, files, say, importer.arrived.set, again=again))
            await asyncio.wait({reading, filling}, return_when=asyncio.FIRST_COMPLETED)
            if not filling.done():
                filling.cancel()
                await reading  # raises why it ended
            return await filling
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def fill(
    pool: Pool, user_id: UUID, home: Household, files: Sequence[File], say: Say, arrived: Callable[[], None], *,
    again: bool = False,
) -> Filled:  # fmt: skip
    """Store the files, wait until they are read, and sort and plan as the household did.

    Args:
        arrived: has the next document read at once.

    Raises:
        AccountHasDocuments: nothing is added.
    """
    documents = Documents(pool)
    if not again and await documents.list(user_id, limit=1):
        raise AccountHasDocuments
    ids = []
    for file in files:
        document, _ = await documents.add(user_id, NewDocument(file.name, file.media_type, file.content))
        ids.append(document["document_id"])
    arrived()
    found = [await _once_read(documents, user_id, one, f"{n} of {len(ids)}", say) for n, one in enumerate(ids, start=1)]
    read = [one for one in found if one]
    await _name_accounts(pool, user_id)
    say("sorting the transactions, and making budgets, goals and debts")
    await _sort(pool, user_id, home)
    await _plan(pool, user_id, home)
    totals = await FinanceAccounts(pool).list(user_id)
    return Filled(
        documents=len(read),
        failed=[f"{one['name']}: {one['error_detail']}" for one in read if one["status"] == "failed"],
        transactions=sum(one["transactions"] for one in totals),
        unsorted=len(await _unsorted(Transactions(pool), user_id)),
    )


async def _once_read(documents: Documents, user_id: UUID, document_id: UUID, number: str, say: Say) -> Document | None:
    """The document, once it is read or given up, which is said; None where it was deleted meanwhile."""
    while (found := await documents.find(user_id, document_id)) and found["status"] in ("waiting", "reading"):  # noqa: ASYNC110 - a table has no events
        await asyncio.sleep(LOOK_SECONDS)
    if found:
        say(f"{'read' if found['status'] == 'ready' else 'could not read'} {found['name']} ({number})")
    return found


async def _name_accounts(pool: Pool, user_id: UUID) -> None:
    """Statements name accounts by their numbers only."""
    accounts = FinanceAccounts(pool)
    known = {number_end(one.number): one for one in ACCOUNTS.values()}
    for found in await accounts.list(user_id):
        if own := known.get(found["number_end"] or ""):
            name = own.name if found["currency"] == "EUR" else f"{own.name} ({found['currency']})"
            await accounts.change(user_id, found["account_id"], name=name, kind=own.kind)


async def _sort(pool: Pool, user_id: UUID, home: Household) -> None:
    for rule in RULES:
        with suppress(RuleExists):
            await Rules(pool).add(user_id, rule)
    chosen: Mapping[tuple[str, str], str] = {
        (one.payee, one.words): category for one in home.movements if (category := chosen_category(one))
    }
    transactions = Transactions(pool)
    found = defaultdict[str, list[UUID]](list)
    for row in await _unsorted(transactions, user_id):
        if category := chosen.get((row["counterparty"], row["text"])):
            found[category].append(row["transaction_id"])
    for category, ids in found.items():
        await transactions.categorise(user_id, ids, category)


async def _plan(pool: Pool, user_id: UUID, home: Household) -> None:
    plans = Plans(pool)
    for budget in BUDGETS:
        await plans.set_budget(user_id, budget)
    for name, goal in goals(home.until).items():
        await plans.put_goal(user_id, goal, uuid5(user_id, f"goal {name}"))
    for name, debt in DEBTS.items():
        await plans.put_debt(user_id, debt, uuid5(user_id, f"debt {name}"))


async def _unsorted(transactions: Transactions, user_id: UUID) -> list[Transaction]:
    return await transactions.list(user_id, TransactionFilter(uncategorised=True), limit=MOST_TRANSACTIONS)
