"""No method reads or writes another user's rows, whatever ids it is given."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import date
from uuid import UUID, uuid4

import pytest

from storage.account_export.exporter import AccountExporter
from storage.api_keys import ApiKeys
from storage.conversation_queue import ConversationQueue
from storage.conversations import Conversations
from storage.errors import Gone
from storage.event_log import EventLog
from storage.facts import Facts
from storage.feedback import Feedback, FeedbackOnTurns
from storage.finance.accounts import FinanceAccounts, NewAccount
from storage.finance.categories import Categories
from storage.finance.document_queue import Claimed, DocumentQueue
from storage.finance.documents import Documents
from storage.finance.figures import Figures
from storage.finance.pages import DocumentPages
from storage.finance.plans import Plans
from storage.finance.proposals import Proposals
from storage.finance.references import References
from storage.finance.rules import Rules
from storage.finance.transactions import TransactionFilter, Transactions
from storage.idempotency import IdempotencyKeys
from storage.insights import InsightsQueries
from storage.metrics import Metrics
from storage.metrics_queries import MetricsQueries
from storage.metrics_window import EVERYTHING, TimeWindow
from storage.misroutes import Misroutes
from storage.pool import Pool
from storage.rate_limits import Admission, RateLimits
from storage.recall import Recall
from storage.turn_records import TurnRecords
from storage.turns import Turns
from storage.user_facts import UserFacts
from storage.users import Users
from storage.versions import Versions
from tests.storage.isolation.ada_rows import SECRET, AdaRows
from tests.storage.isolation.conftest import Case
from tests.storage.rows import (
    MODEL,
    accepted,
    answered,
    create_user,
    new_fact,
    save_accepted,
    save_answered,
    turn_metrics,
)

Attempt = Callable[[Pool, AdaRows, UUID], Awaitable[object]]


async def exported(pool: Pool, user: UUID) -> str:
    """A user's export as text."""
    async with aclosing(AccountExporter(pool).lines(user)) as lines:
        return "\n".join([line async for line in lines])


DAY = TimeWindow(hours=24, step=1)


async def aggregates(pool: Pool, user: UUID) -> object:
    """Aggregates of a user's turns."""
    found = await MetricsQueries(pool).for_user(user, DAY)
    return found["totals"], found["data"]  # the series depends on the time of the query


