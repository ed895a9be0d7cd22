"""Transactions of users: lists, sums, and changes that can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, LiteralString, NamedTuple, TypedDict, cast
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb

from storage.connections import Connection
from storage.finance.accounts import NoSuchAccount
from storage.finance.categories import ensure_categories
from storage.pool import Pool

CategorySource = Literal["bank", "rule", "similar", "model", "user"]
MAX_CHANGED = 1000
"""Rows that are changed at once."""


class Transaction(TypedDict):
    """A transaction."""

    transaction_id: UUID
    account_id: UUID
    account: str
    """The account's name."""
    booked_on: date
    value_on: date | None
    amount: Decimal
    """Negative is what was spent."""
    currency: str
    counterparty: str
    text: str
    """The bank's words."""
    suspicious: bool
    """Whether its words may be instructions to an AI."""
    category: str | None
    category_by: CategorySource | None
    """Who gave it its category."""
    rule_id: UUID | None
    receipt_id: UUID | None
    """The document that is its receipt."""
    note: str | None
    by_hand: bool
    """Whether the user entered it, and no document has it."""


class NewTransaction(NamedTuple):
    """A transaction that the user enters, such as a purchase in cash; in the currency of its account."""

    account_id: UUID
    booked_on: date
    amount: Decimal
    counterparty: str


@dataclass(frozen=True)
class TransactionFilter:
    """Which transactions; None and empty leave nothing out."""

    words: Sequence[str] = ()
    """All of which are in the counterparty or the bank's words."""
    since: date | None = None
    until: date | None = None
    """Both days included."""
    account_ids: Sequence[UUID] = ()
    categories: Sequence[str] = ()
    uncategorised: bool = False
    """Those without a category; with `categories`, those, too."""
    currency: str | None = None
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    """Both of the amount with its sign."""
    document_id: UUID | None = None
    """Those that this document has."""
    sign: Literal["spent", "received"] | None = None
    transaction_ids: Sequence[UUID] = ()


class Total(TypedDict):
    """Sums of transactions of one currency."""

    currency: str
    count: int
    spent: Decimal
    """Zero or negative. It and `received` leave out transfers between own accounts, unless their category is named."""
    received: Decimal
    first_on: date
    last_on: date
    """Days of the first and the last of them."""


class TransactionCursor(NamedTuple):
    """Position in the list of transactions: the last one on the page before."""

    booked_on: date
    transaction_id: UUID


class NoSuchCategory(Exception):
    """The user has no such category."""


class FromDocument(Exception):
    """A document brought the transaction: it is changed and goes with that one."""


