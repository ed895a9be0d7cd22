"""Accounts of users: whose rows transactions are. Numbers of accounts are not kept, only a hash and their end."""

import hashlib
import re
from datetime import date
from decimal import Decimal
from typing import Literal, TypedDict, cast
from uuid import UUID

from storage.connections import Connection
from storage.pool import Pool
from storage.users import ensure_user

AccountKind = Literal["checking", "savings", "card", "cash", "loan", "investment"]


class FinanceAccount(TypedDict):
    """An account, with what its rows come to."""

    account_id: UUID
    name: str
    kind: AccountKind
    currency: str
    number_end: str | None
    transactions: int
    first_on: date | None
    last_on: date | None
    """Days of its first and last rows; None where it has none."""
    total: Decimal
    """The sum of its rows, which is its balance only where they are complete."""


def number_hash(number: str) -> bytes:
    """By what an account is found again, also where the user's data were moved to another account."""
    return hashlib.sha256(_normal(number).encode()).digest()


def number_end(number: str) -> str:
    """The part of a number that is shown."""
    return _normal(number)[-4:]


def _normal(number: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", number.upper())


async def account_of(
    conn: Connection, user_id: UUID, *, number: str | None, name: str, currency: str, document_id: UUID
) -> UUID:
    """The account with this number in this currency, else a new one with this name."""
    await ensure_user(conn, user_id)
    cursor = await conn.execute(
        "insert into finance_accounts (user_id, name, currency, number_hash, number_end, brought_by)"
        " values (%(user_id)s, %(name)s, %(currency)s, %(hash)s, %(end)s, %(document_id)s)"
        " on conflict (user_id, number_hash, currency) do update set number_end = excluded.number_end"
        " returning account_id",
        {
            "user_id": user_id, "name": name[:100] or "Account", "currency": currency, "document_id": document_id,
            "hash": number_hash(number) if number else None, "end": number_end(number) if number else None,
        },
    )  # fmt: skip
    row = await cursor.fetchone()
    assert row is not None
    return cast(UUID, row["account_id"])


class FinanceAccounts:
    """Accounts of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list(self, user_id: UUID) -> list[FinanceAccount]:
        """The user's accounts by name."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select a.account_id, a.name, a.kind, a.currency, a.number_end,"
                " count(t.transaction_id) as transactions, min(t.booked_on) as first_on, max(t.booked_on) as last_on,"
                " tidy(coalesce(sum(t.amount), 0)) as total"
                " from finance_accounts a left join finance_transactions t using (user_id, account_id)"
                " where a.user_id = %(user_id)s group by a.user_id, a.account_id order by a.name, a.account_id",
                {"user_id": user_id},
            )
            return cast("list[FinanceAccount]", await cursor.fetchall())

    async def change(
        self, user_id: UUID, account_id: UUID, *, name: str | None = None, kind: AccountKind | None = None
    ) -> bool:
        """Change what is not None; returns whether the account exists."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "update finance_accounts set name = coalesce(%(name)s, name), kind = coalesce(%(kind)s, kind)"
                " where user_id = %(user_id)s and account_id = %(account_id)s",
                {"user_id": user_id, "account_id": account_id, "name": name, "kind": kind},
            )
            return cursor.rowcount == 1

    async def delete(self, user_id: UUID, account_id: UUID) -> bool:
        """Delete an account with all its rows; returns whether it existed."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "delete from finance_accounts where user_id = %(user_id)s and account_id = %(account_id)s",
                {"user_id": user_id, "account_id": account_id},
            )
            return cursor.rowcount == 1
