"""A dump of a database in use is restored into a new cluster, and a server goes on there."""

import asyncio
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from graph.models.factory import LocalModels
from storage.local.postgres import _binaries
from storage.migrate import migrate
from tests.support.app import Event, Frontdesk, Serve, read_events, serving
from tests.support.cluster import Cluster
from tests.support.listening import in_line, text_of, until
from tests.support.model_script import Gate, Json, Text, streaming, structured
from tests.support.model_server import ModelServer
from tests.support.postgres import Postgres
from tests.upgrade.releases import rows

FACT = Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]})
CATALOG: LiteralString = (
    "select 'table', c.oid::regclass::text, c.relrowsecurity::text || c.relforcerowsecurity || c.relowner::regrole,"
    " array(select unnest(c.relacl)::text order by 1)::text from pg_class c"
    " where c.relnamespace::regnamespace::text = any(array['public', 'langgraph', 'procrastinate'])"
    " and c.relkind in ('r', 'S')"
    " union all select 'column', a.attrelid::regclass || '.' || a.attname, '',"
    " array(select unnest(a.attacl)::text order by 1)::text from pg_attribute a where a.attacl is not null"
    " and not exists (select from pg_class c where c.oid = a.attrelid and c.relnamespace = 'pg_catalog'::regnamespace)"
    " union all select 'policy', tablename || '.' || policyname, roles::text || cmd, coalesce(qual, '') || with_check"
    " from pg_policies"
    " union all select 'function', p.oid::regprocedure::text, p.prosecdef::text || p.proowner::regrole,"
    " array(select unnest(p.proacl)::text order by 1)::text from pg_proc p"
    " where p.pronamespace::regnamespace::text = any(array['public', 'procrastinate', 'auth'])"
    " and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')"
    " union all select 'schema', nspname, '', array(select unnest(nspacl)::text order by 1)::text from pg_namespace"
    " where nspname in ('public', 'langgraph', 'procrastinate', 'auth')"
    " union all select 'default', defaclnamespace::regnamespace || defaclobjtype::text, '',"
    " array(select unnest(defaclacl)::text order by 1)::text from pg_default_acl"
    " union all select 'role', rolname, (r.rolcanlogin or r.rolsuper or r.rolbypassrls)::text, ''"
    " from pg_roles r where rolname like 'frontdesk%%' order by 1, 2, 3, 4"
)
"""Row level security, owners and rights of everything, and the program's roles."""


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs."""
    command = [str(_binaries() / program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def dump(cluster: Cluster, url: str, folder: Path) -> None:
    """Back up as docs/backup.md says."""
    done = run("pg_dumpall", "--roles-only", "--no-role-passwords", "-f", folder / "roles.sql", "-d", cluster.url())
    assert done.returncode == 0, done.stderr
    done = run("pg_dump", "--format=custom", "-f", folder / "frontdesk.dump", url)
    assert done.returncode == 0, done.stderr


def restore(url: str, folder: Path) -> None:
    """Restore as docs/backup.md says; the roles first, of which the owner is there already."""
    done = run("psql", "--quiet", "-f", folder / "roles.sql", url)
    assert done.returncode == 0, done.stderr
    done = run("pg_restore", "--exit-on-error", "-d", url, folder / "frontdesk.dump")
    assert done.returncode == 0, done.stderr


@pytest.fixture
async def new_cluster(tmp_path: Path) -> AsyncIterator[Postgres]:
    """A server without anything of ours but an empty database."""
    async with Postgres.open(tmp_path / "new") as server:
        yield server


class Sent(NamedTuple):
    """A message's turn and answer."""

    turn_id: str
    events: list[Event]


async def send(server: Frontdesk, user: UUID, message: str, conversation: str) -> Sent:
    """Send a message, with itself as its key, and read the answer."""
    async with streamed(server, user, message, conversation) as (turn_id, events):
        return Sent(turn_id, [event async for event in events])