class Transactions:
    """Transactions of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def totals(self, user_id: UUID, only: TransactionFilter) -> list[Total]:
        """Sums of those that match, one for each currency: two currencies are never added up."""
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_TOTALS, condition_values(user_id, only))).fetchall()
        return cast("list[Total]", rows)

    async def find(self, user_id: UUID, transaction_id: UUID) -> Transaction | None:
        """A transaction; None where the user has no such one."""
        found = await self.list(user_id, TransactionFilter(transaction_ids=[transaction_id]), limit=1)
        return found[0] if found else None

    async def put(self, user_id: UUID, transaction_id: UUID, new: NewTransaction) -> None:
        """Enter the transaction with this id, which rules give a category, or change what was entered.

        Raises:
            NoSuchAccount, FromDocument: nothing is changed.
        """
        values = {**new._asdict(), "user_id": user_id, "transaction_id": transaction_id}
        async with self._pool.as_user(user_id) as conn:
            await _check_by_hand(conn, values)
            if not (await conn.execute(_PUT, values)).rowcount:
                raise NoSuchAccount

    async def delete(self, user_id: UUID, transaction_id: UUID) -> bool:
        """Delete a transaction that the user entered; returns whether it existed.

        Raises:
            FromDocument: it is not deleted.
        """
        values = {"user_id": user_id, "transaction_id": transaction_id}
        async with self._pool.as_user(user_id) as conn:
            await _check_by_hand(conn, values)
            cursor = await conn.execute(
                "delete from finance_transactions where user_id = %(user_id)s and transaction_id = %(transaction_id)s",
                values,
            )
            return cursor.rowcount == 1

    async def categorise(self, user_id: UUID, transaction_ids: Sequence[UUID], category: str | None) -> UUID | None:
        """Give transactions a category, or none, in the user's name; returns the change, which can be undone.

        None where the user has none of these transactions.

        Raises:
            NoSuchCategory: nothing is changed.
        """
        values = {"user_id": user_id, "ids": list(transaction_ids), "category": category}
        async with self._pool.as_user(user_id) as conn:
            await ensure_categories(conn, user_id)
            cursor = await conn.execute(
                "select transaction_id, category, category_by, rule_id from finance_transactions"
                " where user_id = %(user_id)s and transaction_id = any(%(ids)s) order by transaction_id for update",
                values,
            )
            rows = await cursor.fetchall()
            if not rows:
                return None
            try:
                await conn.execute(_CATEGORISE, values)
            except ForeignKeyViolation:
                raise NoSuchCategory from None
            before = [{name: value and str(value) for name, value in row.items()} for row in rows]
            cursor = await conn.execute(
                "insert into finance_changes (user_id, category, before)"
                " values (%(user_id)s, %(category)s, %(before)s) returning change_id",
                {**values, "before": Jsonb(before)},
            )
            change = await cursor.fetchone()
        assert change is not None
        return cast(UUID, change["change_id"])

    async def undo(self, user_id: UUID, change_id: UUID) -> int | None:
        """Undo a change, once, for rows that nothing has changed since; returns how many they were.

        None where the user has no such change.
        """
        values = {"user_id": user_id, "change_id": change_id}
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "select from finance_changes where user_id = %(user_id)s and change_id = %(change_id)s for update",
                values,
            )
            if not cursor.rowcount:
                return None
            cursor = await conn.execute(_UNDO, values)
            undone = cursor.rowcount
            await conn.execute(
                "update finance_changes set undone_at = coalesce(undone_at, now())"
                " where user_id = %(user_id)s and change_id = %(change_id)s",
                values,
            )
        return undone

    async def annotate(self, user_id: UUID, transaction_id: UUID, note: str | None) -> bool:
        """Set or remove the user's note; returns whether the transaction exists."""
        async with self._pool.as_user(user_id) as conn:
            cursor = await conn.execute(
                "update finance_transactions set note = %(note)s, updated_at = now()"
                " where user_id = %(user_id)s and transaction_id = %(transaction_id)s",
                {"user_id": user_id, "transaction_id": transaction_id, "note": note},
            )
            return cursor.rowcount == 1

    async def list(
        self, user_id: UUID, only: TransactionFilter, *, limit: int, after: TransactionCursor | None = None
    ) -> list[Transaction]:
        """The user's transactions that match, the newest first."""
        values = {
            **condition_values(user_id, only), "limit": limit,
            "day": after.booked_on if after else None, "id": after.transaction_id if after else None,
        }  # fmt: skip
        async with self._pool.as_user(user_id) as conn:
            rows = await (await conn.execute(_LIST, values)).fetchall()
        return cast("list[Transaction]", rows)


async def _check_by_hand(conn: Connection, values: Mapping[str, Any]) -> None:
    cursor = await conn.execute(
        "select from finance_transaction_sources"
        " where user_id = %(user_id)s and transaction_id = %(transaction_id)s limit 1",
        values,
    )
    if cursor.rowcount:
        raise FromDocument


def condition_values(user_id: UUID, only: TransactionFilter) -> Mapping[str, Any]:
    """The parameters of `MATCHES`."""
    return {
        "user_id": user_id,
        "words": [word.lower() for word in only.words],
        "since": only.since,
        "until": only.until,
        "accounts": list(only.account_ids),
        "categories": list(only.categories),
        "uncategorised": only.uncategorised,
        "currency": only.currency,
        "at_least": only.at_least,
        "at_most": only.at_most,
        "document_id": only.document_id,
        "sign": only.sign,
        "ids": list(only.transaction_ids),
    }


