"""Places in line, as several processes see them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import LiteralString
from uuid import UUID, uuid4

import pytest

from storage import conversation_queue, leases
from storage.conversation_queue import ConversationQueue, Reached
from storage.conversations import Conversations
from storage.errors import LeaseLost
from storage.idempotency import IdempotencyKeys
from storage.leases import Leases, Pending
from storage.notifications import Notifications
from storage.pool import Pool
from storage.rate_limits import MOST_IN_CONVERSATION
from storage.turns import Turns
from storage.users import Users
from tests.storage.rows import Owner, accepted, answered, begin, rows, take_place

HERE, ELSEWHERE = uuid4(), uuid4()
"""Two processes."""
NEVER = 3600.0
"""Seconds: longer than any test."""
WITHIN = 30.0
"""Seconds that anything may take."""


@pytest.fixture
async def notifications(database_url: str, owner: Owner) -> AsyncGenerator[Notifications]:
    """What the first process hears."""
    opened = Notifications(database_url, lambda _: None, HERE)
    listening = asyncio.create_task(opened.listen(lambda: None))
    await eventually(lambda: lives(owner))
    yield opened
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits looks when it is told to, and at no other time."""
    monkeypatch.setattr(conversation_queue, "LOOK_AGAIN", NEVER)
    monkeypatch.setattr(conversation_queue, "FIRST_LOOK_AGAIN", NEVER)