@asynccontextmanager
async def streamed(
    server: Frontdesk, user: UUID, message: str, conversation: str
) -> AsyncGenerator[tuple[str, AsyncGenerator[Event]]]:
    """A message's turn, and its events as they come."""
    asked = {"message": message, "conversation_id": conversation}
    async with (
        server.client(user) as client,
        client.stream("POST", "/chat", json=asked, headers={"Idempotency-Key": message}) as response,
    ):
        assert response.status_code == 200
        yield response.headers["x-turn-id"], read_events(response)


async def seen(server: Frontdesk, user: UUID, path: str) -> Any:
    """What the server says at this path."""
    async with server.client(user) as client:
        response = await client.get(path)
    assert response.status_code == 200
    return response.json()


async def test_a_server_goes_on_with_a_restored_dump(
    serve: Serve,
    model: ModelServer,
    local: LocalModels,
    cluster: Cluster,
    database_url: str,
    new_cluster: Postgres,
    tmp_path: Path,
    ada: UUID,
    bob: UUID,
) -> None:
    """Nothing is lost, the turn under way is answered once, keys mean their turns, and users stay apart."""
    old, gate = await serve(), asyncio.Event()
    model.always(FACT, structured)
    finished = await send(old, ada, "I sell biscuits", "finished")
    await old.settled()
    model.queue(Gate(["Never ", "read."], gate), streaming)
    async with AsyncExitStack() as stack:
        under_way, events = await stack.enter_async_context(streamed(old, ada, "Under way", "busy"))
        await until(events, "token")
        waiting = asyncio.create_task(send(old, ada, "Waiting", "busy"))
        await in_line(database_url, 1)
        await asyncio.to_thread(dump, cluster, database_url, tmp_path)
        before = [await seen(old, ada, path) for path in ("/conversations/finished", "/memory")]
        gate.set()
    await waiting
    url = new_cluster.url()
    await asyncio.to_thread(restore, url, tmp_path)
    assert await migrate(url) == 0
    assert rows(url, CATALOG) == rows(database_url, CATALOG)

    model.queue(Text("The answer."), streaming)
    async with serving(url, model.url, local, tmp_path / "restored") as start:
        new = await start()
        assert [await seen(new, ada, path) for path in ("/conversations/finished", "/memory")] == before
        assert await send(new, ada, "I sell biscuits", "finished") == finished
        await new.ended()
        again = await send(new, ada, "Under way", "busy")
        assert (again.turn_id, text_of(again.events)) == (under_way, "The answer.")
        assert (await send(new, ada, "Waiting", "busy")).events[-1].name == "done"
        assert (await seen(new, bob, "/conversations"))["items"] == []
        await new.settled()
    assert rows(url, "select t.status, count(*), count(distinct turn_id) from chat_turns t group by 1") == [
        ("done", 3, 3)
    ]
    assert rows(url, "select role, count(*) from chat_messages group by 1 order by 1") == [
        ("assistant", 3), ("user", 3),
    ]  # fmt: skip
    assert rows(url, "select from chat_queue") == []
    assert rows_as_the_program(url) == []


def rows_as_the_program(url: str) -> list[tuple[object, ...]]:
    """The messages that a statement finds that forgets the user."""
    with psycopg.connect(url) as conn:
        conn.execute("set role frontdesk_app")
        return conn.execute("select id from chat_messages").fetchall()


def test_a_dump_by_a_role_that_policies_bind_fails(cluster: Cluster, database_url: str, tmp_path: Path) -> None:
    """It does not leave rows out silently."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("create role dumps login password 'test' in role pg_read_all_data")
        try:
            done = run("pg_dump", "-f", tmp_path / "dump", make_conninfo(database_url, user="dumps", password="test"))
        finally:
            conn.execute(sql.SQL("drop role dumps"))
    assert done.returncode != 0
    assert "row-level security" in done.stderr
