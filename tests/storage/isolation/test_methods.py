"""No method reads or writes for someone else, whatever ids it is given."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from uuid import UUID, uuid4

import pytest

from storage.account_export.export import Export
from storage.conversation_queue import ConversationQueue
from storage.conversations import Conversations
from storage.errors import Gone
from storage.event_log import EventLog
from storage.fact_search import Recall
from storage.facts import Facts
from storage.idempotency import IdempotencyKeys
from storage.insights import AllInsights
from storage.messages import Messages
from storage.metrics import Metrics
from storage.metrics_queries import AllFigures, Stretch
from storage.misroutes import Misroutes
from storage.pool import Pool
from storage.rate_limits import Limits
from storage.summaries import Summaries
from storage.turn_records import TurnRecords
from storage.turns import Turns
from storage.user_facts import Memory
from storage.users import Users
from tests.storage.isolation.adas import SECRET, Adas
from tests.storage.rows import MODEL, accepted, answered, heard, measured, met, new_fact, spoken

Attempt = Callable[[Pool, Adas, UUID], Awaitable[object]]


async def exported(pool: Pool, user: UUID) -> str:
    """Everything of a user's, as text."""
    async with aclosing(Export(pool).lines(user)) as lines:
        return "\n".join([line async for line in lines])


async def sums(pool: Pool, user: UUID) -> object:
    """What a user's turns add up to."""
    found = await AllFigures(pool).of_user(user, Stretch(hours=1, step=1))
    return found["totals"], found["data"]  # the series tells when it was asked for


READS: dict[str, Attempt] = {
    "conversations": lambda pool, _, bob: Conversations(pool).latest(bob, limit=9),
    "a search": lambda pool, _, bob: Conversations(pool).latest(bob, limit=9, q=SECRET),
    "a conversation": lambda pool, _, bob: Conversations(pool).find(bob, "c-1"),
    "its messages": lambda pool, _, bob: Conversations(pool).messages(bob, "c-1", limit=9),
    "what follows a message": lambda pool, adas, bob: Conversations(pool).messages(
        bob, "c-1", limit=9, after=adas.turn, newest_first=True
    ),
    "the history": lambda pool, _, bob: Messages(pool).history(bob, "c-1", before_turn=uuid4()),
    "who answered": lambda pool, _, bob: Messages(pool).current_employee(bob, "c-1"),
    "facts": lambda pool, _, bob: Memory(pool, MODEL).latest(bob, limit=9),
    "a search for facts": lambda pool, _, bob: Memory(pool, MODEL).latest(bob, limit=9, q=SECRET),
    "a turn": lambda pool, adas, bob: TurnRecords(pool).find(bob, adas.turn),
    "whether a turn is known": lambda pool, adas, bob: Turns(pool).known(bob, adas.turn),
    "a turn's events": lambda pool, adas, bob: EventLog(pool).read(bob, adas.turn, after=0),
    "insights": lambda pool, _, bob: AllInsights(pool).of_user(bob),
    "figures": lambda pool, _, bob: sums(pool, bob),
    "an export": lambda pool, _, bob: exported(pool, bob),
}


@pytest.mark.parametrize("attempt", READS.values(), ids=READS.keys())
async def test_no_method_reads_for_someone_else(pool: Pool, adas: Adas, bob: UUID, attempt: Attempt) -> None:
    """Bob asks by Ada's ids and in her words, and is told the same as of something that never was."""
    told = await attempt(pool, adas, bob)
    assert SECRET not in str(told)
    assert str(adas.turn) not in str(told)
    nothing = await attempt(pool, await Adas(pool, uuid4()).written(), await met(pool, uuid4()))
    assert told == nothing


async def superseded(pool: Pool, adas: Adas, bob: UUID) -> None:
    """Bob learns a fact that is to take the place of Ada's."""
    fact = new_fact("Sells tubas")
    fact["replaces"] = [str(adas.fact)]
    await Facts(pool, MODEL).remember(bob, [fact], source=await heard(pool, bob, accepted()))


