"""A number that the guard masks is nowhere afterwards."""

from uuid import UUID

import psycopg
from psycopg import sql

from tests.support.app import Frontdesk
from tests.support.model_server import ModelServer

CARD = "4242 4242 4242 4242"


async def test_a_masked_number_reaches_neither_the_model_nor_any_table(
    frontdesk: Frontdesk, model: ModelServer, database_url: str, ada: UUID
) -> None:
    """Not messages, not checkpoints, not summaries: every table of every schema is searched for it."""
    answer = await frontdesk.chat(ada, f"My card {CARD} was charged twice, who do I call?")
    assert [notice["code"] for notice in answer.named("notice")] == ["pii_masked"]
    assert CARD not in str([request.body for request in model.requests])
    assert "[card •4242]" in str(model.requests[0].body)
    assert places_of(database_url, CARD) == []
    assert "chat_messages" in places_of(database_url, "[card •4242]")


def places_of(database_url: str, text: str) -> list[str]:
    """The tables, in any schema, with a row that holds the text, also in binary columns."""
    with psycopg.connect(database_url) as conn:
        tables = conn.execute(
            "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
            " and table_schema not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        return [name for schema, name in tables if _holds(conn, schema, name, text)]


def _holds(conn: psycopg.Connection, schema: str, name: str, text: str) -> bool:
    rows = conn.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, name))).fetchall()
    wanted = text.encode()
    return any(
        wanted in (bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode())
        for row in rows
        for value in row
    )
