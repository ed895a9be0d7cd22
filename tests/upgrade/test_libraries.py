"""The tables of LangGraph and Procrastinate are upgraded by these libraries' own migrations, each once."""

import asyncio
from typing import LiteralString
from uuid import UUID

import psycopg
from langgraph.checkpoint.postgres.base import MIGRATIONS

from storage.checkpoints import Checkpointer
from storage.jobs import UNRECORDED, library_migrations
from storage.migrate import migrate, migrations
from storage.pool import Pool
from tests.graph.test_jobs import Prunes, workers
from tests.storage.rows import accepted, save_accepted
from tests.storage.test_checkpoints import latest, save_checkpoint, save_writes
from tests.upgrade.releases import RELEASES, create_schema, rows

RECORDED: LiteralString = "select name from frontdesk_job_migrations order by name"
SHIPPED = list(library_migrations())
JOB_TABLES: LiteralString = (
    "select table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')"
    " from information_schema.columns where table_schema = 'procrastinate'"
    " union all select proname, pg_get_function_arguments(oid) || md5(regexp_replace(prosrc, '\\s+', '', 'g'))"
    " from pg_proc where pronamespace = 'procrastinate'::regnamespace"
    " union all select indexname, indexdef from pg_indexes where schemaname = 'procrastinate'"
    " union all select tgname, pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid"
    " where c.relnamespace = 'procrastinate'::regnamespace and not tgisinternal"
    " union all select enumlabel, t.typname from pg_enum e join pg_type t on t.oid = e.enumtypid"
    " where t.typnamespace = 'procrastinate'::regnamespace order by 1, 2"
)
"""Columns, functions, indexes, triggers and words of Procrastinate's schema."""


async def test_the_job_queues_oldest_tables_are_upgraded(empty_url: str, database_url: str) -> None:
    """Each migration is applied once, the tables are those of a new installation, and jobs run, an old one too."""
    oldest = SHIPPED[0]
    await create_schema(empty_url, migrations()[-1].version, jobs=library_migrations()[oldest])
    with psycopg.connect(empty_url) as conn:
        conn.execute("insert into frontdesk_job_migrations (name) values (%s)", [oldest])
        conn.execute(
            "insert into procrastinate.procrastinate_jobs (queue_name, task_name, args)"
            """ values ('default', 'prune', '{"timestamp": 1}')"""
        )
    said: list[str] = []
    await migrate(empty_url, say=said.append)
    assert said == [f"migration of the job queue {name}" for name in SHIPPED[1:]]
    await migrate(empty_url, say=said.append)
    assert len(said) == len(SHIPPED) - 1
    assert rows(empty_url, RECORDED) == [(name,) for name in SHIPPED]
    assert rows(empty_url, JOB_TABLES) == rows(database_url, JOB_TABLES)
    prunes = Prunes()
    async with asyncio.timeout(60), Pool.open(empty_url) as pool, workers(pool, prunes, 1):
        await prunes.twice.wait()


async def test_job_tables_of_a_release_that_recorded_nothing_are_known(empty_url: str) -> None:
    """What they came with is recorded and not applied again."""
    await create_schema(empty_url, RELEASES[-1].migration)
    await migrate(empty_url)
    known = [(name,) for name in SHIPPED if name <= UNRECORDED]
    assert rows(empty_url, RECORDED)[: len(known)] == known


async def test_a_new_installation_records_all_of_the_job_queues_migrations(database_url: str) -> None:
    """Its tables come from the library's whole schema."""
    assert rows(database_url, RECORDED) == [(name,) for name in SHIPPED]


async def test_langgraphs_older_tables_are_upgraded(empty_url: str, ada: UUID) -> None:
    """Checkpoints that are there stay, and new ones are saved and read."""
    await create_schema(empty_url, migrations()[-1].version)
    with psycopg.connect(empty_url) as conn:  # back to before the last four of its migrations
        conn.execute("delete from langgraph.checkpoint_migrations where v > 5")
        conn.execute("drop index langgraph.checkpoints_thread_id_idx, langgraph.checkpoint_blobs_thread_id_idx")
        conn.execute("drop index langgraph.checkpoint_writes_thread_id_idx")
        conn.execute("alter table langgraph.checkpoint_writes drop column task_path")
        conn.execute(
            "insert into langgraph.checkpoints (thread_id, checkpoint_id, checkpoint) values ('old', '1', '{}')"
        )
    await migrate(empty_url)
    assert rows(empty_url, "select v from langgraph.checkpoint_migrations order by v") == [
        (number,) for number in range(len(MIGRATIONS))
    ]
    assert rows(empty_url, "select thread_id from langgraph.checkpoints") == [("old",)]
    async with Pool.open(empty_url) as pool:
        saver = Checkpointer(pool, pool)
        turn = await save_accepted(pool, ada, accepted())
        await save_checkpoint(saver, turn, ada)
        await save_writes(saver, turn, ada)
        assert await saver.aget_tuple(latest(turn)) is not None


def test_new_migrations_of_a_library_come_with_one_of_ours() -> None:
    """A server starts on a database that has all of ours, so these are applied by then.

    Where this fails, add a migration, which may be a comment only, and change these two lines.
    """
    assert SHIPPED[-1] == "03.04.00_50_post_add_retry_failed_job_procedure"
    assert len(MIGRATIONS) == 10
