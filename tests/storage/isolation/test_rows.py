"""Row level security: no user reads or changes another user's rows, even by a statement that names no user."""

import json
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from storage.errors import Gone
from storage.facts import Facts
from storage.pool import Pool
from tests.storage.isolation.ada_rows import AdaRows, all_rows
from tests.storage.isolation.conftest import Case
from tests.storage.rows import MODEL, Owner, accepted, new_fact, save_accepted
from tests.storage.test_rights import GRANTED


async def test_a_select_without_a_user_finds_only_own_rows(pool: Pool, case: Case) -> None:
    """Also with a condition that is always true."""
    for table in GRANTED:
        async with case(table) as bob, pool.as_user(bob) as conn:
            for query in ("select user_id from {}", "select user_id from {} where true or user_id is null"):
                cursor = await conn.execute(sql.SQL(query).format(sql.Identifier(table)))
                assert {row["user_id"] for row in await cursor.fetchall()} <= {bob}


async def test_a_change_without_a_user_is_refused_or_changes_only_own_rows(
    pool: Pool, owner: Owner, case: Case
) -> None:
    """The program's role lacks the right to most of these; the others affect Bob's rows only."""
    for table, rights in GRANTED.items():
        async with case(table) as bob:
            for command in ("update {} set user_id = user_id", "delete from {}", "truncate {}"):
                mine = len(all_rows(owner, table, bob))
                try:
                    async with pool.as_user(bob) as conn:
                        assert (await conn.execute(command.format(table).encode())).rowcount <= mine, command
                except psycopg.errors.InsufficientPrivilege:
                    assert not command.startswith("delete") or "DELETE" not in rights, command


async def test_a_user_cannot_insert_rows_of_another_user(
    pool: Pool, owner: Owner, ada_rows: AdaRows, case: Case
) -> None:
    """The policy refuses a row with Ada's id that Bob inserts, where he may insert at all."""
    for table, rights in GRANTED.items():
        refusal = "row-level security" if "INSERT" in rights else "permission denied"
        row = json.loads(all_rows(owner, table, ada_rows.user)[0])
        columns = [name for name in row if name not in ("seq", "search", "arrived", "width", "merchant")]
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        insert = sql.SQL("insert into {0} ({1}) select {1} from jsonb_populate_record(null::{0}, %s)").format(
            sql.Identifier(table), names
        )
        async with case(table) as bob:
            for ending in ("", " on conflict do nothing"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match=refusal):
                    async with pool.as_user(bob) as conn:
                        await conn.execute(insert + sql.SQL(ending), [json.dumps(row)])


async def test_an_update_of_another_users_row_finds_nothing(pool: Pool, ada_rows: AdaRows, case: Case) -> None:
    """For every column that may be updated."""
    for column in ("fact", "fact_hash", "confidence", "source_message_id", "superseded_by", "superseded_at"):
        update = sql.SQL("update user_memory_facts set {0} = {0} where id = %s and user_id = %s").format(
            sql.Identifier(column)
        )
        async with case(column) as bob, pool.as_user(bob) as conn:
            assert (await conn.execute(update, [ada_rows.fact, ada_rows.user])).rowcount == 0


async def test_a_row_cannot_refer_to_another_users_row(pool: Pool, ada_rows: AdaRows, bob: UUID) -> None:
    """Neither a fact of Bob's to Ada's message, nor an answer of his to her fact."""
    turn = await save_accepted(pool, bob, accepted())
    with pytest.raises(Gone):
        await Facts(pool, MODEL).remember(bob, [new_fact("Sells tubas")], source=ada_rows.turn)
    with pytest.raises(Gone):
        async with pool.as_user(bob) as conn:
            await conn.execute("insert into chat_turn_facts values (%s, %s, %s)", [bob, turn, ada_rows.fact])


async def test_the_user_of_a_row_cannot_be_changed(pool: Pool, ada_rows: AdaRows, bob: UUID) -> None:
    """Ada cannot give a conversation of hers to Bob."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        async with pool.as_user(ada_rows.user) as conn:
            await conn.execute("update chat_conversations set user_id = %(bob)s", {"bob": bob})
