"""A database prepared like Supabase's: auth schema, roles, default privileges, an owner who is no superuser.

The owner may use the schemas auth and extensions and cannot grant their use; unlike there, it does not bypass row
level security. On a server of its own, because roles belong to the whole server.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from storage.conversations import Conversations
from storage.errors import Gone
from storage.fact_vectors import FIRST, FactVectors
from storage.facts import Facts
from storage.migrate import migrate, pending
from storage.pool import Pool
from storage.turns import Turns
from storage.user_facts import UserFacts
from storage.users import Users
from tests.storage.rows import (
    MODEL,
    accepted,
    answered,
    begin,
    new_fact,
    save_accepted,
    save_answered,
    take_place,
)
from tests.storage.test_conversation_queue import ELSEWHERE, ENDINGS, WITHIN, Ending
from tests.support.cluster import Cluster
from tests.upgrade.releases import create_schema

USER_ID = UUID("00000000-0000-4000-8000-0000000000ad")
OLD_TURNS = [
    ("accepted", None), ("answered", "stop"), ("done", "stop"), ("done", "stopped"), ("failed", None),
]  # fmt: skip
"""Statuses and finish reasons of turns before 0027."""
PREPARED = """
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role supabase_auth_admin nologin noinherit createrole;
create role platform login createrole createdb password 'test';
grant anon, authenticated, service_role to platform with admin option;
alter role platform set search_path to public, extensions;
"""
"""The server's roles."""

SCHEMA = """
create schema extensions;
grant all on schema extensions to platform;
grant usage on schema extensions to anon, authenticated, service_role;
create extension vector schema extensions;
create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role;
grant all on schema auth to platform;
create function auth.uid() returns uuid language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
    )::uuid
$$;
alter function auth.uid() owner to supabase_auth_admin;
grant usage, create on schema public to platform;
alter default privileges for role platform in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges for role platform in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges for role platform in schema public grant all on sequences to anon, authenticated, service_role;
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Postgres with the platform's roles."""
    with Cluster(tmp_path_factory.mktemp("supabase")).opened() as cluster:
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
            conn.execute(PREPARED)
        yield cluster


@pytest.fixture
def url(server: Cluster) -> str:
    """A prepared database, as its owner, who is no superuser."""
    name = f"project_{uuid4().hex}"
    with psycopg.connect(server.create(name), autocommit=True) as conn:
        conn.execute(SCHEMA)
        conn.execute(sql.SQL("alter database {} owner to platform").format(sql.Identifier(name)))
    scheme, _, rest = server.url(name).partition("://")
    return f"{scheme}://platform:test@{rest.partition('@')[2]}"


async def test_the_migrations_run_unchanged(url: str) -> None:
    """Each once; auth.uid() still belongs to the platform."""
    assert await migrate(url) > 0
    assert await pending(url) == []
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "select proowner::regrole::text from pg_proc where oid = 'auth.uid()'::regprocedure"
        ).fetchone()
    assert row == ("supabase_auth_admin",)


@contextmanager
def unbound(url: str, *tables: str) -> Generator[psycopg.Connection[TupleRow]]:
    """The owner's connection, whom no policy binds on these tables until it is committed."""
    with psycopg.connect(url) as conn:
        for force in ("no force", "force"):
            for table in tables:
                conn.execute(f"alter table {table} {force} row level security".encode())
            if force == "no force":
                yield conn


async def test_a_database_before_0027_keeps_its_turns(url: str) -> None:
    """Their statuses are renamed also where the owner of the tables is no superuser."""
    await create_schema(url, 26)
    with unbound(url, "chat_users", "chat_conversations", "chat_turns") as conn:
        conn.execute("insert into chat_users (user_id) values (%s)", [USER_ID])
        conn.execute("insert into chat_conversations (user_id, convo_id, title) values (%s, 'c-1', 'Old')", [USER_ID])
        for status, reason in OLD_TURNS:
            conn.execute(
                "insert into chat_turns (user_id, turn_id, convo_id, employee_slug, status, finish_reason, route)"
                " values (%s, gen_random_uuid(), 'c-1', 'tag', %s, %s, '{}')",
                [USER_ID, status, reason],
            )
    await migrate(url)
    with unbound(url, "chat_turns") as conn:
        found = conn.execute("select status, count(*) from chat_turns group by 1").fetchall()
    assert dict(found) == {"streaming": 1, "answered": 1, "done": 1, "stopped": 1, "failed": 1}


SMALL = {"Sells oat biscuits": [1.0, *[0.1] * 383], "Lives in Ghent": [-1.0, *[0.1] * 382, 0.0]}
LARGE = {"Has two ovens": [1.0, *[0.1] * 1535]}
"""Vectors of two models by fact: 384 numbers, which 0027 pads with zeros, and 1536."""


