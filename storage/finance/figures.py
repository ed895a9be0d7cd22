"""Figures over a user's transactions: every sum that an employee says is computed here, in SQL, exactly.

Sums are by currency, which are never added up. Transfers between one's own accounts are neither spent nor received, so
they count only where their category is named.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal, LiteralString, TypedDict, cast
from uuid import UUID

from storage.finance.transactions import COUNTED, MATCHES, Transaction, TransactionFilter, condition_values
from storage.pool import Pool

Group = Literal["all", "category", "merchant", "account", "month"]
Order = Literal["largest", "smallest", "latest", "earliest"]
OFTEN = 3
"""How often a merchant gets the same amount in a few days, until that is usual."""
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


class Sizes(TypedDict):
    """How many payments there are in a currency, and how large they are."""

    currency: str
    count: int
    average: Decimal
    """Rounded to the cent."""
    smallest: Decimal
    largest: Decimal
    """By their size; both with the sign of the sum."""
    first: Decimal
    last: Decimal
    """By their days."""


class Repeated(TypedDict):
    """Two payments of the same amount to the same merchant."""

    label: str
    amount: Decimal
    currency: str
    first_on: date
    second_on: date
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

    async def ordered(
        self, user_id: UUID, only: TransactionFilter, *, limit: int, order: Order = "largest"
    ) -> list[Transaction]:
        """Those that match, without transfers: the largest first, whatever their sign, or in another order."""
        values = {**condition_values(user_id, only), "limit": limit}
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_ORDERED[order], values)).fetchall()
        return cast("list[Transaction]", rows)

    async def sizes(self, user_id: UUID, only: TransactionFilter) -> list[Sizes]:
        """How large those that match are, by currency; the one with most of them first."""
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_SIZES, condition_values(user_id, only))).fetchall()
        return cast("list[Sizes]", rows)

    async def repeated(self, user_id: UUID, only: TransactionFilter, *, days: int, limit: int) -> list[Repeated]:
        """Payments of the same amount to the same merchant so few days apart, the largest first.

        Those are left out that come again and again, such as tickets of one price.
        """
        values = {
            **condition_values(user_id, replace(only, since=None)), "from": only.since, "days": days,
            "often": OFTEN, "limit": limit,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_REPEATED, values)).fetchall()
        return cast("list[Repeated]", rows)

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


_COUNTED: LiteralString = f" where {MATCHES} and {COUNTED}"
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
_ORDERS: dict[Order, LiteralString] = {
    "largest": "abs(t.amount) desc, t.booked_on desc, t.transaction_id",
    "smallest": "abs(t.amount), t.booked_on desc, t.transaction_id",
    "latest": "t.booked_on desc, t.transaction_id desc",
    "earliest": "t.booked_on, t.transaction_id",
}
_ORDERED: dict[Order, LiteralString] = {
    name: "select t.transaction_id, t.account_id, a.name as account, t.booked_on, t.value_on, tidy(t.amount) as amount,"
    " t.currency, t.counterparty, t.body as text, t.suspicious, t.category, t.category_by, t.rule_id, t.receipt_id,"
    f" t.note{_FROM}{_COUNTED} order by {order} limit %(limit)s"
    for name, order in _ORDERS.items()
}
_SIZES: LiteralString = (
    "select t.currency, count(*) as count, round(avg(t.amount), 2) as average,"
    " tidy(sign(sum(t.amount)) * min(abs(t.amount))) as smallest,"
    " tidy(sign(sum(t.amount)) * max(abs(t.amount))) as largest,"
    f" tidy((array_agg(t.amount order by {_ORDERS['earliest']}))[1]) as first,"
    f" tidy((array_agg(t.amount order by {_ORDERS['latest']}))[1]) as last"
    f"{_FROM}{_COUNTED} group by t.currency order by count(*) desc, t.currency"
)
_REPEATED: LiteralString = (
    "with ordered as (select t.merchant, t.currency, t.amount, t.booked_on, t.transaction_id,"  # noqa: S608 (of literals)
    " coalesce(nullif(t.counterparty, ''), t.body) as label, lag(t.booked_on) over same as first_on,"
    f" lag(t.transaction_id) over same as first_id{_FROM}{_COUNTED}"
    " window same as (partition by t.merchant, t.currency, t.amount order by t.booked_on, t.transaction_id)"
    "), near as (select o.*, count(*) over (partition by merchant, currency, amount) as times"
    " from ordered o where booked_on - first_on <= %(days)s)"
    " select label, tidy(amount) as amount, currency, first_on, booked_on as second_on,"
    " array[first_id, transaction_id] as ids from near"
    " where times < %(often)s and (%(from)s::date is null or booked_on >= %(from)s)"
    " order by abs(amount) desc, booked_on desc, transaction_id limit %(limit)s"
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