READS: dict[str, Attempt] = {
    "what is recalled": lambda pool, ada_rows, bob: Recall(pool, MODEL).recall(
        bob, "c-1", ada_rows.turn, f"What of {SECRET}?", [1.0, 0.0], facts=9, turns=9
    ),
    "conversations": lambda pool, _, bob: Conversations(pool).latest(bob, limit=9),
    "a search": lambda pool, _, bob: Conversations(pool).latest(bob, limit=9, q=SECRET),
    "a conversation": lambda pool, _, bob: Conversations(pool).find(bob, "c-1"),
    "its messages": lambda pool, _, bob: Conversations(pool).messages(bob, "c-1", limit=9),
    "what follows a message": lambda pool, ada_rows, bob: Conversations(pool).messages(
        bob, "c-1", limit=9, after=ada_rows.turn, newest_first=True
    ),
    "the history": lambda pool, _, bob: Turns(pool).history(bob, "c-1", before_turn=uuid4()),
    "who answered": lambda pool, _, bob: Admission(pool, RateLimits(pool, 0)).admit(bob, "c-1", uuid4(), has_key=False),
    "facts": lambda pool, _, bob: UserFacts(pool, MODEL).latest(bob, limit=9),
    "a search for facts": lambda pool, _, bob: UserFacts(pool, MODEL).latest(bob, limit=9, q=SECRET),
    "a turn": lambda pool, ada_rows, bob: TurnRecords(pool).find(bob, ada_rows.turn),
    "the last turn of a conversation": lambda pool, _, bob: TurnRecords(pool).latest(bob, "c-1", running=False),
    "the active version of a turn": lambda pool, ada_rows, bob: TurnRecords(pool).active_version(
        bob, "c-1", message_ids=[ada_rows.turn], key=None
    ),
    "whether a turn is known": lambda pool, ada_rows, bob: Turns(pool).known(bob, ada_rows.turn),
    "a turn's events": lambda pool, ada_rows, bob: EventLog(pool).read(bob, ada_rows.turn, after=0),
    "insights": lambda pool, _, bob: InsightsQueries(pool).for_user(bob),
    "metrics": lambda pool, _, bob: aggregates(pool, bob),
    "API keys": lambda pool, _, bob: ApiKeys(pool).list(bob),
    "settings": lambda pool, _, bob: Users(pool).settings(bob),
    "ratings": lambda pool, _, bob: FeedbackOnTurns(pool).rates(bob, DAY, EVERYTHING),
    "bad answers": lambda pool, _, bob: FeedbackOnTurns(pool).bad_answers(bob, DAY, EVERYTHING, limit=9),
    "documents": lambda pool, _, bob: Documents(pool).list(bob, limit=9),
    "a document": lambda pool, ada_rows, bob: Documents(pool).find(bob, ada_rows.document),
    "a file": lambda pool, ada_rows, bob: Documents(pool).content(bob, ada_rows.document),
    "the shape of a table": lambda pool, ada_rows, bob: DocumentQueue(pool, MODEL).shape_of(
        Claimed(bob, ada_rows.document, 1), SECRET
    ),
    "accounts": lambda pool, _, bob: FinanceAccounts(pool).list(bob),
    "balances": lambda pool, _, bob: FinanceAccounts(pool).balances(bob, [], date(2026, 3, 1)),
    "sizes of payments": lambda pool, _, bob: Figures(pool).sizes(bob, TransactionFilter()),
    "payments in order": lambda pool, _, bob: Figures(pool).ordered(bob, TransactionFilter(), limit=9),
    "payments made twice": lambda pool, _, bob: Figures(pool).repeated(bob, TransactionFilter(), days=31, limit=9),
    "categories": lambda pool, _, bob: Categories(pool).list(bob),
    "rules": lambda pool, _, bob: Rules(pool).list(bob),
    "what a rule would do": lambda pool, _, bob: Rules(pool).preview(
        bob, {"field": "any", "match": "contains", "pattern": SECRET, "category": "gifts"}
    ),
    "transactions": lambda pool, _, bob: Transactions(pool).list(bob, TransactionFilter(words=[SECRET]), limit=9),
    "a transaction": lambda pool, ada_rows, bob: Transactions(pool).find(bob, ada_rows.transaction),
    "totals": lambda pool, _, bob: Transactions(pool).totals(bob, TransactionFilter()),
    "budgets": lambda pool, _, bob: Plans(pool).budgets(bob),
    "goals": lambda pool, _, bob: Plans(pool).goals(bob),
    "debts": lambda pool, _, bob: Plans(pool).debts(bob),
    "a reference": lambda pool, ada_rows, bob: References(pool).find(bob, ada_rows.reference),
    "pages": lambda pool, _, bob: DocumentPages(pool, MODEL).find(bob, SECRET, [1.0, 0.0], limit=9),
    "proposals": lambda pool, _, bob: Proposals(pool).open(bob, limit=9),
    "an export": lambda pool, _, bob: exported(pool, bob),
    "what a version is made of": lambda pool, ada_rows, bob: Versions(pool).original(bob, ada_rows.turn),
    "a switch": lambda pool, ada_rows, bob: Versions(pool).switch(bob, "c-1", ada_rows.turn),
}