async def test_a_database_before_0028_keeps_its_vectors(url: str) -> None:
    """At each model's own width, also where one ends in a zero of its own; searches find them as before."""
    await create_schema(url, 27)
    with unbound(url, "chat_users", "user_memory_facts", "memory_embeddings") as conn:
        conn.execute("insert into chat_users (user_id) values (%s)", [USER_ID])
        for model, facts in (("small", SMALL), ("large", LARGE)):
            for fact, vector in facts.items():
                conn.execute(
                    "with f as (insert into user_memory_facts (user_id, fact, fact_hash) values (%s, %s, md5(%s))"
                    "           returning user_id, id, fact)"
                    " insert into memory_embeddings (user_id, fact_id, text, embedding, model)"
                    " select user_id, id, fact, %s::vector, %s from f",
                    [USER_ID, fact, fact, str([*vector, *[0.0] * (1536 - len(vector))]), model],
                )
    await migrate(url)
    with unbound(url, "memory_embeddings") as conn:
        widths = conn.execute("select model, width from memory_embeddings order by text").fetchall()
    assert widths == [("large", 1536), ("small", 384), ("small", 384)]
    async with Pool.open(url) as pool:
        small = await Facts(pool, "small").nearest(USER_ID, SMALL["Sells oat biscuits"], limit=9)
        large = await Facts(pool, "large").nearest(USER_ID, LARGE["Has two ovens"], limit=9)
    assert [memory["fact"] for memory in small] == list(SMALL)
    assert [(memory["fact"], memory["similarity"]) for memory in large] == [("Has two ovens", 1.0)]


async def test_the_platforms_roles_get_no_rights(url: str) -> None:
    """Its default privileges grant them all, and its REST interface must not serve our tables and functions."""
    await migrate(url)
    with psycopg.connect(url) as conn:
        found = conn.execute(
            "select c.relname, r.rolname from pg_class c, pg_roles r where c.relnamespace = 'public'::regnamespace"
            " and c.relkind in ('r', 'p') and c.relname <> 'frontdesk_migrations'"
            " and r.rolname in ('anon', 'authenticated', 'service_role')"
            " and has_any_column_privilege(r.oid, c.oid, 'select, insert, update')"
            " union select p.proname, r.rolname from pg_proc p, pg_roles r"
            " where p.pronamespace = 'public'::regnamespace and r.rolname in ('anon', 'authenticated', 'service_role')"
            " and has_function_privilege(r.oid, p.oid, 'execute')"
        ).fetchall()
    assert found == []


@pytest.mark.parametrize("ends", ENDINGS.values(), ids=ENDINGS.keys())
async def test_the_end_of_a_turn_notifies_the_next_in_the_queue(url: str, ends: Ending) -> None:
    """By a trigger that policies bind, also where the turn is deleted with its conversation or user."""
    await migrate(url)
    ada = uuid4()
    async with Pool.open(url) as pool, await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        turn, (second, _) = await begin(pool, ada, ELSEWHERE), await take_place(pool, ada)
        await conn.execute("listen frontdesk_turns")
        await ends(pool, ada, turn)
        payloads = [notice.payload async for notice in conn.notifies(timeout=WITHIN, stop_after=1)]
    assert payloads == [str(second)]


async def test_a_users_data_works_as_on_plain_postgres(url: str) -> None:
    """Store, learn, search, supersede, delete and erase, with an owner whom policies bind."""
    await migrate(url)
    ada, bob = uuid4(), uuid4()
    async with Pool.open(url) as pool, FactVectors.open(url, pool, model="new-model") as vectors:
        recall = Facts(pool, MODEL).nearest
        turn = await save_answered(pool, ada, answered("I sell biscuits"))
        first = await save_accepted(pool, ada, accepted("No, tubas", conversation="c-2"))
        (biscuits,) = await Facts(pool, MODEL).remember(ada, [new_fact("Sells biscuits")], source=turn)
        tubas = new_fact("Sells tubas")
        tubas["replaces"] = [biscuits["fact_id"]]
        await Facts(pool, MODEL).remember(ada, [tubas], source=first)
        assert [one["fact"] for one in await recall(ada, [1.0, 0.0], limit=5)] == ["Sells tubas"]
        assert await recall(bob, [1.0, 0.0], limit=5) == []
        assert await Conversations(pool).delete(ada, "c-2")
        assert [one["fact"] for one in await recall(ada, [1.0, 0.0], limit=5)] == ["Sells biscuits"]
        for user, fact_id in await vectors.missing(FIRST, limit=5):
            await vectors.add(user, (await vectors.read(user, [fact_id]))[0], [1.0, 0.0])
        assert [one["fact"] for one in await Facts(pool, "new-model").nearest(ada, [1.0, 0.0], limit=5)] == [
            "Sells biscuits"
        ]
        assert await UserFacts(pool, MODEL).delete(ada, UUID(biscuits["fact_id"]))
        assert [one["title"] for one in await Conversations(pool).latest(ada, limit=5, q="biscuit")] == [
            "I sell biscuits"
        ]
        await Users(pool).erase(ada)
        with pytest.raises(Gone):
            await Turns(pool).answer(ada, turn, answered())
    with psycopg.connect(url) as conn:
        conn.execute("set role service_role")  # bypasses row level security, and has no rights
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select * from chat_messages")
