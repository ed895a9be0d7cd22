"""Transactions in the name of one user each, and single statements."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from storage.connections import connection_parameters
from storage.errors import Gone, LeaseLost, StorageUnavailable
from storage.pool import Pool
from tests.storage.rows import Owner, create_user, rows

WHO = "select current_user::text as role, auth.uid() as uid"
CONVERSATION = "insert into chat_conversations (user_id, convo_id) values (%(user)s, 'c-1')"


async def ping(pool: Pool, user: UUID) -> None:
    """Run an empty transaction."""
    async with pool.as_user(user):
        pass


async def test_a_transaction_acts_for_its_user(pool: Pool, ada: UUID) -> None:
    """With the role that row level security binds, and the user's id in auth.uid()."""
    async with pool.as_user(ada) as conn:
        cursor = await conn.execute(WHO)
        assert await cursor.fetchone() == {"role": "frontdesk_app", "uid": ada}


def end_connections(owner: Owner, count: int = 1) -> None:
    """End the connections of the pool, of which there are so many."""
    ended = rows(
        owner,
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
        " where datname = current_database() and application_name = 'frontdesk'",
    )
    assert ended == [(True,)] * count


async def test_role_and_user_are_reset_after_the_transaction(database_url: str, ada: UUID) -> None:
    """The next transaction on the connection begins without a user."""
    async with Pool.open(database_url, size=1) as pool:
        async with pool.as_user(ada) as conn:
            pid = conn.info.backend_pid
        async with pool._transaction() as conn:  # pyright: ignore[reportPrivateUsage]
            assert conn.info.backend_pid == pid
            cursor = await conn.execute(WHO)
            assert await cursor.fetchone() == {"role": "frontdesk", "uid": None}