async def test_no_method_reads_another_users_rows(pool: Pool, ada_rows: AdaRows, case: Case) -> None:
    """Given Ada's ids or words, Bob gets the same as for rows that do not exist."""
    for name, attempt in READS.items():
        async with case(name) as bob:
            found = await attempt(pool, ada_rows, bob)
            assert SECRET not in str(found)
            assert str(ada_rows.turn) not in str(found)
            nothing = await attempt(pool, await AdaRows(pool, uuid4()).insert(), await create_user(pool, uuid4()))
            assert found == nothing


async def supersede(pool: Pool, ada_rows: AdaRows, bob: UUID) -> None:
    """Bob learns a fact that is meant to supersede Ada's."""
    fact = new_fact("Sells tubas")
    fact["replaces"] = [str(ada_rows.fact)]
    await Facts(pool, MODEL).remember(bob, [fact], source=await save_accepted(pool, bob, accepted()))


async def revoke(pool: Pool, ada_rows: AdaRows, bob: UUID) -> bool:
    """Bob revokes Ada's key."""
    (key,) = await ApiKeys(pool).list(ada_rows.user)
    return await ApiKeys(pool).revoke(bob, key["key_id"])


WRITES: dict[str, Attempt] = {
    "changes a conversation": lambda pool, _, bob: Conversations(pool).change(bob, "c-1", title="Mine", pinned=True),
    "deletes a conversation": lambda pool, _, bob: Conversations(pool).delete(bob, "c-1"),
    "corrects a fact": lambda pool, ada_rows, bob: UserFacts(pool, MODEL).correct(
        bob, ada_rows.fact, "Sells tubas", [1.0]
    ),
    "deletes a fact": lambda pool, ada_rows, bob: UserFacts(pool, MODEL).delete(bob, ada_rows.fact),
    "deletes all facts": lambda pool, _, bob: UserFacts(pool, MODEL).delete_all(bob),
    "supersedes": supersede,
    "records a misroute": lambda pool, ada_rows, bob: Misroutes(pool).record(bob, "c-1", ada_rows.turn, "tag"),
    "rates an answer": lambda pool, ada_rows, bob: FeedbackOnTurns(pool).put(
        bob, ada_rows.turn, Feedback(rating="up", reason=None, comment=None, employee=None)
    ),
    "takes a rating back": lambda pool, ada_rows, bob: FeedbackOnTurns(pool).delete(bob, ada_rows.turn),
    "leaves a queue": lambda pool, ada_rows, bob: ConversationQueue(pool).leave(bob, ada_rows.turn),
    "interrupts": lambda pool, _, bob: ConversationQueue(pool).interrupt(bob, "c-1"),
    "releases a key": lambda pool, ada_rows, bob: IdempotencyKeys(pool).give_up(bob, ada_rows.turn),
    "fails": lambda pool, ada_rows, bob: Turns(pool).fail(bob, ada_rows.turn, "internal"),
    "finishes": lambda pool, ada_rows, bob: Turns(pool).finish(bob, ada_rows.turn),
    "accepts": lambda pool, ada_rows, bob: Turns(pool).accept(bob, ada_rows.turn, accepted("Mine")),
    "summarises": lambda pool, ada_rows, bob: Turns(pool).save_summary(
        bob, "c-1", "Mine.", turn_id=ada_rows.turn, seen=0, title="Mine"
    ),
    "is limited": lambda pool, _, bob: RateLimits(pool, 8).take(bob),
    "is counted": lambda pool, ada_rows, bob: Metrics(pool).record(bob, ada_rows.turn, turn_metrics(latency_ms=1)),
    "revokes a key": revoke,
    "accepts a proposal": lambda pool, ada_rows, bob: Proposals(pool).accept(bob, ada_rows.proposal),
    "refuses a proposal": lambda pool, ada_rows, bob: Proposals(pool).refuse(bob, ada_rows.proposal),
    "undoes a proposal": lambda pool, ada_rows, bob: Proposals(pool).undo(bob, ada_rows.proposal),
    "undoes an import": lambda pool, ada_rows, bob: Documents(pool).undo(bob, ada_rows.document),
    "deletes a document": lambda pool, ada_rows, bob: Documents(pool).delete(bob, ada_rows.document),
    "deletes a file": lambda pool, ada_rows, bob: Documents(pool).delete_content(bob, ada_rows.document),
    "has a document read again": lambda pool, ada_rows, bob: Documents(pool).read_again(
        bob, ada_rows.document, shape={"header_line": 1}
    ),
    "gives a category": lambda pool, ada_rows, bob: Transactions(pool).categorise(bob, [ada_rows.transaction], "gifts"),
    "annotates": lambda pool, ada_rows, bob: Transactions(pool).annotate(bob, ada_rows.transaction, "Mine"),
    "deletes a transaction": lambda pool, ada_rows, bob: Transactions(pool).delete(bob, ada_rows.transaction),
    "adds an account": lambda pool, _, bob: FinanceAccounts(pool).put(
        bob, uuid4(), NewAccount(name="Wallet", kind="cash", currency="EUR")
    ),
    "deletes a category": lambda pool, _, bob: Categories(pool).delete(bob, "no_such"),
    "deletes a budget": lambda pool, _, bob: Plans(pool).delete_budget(bob, "gifts", "EUR"),
    "switches memory off": lambda pool, _, bob: Users(pool).switch_memory(bob, on=False),
    "erases": lambda pool, _, bob: Users(pool).erase(bob),
}


