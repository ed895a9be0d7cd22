"""The watermark of the rolling summary."""

from uuid import UUID, uuid4

from storage.messages import History, Messages
from storage.pool import Pool
from storage.summaries import Summaries
from storage.turns import Turns
from tests.storage.rows import Owner, accepted, answered, heard, rows, spoken


async def read(pool: Pool, user_id: UUID) -> History:
    """The conversation as it stands."""
    return await Messages(pool).history(user_id, "c-1", before_turn=uuid4())


async def places(pool: Pool, user_id: UUID) -> dict[str, int]:
    """Where each message of the conversation stands."""
    return {message["content"]: message["seq"] for message in (await read(pool, user_id))["messages"]}


async def test_a_summary_covers_its_turn_to_the_end(pool: Pool, ada: UUID) -> None:
    """Whoever had read everything before covers everything up to the turn's own answer."""
    turn_id = await spoken(pool, ada, answered("q", "a"))
    assert await Summaries(pool).save(ada, "c-1", "They met.", turn_id=turn_id, seen=0)
    history = await read(pool, ada)
    assert (history["summary"], history["covers"]) == ("They met.", (await places(pool, ada))["a"])


async def test_a_later_summary_replaces_an_earlier_one(pool: Pool, owner: Owner, ada: UUID) -> None:
    """There is one summary of a conversation, and it moves on."""
    for number in range(3):
        seen = max((await places(pool, ada)).values(), default=0)
        turn_id = await spoken(pool, ada, answered(f"q{number}", f"a{number}"))
        assert await Summaries(pool).save(ada, "c-1", f"Up to {number}.", turn_id=turn_id, seen=seen)
    last = (await places(pool, ada))["a2"]
    assert rows(owner, "select summary, covers_seq from chat_convo_summaries") == [("Up to 2.", last)]


async def test_a_summary_that_comes_late_cannot_undo_a_later_one(pool: Pool, ada: UUID) -> None:
    """The first turn's summary took longer than all of the second turn: it is dropped."""
    first = await spoken(pool, ada, answered("q0", "a0"))
    seen = (await places(pool, ada))["a0"]
    second = await spoken(pool, ada, answered("q1", "a1"))
    assert await Summaries(pool).save(ada, "c-1", "Both.", turn_id=second, seen=seen)
    assert not await Summaries(pool).save(ada, "c-1", "The first.", turn_id=first, seen=0)
    assert (await read(pool, ada))["summary"] == "Both."


async def test_the_same_summary_is_not_kept_twice(pool: Pool, ada: UUID) -> None:
    """A turn whose end is run again finds its summary there."""
    turn_id = await spoken(pool, ada, answered())
    assert await Summaries(pool).save(ada, "c-1", "Once.", turn_id=turn_id, seen=0)
    assert not await Summaries(pool).save(ada, "c-1", "Twice.", turn_id=turn_id, seen=0)
    assert (await read(pool, ada))["summary"] == "Once."


async def test_a_message_written_in_between_is_not_covered(pool: Pool, ada: UUID) -> None:
    """While one turn was answered another message came in: the summary reaches to just before it."""
    slow = await heard(pool, ada, accepted("slow question"))
    await heard(pool, ada, accepted("meanwhile"))
    await Turns(pool).answer(ada, slow, answered("slow question", "slow answer"))
    assert await Summaries(pool).save(ada, "c-1", "Slow.", turn_id=slow, seen=0)
    assert (await read(pool, ada))["covers"] == (await places(pool, ada))["meanwhile"] - 1


async def test_a_message_in_between_that_was_read_is_covered(pool: Pool, ada: UUID) -> None:
    """The other message was there when the history was loaded, so the summary has it."""
    slow = await heard(pool, ada, accepted("slow question"))
    await heard(pool, ada, accepted("meanwhile"))
    seen = (await places(pool, ada))["meanwhile"]
    await Turns(pool).answer(ada, slow, answered("slow question", "slow answer"))
    assert await Summaries(pool).save(ada, "c-1", "All.", turn_id=slow, seen=seen)
    assert (await read(pool, ada))["covers"] == (await places(pool, ada))["slow answer"]


async def test_a_message_that_came_after_the_answer_changes_nothing(pool: Pool, ada: UUID) -> None:
    """It is beyond the watermark anyhow."""
    turn_id = await spoken(pool, ada, answered("q", "a"))
    await heard(pool, ada, accepted("next"))
    assert await Summaries(pool).save(ada, "c-1", "They met.", turn_id=turn_id, seen=0)
    assert (await read(pool, ada))["covers"] == (await places(pool, ada))["a"]


async def test_a_turn_that_was_never_stored_leaves_no_summary(pool: Pool, owner: Owner, ada: UUID) -> None:
    """There is nothing that it could cover."""
    assert not await Summaries(pool).save(ada, "c-1", "Of nothing.", turn_id=uuid4(), seen=0)
    assert rows(owner, "select * from chat_convo_summaries") == []