async def test_an_error_rolls_the_transaction_back(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The error itself is passed on."""
    await create_user(pool, ada)

    async def fail() -> None:
        async with pool.as_user(ada) as conn:
            await conn.execute(CONVERSATION, {"user": ada})
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert rows(owner, "select * from chat_conversations") == []


async def test_the_connection_that_was_used_last_is_used_next(database_url: str, ada: UUID) -> None:
    """Its server process has its plans already; the others stay for callers at once."""
    async with Pool.open(database_url, size=3) as pool:
        used: list[int] = []
        async with AsyncExitStack() as stack:
            for _ in range(3):
                conn = await stack.enter_async_context(pool.as_user(ada))
                used.append(conn.info.backend_pid)
        for _ in range(3):  # they were given back in the opposite order
            async with pool.as_user(ada) as conn:
                assert conn.info.backend_pid == used[0]
            [row] = await pool.call("select pg_backend_pid() as pid", {})
            assert row["pid"] == used[0]


async def test_an_exhausted_pool_is_unavailable(database_url: str, ada: UUID) -> None:
    """Waiting for a connection ends with an error after the timeout."""
    async with Pool.open(database_url, size=1, timeout=1) as pool, pool.as_user(ada):
        with pytest.raises(StorageUnavailable):
            await ping(pool, ada)


async def test_a_lost_connection_is_unavailable(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The next transaction gets a new connection."""

    async def lose() -> None:
        async with pool.as_user(ada) as conn:
            owner.execute("select pg_terminate_backend(%(pid)s, 10000)", {"pid": conn.info.backend_pid})
            await conn.execute(CONVERSATION, {"user": ada})

    with pytest.raises(StorageUnavailable):
        await lose()
    await ping(pool, ada)


async def test_connections_that_died_while_idle_cause_no_error(database_url: str, owner: Owner, ada: UUID) -> None:
    """After a restart of the server new connections are used."""
    async with Pool.open(database_url, size=1) as pool:
        await ping(pool, ada)
        end_connections(owner)
        await ping(pool, ada)


async def test_a_read_only_server_is_unavailable(database_url: str, ada: UUID) -> None:
    """Its connection is dropped: the next one may lead to the server that took over."""
    async with Pool.open(database_url, size=1) as pool:

        async def write(*, read_only: bool) -> int:
            async with pool.as_user(ada) as conn:
                pid = conn.info.backend_pid
                if read_only:
                    await conn.execute("set local transaction_read_only = on")
                await conn.execute("insert into chat_users (user_id) values (%(user)s)", {"user": ada})
            return pid

        async with pool.as_user(ada) as conn:
            first = conn.info.backend_pid
        with pytest.raises(StorageUnavailable):
            await write(read_only=True)
        assert await write(read_only=False) != first


async def test_a_connection_to_a_read_only_server_is_not_handed_out(database_url: str) -> None:
    """The server reported it before."""
    async with Pool.open(database_url, size=2) as pool:
        async with pool._transaction() as conn, pool._transaction() as other:
            pids = {one.info.backend_pid for one in (conn, other)}
            for one in (conn, other):
                await one.execute("set default_transaction_read_only = on")
        async with pool._transaction() as conn, pool._transaction() as other:
            assert pids & {one.info.backend_pid for one in (conn, other)} == set()


async def test_no_connection_is_made_to_a_read_only_server(database_url: str, owner: Owner, ada: UUID) -> None:
    """Unless the URL allows it."""
    owner.execute(SQL("alter database {} set default_transaction_read_only = on").format(Identifier(owner.info.dbname)))
    with pytest.raises(psycopg.OperationalError, match="read-only"):
        psycopg.connect(database_url, **connection_parameters(database_url))
    async with Pool.open(database_url, timeout=0.5) as pool:
        with pytest.raises(StorageUnavailable):
            await ping(pool, ada)
    any_server = make_conninfo(database_url, target_session_attrs="any")
    psycopg.connect(any_server, **connection_parameters(any_server)).close()


async def test_a_full_disk_calls_the_callback(database_url: str, ada: UUID) -> None:
    """And other resource errors do not."""
    calls: list[str] = []
    async with Pool.open(database_url, on_full_disk=lambda: calls.append("full")) as pool:

        async def fail(state: str) -> None:
            async with pool.as_user(ada) as conn:
                await conn.execute(f"do $$ begin raise exception 'no' using errcode = '{state}'; end $$".encode())

        for state in ("out_of_memory", "disk_full"):
            with pytest.raises(StorageUnavailable):
                await fail(state)
    assert calls == ["full"]


async def test_a_foreign_key_violation_is_gone(pool: Pool, ada: UUID) -> None:
    """What the row refers to was deleted meanwhile."""
    with pytest.raises(Gone):
        async with pool.as_user(ada) as conn:
            await conn.execute(CONVERSATION, {"user": ada})


async def test_a_snapshot_is_read_only_and_does_not_change(pool: Pool, ada: UUID) -> None:
    """Whatever other transactions commit meanwhile."""
    await create_user(pool, ada)
    count = "select count(*) as n from chat_conversations"
    async with pool.as_user(ada, snapshot=True) as conn:
        assert await (await conn.execute(count)).fetchone() == {"n": 0}
        async with pool.as_user(ada) as other:
            await other.execute(CONVERSATION, {"user": ada})
        assert await (await conn.execute(count)).fetchone() == {"n": 0}
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with pool.as_user(ada, snapshot=True) as conn:
            await conn.execute(CONVERSATION, {"user": ada})


async def test_a_mistake_in_a_statement_is_not_unavailable(pool: Pool, ada: UUID) -> None:
    """A retry would not help."""
    with pytest.raises(psycopg.errors.UndefinedTable):
        async with pool.as_user(ada) as conn:
            await conn.execute("select * from nowhere")


PID: LiteralString = "select pg_backend_pid() as pid"
NEXT: LiteralString = "select nextval('calls')::int as number"
"""Counts how often it was run, also where its transaction was not committed."""
WAITING: LiteralString = (
    "select from pg_locks l join pg_database d on d.oid = l.database"
    " where d.datname = current_database() and l.locktype = 'advisory' and not l.granted"
)
"""Who waits for an advisory lock in the test's own database."""


@pytest.fixture
async def one(database_url: str, owner: Owner) -> AsyncGenerator[Pool]:
    """A pool of one connection, and a sequence for `NEXT`."""
    owner.execute("create sequence calls")
    async with Pool.open(database_url, size=1, accept_timeout=0.2) as opened:
        await opened.call(PID, {})
        yield opened


async def test_a_call_returns_its_rows(pool: Pool) -> None:
    """As dictionaries."""
    query: LiteralString = "select n, %(word)s as word from generate_series(1, 2) n"
    assert await pool.call(query, {"word": "oats"}) == [{"n": 1, "word": "oats"}, {"n": 2, "word": "oats"}]


async def test_a_call_on_a_connection_that_died_while_idle_is_run_on_another(one: Pool, owner: Owner) -> None:
    """Again and again, and once each time."""
    for number in (1, 3, 5):
        end_connections(owner)
        assert await one.call(NEXT, {}) == [{"number": number}]
        assert await one.call(NEXT, {}) == [{"number": number + 1}]


async def test_concurrent_calls_after_a_restart_of_the_server_succeed(database_url: str, owner: Owner) -> None:
    """All connections of the pool have died."""
    async with Pool.open(database_url, size=3) as pool:
        async with pool._transaction(), pool._transaction(), pool._transaction():  # pyright: ignore[reportPrivateUsage]
            pass
        end_connections(owner, 3)
        found = await asyncio.gather(*(pool.call(WHO, {}) for _ in range(9)))
    assert found == [[{"role": "frontdesk", "uid": None}]] * 9


async def test_a_call_that_loses_two_connections_is_unavailable(one: Pool, owner: Owner) -> None:
    """It is not run a third time; the next call gets a new connection."""
    lose: LiteralString = "select nextval('calls'), pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(StorageUnavailable):
        await one.call(lose, {})
    assert rows(owner, "select last_value from calls") == [(2,)]
    assert await one.call(NEXT, {}) == [{"number": 3}]


async def test_a_call_that_takes_too_long_is_cancelled(one: Pool, owner: Owner) -> None:
    """In Postgres, too, and not run again; its connection goes on."""
    pid = await one.call(PID, {})
    owner.execute("select pg_advisory_lock(1)")
    with pytest.raises(StorageUnavailable):
        await one.call("select nextval('calls'), pg_advisory_xact_lock(1)", {}, accepting=True)
    assert rows(owner, WAITING) == []
    assert rows(owner, "select last_value from calls") == [(1,)]
    assert await one.call(PID, {}) == pid


async def test_a_call_to_a_read_only_server_is_unavailable(one: Pool) -> None:
    """Its connection is dropped: the next one may lead to the server that took over."""
    pid = await one.call(PID, {})
    with pytest.raises(StorageUnavailable):
        await one.call(
            "do $$ begin perform set_config('transaction_read_only', 'on', true);"
            " insert into chat_users values (gen_random_uuid()); end $$",
            {},
        )
    assert await one.call(PID, {}) != pid


ERRORS: dict[LiteralString, type[Exception]] = {
    "disk_full": StorageUnavailable,
    "out_of_memory": StorageUnavailable,
    "deadlock_detected": StorageUnavailable,
    "foreign_key_violation": Gone,
    "FD001": LeaseLost,
    "undefined_table": psycopg.errors.UndefinedTable,
}


@pytest.mark.parametrize(("state", "error"), ERRORS.items(), ids=ERRORS.keys())
async def test_a_calls_error_says_what_its_caller_can_do(
    database_url: str, state: LiteralString, error: type[Exception]
) -> None:
    """It is not run again, and its connection goes on; a full disk calls the callback, too."""
    full: list[str] = []
    async with Pool.open(database_url, size=1, on_full_disk=lambda: full.append("full")) as pool:
        pid = await pool.call(PID, {})
        with pytest.raises(error):
            await pool.call("do $$ begin raise exception 'no' using errcode = '" + state + "'; end $$", {})
        assert await pool.call(PID, {}) == pid
    assert full == (["full"] if state == "disk_full" else [])
