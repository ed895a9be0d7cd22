"""Transactions in the name of one user each."""

from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from storage.connections import connection_parameters
from storage.errors import Gone, StorageUnavailable
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
        ended = rows(
            owner,
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and application_name = 'frontdesk'",
        )
        assert ended == [(True,)]
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