WRITES: dict[str, Attempt] = {
    "renames": lambda pool, _, bob: Conversations(pool).rename(bob, "c-1", "Mine"),
    "deletes": lambda pool, _, bob: Conversations(pool).delete(bob, "c-1"),
    "corrects": lambda pool, adas, bob: Memory(pool, MODEL).correct(bob, adas.fact, "Sells tubas", [1.0]),
    "forgets": lambda pool, adas, bob: Memory(pool, MODEL).forget(bob, adas.fact),
    "forgets everything": lambda pool, _, bob: Memory(pool, MODEL).forget_all(bob),
    "supersedes": superseded,
    "asks another instead": lambda pool, adas, bob: Misroutes(pool).record(bob, "c-1", adas.turn, "tag"),
    "leaves a queue": lambda pool, adas, bob: ConversationQueue(pool).leave(bob, adas.turn),
    "interrupts": lambda pool, _, bob: ConversationQueue(pool).interrupt(bob, "c-1"),
    "gives a key up": lambda pool, adas, bob: IdempotencyKeys(pool).give_up(bob, adas.turn),
    "fails": lambda pool, adas, bob: Turns(pool).fail(bob, adas.turn, "internal"),
    "finishes": lambda pool, adas, bob: Turns(pool).finish(bob, adas.turn),
    "accepts": lambda pool, adas, bob: Turns(pool).accept(bob, adas.turn, accepted("Mine")),
    "summarises": lambda pool, adas, bob: Summaries(pool).save(bob, "c-1", "Mine.", turn_id=adas.turn, seen=0),
    "is limited": lambda pool, _, bob: Limits(pool, 8).take(bob),
    "is counted": lambda pool, adas, bob: Metrics(pool).record(bob, adas.turn, measured(latency_ms=1)),
    "erases": lambda pool, _, bob: Users(pool).erase(bob),
}


@pytest.mark.parametrize("attempt", WRITES.values(), ids=WRITES.keys())
async def test_no_method_writes_for_someone_else(pool: Pool, adas: Adas, bob: UUID, attempt: Attempt) -> None:
    """Bob uses Ada's ids; what comes of it, if anything, is his own (the fixture sees that hers stay)."""
    assert await attempt(pool, adas, bob) in (None, False, 0) or attempt is WRITES["is limited"]


async def test_an_answer_to_anothers_turn_is_not_kept(pool: Pool, adas: Adas, bob: UUID) -> None:
    """To Bob it is a turn that is not there."""
    with pytest.raises(Gone):
        await Turns(pool).answer(bob, adas.turn, answered())


async def test_a_hundred_at_once_over_five_connections_never_meet(database_url: str) -> None:
    """Each writes, reads, learns and searches, in between all the others, and sees what is theirs."""
    users = [uuid4() for _ in range(100)]
    async with Pool.open(database_url, size=5, wait=60) as pool, Recall.open(database_url, model=MODEL) as recall:

        async def visit(user: UUID) -> list[set[str]]:
            mine = str(user)
            turn = await spoken(pool, user, answered(mine, mine))
            await Facts(pool, MODEL).remember(user, [new_fact(mine)], source=turn)
            async with pool.as_user(user) as conn:
                cursor = await conn.execute("select content from chat_messages")
                everything = {row["content"] for row in await cursor.fetchall()}
            return [
                everything,
                {one["title"][:36] for one in await Conversations(pool).latest(user, limit=100)},
                {one["content"] for one in await Conversations(pool).messages(user, "c-1", limit=100)},
                {one["fact"] for one in await Memory(pool, MODEL).latest(user, limit=100)},
                {one["fact"] for one in await recall.nearest(user, [1.0, 0.0], limit=100)},
            ]

        seen = await asyncio.gather(*map(visit, users))
    assert seen == [[{str(user)}] * 5 for user in users]
