"""What the database holds, seen by its owner and past every policy."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from storage.local.postgres import EmbeddedPostgres

PATIENCE = 60.0
"""Seconds after which a test fails instead of waiting on."""
KEPT: tuple[LiteralString, ...] = (
    "chat_conversations", "chat_turns", "chat_messages", "chat_convo_summaries", "user_memory_facts",
    "memory_embeddings", "chat_turn_events", "chat_feedback", "chat_threads", "langgraph.checkpoints",
    "langgraph.checkpoint_blobs", "langgraph.checkpoint_writes",
)  # fmt: skip
"""Every table that could hold something of what a user said."""


async def rows(url: str, query: LiteralString, **values: Any) -> list[tuple[Any, ...]]:
    """What the query finds at this very moment."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        return await (await conn.execute(query, values)).fetchall()


async def row(url: str, query: LiteralString, **values: Any) -> tuple[Any, ...]:
    """The only row that the query finds."""
    (found,) = await rows(url, query, **values)
    return found


async def appear(url: str, query: LiteralString, **values: Any) -> list[tuple[Any, ...]]:
    """The rows of the query, once it finds any."""
    return await _watch(url, query, values, bool)


async def disappear(url: str, query: LiteralString, **values: Any) -> None:
    """Return once the query finds nothing more."""
    await _watch(url, query, values, lambda found: not found)


async def _watch(
    url: str, query: LiteralString, values: dict[str, Any], until: Callable[[list[tuple[Any, ...]]], bool]
) -> list[tuple[Any, ...]]:
    async with (
        asyncio.timeout(PATIENCE),
        await psycopg.AsyncConnection.connect(url, autocommit=True) as conn,
    ):
        while not until(found := await (await conn.execute(query, values)).fetchall()):  # noqa: ASYNC110 - a table has no events
            await asyncio.sleep(0.01)
        return found


async def kept(url: str) -> dict[str, int]:
    """How many rows there are of what users said, for each table that has any."""
    counts = [await row(url, "select count(*) from " + table) for table in KEPT]  # noqa: S608 (a name of the list)
    return {table: count for table, (count,) in zip(KEPT, counts, strict=True) if count}


async def traces(url: str, *marks: str) -> dict[str, int]:
    """In which tables, of every schema there is, any of the marks stands anywhere in a row, and in how many."""
    tables = await rows(
        url,
        "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema')",
    )
    found: dict[str, int] = {}
    async with await psycopg.AsyncConnection.connect(url) as conn:
        for schema, table in tables:
            columns = await (
                await conn.execute(
                    "select attname, atttypid = 'bytea'::regtype from pg_attribute"
                    " where attrelid = %s::regclass and attnum > 0 and not attisdropped",
                    [f'"{schema}"."{table}"'],
                )
            ).fetchall()
            # Bytes are written in hex as text: LangGraph packs values, and the marks stand in there as they are.
            texts = [
                SQL("encode({}, 'escape')" if packed else "{}::text").format(Identifier(name))
                for name, packed in columns
            ]
            query = SQL("select count(*) from {} where concat_ws(' ', {}) ilike any(%s)").format(
                Identifier(schema, table), SQL(", ").join(texts)
            )
            row = await (await conn.execute(query, [[f"%{mark}%" for mark in marks]])).fetchone()
            if row and row[0]:
                found[f"{schema}.{table}"] = row[0]
    return found


async def owner(url: str, *statements: LiteralString) -> None:
    """Do this as the database's owner. The application goes on meanwhile: one of them may wait for the other."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        for statement in statements:
            await conn.execute(statement)


class SharedDatabase:
    """A database that one test after the other uses, seen by its owner over one connection that stays open."""

    def __init__(self, conn: psycopg.AsyncConnection[Any]) -> None:
        self._conn = conn

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncGenerator["SharedDatabase"]:
        """Connected for the length of the block."""
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            await conn.execute(EMPTY_FUNCTION)
            yield cls(conn)

    async def empty(self) -> None:
        """Delete every row that somebody's messages left; the key of opaque ids is the database's own."""
        await self._conn.execute("select pg_temp.empty()")

    async def schema(self) -> tuple[Any, ...]:
        """A number for each kind of thing in the schema: they change when somebody changes it."""
        counts: LiteralString = (
            "select (select count(*) from pg_class), (select count(*) from pg_constraint),"
            " (select count(*) from pg_trigger), (select count(*) from pg_proc)"
        )
        found: tuple[Any, ...]
        (found,) = await (await self._conn.execute(counts)).fetchall()
        return found


EMPTY_FUNCTION: LiteralString = """
    do $outer$
    declare
        deletions text;
    begin
        -- To look whether a table has rows takes a hundredth of deleting none.
        select string_agg(format('if exists (select from %1$s) then delete from %1$s; end if;', c.oid::regclass), ' ')
            into deletions
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'r' and n.nspname in ('public', 'langgraph') and c.relname not like '%migrations'
                and c.relname <> 'frontdesk_keys';
        -- As a replica it leaves foreign keys and their order alone.
        execute format('create function pg_temp.empty() returns void language plpgsql'
            ' set session_replication_role = replica as %L', 'begin ' || deletions || ' end');
    end $outer$
"""


@asynccontextmanager
async def rejecting_answers(url: str) -> AsyncGenerator[None]:
    """For the length of the block no answer can be stored."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute("alter table chat_messages add constraint no_answer check (role <> 'assistant') not valid")
        yield
        await conn.execute("alter table chat_messages drop constraint no_answer")


async def drop(cluster: EmbeddedPostgres, url: str) -> None:
    """Take the database away, whoever is connected to it or just connecting."""
    async with await psycopg.AsyncConnection.connect(cluster.url("postgres"), autocommit=True) as conn:
        await conn.execute(SQL("drop database {} with (force)").format(Identifier(_name(url))))


async def disconnect(cluster: EmbeddedPostgres, url: str) -> int:
    """End all connections to the database, as a restart of the server does; returns how many there were."""
    query: LiteralString = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %(name)s"
    return len(await rows(cluster.url("postgres"), query, name=_name(url)))


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])
