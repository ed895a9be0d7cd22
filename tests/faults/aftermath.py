"""What must be true after a server was killed over a message, wherever it was."""

import asyncio
from typing import NamedTuple
from uuid import UUID

from tests.faults.killing import WITHIN, Asked
from tests.support.app import Event
from tests.support.database import owner, row, rows
from tests.support.listening import text_of
from tests.support.prometheus import scraped

LAST = ("done", "error")


class Kept(NamedTuple):
    """How many rows there are of a user."""

    turns: int
    questions: int
    answers: int
    summaries: int
    facts: int
    vectors: int
    sources: int
    measured: int
    places: int
    """Places in the queue that are a turn's which was accepted."""
    counted: int
    """Messages the rate limit has counted."""


async def kept(asked: Asked) -> Kept:
    """What is kept of the message's user, who has sent nothing else."""
    return Kept(
        *await row(
            asked.url,
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
            user=asked.user,
        )
    )


class Paid(NamedTuple):
    """Of what follows the answer: what is stored, and how often the model was asked for it."""

    summary: bool
    facts: bool
    summaries_asked_for: int
    facts_asked_for: int


async def paid(asked: Asked) -> Paid:
    """How that stands."""
    query = "select summarised_at is not null, facts_at is not null from chat_turns where user_id = %(user)s"
    [(summary, facts)] = await rows(asked.url, query, user=asked.user) or [(False, False)]
    return Paid(summary, facts, asked.summaries_asked_for(), asked.facts_asked_for())


async def all_is_well(asked: Asked) -> str:
    """Let time pass and the reader come back, and look at everything; returns how the turn stood at the kill."""
    before, asked_for, paid_for = await kept(asked), asked.answers_asked_for(), await paid(asked)
    found = await rows(asked.url, "select turn_id, status from chat_turns where user_id = %(user)s", user=asked.user)
    await time_passes(asked.url)
    if found:
        ((turn, status),) = found
        rest = await taken_over(asked, turn)
        assert await kept(asked) == Kept(1, 1, 1, 1, 1, 1, 1, 1, places=0, counted=1)
    else:
        status = "unknown"
        assert asked.heard == []
        assert before == Kept(0, 0, 0, 0, 0, 0, 0, 0, places=0, counted=before.counted)
        rest = await asked.send_again()
        await done(asked)
        # Between counting a message and accepting it lies the wait for its conversation, so one may count twice.
        assert before.counted <= 1
        assert await kept(asked) == Kept(1, 1, 1, 1, 1, 1, 1, 1, places=0, counted=before.counted + 1)
    await heard_right(asked, rest)
    await ended_once(asked)
    assert asked.answers_asked_for() <= 2
    if before.answers:
        assert asked.answers_asked_for() == asked_for, "the model was asked again for an answer that was there"
    if paid_for.summary:
        assert asked.summaries_asked_for() == paid_for.summaries_asked_for, "a summary that was there was paid again"
    if paid_for.facts:
        assert asked.facts_asked_for() == paid_for.facts_asked_for, "facts that were there were paid again"
    return str(status)


async def taken_over(asked: Asked, turn: UUID) -> list[Event]:
    """What the reader hears who comes back at once, while the server that stayed takes the turn over."""
    if not asked.heard:
        back = asyncio.create_task(asked.send_again())
    elif asked.heard[-1].name in LAST:
        back = asyncio.create_task(asyncio.sleep(0, list[Event]()))
    else:
        back = asyncio.create_task(asked.come_back(turn, after=asked.heard[-1].id))
    await done(asked)
    async with asyncio.timeout(WITHIN):
        return await back


async def done(asked: Asked) -> None:
    """Return once the turn is done, and what follows it, with whoever has to be found to do it."""
    async with asyncio.timeout(WITHIN):
        while await rows(
            asked.url, "select from chat_turns where user_id = %(user)s and status <> 'done'", user=asked.user
        ):
            await asked.frontdesk.service.leases.adopt()
            await asked.frontdesk.settled()
            await asyncio.sleep(0.005)
    await asked.frontdesk.settled()


async def heard_right(asked: Asked, rest: list[Event]) -> None:
    """The reader heard the answer that is kept, and so does whoever reads from the beginning."""
    turn, answer = await row(
        asked.url,
        "select turn_id, content from chat_messages where user_id = %(user)s and role = 'assistant'",
        user=asked.user,
    )
    assert answer in ["".join(asked.answer(run)) for run in (1, 2)]
    async with asyncio.timeout(WITHIN):
        everything = await asked.come_back(turn, after=0)
    heard = asked.heard + rest
    assert heard[-1].data == everything[-1].data
    for events in (heard, everything):
        names = [event.name for event in events]
        assert text_of(events) == answer
        assert [event.id for event in events] == sorted({event.id for event in events})
        assert (names[0], names.count("start")) == ("start", 1)
        assert [name for name in names if name in LAST] == ["done"] == names[-1:]


async def time_passes(url: str) -> None:
    """Leases have run out, keys of turns that never began are free, and nobody waits any more."""
    await owner(
        url,
        "update chat_turns set lease_until = now() - interval '1 second' where lease_until is not null",
        "update chat_queue set lease_until = now() - interval '1 second'",
        "update chat_idempotency set lease_until = now() - interval '1 second' where lease_until is not null",
    )


async def ended_once(asked: Asked) -> None:
    """Nothing follows the turn's last event in the journal, however many processes had a hand in it."""
    while (await scraped(asked.frontdesk, asked.user))["frontdesk_journal_waiting_events",]:
        pass
    batches = await rows(
        asked.url, "select events from chat_turn_events where user_id = %(user)s order by first", user=asked.user
    )
    names = [event["event"] for (events,) in batches for event in events]
    assert [name for name in names if name in LAST] == names[-1:] == ["done"]
