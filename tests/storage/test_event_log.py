"""The event log: what is written is read, once, by every reader."""

from uuid import UUID

import psycopg

from storage.event_log import Batch, EventLog, LoggedEvent
from storage.pool import Pool
from storage.users import Users
from tests.storage.rows import Owner, accepted, rows, save_accepted

START = LoggedEvent(1, "start", b'{"model": "gpt"}')
TOKEN = LoggedEvent(2, "token", '{"text": "Grüße \\u00e9"}'.encode())
DONE = LoggedEvent(3, "done", b"{}")


async def test_events_are_read_as_they_were_written(pool: Pool, ada: UUID, bob: UUID) -> None:
    """To the byte, in order, after any of them; one statement writes those of several users."""
    log, turn = EventLog(pool), await save_accepted(pool, ada, accepted())
    other = await save_accepted(pool, bob, accepted())
    assert await log.last(ada, turn) is None
    await log.write([Batch(ada, turn, [START, TOKEN]), Batch(bob, other, [START])])
    await log.write([Batch(ada, turn, [DONE])])
    for after in range(4):
        assert await log.read(ada, turn, after=after) == [START, TOKEN, DONE][after:]
    assert await log.last(ada, turn) == DONE
    assert await log.read(bob, other, after=0) == [START]


async def test_events_that_are_written_twice_are_there_once(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The statement is run again where its reply was lost, or the turn is."""
    log, turn = EventLog(pool), await save_accepted(pool, ada, accepted())
    for _ in range(2):
        await log.write([Batch(ada, turn, [START, TOKEN])])
    assert await log.read(ada, turn, after=0) == [START, TOKEN]
    assert len(rows(owner, "select from chat_turn_events")) == 1


async def test_two_attempts_at_a_turn_are_written_together(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Each numbers its events from its own million on; a process may run both within one batch."""
    log, turn = EventLog(pool), await save_accepted(pool, ada, accepted())
    again = [START._replace(number=1_000_001), TOKEN._replace(number=1_000_002), DONE._replace(number=2_000_001)]
    await log.write([Batch(ada, turn, [START, TOKEN, *again])])
    assert await log.read(ada, turn, after=0) == [START, TOKEN, *again]
    assert rows(owner, "select first, last from chat_turn_events order by first") == [
        (1, 2), (1_000_001, 1_000_002), (2_000_001, 2_000_001),
    ]  # fmt: skip


async def test_a_deleted_turn_does_not_keep_others_from_being_written(
    pool: Pool, owner: Owner, ada: UUID, bob: UUID
) -> None:
    """Its own events are dropped."""
    log, turn = EventLog(pool), await save_accepted(pool, ada, accepted())
    deleted = await save_accepted(pool, bob, accepted())
    await Users(pool).erase(bob)
    await log.write([Batch(bob, deleted, [START]), Batch(ada, turn, [START])])
    assert await log.read(ada, turn, after=0) == [START]
    assert len(rows(owner, "select from chat_turn_events")) == 1


async def test_readers_are_notified_of_each_turn(pool: Pool, database_url: str, ada: UUID) -> None:
    """In whichever process they are."""
    turns = [await save_accepted(pool, ada, accepted(conversation=name)) for name in ("c-1", "c-2")]
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute("listen frontdesk_turns")
        await EventLog(pool).write([Batch(ada, turn, [START]) for turn in turns])
        notified = {notice.payload async for notice in conn.notifies(timeout=30, stop_after=2)}
    assert notified == {str(turn) for turn in turns}
