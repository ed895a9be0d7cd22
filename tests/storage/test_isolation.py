"""No user ever reads or changes another's rows, whatever a statement forgets."""

import asyncio
import json
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from storage.facts import Facts
from storage.limits import Limits
from storage.metrics import Metrics
from storage.pool import Pool
from storage.summaries import Summaries
from tests.storage.rows import Owner, answered, measured, new_fact, rows, spoken

TABLES = [
    "chat_conversations",
    "chat_convo_summaries",
    "chat_messages",
    "chat_rate_limits",
    "chat_turns",
    "memory_embeddings",
    "user_memory_facts",
    "xai_chat_metrics",
]


@pytest.fixture
async def adas(pool: Pool, facts: Facts, ada: UUID) -> UUID:
    """Ada, with a row in every table."""
    turn_id = await spoken(pool, ada, answered())
    await Summaries(pool).save(ada, "c-1", "They met.", turn_id=turn_id, seen=0)
    await facts.remember(ada, [new_fact("Sells oat biscuits")], source=turn_id)
    await Limits(pool, 8).take(ada)
    await Metrics(pool).record(ada, turn_id, measured())
    return ada


def everything(owner: Owner, table: str) -> list[str]:
    """A table's rows, whosever they are."""
    query = sql.SQL("select to_jsonb(t)::text from {} t order by 1").format(sql.Identifier(table))
    return [text for (text,) in owner.execute(query).fetchall()]


def test_every_table_of_users_is_guarded(owner: Owner) -> None:
    """Row level security is on, holds for the owner too, and there is a policy; nothing else is in this list."""
    walk = """
        select c.relname, c.relrowsecurity, c.relforcerowsecurity, count(p.polname)::int
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped
        left join pg_policy p on p.polrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        group by 1, 2, 3 order by 1
    """
    assert rows(owner, walk) == [(table, True, True, 1) for table in TABLES]


def test_the_programs_role_has_no_way_around(owner: Owner) -> None:
    """It cannot log in, bypass row level security or make roles and databases, and it is in no other role."""
    role = rows(
        owner,
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin,"
        " exists (select from pg_auth_members where member = r.oid)"
        " from pg_roles r where rolname = 'frontdesk_app'",
    )
    assert role == [(False,) * 6]


def test_the_programs_role_owns_nothing(owner: Owner) -> None:
    """An owner could switch the policies off."""
    owned = "select * from pg_shdepend where deptype = 'o' and refobjid = 'frontdesk_app'::regrole"
    assert rows(owner, owned) == []


def test_the_programs_role_cannot_reach_checkpoints(owner: Owner) -> None:
    """They hold every user's words, and no policy guards them."""
    usable = rows(
        owner,
        "select has_schema_privilege('frontdesk_app', 'langgraph', 'usage'),"
        " has_schema_privilege('frontdesk_app', 'langgraph', 'create')",
    )
    assert usable == [(False, False)]
    granted = rows(
        owner,
        "select count(*) filter (where has_table_privilege('frontdesk_app', oid, 'select, insert, update, delete')),"
        " count(*) > 0 from pg_class where relnamespace = 'langgraph'::regnamespace and relkind = 'r'",
    )
    assert granted == [(0, True)]


@pytest.mark.parametrize("table", TABLES)
async def test_a_statement_that_forgets_the_user_finds_nothing(
    pool: Pool, owner: Owner, adas: UUID, bob: UUID, table: str
) -> None:
    """Bob selects, updates and deletes everything, and everything is none of Ada's."""
    before = everything(owner, table)
    assert before
    name = sql.Identifier(table)
    async with pool.as_user(bob) as conn:
        assert (await conn.execute(sql.SQL("select * from {}").format(name))).rowcount == 0
        assert (await conn.execute(sql.SQL("update {} set created_at = now()").format(name))).rowcount == 0
        assert (await conn.execute(sql.SQL("delete from {}").format(name))).rowcount == 0
    assert everything(owner, table) == before


@pytest.mark.parametrize("table", TABLES)
async def test_nobody_writes_in_another_users_name(pool: Pool, owner: Owner, adas: UUID, bob: UUID, table: str) -> None:
    """A row of Ada's that Bob inserts is refused by the policy."""
    row = json.loads(everything(owner, table)[0])
    insert = sql.SQL("insert into {0} overriding system value select (jsonb_populate_record(null::{0}, %s)).*")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with pool.as_user(bob) as conn:
            await conn.execute(insert.format(sql.Identifier(table)), [json.dumps(row)])


async def test_nobody_gives_a_row_away(pool: Pool, adas: UUID, bob: UUID) -> None:
    """Ada cannot make a fact of hers one of Bob's."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with pool.as_user(adas) as conn:
            await conn.execute("update xai_chat_metrics set user_id = %(bob)s", {"bob": bob})


async def test_match_memory_does_not_answer_for_someone_else(pool: Pool, adas: UUID, bob: UUID) -> None:
    """Bob passes Ada's id to the function and gets nothing; Ada gets her fact."""
    match = "select text from match_memory(%(user)s, array_fill(1, array[1536])::vector)"
    async with pool.as_user(bob) as conn:
        assert (await conn.execute(match, {"user": adas})).rowcount == 0
    async with pool.as_user(adas) as conn:
        assert (await conn.execute(match, {"user": adas})).rowcount == 1


async def test_nobody_uses_up_another_users_limit(pool: Pool, adas: UUID, bob: UUID) -> None:
    """The functions of the limit act with the caller's rights."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with pool.as_user(bob) as conn:
            await conn.execute("select take_rate_limit(%(user)s, 8, 60)", {"user": adas})


async def test_sixty_at_once_over_three_connections_never_mix(database_url: str) -> None:
    """Each writes one conversation and then sees that one only."""
    users = [uuid4() for _ in range(60)]
    async with Pool.open(database_url, size=3, wait=60) as pool:

        async def visit(user: UUID) -> list[UUID]:
            async with pool.as_user(user) as conn:
                await conn.execute("insert into chat_conversations values (%(user)s, 'c-1')", {"user": user})
            async with pool.as_user(user) as conn:
                await conn.execute("select pg_sleep(0)")
                cursor = await conn.execute("select user_id from chat_conversations")
                return [row["user_id"] for row in await cursor.fetchall()]

        assert await asyncio.gather(*map(visit, users)) == [[user] for user in users]
