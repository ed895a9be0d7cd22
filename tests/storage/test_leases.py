"""Who runs which turn."""

import asyncio
from uuid import UUID, uuid4

import psycopg
import pytest

from storage import leases
from storage.errors import Gone
from storage.leases import Leases, take_presence_lock
from storage.pool import Pool
from storage.turns import Turns
from tests.storage.rows import Owner, accepted, answered, begin, rows
from tests.support.database import disappear

RUN_OUT = "update chat_turns set lease_until = now() - interval '1 second'"


async def test_a_turn_belongs_to_whoever_began_it(pool: Pool, ada: UUID) -> None:
    """As long as it gives signs of life: nobody else gets it, or can renew it."""
    mine, other = uuid4(), uuid4()
    turn_id = await begin(pool, ada, mine)
    assert await Leases(pool, other).adopt(9) == []
    assert await Leases(pool, other).renew([turn_id]) == []
    assert await Leases(pool, mine).renew([turn_id]) == [{"turn_id": turn_id, "stop_asked": False}]


async def test_a_turn_without_a_sign_of_life_is_taken_over_once(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Of ten who look at once one gets it; it says which run this is, and whether it is to stop."""
    turn_id = await begin(pool, ada, uuid4())
    await Turns(pool).ask_to_stop(ada, turn_id)
    owner.execute(RUN_OUT)
    taken = await asyncio.gather(*(Leases(pool, uuid4()).adopt(9) for _ in range(10)))
    [[orphan]] = [orphans for orphans in taken if orphans]
    assert orphan == {
        "user_id": ada, "turn_id": turn_id, "conversation_id": "c-1", "status": "streaming", "attempt": 2,
        "stop_asked": True,
    }  # fmt: skip


@pytest.mark.parametrize("lives", [True, False])
async def test_a_process_that_is_gone_loses_its_turns_before_their_lease(
    pool: Pool, owner: Owner, database_url: str, ada: UUID, monkeypatch: pytest.MonkeyPatch, lives: bool
) -> None:
    """The database knows by its connection; one that lives and is only late keeps them."""
    monkeypatch.setitem(leases.TERMS, "settling", 0)  # the tests' server has just begun
    mine = uuid4()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await take_presence_lock(conn, mine)
        turn_id = await begin(pool, ada, mine)
        owner.execute("update chat_turns set lease_until = lease_until - interval '4 seconds'")
        if not lives:
            await conn.close()
            await gone(database_url)
        taken = [orphan["turn_id"] for orphan in await Leases(pool, uuid4()).adopt(9)]
    assert taken == ([] if lives else [turn_id])


async def gone(url: str) -> None:
    """Return once the database has noticed that the connection ended."""
    await disappear(
        url,
        "select from pg_locks l join pg_database d on d.oid = l.database"
        " where d.datname = current_database() and l.locktype = 'advisory' and l.objsubid = 1",
    )


async def test_after_the_databases_own_start_nobody_is_taken_for_gone(
    pool: Pool, owner: Owner, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who live have to come back first."""
    monkeypatch.setitem(leases.TERMS, "settling", 1_000_000)
    await begin(pool, ada, uuid4())
    owner.execute("update chat_turns set lease_until = lease_until - interval '4 seconds'")
    assert await Leases(pool, uuid4()).adopt(9) == []


@pytest.mark.parametrize("lives", [True, False])
async def test_a_lease_that_ends_absurdly_late_is_none(
    pool: Pool, owner: Owner, database_url: str, ada: UUID, lives: bool
) -> None:
    """The database's clock was set back: a living process renews it at once, and nobody waits for who is gone."""
    mine = uuid4()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await take_presence_lock(conn, mine)
        turn_id = await begin(pool, ada, mine)
        owner.execute("update chat_turns set lease_until = now() + interval '1 hour'")
        if not lives:
            await conn.close()
            await gone(database_url)
        taken = [orphan["turn_id"] for orphan in await Leases(pool, uuid4()).adopt(9)]
    assert taken == ([] if lives else [turn_id])
    assert rows(owner, "select lease_until < now() + interval '1 minute' from chat_turns") == [(not lives,)]


async def test_a_look_at_turns_that_are_looked_after_reads_none_of_them(pool: Pool, owner: Owner, ada: UUID) -> None:
    """However many are over or run: an index has their leases."""
    await begin(pool, ada, uuid4())
    owner.execute(
        "insert into chat_turns select copy.* from chat_turns t, generate_series(1, 20000) n, jsonb_populate_record("
        " t, jsonb_build_object('turn_id', md5(n::text)::uuid, 'status', case when n > 500 then 'done' else t.status"
        " end)) copy"
    )
    owner.execute("analyze chat_turns")
    owner.execute("select pg_stat_force_next_flush()")  # what was read until now is not counted below
    with owner.transaction(force_rollback=True):
        owner.execute("select from adopt_turns(%s, '{}', 25, 15, 3, 10)", [uuid4()])
        read = "select seq_scan, idx_tup_fetch from pg_stat_xact_user_tables where relname = 'chat_turns'"
        assert rows(owner, read) == [(0, 0)]


async def test_who_lost_a_turn_commits_nothing(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Neither its answer nor its failure; who took it over does."""
    slow, quick = uuid4(), uuid4()
    turn_id = await begin(pool, ada, slow)
    owner.execute(RUN_OUT)
    await Leases(pool, quick).adopt(9)
    assert await Leases(pool, slow).renew([turn_id]) == []
    with pytest.raises(Gone):
        await Turns(pool, slow).answer(ada, turn_id, answered(answer="Too late."))
    await Turns(pool, slow).fail(ada, turn_id, "internal")
    await Turns(pool, quick).answer(ada, turn_id, answered(answer="In time."))
    assert rows(owner, "select content from chat_messages where role = 'assistant'") == [("In time.",)]
    assert rows(owner, "select status from chat_turns") == [("answered",)]


async def test_what_is_handed_on_is_there_at_once(pool: Pool, ada: UUID) -> None:
    """Without waiting for a lease; only one's own can be handed on."""
    mine = uuid4()
    turn_id = await begin(pool, ada, mine)
    await Leases(pool, uuid4()).release([turn_id])
    assert await Leases(pool, uuid4()).adopt(9) == []
    await Leases(pool, mine).release([turn_id])
    assert [orphan["turn_id"] for orphan in await Leases(pool, uuid4()).adopt(9)] == [turn_id]


async def test_what_is_over_or_runs_elsewhere_is_nobodys_to_take(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A turn that is done, one that failed, and one of LangGraph's own server, which is on no lease."""
    mine = uuid4()
    done, failed = await begin(pool, ada, mine), await begin(pool, ada, mine, "c-2")
    turns = Turns(pool, mine)
    await turns.answer(ada, done, answered())
    await turns.finish(ada, done)
    await turns.fail(ada, failed, "internal")
    owner.execute(RUN_OUT)
    await Turns(pool).accept(ada, uuid4(), accepted())
    assert await Leases(pool, uuid4()).adopt(9) == []


async def test_no_more_is_taken_than_was_asked_for(pool: Pool, owner: Owner, ada: UUID) -> None:
    """So that several processes share what one has left; the longest forgotten first."""
    turns = [await begin(pool, ada, uuid4(), f"c-{number}") for number in range(3)]
    for number, turn_id in enumerate(turns):
        owner.execute(
            "update chat_turns set lease_until = now() - make_interval(secs => %s) where turn_id = %s",
            [10 - number, turn_id],
        )
    assert {one["turn_id"] for one in await Leases(pool, uuid4()).adopt(2)} == set(turns[:2])
