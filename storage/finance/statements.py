"""Add what a bank statement holds: the account, and those of its rows that no other document has brought."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import msgspec

from storage.connections import Connection
from storage.finance.categories import MAX_CATEGORIES, slug_of
from storage.finance.statement_rows import Row, Statement

DAYS_APART = 4
"""Between the day that a user enters and the one on which a bank books."""


class Added(NamedTuple):
    """What came of a statement."""

    new: int
    known: int
    """Rows that another document had brought."""
    entered: int
    """Rows that the user had entered."""


async def add_rows(
    conn: Connection, user_id: UUID, account_id: UUID, document_id: UUID, statement: Statement, *, format: str
) -> Added:
    """Add the rows that the account does not have.

    A row is known where a document has one with the same key, as often as it occurs there. Where only documents of
    other formats have the account's rows of a day, the amount says which of them it is. It is one that the user entered
    by hand where amount and currency are the same, the days are near, and it has all words of what was entered.

    The caller is in `locked_finances`, and the user has categories.
    """
    if not statement.rows:
        return Added(0, 0, 0)
    values = {"user_id": user_id, "account_id": account_id, "document_id": document_id, "format": format}
    await _add_balance(conn, values, statement)
    await _add_bank_categories(conn, user_id, statement.rows)
    rows = await asyncio.to_thread(_encoded, statement)  # answers stream meanwhile
    cursor = await conn.execute(_ADD, {**values, "rows": rows, "days": DAYS_APART})
    row = await cursor.fetchone()
    assert row is not None
    await conn.execute(_APPLY_RULES, values)
    return Added(row["new"], len(statement.rows) - row["new"] - row["entered"], row["entered"])


async def take_rows_back(conn: Connection, user_id: UUID, document_id: UUID) -> int:
    """Remove what only this document brought; returns how many transactions that were.

    A row that others have, too, stays, and is called as the first of them calls it. One that the user entered stays.
    An account that was made for rows goes with its last one. The caller is in `locked_finances`.
    """
    values = {"user_id": user_id, "document_id": document_id}
    cursor = await conn.execute(_TAKE_BACK, values)
    await conn.execute(_RENAME, values)
    for brought in (
        "delete from finance_transaction_sources where user_id = %(user_id)s and document_id = %(document_id)s",
        "delete from finance_balances where user_id = %(user_id)s and document_id = %(document_id)s",
    ):
        await conn.execute(brought, values)
    await conn.execute(_REMOVE_ACCOUNTS, values)
    return cursor.rowcount


def row_key(row: Row, currency: str) -> bytes:
    """By what a row is known again: the bank's reference, else day, amount and words."""
    words = "".join((row.counterparty + row.text).casefold().split())
    said = row.bank_reference or f"{row.booked_on}|{row.amount.normalize():f}|{currency}|{words}"
    return hashlib.sha256(said.encode()).digest()[:16]


class _Incoming(msgspec.Struct, frozen=True):
    """A row as it is sent to Postgres, with its key and its number among those of the same key."""

    number: int
    row_key: str
    occurrence: int
    booked_on: date
    value_on: date | None
    amount: Decimal
    currency: str | None
    counterparty: str
    body: str
    suspicious: bool
    category: str | None
    line: int


def _encoded(statement: Statement) -> str:
    """The rows as JSON, which takes a tenth of the time that arrays do; a second for the largest document."""
    seen = Counter[bytes]()
    rows: list[_Incoming] = []
    for number, row in enumerate(statement.rows):
        currency = row.currency or statement.currency
        key = row_key(row, currency or "")
        seen[key] += 1
        rows.append(
            _Incoming(
                number, key.hex(), seen[key], row.booked_on, row.value_on, row.amount, currency, row.counterparty,
                row.text, row.suspicious, slug_of(row.bank_category or "") or None, row.line,
            )
        )  # fmt: skip
    return msgspec.json.encode(rows).decode()


async def _add_balance(conn: Connection, values: Mapping[str, Any], statement: Statement) -> None:
    """Keep what the statement says of the balance after its rows."""
    if statement.closing_balance is not None:
        as_of = statement.closing_on or max(row.booked_on for row in statement.rows)
        balance = {"as_of": as_of, "amount": statement.closing_balance, "currency": statement.currency}
        await conn.execute(_ADD_BALANCE, {**values, **balance})


async def _add_bank_categories(conn: Connection, user_id: UUID, rows: Sequence[Row]) -> None:
    """Add the bank's categories that the user does not have; they are of the kind that most of their rows are."""
    sums = Counter[str]()
    names: dict[str, str] = {}
    for row in rows:
        if row.bank_category and (slug := slug_of(row.bank_category)):
            names.setdefault(slug, row.bank_category[:60])
            sums[slug] += 1 if row.amount > 0 else -1
    if names:
        await conn.execute(
            "insert into finance_categories (user_id, category, name, kind)"
            " select %(user_id)s, * from unnest(%(slugs)s::text[], %(names)s::text[], %(kinds)s::text[])"
            " limit greatest(0, %(max)s - (select count(*) from finance_categories where user_id = %(user_id)s))"
            " on conflict do nothing",
            {
                "user_id": user_id, "slugs": list(names), "names": list(names.values()), "max": MAX_CATEGORIES,
                "kinds": ["income" if sums[slug] > 0 else "expense" for slug in names],
            },
        )  # fmt: skip


