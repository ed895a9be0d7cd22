"""Merchants of a user's transactions, with the categories that their rows have, and receipts that may be theirs."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, LiteralString, TypedDict, cast
from uuid import UUID

from storage.pool import Pool

MOST_MERCHANTS = 2000
MOST_ROWS = 500
"""Transactions without a category that are looked at."""


class Labelled(TypedDict):
    """A merchant, and the category that most of its rows have."""

    merchant: str
    label: str
    """As the last row is called."""
    category: str
    count: int
    spent: bool
    """Whether these rows are spending."""


class Unlabelled(TypedDict):
    """A transaction without a category."""

    transaction_id: UUID
    merchant: str
    label: str
    booked_on: date
    amount: Decimal
    currency: str


class ReceiptCandidate(TypedDict):
    """A transaction that a receipt may be of."""

    document_id: UUID
    name: str
    receipt: Mapping[str, Any]
    transaction_id: UUID
    label: str
    booked_on: date
    amount: Decimal
    currency: str


class Merchants:
    """Merchants of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def labelled(self, user_id: UUID) -> list[Labelled]:
        """Merchants with a category, those with most rows first. What a model guessed teaches nothing."""
        return cast("list[Labelled]", await self._read(_LABELLED, user_id, MOST_MERCHANTS))

    async def unlabelled(self, user_id: UUID) -> Sequence[Unlabelled]:
        """Transactions without a category, the newest first."""
        return cast("list[Unlabelled]", await self._read(_UNLABELLED, user_id, MOST_ROWS))

    async def receipt_candidates(self, user_id: UUID) -> list[ReceiptCandidate]:
        """For each receipt without a transaction those of its amount, booked from a day before to a week after."""
        return cast("list[ReceiptCandidate]", await self._read(_CANDIDATES, user_id, MOST_ROWS))

    async def names(self, user_id: UUID) -> list[str]:
        """All merchants as their last rows call them, those with most rows first."""
        return [row["label"] for row in await self._read(_NAMES, user_id, MOST_MERCHANTS)]

    async def descriptions(self, user_id: UUID) -> list[str]:
        """What the bank's texts say beside the merchants, the most frequent first."""
        return [row["body"] for row in await self._read(_DESCRIPTIONS, user_id, MOST_ROWS)]

    async def _read(self, statement: LiteralString, user_id: UUID, limit: int) -> list[Any]:
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(statement, {"user_id": user_id, "limit": limit})
            return await cursor.fetchall()


_LABELLED: LiteralString = """
    with counted as (
        select t.merchant, t.category, t.amount < 0 as spent, count(*) as count,
               (array_agg(coalesce(nullif(t.counterparty, ''), t.body) order by t.booked_on desc, t.transaction_id))[1]
                   as label
        from finance_transactions t
        where t.user_id = %(user_id)s and t.category is not null and t.category_by in ('user', 'rule', 'bank')
        group by t.merchant, t.category, t.amount < 0
    ), ranked as (
        select c.*, row_number() over (partition by merchant, spent order by count desc, category) as rank
        from counted c
    )
    select merchant, label, category, count, spent from ranked where rank = 1
    order by count desc, merchant limit %(limit)s
"""
_NAMES: LiteralString = """
    select (array_agg(coalesce(nullif(t.counterparty, ''), t.body) order by t.booked_on desc, t.transaction_id))[1]
               as label
    from finance_transactions t where t.user_id = %(user_id)s
    group by t.merchant order by count(*) desc, t.merchant limit %(limit)s
"""
_DESCRIPTIONS: LiteralString = """
    select t.body from finance_transactions t
    where t.user_id = %(user_id)s and t.counterparty <> '' and t.body <> '' and length(t.body) <= 60
    group by t.body order by count(*) desc, t.body limit %(limit)s
"""
_UNLABELLED: LiteralString = """
    select t.transaction_id, t.merchant, coalesce(nullif(t.counterparty, ''), t.body) as label, t.booked_on,
           tidy(t.amount) as amount, t.currency
    from finance_transactions t
    where t.user_id = %(user_id)s and t.category is null and t.category_by is null
    order by t.booked_on desc, t.transaction_id limit %(limit)s
"""
_CANDIDATES: LiteralString = """
    select d.document_id, d.name, d.receipt, t.transaction_id,
           coalesce(nullif(t.counterparty, ''), t.body) as label, t.booked_on, tidy(t.amount) as amount, t.currency
    from finance_documents d
    join finance_transactions t on t.user_id = d.user_id and t.amount = -(d.receipt ->> 'total')::numeric
        and t.booked_on between (d.receipt ->> 'bought_on')::date - 1 and (d.receipt ->> 'bought_on')::date + 7
        and coalesce(d.receipt ->> 'currency', t.currency) = t.currency and t.receipt_id is null
    where d.user_id = %(user_id)s and d.kind = 'receipt' and d.status = 'ready'
    and not exists (
        select from finance_transactions o where o.user_id = d.user_id and o.receipt_id = d.document_id)
    order by d.created_at, d.document_id, t.booked_on, t.transaction_id limit %(limit)s
"""