MATCHES: LiteralString = (
    "t.user_id = %(user_id)s"
    " and (%(since)s::date is null or t.booked_on >= %(since)s)"
    " and (%(until)s::date is null or t.booked_on <= %(until)s)"
    " and (%(currency)s::text is null or t.currency = %(currency)s)"
    " and (%(at_least)s::numeric is null or t.amount >= %(at_least)s)"
    " and (%(at_most)s::numeric is null or t.amount <= %(at_most)s)"
    " and (%(sign)s::text is null or (t.amount < 0) = (%(sign)s = 'spent'))"
    " and (cardinality(%(accounts)s::uuid[]) = 0 or t.account_id = any(%(accounts)s))"
    " and (cardinality(%(ids)s::uuid[]) = 0 or t.transaction_id = any(%(ids)s))"
    " and (cardinality(%(categories)s::text[]) = 0 and not %(uncategorised)s"
    "  or t.category = any(%(categories)s) or %(uncategorised)s and t.category is null)"
    " and (cardinality(%(words)s::text[]) = 0 or not exists (select from unnest(%(words)s::text[]) as w (word)"
    "  where position(w.word in lower(t.counterparty || ' ' || t.body)) = 0))"
    " and (%(document_id)s::uuid is null or exists (select from finance_transaction_sources s"
    "  where s.user_id = t.user_id and s.transaction_id = t.transaction_id and s.document_id = %(document_id)s))"
)
"""Condition on transactions `t`: a TransactionFilter matches them."""
COUNTED: LiteralString = "(cardinality(%(categories)s::text[]) > 0 or coalesce(c.kind, '') <> 'transfer')"
"""Condition on a transaction's category `c`: transfers between own accounts are summed up only where they are named."""

_LIST: LiteralString = (
    "select t.transaction_id, t.account_id, a.name as account, t.booked_on, t.value_on, tidy(t.amount) as amount,"  # noqa: S608 (of literals)
    " t.currency, t.counterparty, t.body as text, t.suspicious, t.category, t.category_by, t.rule_id, t.receipt_id,"
    " t.note, not exists (select from finance_transaction_sources s"
    "  where s.user_id = t.user_id and s.transaction_id = t.transaction_id) as by_hand"
    f" from finance_transactions t join finance_accounts a using (user_id, account_id) where {MATCHES}"
    " and (%(day)s::date is null or (t.booked_on, t.transaction_id) < (%(day)s, %(id)s::uuid))"
    " order by t.booked_on desc, t.transaction_id desc limit %(limit)s"
)
_TOTALS: LiteralString = (
    "select t.currency, count(*) as count,"  # noqa: S608 (of literals)
    f" tidy(coalesce(sum(t.amount) filter (where t.amount < 0 and {COUNTED}), 0)) as spent,"
    f" tidy(coalesce(sum(t.amount) filter (where t.amount > 0 and {COUNTED}), 0)) as received,"
    " min(t.booked_on) as first_on, max(t.booked_on) as last_on"
    " from finance_transactions t left join finance_categories c using (user_id, category)"
    f" where {MATCHES} group by t.currency order by count(*) desc, t.currency"
)
# Its key is its id, so that it is never taken for a row of a file.
_PUT: LiteralString = (
    "insert into finance_transactions (user_id, transaction_id, account_id, booked_on, amount, currency, counterparty,"
    "  row_key, category, category_by, rule_id)"
    " select a.user_id, %(transaction_id)s, a.account_id, %(booked_on)s, %(amount)s, a.currency, %(counterparty)s,"
    "  uuid_send(%(transaction_id)s), r.category, case when r.rule_id is not null then 'rule' end, r.rule_id"
    " from finance_accounts a left join lateral ("
    "  select r.category, r.rule_id from finance_rules r where r.user_id = a.user_id"
    "  and rule_matches(r.field, r.match, r.pattern, %(counterparty)s, '')"
    "  order by r.created_at, r.rule_id limit 1) r on true"
    " where a.user_id = %(user_id)s and a.account_id = %(account_id)s"
    " on conflict (user_id, transaction_id) do update set account_id = excluded.account_id,"
    "  booked_on = excluded.booked_on, amount = excluded.amount, currency = excluded.currency,"
    "  counterparty = excluded.counterparty, updated_at = now()"
)
_CATEGORISE: LiteralString = (
    "update finance_transactions set category = %(category)s, rule_id = null, updated_at = now(),"
    " category_by = 'user'"
    " where user_id = %(user_id)s and transaction_id = any(%(ids)s)"
)
_UNDO: LiteralString = (
    "update finance_transactions t set category = k.category, category_by = b.category_by, rule_id = r.rule_id,"
    " updated_at = now()"
    " from finance_changes c cross join lateral jsonb_to_recordset(c.before)"
    "  as b (transaction_id uuid, category text, category_by text, rule_id uuid)"
    " left join finance_categories k on k.user_id = c.user_id and k.category = b.category"
    " left join finance_rules r on r.user_id = c.user_id and r.rule_id = b.rule_id"
    " where c.user_id = %(user_id)s and c.change_id = %(change_id)s and c.undone_at is null"
    " and t.user_id = c.user_id and t.transaction_id = b.transaction_id"
    " and t.category is not distinct from c.category and t.category_by = 'user'"
)
