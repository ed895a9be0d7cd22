"""Accounts with a past: one is imported as `frontdesk import` takes it, the others are copies of its rows.

But for vectors of turns nothing here names a column that is not in an export, or that every table has, so that the
schema may change.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from psycopg import sql

from bench.speed.frontdesk import Database, environment, run

LONG, LONG_TURNS = "long", 30
"""A conversation of 60 messages."""
GROWN, GROWN_TURNS = "grown", 999
FACTS = 500
MANY_FACTS = 5_000
ROWS = 1_000
"""Transactions of a user."""
SLUGS = ("groceries", "transport", "leisure", "health", "clothing")
FACT_TABLES = ("user_memory_facts", "memory_embeddings")
TIME = "2026-11-01T10:00:00Z"
QUESTION = "What did I spend on groceries, and how does that compare with what I planned? " * 4
ANSWER = "You spent a little more than you planned, mostly in the second half of the month. " * 10

VECTORS = """
    insert into chat_turn_vectors (user_id, turn_id, model, embedding)
    select t.user_id, t.turn_id, e.model, e.embedding
    from (select *, row_number() over (order by turn_id) - 1 as number from chat_turns where user_id = %(user)s) t
    join (select *, row_number() over (order by id) - 1 as number, count(*) over () as all
          from memory_embeddings where user_id = %(user)s) e on e.number = t.number %% e.all