# Of two statements of one day in a document the later one counts.
_ADD_BALANCE: LiteralString = """
    insert into finance_balances (user_id, document_id, account_id, as_of, amount, currency)
    values (%(user_id)s, %(document_id)s, %(account_id)s, %(as_of)s, %(amount)s, %(currency)s)
    on conflict (user_id, document_id, account_id, as_of)
        do update set amount = excluded.amount, currency = excluded.currency
"""
_ADD: LiteralString = """
    with incoming as materialized (
        select number, decode(row_key, 'hex') as row_key, occurrence, booked_on, value_on, amount, currency,
               counterparty, body, suspicious, category, line
        from json_to_recordset(%(rows)s::json) as i (
            number int, row_key text, occurrence int, booked_on date, value_on date, amount numeric, currency text,
            counterparty text, body text, suspicious bool, category text, line int)
    ), same as materialized (
        select i.number, min(t.transaction_id::text)::uuid as transaction_id
        from incoming i
        join finance_transaction_sources s
            on s.user_id = %(user_id)s and s.row_key = i.row_key and s.occurrence = i.occurrence
        join finance_transactions t
            on t.user_id = s.user_id and t.transaction_id = s.transaction_id and t.account_id = %(account_id)s
        group by i.number
    ), unknown as (
        select i.number, i.booked_on, i.amount, i.currency,
               row_number() over (partition by i.booked_on, i.amount, i.currency order by i.number) as n
        from incoming i where not exists (select from same where same.number = i.number)
    ), of_other_formats as (
        select t.transaction_id, t.booked_on, t.amount, t.currency,
               row_number() over (partition by t.booked_on, t.amount, t.currency order by t.transaction_id) as n
        from finance_transactions t
        where t.user_id = %(user_id)s and t.account_id = %(account_id)s
        and t.booked_on between (select min(booked_on) from incoming) and (select max(booked_on) from incoming)
        and not exists (select from same where same.transaction_id = t.transaction_id)
        and exists (select from finance_transaction_sources s
                    where s.user_id = t.user_id and s.transaction_id = t.transaction_id)
        and not exists (
            select from finance_transaction_sources s join finance_documents d using (user_id, document_id)
            where s.user_id = t.user_id and s.transaction_id = t.transaction_id and d.format = %(format)s)
    ), others as materialized (
        select u.number, o.transaction_id from unknown u join of_other_formats o using (booked_on, amount, currency, n)
    ), by_hand as materialized (
        select t.transaction_id, t.booked_on, t.amount, t.currency, t.merchant
        from finance_transactions t
        where t.user_id = %(user_id)s and t.account_id = %(account_id)s and char_length(t.merchant) > 2
        and t.booked_on between (select min(booked_on) from incoming) - %(days)s::int
            and (select max(booked_on) from incoming) + %(days)s::int
        and not exists (
            select from finance_transaction_sources s join finance_documents d using (user_id, document_id)
            where s.user_id = t.user_id and s.transaction_id = t.transaction_id
            and (not s.entered or d.format = %(format)s))
        and not exists (select from same where same.transaction_id = t.transaction_id)
        and not exists (select from others where others.transaction_id = t.transaction_id)
    ), alike as (
        select u.number, h.transaction_id, abs(u.booked_on - h.booked_on) as days,
               dense_rank() over (partition by h.amount, h.currency, h.merchant
                                  order by u.booked_on, u.number) as of_row,
               dense_rank() over (partition by h.amount, h.currency, h.merchant
                                  order by h.booked_on, h.transaction_id) as of_entered
        from by_hand h
        join unknown u on u.amount = h.amount and u.currency = h.currency
            and abs(u.booked_on - h.booked_on) <= %(days)s::int
        join incoming i on i.number = u.number
        where string_to_array(h.merchant, ' ')
            <@ regexp_split_to_array(lower(i.counterparty || ' ' || i.body), '[^[:alnum:]&'']+')
        and not exists (select from others where others.number = u.number)
    ), entered as materialized (
        select distinct on (number) number, transaction_id from alike where of_row = of_entered order by number, days
    ), known as materialized (
        select k.number, t.transaction_id, t.counterparty, t.body, t.value_on,
               k.entered or exists (
                   select from finance_transaction_sources s
                   where s.user_id = t.user_id and s.transaction_id = t.transaction_id and s.entered) as entered
        from (
            select number, transaction_id, false as entered from same
            union all
            select number, transaction_id, false from others
            union all
            select number, transaction_id, true from entered) k
        join finance_transactions t on t.user_id = %(user_id)s and t.transaction_id = k.transaction_id
    ), added as (
        insert into finance_transactions (user_id, account_id, booked_on, value_on, amount, currency, counterparty,
            body, suspicious, row_key, occurrence, category, category_by)
        select %(user_id)s, %(account_id)s, i.booked_on, i.value_on, i.amount, i.currency, i.counterparty, i.body,
               i.suspicious, i.row_key, i.occurrence, c.category, case when c.category is not null then 'bank' end
        from incoming i
        left join finance_categories c on c.user_id = %(user_id)s and c.category = i.category
        where not exists (select from known where known.number = i.number)
        returning transaction_id, row_key, occurrence
    ), sources as (
        insert into finance_transaction_sources (user_id, document_id, transaction_id, line, row_key, occurrence,
            words, entered)
        select %(user_id)s, %(document_id)s, coalesce(k.transaction_id, a.transaction_id), i.line, i.row_key,
               i.occurrence, case when k.number is not null and (k.entered
                   or (k.counterparty, k.body, k.value_on) is distinct from (i.counterparty, i.body, i.value_on))
                   then jsonb_build_object('counterparty', i.counterparty, 'body', i.body,
                   'suspicious', i.suspicious, 'value_on', i.value_on) end, coalesce(k.entered, false)
        from incoming i
        left join known k on k.number = i.number
        left join added a on k.number is null and a.row_key = i.row_key and a.occurrence = i.occurrence
    )
    select (select count(*) from added) as new, (select count(*) from entered) as entered
"""

