"""A user with rows in every table, which no other user may reach."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from psycopg import sql

from storage.api_keys import ApiKeys
from storage.event_log import Batch, EventLog, LoggedEvent
from storage.facts import Facts
from storage.feedback import Feedback, FeedbackOnTurns
from storage.finance.document_queue import ReadPage
from storage.finance.plans import Budget, NewDebt, NewGoal, Plans
from storage.finance.proposals import Proposals
from storage.finance.references import References
from storage.finance.rules import Rules
from storage.finance.statement_rows import Row
from storage.finance.transactions import TransactionFilter, Transactions
from storage.idempotency import IdempotencyKeys
from storage.metrics import Finding, Metrics
from storage.misroutes import Misroutes
from storage.pool import Pool
from storage.rate_limits import RateLimits
from storage.recall import Recall
from storage.threads import Threads
from storage.turns import Turns
from tests.storage.finance.importing import imported
from tests.storage.rows import (
    MODEL,
    Owner,
    accepted,
    answered,
    new_fact,
    save_accepted,
    save_answered,
    take_place,
    turn_metrics,
)

SECRET = "oat biscuits"
"""Text that only Ada's rows contain."""


class AdaRows:
    """Ada's rows, at least one in every table, and their ids."""

    def __init__(self, pool: Pool, user: UUID) -> None:
        self.pool = pool
        self.user = user
        self.reference, self.proposal = uuid4(), uuid4()
        self.turn = self.fact = self.document = self.transaction = UUID(int=0)

    async def insert(self) -> "AdaRows":
        """Insert them."""
        first = await save_accepted(self.pool, self.user, accepted(f"I sell {SECRET}"))
        learned = await Facts(self.pool, MODEL).remember(self.user, [new_fact(f"Sells {SECRET}")], source=first)
        self.fact = UUID(learned[0]["fact_id"])
        async with self.pool.as_user(self.user) as conn:  # a fact without a vector, so that she has one only
            await conn.execute(
                "with older as (insert into user_memory_facts (user_id, fact, fact_hash)"
                " values (%(user)s, %(fact)s, 'older') returning id)"
                " insert into user_fact_replacements (user_id, fact_id, replaced_by, replaced_at)"
                " select %(user)s, id, %(newer)s, now() from older",
                {"user": self.user, "fact": f"Sold {SECRET}", "newer": self.fact},
            )
        self.turn = await save_answered(
            self.pool, self.user, answered(f"What of {SECRET}?", f"{SECRET}!", used=[str(self.fact)])
        )
        await Recall(self.pool, MODEL).recall(self.user, "c-1", self.turn, SECRET, [1.0, 0.0], facts=1, turns=1)
        await Turns(self.pool).save_summary(self.user, "c-1", f"They sell {SECRET}.", turn_id=self.turn, seen=0)
        await Misroutes(self.pool).record(self.user, "c-1", self.turn, "tag")
        feedback = Feedback(rating="down", reason="wrong_employee", comment=f"Not {SECRET}", employee="tag")
        await FeedbackOnTurns(self.pool).put(self.user, self.turn, feedback)
        await RateLimits(self.pool, 8).take(self.user)
        await take_place(self.pool, self.user)
        await IdempotencyKeys(self.pool).claim(self.user, "a key", "0" * 64, self.turn)
        start = LoggedEvent(1, "start", f'{{"model":"{SECRET}"}}'.encode())
        await EventLog(self.pool).write([Batch(self.user, self.turn, [start])])
        found = Finding(kind="card", action="masked", rule=None, text_hash="0" * 64)
        await ApiKeys(self.pool).create(
            self.user, uuid4().bytes * 2, hint="fd_abcd", name=SECRET, scopes=["chat"], seconds=None
        )
        await Threads(self.pool).create(self.user, "c-2", {"topic": SECRET})
        await Metrics(self.pool).record(self.user, self.turn, turn_metrics(), [found])
        await self._insert_finances()
        return self

    async def _insert_finances(self) -> None:
        await Rules(self.pool).add(
            self.user, {"field": "any", "match": "contains", "pattern": SECRET, "category": "gifts"}
        )
        bought = Row(booked_on=date(2026, 3, 1), amount=Decimal("-4.20"), text=SECRET)
        page = ReadPage(number=1, text=SECRET, suspicious=False, vector=[1.0, 0.0])
        self.document = await imported(
            self.pool, self.user, [bought], pages=[page], fingerprint=SECRET, name=SECRET, balance="95.80"
        )
        transactions = Transactions(self.pool)
        (found,) = await transactions.list(self.user, TransactionFilter(), limit=9)
        self.transaction = found["transaction_id"]
        await transactions.categorise(self.user, [self.transaction], "groceries")
        asked = {"words": [SECRET]}
        await References(self.pool).add(self.user, self.reference, self.turn, "totals", asked, asked)
        await Proposals(self.pool).add(self.user, self.proposal, self.turn, "goal", {"name": SECRET})
        plans = Plans(self.pool)
        await plans.set_budget(self.user, Budget(category="gifts", currency="EUR", amount=Decimal(10)))
        goal = NewGoal(name=SECRET, target=Decimal(9), saved=Decimal(1), currency="EUR", due_on=None)
        await plans.put_goal(self.user, goal, uuid4())
        debt = NewDebt(name=SECRET, balance=Decimal(9), currency="EUR", annual_rate=Decimal(5), minimum=Decimal(1))
        await plans.put_debt(self.user, debt, uuid4())


def all_rows(owner: Owner, table: str, user: UUID) -> list[str]:
    """A user's rows in a table."""
    query = sql.SQL("select to_jsonb(t)::text from {} t where user_id = %s order by 1").format(sql.Identifier(table))
    return [text for (text,) in owner.execute(query, [user]).fetchall()]