"""
"""Gives each imported turn the vector of a fact, as if it had been asked here."""


async def import_account(database: Database, folder: Path) -> UUID:
    """A user with both conversations and `FACTS` facts."""
    lines = [*_conversation(LONG, LONG_TURNS), *_conversation(GROWN, GROWN_TURNS), *_facts()]
    user = await _import(database, folder, lines)
    await database.conn.execute(VECTORS, {"user": user})
    return user


async def import_desk(database: Database, folder: Path) -> UUID:
    """A user with `ROWS` transactions."""
    return await _import(database, folder, list(_transactions()))


async def _import(database: Database, folder: Path, lines: Sequence[dict[str, Any]]) -> UUID:
    user, file = uuid4(), folder / "account.jsonl"
    whole = [{"type": "export", "format": 1}, *lines, {"type": "end", "lines": len(lines)}]
    file.write_text("\n".join(map(json.dumps, whole)))
    env = environment(folder, database.url, "http://127.0.0.1:1")
    await run("import", str(file), "--user", str(user), env=env, folder=folder)
    return user


async def clone_users(database: Database, source: UUID, count: int, tables: Sequence[str] = ()) -> list[UUID]:
    """New users with the same rows; by default in every table whose key begins with the user."""
    users = [uuid4() for _ in range(count)]
    for table in tables or await _user_tables(database):
        await _copy(database, table, source, users)
    return users


async def multiply_facts(database: Database, user: UUID, times: int) -> None:
    """Let the user have each fact so many times, under ids of their own."""
    for table in FACT_TABLES:
        await _copy(database, table, user, [user], range(2, times + 1))


async def _copy(
    database: Database, table: str, source: UUID, users: Sequence[UUID], numbers: range = range(1, 2)
) -> None:
    """Copy a user's rows of a table to users; copies numbered 2 and more get other ids.

    Without foreign keys and triggers, because what they would do is copied, too.
    """
    columns = await _columns(database, table)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    values = sql.SQL(", ").join(_value(table, name, kind) for name, kind in columns.items())
    statement = sql.SQL(
        "insert into {table} ({names}) overriding system value select {values} from {table} source,"
        " generate_series(%(first)s::int, %(last)s::int) number, unnest(%(users)s::uuid[]) new_user"
        " where source.user_id = %(source)s"
    ).format(table=sql.Identifier(table), names=names, values=values)
    given = {"source": source, "users": list(users), "first": numbers[0], "last": numbers[-1]}
    await database.conn.execute("set session_replication_role = replica")
    await database.conn.execute(statement, given)
    await database.conn.execute("reset session_replication_role")


def _value(table: str, name: str, kind: str) -> sql.Composable:
    column = sql.Identifier("source", name)
    if name == "user_id":
        return sql.SQL("new_user")
    if (table, name) == ("memory_embeddings", "id"):  # nobody's else, of whichever user, and nothing refers to it
        return sql.SQL("gen_random_uuid()")
    if kind == "uuid":
        return sql.SQL("case number when 1 then {0} else md5({0}::text || number)::uuid end").format(column)
    if name == "fact_hash":
        return sql.SQL("case number when 1 then {0} else {0} || number end").format(column)
    return column


async def _columns(database: Database, table: str) -> dict[str, str]:
    """Columns that can be inserted, with their types."""
    cursor = await database.conn.execute(
        "select attname, atttypid::regtype::text from pg_attribute where attrelid = %(table)s::regclass"
        " and attnum > 0 and not attisdropped and attgenerated = ''",
        {"table": table},
    )
    return dict(await cursor.fetchall())


async def _user_tables(database: Database) -> list[str]:
    cursor = await database.conn.execute(
        "select c.relname from pg_class c join pg_index i on i.indrelid = c.oid and i.indisprimary"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]"
        " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'user_id'"
    )
    return [name for (name,) in await cursor.fetchall()]


def _conversation(name: str, turns: int) -> Iterator[dict[str, Any]]:
    ids = [(str(uuid4()), str(uuid4()), str(uuid4())) for _ in range(turns)]
    of = {"conversation_id": name, "created_at": TIME}
    summary = {"summary": "They talked about groceries.", "summary_covers": ids[-1][2], "updated_at": TIME}
    yield {"type": "conversation", "title": "Groceries", "last_employee": "crystal", **of, **summary}
    for turn_id, *_ in ids:
        ended = {"status": "done", "finish_reason": "stop", "error_code": None, "updated_at": TIME}
        yield {"type": "turn", "turn_id": turn_id, "asked_employee": None, "employee": "crystal", **of, **ended}
    for turn_id, *messages in ids:
        for role, content, message_id in zip(("user", "assistant"), (QUESTION, ANSWER), messages, strict=True):
            said = {"turn_id": turn_id, "role": role, "content": content, "employee": "crystal"}
            yield {"type": "message", "message_id": message_id, **said, **of}


def _transactions() -> Iterator[dict[str, Any]]:
    account = {"account_id": str(uuid4())}
    nothing = {"number_hash": None, "number_end": None, "brought_by": None, "created_at": TIME}
    yield {"type": "finance_account", "name": "Everyday", "kind": "checking", "currency": "EUR", **account, **nothing}
    for slug in SLUGS:
        yield {
            "type": "category", "category": slug, "name": slug, "kind": "expense", "deductible": False,
            "created_at": TIME,
        }  # fmt: skip
    none = dict.fromkeys(("value_on", "rule_id", "receipt_id", "note"))
    for number in range(ROWS):
        said = {"counterparty": f"Shop {chr(97 + number % 20)}", "text": "Card payment", "suspicious": False}
        sorted_into = {"category": SLUGS[number % len(SLUGS)], "category_by": "user"}
        key = {"row_key": f"{number:032x}", "occurrence": 1, "created_at": TIME, "updated_at": TIME}
        day = (date(2026, 1, 1) + timedelta(days=number % 300)).isoformat()
        booked = {
            "transaction_id": str(uuid4()),
            "booked_on": day,
            "amount": f"-{number % 90 + 1}.50",
            "currency": "EUR",
        }
        yield {
            "type": "transaction",
            "transaction_id": str(uuid4()),
            **account,
            **booked,
            **said,
            **sorted_into,
            **key,
            **none,
        }


def _facts() -> Iterator[dict[str, Any]]:
    for number in range(FACTS):
        learned = {"fact_id": str(uuid4()), "fact": f"The user spent {number} euros on coffee in a week of last year."}
        holds = {"confidence": 0.9, "superseded_by": None, "superseded_at": None, "created_at": TIME}
        yield (
            {"type": "fact", "source": "chat", "source_message_id": None, "said_in": [], "used_in": []}
            | learned
            | holds
        )
