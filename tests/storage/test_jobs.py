"""Jobs of the whole installation."""

import psycopg

from storage.jobs import Jobs
from storage.pool import Pool


async def test_jobs_that_are_due_are_counted_as_waiting(pool: Pool, database_url: str) -> None:
    """Those scheduled for later or running are not."""
    assert await Jobs(pool).count_waiting() == 0
    with psycopg.connect(database_url, options="-c search_path=procrastinate", autocommit=True) as conn:
        conn.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args, status, scheduled_at) values"
            " ('q', 'due', '{}', 'todo', now() - interval '1 hour'), ('q', 'at once', '{}', 'todo', null),"
            " ('q', 'later', '{}', 'todo', now() + interval '1 hour'), ('q', 'doing', '{}', 'doing', null)"
        )
    assert await Jobs(pool).count_waiting() == 2
