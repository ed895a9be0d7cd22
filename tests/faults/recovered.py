"""What must be true after a server was killed while it ran a turn, wherever it was."""

import asyncio
from typing import NamedTuple
from uuid import UUID

from tests.faults.killable_turn import KillableTurn
from tests.support.app import Event
from tests.support.database import PATIENCE, owner, row, rows
from tests.support.listening import text_of
from tests.support.prometheus import scraped

LAST = ("done", "error")


class Rows(NamedTuple):
    """How many rows a user has."""

    turns: int
    questions: int
    answers: int
    summaries: int
    facts: int
    vectors: int
    sources: int
    metrics: int
    queued: int
    """Accepted turns that are still in the conversation queue."""
    counted: int
    """Messages that the rate limit has counted."""


async def rows_of(turn: KillableTurn) -> Rows:
    """Count the rows of the turn's user, who has sent nothing else."""
    return Rows(
        *await row(
            turn.url,
            "select (select count(*) from chat_turns where user_id = %(user)s),"
            " (select count(*) from chat_messages where user_id = %(user)s and role = 'user'),"
            " (select count(*) from chat_messages where user_id = %(user)s and role = 'assistant'),"
            " (select count(*) from chat_convo_summaries where user_id = %(user)s),"
            " (select count(*) from user_memory_facts where user_id = %(user)s),"
            " (select count(*) from memory_embeddings where user_id = %(user)s),"
            " (select count(*) from user_fact_sources where user_id = %(user)s),"
            " (select count(*) from xai_chat_metrics where user_id = %(user)s),"
            " (select count(*) from chat_queue join chat_turns using (user_id, turn_id) where user_id = %(user)s),"
            " (select coalesce(sum(count), 0)::int from chat_rate_limits where user_id = %(user)s and bucket = 'chat')",
            user=turn.user,
        )
    )


class ModelCalls(NamedTuple):
    """Which results of the work after the answer are stored, and how often the model was asked for each."""

    summary_stored: bool
    facts_stored: bool
    summary_calls: int
    facts_calls: int


async def model_calls(turn: KillableTurn) -> ModelCalls:
    """The state of the work after the answer."""
    query = "select summarised_at is not null, facts_at is not null from chat_turns where user_id = %(user)s"
    [(summary, facts)] = await rows(turn.url, query, user=turn.user) or [(False, False)]
    return ModelCalls(summary, facts, turn.summaries_asked_for(), turn.facts_asked_for())


class Left(NamedTuple):
    """What a killed server left of a turn."""

    turn: KillableTurn
    turn_id: UUID | None
    status: str
    """It is "unknown" where the turn was not stored yet."""
    rows: Rows
    answer_calls: int
    calls: ModelCalls


async def left_of(turn: KillableTurn) -> Left:
    """Look at the turn before another server adopts it."""
    query = "select turn_id, status from chat_turns where user_id = %(user)s"
    [(turn_id, status)] = await rows(turn.url, query, user=turn.user) or [(None, "unknown")]
    return Left(turn, turn_id, status, await rows_of(turn), turn.answers_asked_for(), await model_calls(turn))


async def assert_recovered(left: Left) -> None:
    """Expire the killed server's leases, let the reader come back, and check everything."""
    turn, before, calls = left.turn, left.rows, left.calls
    await expire_leases(turn.url)
    if left.turn_id:
        rest = await events_after_takeover(turn, left.turn_id)
        assert await rows_of(turn) == Rows(1, 1, 1, 1, 1, 1, 1, 1, queued=0, counted=1)
    else:
        assert turn.heard == []
        assert before == Rows(0, 0, 0, 0, 0, 0, 0, 0, queued=0, counted=before.counted)
        rest = await turn.send_again()
        await done(turn)
        # Between counting a message and accepting it lies the wait for its conversation, so one may count twice.
        assert before.counted <= 1
        assert await rows_of(turn) == Rows(1, 1, 1, 1, 1, 1, 1, 1, queued=0, counted=before.counted + 1)
    await assert_readers_agree(turn, rest)
    await assert_ended_once(turn)
    assert turn.answers_asked_for() <= 2
    if before.answers:
        assert turn.answers_asked_for() == left.answer_calls, "the model was asked again for an answer that was stored"
    if calls.summary_stored:
        assert turn.summaries_asked_for() == calls.summary_calls, "the model was asked again for a stored summary"
    if calls.facts_stored:
        assert turn.facts_asked_for() == calls.facts_calls, "the model was asked again for stored facts"


async def events_after_takeover(turn: KillableTurn, turn_id: UUID) -> list[Event]:
    """What a reader hears who comes back at once, while the other server takes the turn over."""
    if not turn.heard:
        back = asyncio.create_task(turn.send_again())
    elif turn.heard[-1].name in LAST:
        back = asyncio.create_task(asyncio.sleep(0, list[Event]()))
    else:
        back = asyncio.create_task(turn.rejoin(turn_id, after=turn.heard[-1].id))
    await done(turn)
    async with asyncio.timeout(PATIENCE):
        return await back


async def done(turn: KillableTurn) -> None:
    """Return once the turn is done, with the work after its answer; the other server adopts it if need be."""
    async with asyncio.timeout(PATIENCE):
        while await rows(
            turn.url, "select from chat_turns where user_id = %(user)s and status <> 'done'", user=turn.user
        ):
            await turn.frontdesk.service.leases.adopt()
            await turn.frontdesk.settled()
            await asyncio.sleep(0.01)
    await turn.frontdesk.settled()


async def assert_readers_agree(turn: KillableTurn, rest: list[Event]) -> None:
    """The reader heard the answer that is stored, and so does one who reads from the beginning."""
    turn_id, answer = await row(
        turn.url,
        "select turn_id, content from chat_messages where user_id = %(user)s and role = 'assistant'",
        user=turn.user,
    )
    assert answer in ["".join(turn.answer(run)) for run in (1, 2)]
    async with asyncio.timeout(PATIENCE):
        everything = await turn.rejoin(turn_id, after=0)
    heard = turn.heard + rest
    assert heard[-1].data == everything[-1].data
    for events in (heard, everything):
        names = [event.name for event in events]
        assert text_of(events) == answer
        assert [event.id for event in events] == sorted({event.id for event in events})
        assert (names[0], names.count("start")) == ("start", 1)
        assert [name for name in names if name in LAST] == ["done"] == names[-1:]


async def expire_leases(url: str) -> None:
    """Let every lease run out: of turns, of idempotency keys of turns that never began, and of places in the queue."""
    await owner(
        url,
        "update chat_turns set lease_until = now() - interval '1 second' where lease_until is not null",
        "update chat_queue set lease_until = now() - interval '1 second'",
        "update chat_idempotency set lease_until = now() - interval '1 second' where lease_until is not null",
    )


async def assert_ended_once(turn: KillableTurn) -> None:
    """Nothing follows the turn's last event in the event log, however many processes wrote to it."""
    while (await scraped(turn.frontdesk, turn.user))["frontdesk_journal_waiting_events",]:
        pass
    batches = await rows(
        turn.url, "select events from chat_turn_events where user_id = %(user)s order by first", user=turn.user
    )
    names = [event["event"] for (events,) in batches for event in events]
    assert [name for name in names if name in LAST] == names[-1:] == ["done"]
