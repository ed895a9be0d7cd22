"""Figures over a user's transactions: every sum that an employee says is computed here, in SQL, exactly.

Sums are by currency, which are never added up. Transfers between one's own accounts are neither spent nor received, so
they count only where their category is named.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, LiteralString, TypedDict, cast
from uuid import UUID

from storage.finance.transactions import MATCHES, Transaction, TransactionFilter, condition_values
from storage.pool import Pool

Group = Literal["all", "category", "merchant", "account", "month"]
MOST_GROUPS = 200
MOST_PAYMENTS = 50_000
"""Rows that recurring payments are looked for in."""


class GroupTotal(TypedDict):
    """Sums of the transactions of a group, in one currency."""

    key: str | None
    """The category's slug, the merchant, the account's id or the month (`2026-03`); None for those without one."""
    label: str | None
    currency: str
    count: int
    spent: Decimal
    """Zero or negative."""
    received: Decimal
    net: Decimal


class Payments(TypedDict):
    """All payments to a merchant, or from one, in one currency."""

    merchant: str
    label: str
    """As the last of them is called."""
    currency: str
    days: Sequence[date]
    """In order; `amounts` likewise."""
    amounts: Sequence[Decimal]
    ids: Sequence[UUID]


class Span(TypedDict):
    """What there is of a user's transactions."""

    first_on: date | None
    last_on: date | None
    count: int


class Figures:
    """Figures of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def totals(self, user_id: UUID, only: TransactionFilter, group: Group = "all") -> list[GroupTotal]:
        """Sums of those that match, by group and currency: the largest first, months in order."""
        values = {**condition_values(user_id, only), "most": MOST_GROUPS}
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_TOTALS[group], values)).fetchall()
        return cast("list[GroupTotal]", rows)

    async def largest(self, user_id: UUID, only: TransactionFilter, *, limit: int) -> list[Transaction]:
        """Those with the largest amounts, whatever their sign."""
        values = {**condition_values(user_id, only), "limit": limit}
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_LARGEST, values)).fetchall()
        return cast("list[Transaction]", rows)

    async def payments(self, user_id: UUID, only: TransactionFilter) -> list[Payments]:
        """All that match, by merchant and currency, without transfers."""
        values = {**condition_values(user_id, only), "most": MOST_PAYMENTS}
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_PAYMENTS, values)).fetchall()
        return cast("list[Payments]", rows)

    async def span(self, user_id: UUID, only: TransactionFilter) -> Span:
        """The first and the last day of those that match, and their number."""
        async with self._pool.as_user(user_id) as conn:
            row = await (await conn.execute(_SPAN, condition_values(user_id, only))).fetchone()
        return cast(Span, row)


_COUNTED: LiteralString = (
    f" where {MATCHES} and (cardinality(%(categories)s::text[]) > 0 or coalesce(c.kind, '') <> 'transfer')"
)
"""Condition on what is counted: transfers only where categories are named, and theirs is one of them."""
_FROM: LiteralString = (
    " from finance_transactions t left join finance_categories c on c.user_id = t.user_id and c.category = t.category"
    " join finance_accounts a on a.user_id = t.user_id and a.account_id = t.account_id"
)
_SUMS: LiteralString = (
    "t.currency, count(*) as count, tidy(coalesce(sum(t.amount) filter (where t.amount < 0), 0)) as spent,"
    " tidy(coalesce(sum(t.amount) filter (where t.amount > 0), 0)) as received, tidy(sum(t.amount)) as net"
)
_KEYS: dict[Group, tuple[LiteralString, LiteralString, LiteralString]] = {
    "all": ("null::text", "null::text", "sum(abs(t.amount)) desc"),
    "category": ("t.category", "min(c.name)", "sum(abs(t.amount)) desc"),
    "merchant": (
        "t.merchant",
        "(array_agg(coalesce(nullif(t.counterparty, ''), t.body) order by t.booked_on desc, t.transaction_id))[1]",
        "sum(abs(t.amount)) desc",
    ),
    "account": ("t.account_id::text", "min(a.name)", "sum(abs(t.amount)) desc"),
    "month": ("to_char(t.booked_on, 'YYYY-MM')", "to_char(t.booked_on, 'YYYY-MM')", "1"),
}
"""What is the key of each group, its label, and its order."""
_TOTALS: dict[Group, LiteralString] = {
    group: f"select {key} as key, {label} as label, {_SUMS}{_FROM}{_COUNTED}"
    f" group by {key}, t.currency order by {order}, key, t.currency limit %(most)s"
    for group, (key, label, order) in _KEYS.items()
}
_LARGEST: LiteralString = (
    "select t.transaction_id, t.account_id, a.name as account, t.booked_on, t.value_on, tidy(t.amount) as amount,"
    " t.currency, t.counterparty, t.body as text, t.suspicious, t.category, t.category_by, t.rule_id, t.receipt_id,"
    f" t.note{_FROM}{_COUNTED} order by abs(t.amount) desc, t.booked_on desc, t.transaction_id limit %(limit)s"
)
_PAYMENTS: LiteralString = (
    "with chosen as (select t.merchant, t.currency, t.booked_on, t.transaction_id, tidy(t.amount) as amount,"  # noqa: S608 (of literals)
    f" coalesce(nullif(t.counterparty, ''), t.body) as label{_FROM}{_COUNTED}"
    " order by t.booked_on desc, t.transaction_id desc limit %(most)s)"
    " select merchant, (array_agg(label order by booked_on desc, transaction_id desc))[1] as label, currency,"
    " array_agg(booked_on order by booked_on, transaction_id) as days,"
    " array_agg(amount order by booked_on, transaction_id) as amounts,"
    " array_agg(transaction_id order by booked_on, transaction_id) as ids"
    " from chosen group by merchant, currency order by merchant, currency"
)
_SPAN: LiteralString = (
    "select min(t.booked_on) as first_on, max(t.booked_on) as last_on, count(*) as count"  # noqa: S608 (of literals)
    f" from finance_transactions t where {MATCHES}"
)