_APPLY_RULES: LiteralString = """
    update finance_transactions t set category = r.category, category_by = 'rule', rule_id = r.rule_id
    from (
        select distinct on (t.transaction_id) t.transaction_id, r.category, r.rule_id
        from finance_transaction_sources s
        join finance_transactions t using (user_id, transaction_id)
        join finance_rules r
            on r.user_id = t.user_id and rule_matches(r.field, r.match, r.pattern, t.counterparty, t.body)
        where s.user_id = %(user_id)s and s.document_id = %(document_id)s
        and (t.category_by is null or t.category_by = 'bank')
        order by t.transaction_id, r.created_at, r.rule_id) r
    where t.user_id = %(user_id)s and t.transaction_id = r.transaction_id
"""

_TAKE_BACK: LiteralString = """
    delete from finance_transactions t using finance_transaction_sources s
    where s.user_id = %(user_id)s and s.document_id = %(document_id)s
    and t.user_id = s.user_id and t.transaction_id = s.transaction_id and not s.entered
    and not exists (
        select from finance_transaction_sources o
        where o.user_id = s.user_id and o.transaction_id = s.transaction_id and o.document_id <> s.document_id)
"""

_RENAME: LiteralString = """
    with named as materialized (
        select distinct on (o.transaction_id) o.transaction_id, o.document_id, o.row_key, o.occurrence, o.words
        from finance_transaction_sources s
        join finance_transaction_sources o
            on o.user_id = s.user_id and o.transaction_id = s.transaction_id and o.document_id <> s.document_id
        join finance_documents d on d.user_id = o.user_id and d.document_id = o.document_id
        where s.user_id = %(user_id)s and s.document_id = %(document_id)s and s.words is null
        order by o.transaction_id, d.read_at, d.document_id
    ), before as materialized (
        select t.transaction_id, jsonb_build_object(
            'counterparty', t.counterparty, 'body', t.body, 'suspicious', t.suspicious, 'value_on', t.value_on) as words
        from named n join finance_transactions t on t.user_id = %(user_id)s and t.transaction_id = n.transaction_id
        where n.words is not null
    ), renamed as (
        update finance_transactions t
        set row_key = n.row_key, occurrence = n.occurrence, updated_at = now(),
            counterparty = n.words ->> 'counterparty', body = n.words ->> 'body',
            suspicious = (n.words ->> 'suspicious')::bool, value_on = (n.words ->> 'value_on')::date
        from named n
        where t.user_id = %(user_id)s and t.transaction_id = n.transaction_id and n.words is not null
    )
    update finance_transaction_sources s
    set words = case when s.document_id = n.document_id then null else coalesce(s.words, b.words) end
    from named n join before b using (transaction_id)
    where s.user_id = %(user_id)s and s.transaction_id = n.transaction_id
"""

_REMOVE_ACCOUNTS: LiteralString = """
    delete from finance_accounts a
    where a.user_id = %(user_id)s and a.brought_by is not null
    and not exists (
        select from finance_transactions t where t.user_id = a.user_id and t.account_id = a.account_id)
    and not exists (
        select from finance_documents d
        where d.user_id = a.user_id and d.document_id = a.brought_by and d.status = 'ready'
        and d.document_id <> %(document_id)s)
"""
