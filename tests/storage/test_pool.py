"""Transactions that belong to one user each."""

from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from storage.connections import connecting
from storage.errors import Gone, StorageUnavailable
from storage.pool import Pool
from tests.storage.rows import Owner, met, rows

WHO = "select current_user::text as role, auth.uid() as uid"
CONVERSATION = "insert into chat_conversations (user_id, convo_id) values (%(user)s, 'c-1')"


async def test_a_transaction_acts_as_its_user(pool: Pool, ada: UUID) -> None:
    """In a role that row level security binds, with the user's id where policies look for it."""
    async with pool.as_user(ada) as conn:
        cursor = await conn.execute(WHO)
        assert await cursor.fetchone() == {"role": "frontdesk_app", "uid": ada}


async def test_the_user_ends_with_the_transaction(database_url: str, ada: UUID) -> None:
    """Whoever gets the connection next begins as nobody."""
    async with Pool.open(database_url, size=1) as pool:
        async with pool.as_user(ada) as conn:
            pid = conn.info.backend_pid
        async with pool._transaction() as conn:  # pyright: ignore[reportPrivateUsage]
            assert conn.info.backend_pid == pid
            cursor = await conn.execute(WHO)
            assert await cursor.fetchone() == {"role": "frontdesk", "uid": None}


async def test_what_ends_in_an_error_is_undone(pool: Pool, owner: Owner, ada: UUID) -> None:
    """All of the block or nothing; the error itself is passed on."""
    await met(pool, ada)

    async def fail() -> None:
        async with pool.as_user(ada) as conn:
            await conn.execute(CONVERSATION, {"user": ada})
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert rows(owner, "select * from chat_conversations") == []


async def test_a_pool_that_is_used_up_is_unavailable(database_url: str, ada: UUID) -> None:
    """Whoever waits too long for a connection hears so instead of waiting for ever."""
    async with Pool.open(database_url, size=1, wait=1) as pool, pool.as_user(ada):
        with pytest.raises(StorageUnavailable):
            await pool.check()


async def test_a_connection_that_is_lost_is_unavailable(pool: Pool, owner: Owner, ada: UUID) -> None:
    """In the middle of a transaction; the next one gets a new connection."""

    async def lose() -> None:
        async with pool.as_user(ada) as conn:
            owner.execute("select pg_terminate_backend(%(pid)s, 10000)", {"pid": conn.info.backend_pid})
            await conn.execute(CONVERSATION, {"user": ada})

    with pytest.raises(StorageUnavailable):
        await lose()
    await pool.check()


async def test_connections_that_died_while_idle_cost_nobody_a_message(database_url: str, owner: Owner) -> None:
    """A server that was restarted is asked again over new connections, without an error in between."""
    async with Pool.open(database_url, size=1) as pool:
        await pool.check()
        ended = rows(
            owner,
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and application_name = 'frontdesk'",
        )
        assert ended == [(True,)]
        await pool.check()


async def test_a_server_that_takes_no_writes_is_unavailable(database_url: str, ada: UUID) -> None:
    """And its connection is thrown away: the next one may lead to the server that took over."""
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


async def test_a_connection_whose_server_says_that_it_takes_no_writes_is_not_handed_out(database_url: str) -> None:
    """Nobody has to find it out with a statement of their own."""
    async with Pool.open(database_url, size=2) as pool:
        async with pool._transaction() as conn, pool._transaction() as other:
            pids = {one.info.backend_pid for one in (conn, other)}
            for one in (conn, other):
                await one.execute("set default_transaction_read_only = on")
        async with pool._transaction() as conn, pool._transaction() as other:
            assert pids & {one.info.backend_pid for one in (conn, other)} == set()


async def test_no_connection_is_made_to_a_server_that_takes_no_writes(database_url: str, owner: Owner) -> None:
    """Unless the address asks for one."""
    owner.execute(SQL("alter database {} set default_transaction_read_only = on").format(Identifier(owner.info.dbname)))
    with pytest.raises(psycopg.OperationalError, match="read-only"):
        psycopg.connect(database_url, **connecting(database_url))
    async with Pool.open(database_url, wait=0.5) as pool:
        with pytest.raises(StorageUnavailable):
            await pool.check()
    any_server = make_conninfo(database_url, target_session_attrs="any")
    psycopg.connect(any_server, **connecting(any_server)).close()


async def test_whoever_watches_is_told_of_a_full_disk(database_url: str, ada: UUID) -> None:
    """By a statement that finds no room, and not by others."""
    told: list[str] = []
    async with Pool.open(database_url, on_full_disk=lambda: told.append("full")) as pool:

        async def fail(state: str) -> None:
            async with pool.as_user(ada) as conn:
                await conn.execute(f"do $$ begin raise exception 'no' using errcode = '{state}'; end $$".encode())

        for state in ("out_of_memory", "disk_full"):
            with pytest.raises(StorageUnavailable):
                await fail(state)
    assert told == ["full"]


async def test_what_belongs_to_nothing_is_gone(pool: Pool, ada: UUID) -> None:
    """A row whose owner was deleted meanwhile is refused by its foreign key, and the caller is told so."""
    with pytest.raises(Gone):
        async with pool.as_user(ada) as conn:
            await conn.execute(CONVERSATION, {"user": ada})


async def test_a_snapshot_reads_and_never_writes(pool: Pool, ada: UUID) -> None:
    """It stays as it was at its first look, whatever others commit meanwhile."""
    await met(pool, ada)
    count = "select count(*) as n from chat_conversations"
    async with pool.as_user(ada, snapshot=True) as conn:
        assert await (await conn.execute(count)).fetchone() == {"n": 0}
        async with pool.as_user(ada) as other:
            await other.execute(CONVERSATION, {"user": ada})
        assert await (await conn.execute(count)).fetchone() == {"n": 0}
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with pool.as_user(ada, snapshot=True) as conn:
            await conn.execute(CONVERSATION, {"user": ada})


async def test_a_mistake_in_a_statement_is_not_called_unavailable(pool: Pool, ada: UUID) -> None:
    """Trying again later would not help."""
    with pytest.raises(psycopg.errors.UndefinedTable):
        async with pool.as_user(ada) as conn:
            await conn.execute("select * from nowhere")