async def test_no_method_writes_another_users_rows(pool: Pool, ada_rows: AdaRows, case: Case) -> None:
    """Given Ada's ids, Bob changes nothing, or his own rows; each case checks that hers are unchanged."""
    for name, attempt in WRITES.items():
        async with case(name) as bob:
            assert await attempt(pool, ada_rows, bob) in (None, False, 0) or name in ("is limited", "accepts")


async def test_an_answer_to_another_users_turn_is_refused(pool: Pool, ada_rows: AdaRows, bob: UUID) -> None:
    """For Bob the turn does not exist."""
    with pytest.raises(Gone):
        await Turns(pool).answer(bob, ada_rows.turn, answered())


async def test_a_version_of_another_users_turn_is_refused(pool: Pool, ada_rows: AdaRows, bob: UUID) -> None:
    """Also in a conversation of Bob's that has the same id."""
    await save_answered(pool, bob, answered())
    with pytest.raises(Gone):
        await Turns(pool).accept(bob, uuid4(), {**accepted(), "version": "edit", "replaces": str(ada_rows.turn)})


async def test_a_hundred_concurrent_users_on_five_connections_see_only_their_own_rows(database_url: str) -> None:
    """Each writes, reads, learns and searches while the others do."""
    users = [uuid4() for _ in range(100)]
    async with Pool.open(database_url, size=5, timeout=60) as pool:

        async def visit(user: UUID) -> list[set[str]]:
            mine = str(user)
            turn = await save_answered(pool, user, answered(mine, mine))
            await Facts(pool, MODEL).remember(user, [new_fact(mine)], source=turn)
            async with pool.as_user(user) as conn:
                cursor = await conn.execute("select content from chat_messages")
                contents = {row["content"] for row in await cursor.fetchall()}
            recalled = await Recall(pool, MODEL).recall(user, "c-1", uuid4(), mine, [1.0, 0.0], facts=9, turns=9)
            return [
                contents,
                {one["title"][:36] for one in await Conversations(pool).latest(user, limit=100)},
                {one["content"] for one in await Conversations(pool).messages(user, "c-1", limit=100)},
                {one["fact"] for one in await UserFacts(pool, MODEL).latest(user, limit=100)},
                {one["fact"] for one in await Facts(pool, MODEL).nearest(user, [1.0, 0.0], limit=100)},
                {one["said"] for one in recalled["turns"]},
            ]

        seen = await asyncio.gather(*map(visit, users))
    assert seen == [[{str(user)}] * 6 for user in users]
