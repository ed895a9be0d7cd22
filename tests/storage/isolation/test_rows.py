"""No user ever reads or changes another's rows, whatever a statement forgets."""

import json
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from storage.errors import Gone
from storage.facts import Facts
from storage.pool import Pool
from tests.storage.isolation.adas import Adas, everything
from tests.storage.rows import MODEL, Owner, accepted, heard, new_fact
from tests.storage.test_rights import GRANTED


@pytest.mark.parametrize("table", GRANTED)
async def test_a_select_that_forgets_the_user_finds_nothing(pool: Pool, bob: UUID, table: str) -> None:
    """Of Ada's; nor does one that names her, or counts."""
    async with pool.as_user(bob) as conn:
        for query in ("select user_id from {}", "select user_id from {} where true or user_id is null"):
            cursor = await conn.execute(sql.SQL(query).format(sql.Identifier(table)))
            assert {row["user_id"] for row in await cursor.fetchall()} <= {bob}


@pytest.mark.parametrize("table", GRANTED)
@pytest.mark.parametrize("command", ["update {} set user_id = user_id", "delete from {}", "truncate {}"])
async def test_a_change_that_forgets_the_user_is_refused_or_finds_nothing(
    pool: Pool, owner: Owner, bob: UUID, table: str, command: str
) -> None:
    """Most the program's role may not do at all; what it may do ends at Bob's own rows."""
    mine = len(everything(owner, table, bob))
    try:
        async with pool.as_user(bob) as conn:
            assert (await conn.execute(command.format(table).encode())).rowcount <= mine
    except psycopg.errors.InsufficientPrivilege:
        assert not command.startswith("delete") or "DELETE" not in GRANTED[table]


@pytest.mark.parametrize("table", GRANTED)
async def test_nobody_writes_in_another_users_name(pool: Pool, owner: Owner, adas: Adas, bob: UUID, table: str) -> None:
    """A row of Ada's that Bob inserts is refused by the policy, where he may insert at all."""
    refusal = "row-level security" if "INSERT" in GRANTED[table] else "permission denied"
    row = json.loads(everything(owner, table, adas.user)[0])
    columns = [name for name in row if name not in ("seq", "search", "arrived")]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    insert = sql.SQL("insert into {0} ({1}) select {1} from jsonb_populate_record(null::{0}, %s)").format(
        sql.Identifier(table), names
    )
    for ending in ("", " on conflict do nothing"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=refusal):
            async with pool.as_user(bob) as conn:
                await conn.execute(insert + sql.SQL(ending), [json.dumps(row)])


@pytest.mark.parametrize(
    "column", ["fact", "fact_hash", "confidence", "source_message_id", "superseded_by", "superseded_at"]
)
async def test_an_update_that_names_anothers_row_finds_nothing(pool: Pool, adas: Adas, bob: UUID, column: str) -> None:
    """With every column that may be changed at all."""
    update = sql.SQL("update user_memory_facts set {0} = {0} where id = %s and user_id = %s").format(
        sql.Identifier(column)
    )
    async with pool.as_user(bob) as conn:
        assert (await conn.execute(update, [adas.fact, adas.user])).rowcount == 0


async def test_a_row_cannot_be_tied_to_anothers(pool: Pool, adas: Adas, bob: UUID) -> None:
    """A fact of Bob's that came from Ada's message, an answer of his that used her fact: there is no such thing."""
    turn = await heard(pool, bob, accepted())
    with pytest.raises(Gone):
        await Facts(pool, MODEL).remember(bob, [new_fact("Sells tubas")], source=adas.turn)
    with pytest.raises(Gone):
        async with pool.as_user(bob) as conn:
            await conn.execute("insert into chat_turn_facts values (%s, %s, %s)", [bob, turn, adas.fact])


async def test_nobody_gives_a_row_away(pool: Pool, adas: Adas, bob: UUID) -> None:
    """Ada cannot make a conversation of hers one of Bob's: whose a row is cannot be changed at all."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        async with pool.as_user(adas.user) as conn:
            await conn.execute("update chat_conversations set user_id = %(bob)s", {"bob": bob})


def test_ada_has_something_in_every_table(owner: Owner, adas: Adas) -> None:
    """Or the tests above would try nothing."""
    assert [table for table in GRANTED if not everything(owner, table, adas.user)] == []