async def eventually(look: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(WITHIN):
        while not look():  # noqa: ASYNC110 - a table has no events
            await asyncio.sleep(0.01)


def lives(owner: Owner) -> bool:
    """Whether the first process is known to live, and so listens."""
    query = (
        "select from pg_locks l join pg_database d on d.oid = l.database"
        " where d.datname = current_database() and l.locktype = 'advisory' and l.objsubid = 1 and l.mode = 'ShareLock'"
    )
    return bool(rows(owner, query))


async def waiting(line: ConversationQueue, owner: Owner, user: UUID, turn_id: UUID) -> asyncio.Task[Reached | None]:
    """The turn waits, and has looked in vain, by which its lease is renewed."""
    owner.execute("update chat_queue set lease_until = now() + interval '5 seconds' where turn_id = %s", [turn_id])
    task = asyncio.create_task(line.wait(user, turn_id, NEVER))
    query = "select from chat_queue where turn_id = %(turn)s and lease_until > now() + interval '10 seconds'"
    await eventually(lambda: bool(rows(owner, query, turn=turn_id)))
    assert not task.done()
    return task


Ending = Callable[[Pool, UUID, UUID], Awaitable[object]]
ENDINGS: dict[str, Ending] = {
    "it is answered": lambda pool, user, turn: Turns(pool, ELSEWHERE).answer(user, turn, answered()),
    "it fails": lambda pool, user, turn: Turns(pool, ELSEWHERE).fail(user, turn, "internal"),
    "it is deleted": lambda pool, user, _: Conversations(pool).delete(user, "c-1"),
}


async def test_a_message_that_is_withdrawn_as_its_place_comes_is_not_answered(pool: Pool, ada: UUID) -> None:
    """As where a client stops the answer that runs together with what waits for it."""
    turn, line, withdrawn = await begin(pool, ada, ELSEWHERE), ConversationQueue(pool, HERE), asyncio.Event()
    second, _ = await take_place(pool, ada, HERE)
    await Turns(pool, ELSEWHERE).answer(ada, turn, answered())
    withdrawn.set()
    assert await line.wait(ada, second, NEVER, withdrawn) is None
    assert await line.wait(ada, second, NEVER)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("ends", ENDINGS.values(), ids=ENDINGS.keys())
async def test_the_next_is_told_when_an_answer_ends(
    pool: Pool, owner: Owner, notifications: Notifications, ada: UUID, ends: Ending
) -> None:
    """However it ends, in whichever process, and only the next: the one behind it goes on waiting."""
    turn, line = await begin(pool, ada, ELSEWHERE), ConversationQueue(pool, HERE, notifications)
    (second, _), (third, _) = await take_place(pool, ada, HERE), await take_place(pool, ada, HERE)
    next_one, last_one = await waiting(line, owner, ada, second), await waiting(line, owner, ada, third)
    await ends(pool, ada, turn)
    assert await asyncio.wait_for(next_one, WITHIN)
    assert not last_one.done()
    await line.leave(ada, second)
    assert await asyncio.wait_for(last_one, WITHIN)


@pytest.mark.usefixtures("told")
async def test_the_next_is_told_when_the_one_before_is_turned_away(
    pool: Pool, owner: Owner, notifications: Notifications, ada: UUID
) -> None:
    """And gives up its key and with it its place."""
    before, _ = await take_place(pool, ada, ELSEWHERE)
    mine, _ = await take_place(pool, ada, HERE)
    task = await waiting(ConversationQueue(pool, HERE, notifications), owner, ada, mine)
    await IdempotencyKeys(pool, ELSEWHERE).give_up(ada, before)
    assert await asyncio.wait_for(task, WITHIN)


@pytest.mark.parametrize("listens", [True, False])
async def test_who_is_told_nothing_looks_now_and_then(
    pool: Pool, owner: Owner, notifications: Notifications, ada: UUID, monkeypatch: pytest.MonkeyPatch, listens: bool
) -> None:
    """Where a notice was lost, and where nobody hears any, as in LangGraph's own server."""
    for pause in ("LOOK_AGAIN", "POLL_SECONDS"):
        monkeypatch.setattr(conversation_queue, pause, 0.01)
    await begin(pool, ada, ELSEWHERE)
    mine, _ = await take_place(pool, ada, HERE)
    task = await waiting(ConversationQueue(pool, HERE, notifications if listens else None), owner, ada, mine)
    owner.execute("alter table chat_turns disable trigger user")
    owner.execute("update chat_turns set status = 'failed'")
    assert await asyncio.wait_for(task, WITHIN)


async def test_waiting_is_given_up_by_the_clock(pool: Pool, notifications: Notifications, ada: UUID) -> None:
    """However long one look takes; the place is still there, for whoever leaves it."""
    await begin(pool, ada, ELSEWHERE)
    mine, _ = await take_place(pool, ada, HERE)
    line = ConversationQueue(pool, HERE, notifications)
    assert not await line.wait(ada, mine, 0.05)
    assert (await take_place(pool, ada, HERE))[1] == "waiting"


LAPSES: dict[str, LiteralString] = {
    "its lease has run out": "update chat_queue set lease_until = now() - interval '1 second'",
    "its process is gone": "update chat_queue set lease_until = lease_until - interval '4 seconds'",
    "the clock was set back": "update chat_queue set lease_until = lease_until + interval '1 hour'",
}


@pytest.mark.parametrize("lapse", LAPSES.values(), ids=LAPSES.keys())
async def test_a_dead_processs_place_keeps_nobody_waiting(
    pool: Pool, owner: Owner, ada: UUID, monkeypatch: pytest.MonkeyPatch, lapse: LiteralString
) -> None:
    """Nor is it counted among those that wait."""
    monkeypatch.setitem(leases.TERMS, "settling", 0)  # the tests' server has just begun
    for _ in range(MOST_IN_CONVERSATION + 1):
        await take_place(pool, ada, ELSEWHERE)
    owner.execute(lapse)
    mine, taken = await take_place(pool, ada, HERE)
    assert taken == "first"
    assert await ConversationQueue(pool, HERE).wait(ada, mine, NEVER)


async def test_a_living_process_keeps_its_place(
    pool: Pool, owner: Owner, notifications: Notifications, ada: UUID
) -> None:
    """One that is a little late with its lease, which the database knows by its connection to live."""
    await take_place(pool, ada, HERE)
    owner.execute(LAPSES["its process is gone"])
    assert (await take_place(pool, ada, HERE))[1] == "waiting"


async def test_leases_of_all_that_wait_are_renewed_together(pool: Pool, owner: Owner, ada: UUID, bob: UUID) -> None:
    """Of whichever user; nobody else's, and none of a turn that this process does not run any more."""
    mine = [Pending(user, (await take_place(pool, user, HERE))[0]) for user in (ada, bob)]
    ended, _ = await take_place(pool, ada, HERE)
    others, _ = await take_place(pool, ada, ELSEWHERE)
    owner.execute(LAPSES["its lease has run out"])
    assert await Leases(pool, HERE).renew_pending([*mine, Pending(ada, others)]) == set()
    renewed = rows(owner, "select turn_id from chat_queue where lease_until > now()")
    assert {turn for (turn,) in renewed} == {turn.turn_id for turn in mine}
    assert ended not in {turn for (turn,) in renewed}


async def test_who_slept_and_was_overtaken_is_not_accepted(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Its time had come before; in the meantime a later message is being answered, and two at once must not be."""
    slow, _ = await take_place(pool, ada, HERE)
    owner.execute(LAPSES["its lease has run out"])
    await begin(pool, ada, ELSEWHERE)
    with pytest.raises(LeaseLost):
        await Turns(pool, HERE).accept(ada, slow, accepted("Too late."))
    assert rows(owner, "select content from chat_messages") == [("Hello",)]


async def test_who_slept_and_was_not_missed_goes_on(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A lease that ran out takes nothing away as long as nobody wants it."""
    slow, _ = await take_place(pool, ada, HERE)
    owner.execute(LAPSES["its lease has run out"])
    await Turns(pool, HERE).accept(ada, slow, accepted())
    assert rows(owner, "select turn_id from chat_turns") == [(slow,)]
    assert rows(owner, "select turn_id from chat_queue") == []


async def test_of_two_that_are_accepted_at_once_one_is(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Both were told that their time has come, one of them a long while ago."""
    for number in range(10):
        conversation = f"c-{number}"
        slow, _ = await take_place(pool, ada, HERE, conversation)
        owner.execute(LAPSES["its lease has run out"])
        quick, taken = await take_place(pool, ada, ELSEWHERE, conversation)
        assert taken == "first"
        ends = await asyncio.gather(
            Turns(pool, HERE).accept(ada, slow, accepted(conversation=conversation)),
            Turns(pool, ELSEWHERE).accept(ada, quick, accepted(conversation=conversation)),
            return_exceptions=True,
        )
        assert sorted(map(repr, ends)) == ["LeaseLost()", "True"]


@pytest.mark.usefixtures("told")
async def test_an_erased_users_place_is_lost(pool: Pool, owner: Owner, notifications: Notifications, ada: UUID) -> None:
    """Whoever waits there finds it gone, and brings nothing back."""
    await begin(pool, ada, ELSEWHERE)
    mine, _ = await take_place(pool, ada, HERE)
    task = await waiting(ConversationQueue(pool, HERE, notifications), owner, ada, mine)
    await Users(pool).erase(ada)
    notifications.wake()
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(task, WITHIN)
    assert rows(owner, "select from chat_users") == []
