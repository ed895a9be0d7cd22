"""Admission of messages: each is counted and gets its place in its conversation, in one statement."""

import asyncio
from uuid import UUID, uuid4

import pytest

from storage.conversation_queue import ConversationQueue
from storage.errors import StorageUnavailable
from storage.pool import Pool
from storage.rate_limits import MOST_IN_CONVERSATION, MOST_OF_USER, Admission, Admitted, RateLimits
from tests.storage.rows import Owner, accepted, answered, begin, rows, save_accepted, save_answered, take_place

PROCESS = uuid4()
PLACES = "select count(*) from chat_queue"
COUNTED = "select coalesce(sum(count), 0)::int from chat_rate_limits"


async def admit(
    pool: Pool,
    user: UUID,
    limit: int,
    *,
    conversation: str = "c-1",
    turn_id: UUID | None = None,
    counted: bool = True,
    place: bool = True,
) -> Admitted:
    """Admit a message in a process without cached limits."""
    admission = Admission(pool, RateLimits(pool, limit), uuid4())
    turn_id = turn_id or uuid4()
    return await admission.admit(user, conversation, turn_id, has_key=False, counted=counted, take_place=place)


def passed(admitted: Admitted) -> bool:
    """Whether the limit let the message pass."""
    assert admitted["allowance"] is not None
    return admitted["allowance"]["retry_after"] is None


async def test_of_concurrent_messages_the_limit_passes_and_one_is_first(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Twenty processes admit one each; what the limit refuses has no place."""
    admitted = await asyncio.gather(*(admit(pool, ada, 5) for _ in range(20)))
    assert sorted(one["place"] or "" for one in admitted if passed(one)) == ["first"] + ["waiting"] * 4
    assert [one["place"] for one in admitted if not passed(one)] == [None] * 15
    assert rows(owner, PLACES) == rows(owner, COUNTED) == [(5,)]


async def test_a_message_that_is_not_answered_is_counted_and_gets_no_place(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Such as one that the guard refuses: it keeps no other message waiting, and is not free."""
    blocked = await admit(pool, ada, 2, place=False)
    assert passed(blocked)
    assert blocked["place"] is None
    assert rows(owner, PLACES) == [(0,)]
    assert (await admit(pool, ada, 2))["place"] == "first"
    assert not passed(await admit(pool, ada, 2))


async def test_a_message_is_not_counted_where_it_was_not_to_be(pool: Pool, owner: Owner, ada: UUID) -> None:
    """It gets its place, also beyond the limit."""
    await admit(pool, ada, 1)
    again = await admit(pool, ada, 1, counted=False)
    assert (again["allowance"], again["place"]) == (None, "waiting")
    assert (await admit(pool, ada, 0, conversation="c-2"))["allowance"] is None
    assert rows(owner, COUNTED) == [(1,)]


async def test_a_used_up_limit_refuses_without_the_database(database_url: str, ada: UUID, bob: UUID) -> None:
    """Which is closed here; a user whose limit is not used up needs it."""
    async with Pool.open(database_url) as opened:
        admission = Admission(opened, RateLimits(opened, 1))
        await admission.admit(ada, "c-1", uuid4(), has_key=False)
    assert (admission.is_used_up(ada), admission.is_used_up(bob)) == (True, False)
    assert not passed(await admission.admit(ada, "c-1", uuid4(), has_key=False))
    with pytest.raises(StorageUnavailable):
        await admission.admit(bob, "c-1", uuid4(), has_key=False)


@pytest.mark.parametrize("place", ["first", "waiting"])
async def test_a_turn_that_is_admitted_twice_has_one_place(pool: Pool, owner: Owner, ada: UUID, place: str) -> None:
    """The statement is run again where its reply was lost."""
    if place == "waiting":
        await begin(pool, ada, PROCESS)
    turn_id = uuid4()
    for _ in range(2):
        assert (await admit(pool, ada, 0, turn_id=turn_id))["place"] == place
    assert rows(owner, "select turn_id from chat_queue") == [(turn_id,)]


async def test_the_last_employee_is_the_one_who_answered_last(pool: Pool, ada: UUID) -> None:
    """None in a new conversation and before the first answer."""
    assert (await admit(pool, ada, 0))["employee"] is None
    await save_accepted(pool, ada, accepted())
    assert (await admit(pool, ada, 0))["employee"] is None
    await save_answered(pool, ada, answered(employee="ledger"))
    await save_answered(pool, ada, answered(employee="scout"))
    assert (await admit(pool, ada, 0))["employee"] == "scout"


async def test_one_message_of_a_conversation_is_first(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Of nine at once; other conversations and other users are not concerned."""
    taken = await asyncio.gather(*(take_place(pool, ada, uuid4()) for _ in range(MOST_IN_CONVERSATION + 1)))
    assert sorted(str(place) for _, place in taken) == ["first"] + ["waiting"] * MOST_IN_CONVERSATION
    assert (await take_place(pool, ada, PROCESS, "c-2"))[1] == "first"
    assert (await take_place(pool, bob, PROCESS))[1] == "first"


async def test_only_so_many_wait_in_a_conversation(pool: Pool, owner: Owner, ada: UUID) -> None:
    """One more gets no place, and one again when one of them has left."""
    await begin(pool, ada, uuid4())
    waiting = [(await take_place(pool, ada, PROCESS))[0] for _ in range(MOST_IN_CONVERSATION)]
    assert (await take_place(pool, ada, PROCESS))[1] == "conversation_full"
    assert rows(owner, PLACES) == [(MOST_IN_CONVERSATION,)]
    await ConversationQueue(pool, PROCESS).leave(ada, waiting[3])
    assert (await take_place(pool, ada, PROCESS))[1] == "waiting"


async def test_only_so_many_of_a_user_wait(pool: Pool, ada: UUID, bob: UUID) -> None:
    """In all conversations together; a message that need not wait is not counted and not refused."""
    for number in range(MOST_OF_USER):
        await begin(pool, ada, uuid4(), f"c-{number}")
        assert (await take_place(pool, ada, PROCESS, f"free-{number}"))[1] == "first"
        assert (await take_place(pool, ada, PROCESS, f"c-{number}"))[1] == "waiting"
    assert (await take_place(pool, ada, PROCESS, "c-0"))[1] == "user_full"
    assert (await take_place(pool, ada, PROCESS, "c-new"))[1] == "first"
    await begin(pool, bob, uuid4())
    assert (await take_place(pool, bob, PROCESS))[1] == "waiting"
