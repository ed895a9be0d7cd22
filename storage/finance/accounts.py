"""Accounts of users: whose rows transactions are. Numbers of accounts are not kept, only a hash and their end."""

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, LiteralString, NamedTuple, TypedDict, cast
from uuid import UUID

from storage.connections import Connection
from storage.pool import Pool
from storage.users import ensure_user

AccountKind = Literal["checking", "savings", "card", "cash", "loan", "investment"]
MAX_ACCOUNTS = 500
"""Of a user, beyond which none is added by hand."""


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


class AccountWithBalance(FinanceAccount):
    """An account, with what is in it."""

    balance: Decimal | None
    """As its statements say, with the rows since; None where none says one."""
    balance_as_of: date | None
    """The day of that statement's balance."""


class Balance(TypedDict):
    """What was in an account at the end of a day."""

    account_id: UUID
    account: str
    """The account's name."""
    as_of: date | None
    """The day of the statement's balance from which it is computed; None where no balance is known."""
    rows: int
    """Between that day and the one that is asked for."""
    balance: Decimal | None
    currency: str
    gap: Decimal | None
    """What the balance of another statement, before or after it, makes of it more; 0 where both say the same."""


class NewAccount(NamedTuple):
    """An account that no document brought, such as cash."""

    name: str
    kind: AccountKind
    currency: str


class NoSuchAccount(Exception):
    """The user has no such account."""


class TooManyAccounts(Exception):
    """The user has as many accounts as they may."""


class OtherCurrency(Exception):
    """The account is in another currency, and so are its rows."""


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

    async def balances(self, user_id: UUID, account_ids: Sequence[UUID], on: date) -> list[Balance]:
        """The balances of accounts at the end of a day, by name: of all, where none is named.

        A statement says the balance after its rows. From there on all rows are added that it does not have; and back
        from there all are taken away, as far as the statement reaches.
        """
        values = {"user_id": user_id, "accounts": list(account_ids), "on": on}
        async with self._pool.as_user(user_id) as conn:
            return cast("list[Balance]", await (await conn.execute(_BALANCES, values)).fetchall())

    async def with_balances(self, user_id: UUID, on: date) -> list[AccountWithBalance]:
        """The user's accounts by name, with their balances at the end of a day."""
        known = {one["account_id"]: one for one in await self.balances(user_id, (), on)}
        return [
            AccountWithBalance(
                **account, balance=balance["balance"] if balance else None,
                balance_as_of=balance["as_of"] if balance else None,
            )
            for account in await self.list(user_id)
            for balance in (known.get(account["account_id"]),)
        ]  # fmt: skip

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

    async def put(self, user_id: UUID, account_id: UUID, new: NewAccount) -> None:
        """Add the account with this id, or change its name and kind.

        Raises:
            TooManyAccounts, OtherCurrency: nothing is changed.
        """
        async with self._pool.as_user(user_id) as conn:
            await ensure_user(conn, user_id)
            cursor = await conn.execute(
                "insert into finance_accounts (user_id, account_id, name, kind, currency)"
                " select %(user_id)s, %(account_id)s, %(name)s, %(kind)s, %(currency)s"
                " where (select count(*) from finance_accounts"
                "  where user_id = %(user_id)s and account_id <> %(account_id)s) < %(max)s"
                " on conflict (user_id, account_id) do update set name = excluded.name, kind = excluded.kind"
                " returning currency",
                {**new._asdict(), "user_id": user_id, "account_id": account_id, "max": MAX_ACCOUNTS},
            )
            row = await cursor.fetchone()
            if row is None:
                raise TooManyAccounts
            if row["currency"] != new.currency:
                raise OtherCurrency

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


# The nearest statements before and after the day. The one after it counts where it has rows of the day or before, so
# that all between is known; else the one before.
_BALANCES: LiteralString = """
    with nearest as (
        select distinct on (b.account_id, b.as_of > %(on)s) b.*, b.as_of > %(on)s as later
        from finance_balances b join finance_documents d using (user_id, document_id)
        where b.user_id = %(user_id)s
        order by b.account_id, b.as_of > %(on)s, abs(b.as_of - %(on)s), d.read_at desc, b.document_id
    ), computed as (
        select n.account_id, n.as_of, n.currency, n.later, moved.rows,
               n.amount + case when n.later then -moved.amount else moved.amount end as balance,
               n.later and exists (
                   select from finance_transaction_sources s join finance_transactions t using (user_id, transaction_id)
                   where s.user_id = %(user_id)s and s.document_id = n.document_id and t.account_id = n.account_id
                   and t.booked_on <= %(on)s::date + 1) as reaches
        from nearest n cross join lateral (
            select count(*) as rows, coalesce(sum(t.amount), 0) as amount
            from finance_transactions t cross join lateral (select exists (
                select from finance_transaction_sources s where s.user_id = t.user_id
                and s.document_id = n.document_id and s.transaction_id = t.transaction_id) as stated) source
            where t.user_id = %(user_id)s and t.account_id = n.account_id and t.currency = n.currency
            and t.booked_on between least(n.as_of, %(on)s) and greatest(n.as_of, %(on)s)
            and case when n.later then t.booked_on > %(on)s and (t.booked_on < n.as_of or stated)
                else t.booked_on > n.as_of or not stated end) moved
    )
    select a.account_id, a.name as account, c.as_of, coalesce(c.rows, 0) as rows, tidy(c.balance) as balance,
           coalesce(c.currency, a.currency) as currency, tidy(o.balance - c.balance) as gap
    from finance_accounts a
    left join lateral (
        select * from computed where computed.account_id = a.account_id and (reaches or not later)
        order by later desc limit 1) c on true
    left join computed o on o.account_id = a.account_id and o.later <> c.later and o.currency = c.currency
    where a.user_id = %(user_id)s and (cardinality(%(accounts)s::uuid[]) = 0 or a.account_id = any(%(accounts)s))
    order by a.name, a.account_id
"""
