"""History of a conversation: what a new turn reads of it, and the watermark of its summary."""

from uuid import UUID, uuid4

from storage.pool import Pool
from storage.turns import RECENT_MESSAGES, History, Turns
from tests.storage.rows import Owner, accepted, answered, rows, save_accepted, save_answered


async def save_turns(pool: Pool, user_id: UUID, turns: int) -> list[UUID]:
    """Store so many answered turns: q0, a0, q1, a1 and so on."""
    return [await save_answered(pool, user_id, answered(f"q{number}", f"a{number}")) for number in range(turns)]


def contents(turns: range) -> list[str]:
    """The messages of these turns, in order."""
    return [f"{role}{number}" for number in turns for role in "qa"]


async def history_contents(pool: Pool, user_id: UUID, before_turn: UUID | None = None) -> list[str]:
    """The messages of the history."""
    history = await Turns(pool).history(user_id, "c-1", before_turn=before_turn or uuid4())
    return [message["content"] for message in history["messages"]]


async def test_a_new_conversation_has_no_history(pool: Pool, ada: UUID) -> None:
    """No summary, no messages, a watermark of zero."""
    history = await Turns(pool).history(ada, "c-1", before_turn=uuid4())
    assert history == {"summary": "", "covers": 0, "messages": []}


async def test_the_history_has_every_message_that_no_summary_covers(pool: Pool, ada: UUID) -> None:
    """However many there are."""
    await save_turns(pool, ada, RECENT_MESSAGES)
    assert await history_contents(pool, ada) == contents(range(RECENT_MESSAGES))


async def test_the_history_has_the_latest_messages_even_if_a_summary_covers_them(pool: Pool, ada: UUID) -> None:
    """The last `RECENT_MESSAGES` of a conversation that is covered to its end."""
    turns = await save_turns(pool, ada, 25)
    before = await save_accepted(pool, ada, accepted("and now?"))
    assert await Turns(pool).save_summary(ada, "c-1", "They talked.", turn_id=turns[-1], seen=10**9)
    history = await Turns(pool).history(ada, "c-1", before_turn=before)
    assert [message["content"] for message in history["messages"]] == contents(range(25))[-RECENT_MESSAGES:]
    assert (history["summary"], history["covers"]) == ("They talked.", history["messages"][-1]["seq"])


async def test_the_history_has_every_message_after_an_old_summary(pool: Pool, ada: UUID) -> None:
    """More than `RECENT_MESSAGES`, and none that it covers."""
    turns = await save_turns(pool, ada, 30)
    await Turns(pool).save_summary(ada, "c-1", "They met.", turn_id=turns[1], seen=10**9)
    assert await history_contents(pool, ada) == contents(range(2, 30))


async def test_the_turn_itself_is_not_in_its_history(pool: Pool, ada: UUID) -> None:
    """Its message is stored by then, and would be there twice."""
    await save_turns(pool, ada, 1)
    turn_id = await save_accepted(pool, ada, accepted("and now?"))
    assert await history_contents(pool, ada, before_turn=turn_id) == ["q0", "a0"]


async def test_messages_are_in_the_order_of_their_sequence_number(pool: Pool, ada: UUID) -> None:
    """With roles and employees."""
    question = await save_accepted(pool, ada, accepted("first"))
    await save_answered(pool, ada, answered("second", "third", employee="scout"))
    history = await Turns(pool).history(ada, "c-1", before_turn=uuid4())
    found = [(message["role"], message["employee"], message["content"]) for message in history["messages"]]
    assert found == [("user", "ledger", "first"), ("user", "scout", "second"), ("assistant", "scout", "third")]
    assert history["messages"][0]["id"] == str(question)


async def test_other_conversations_are_not_in_the_history(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Neither the user's own nor another user's with the same id."""
    await save_turns(pool, ada, 1)
    await save_answered(pool, ada, answered("elsewhere", conversation="c-2"))
    await save_answered(pool, bob, answered("someone else"))
    assert await history_contents(pool, ada) == ["q0", "a0"]


async def read(pool: Pool, user_id: UUID) -> History:
    """The history of the conversation."""
    return await Turns(pool).history(user_id, "c-1", before_turn=uuid4())


async def seqs(pool: Pool, user_id: UUID) -> dict[str, int]:
    """The sequence number of each message of the conversation."""
    return {message["content"]: message["seq"] for message in (await read(pool, user_id))["messages"]}


async def test_a_summary_covers_its_turn(pool: Pool, ada: UUID) -> None:
    """The watermark is the turn's own answer."""
    turn_id = await save_answered(pool, ada, answered("q", "a"))
    assert await Turns(pool).save_summary(ada, "c-1", "They met.", turn_id=turn_id, seen=0)
    history = await read(pool, ada)
    assert (history["summary"], history["covers"]) == ("They met.", (await seqs(pool, ada))["a"])


async def test_a_later_summary_replaces_an_earlier_one(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A conversation has one summary."""
    for number in range(3):
        seen = max((await seqs(pool, ada)).values(), default=0)
        turn_id = await save_answered(pool, ada, answered(f"q{number}", f"a{number}"))
        assert await Turns(pool).save_summary(ada, "c-1", f"Up to {number}.", turn_id=turn_id, seen=seen)
    last = (await seqs(pool, ada))["a2"]
    assert rows(owner, "select summary, covers_seq from chat_convo_summaries") == [("Up to 2.", last)]


async def test_a_late_summary_does_not_replace_a_later_one(pool: Pool, ada: UUID) -> None:
    """The summary of the first turn, finished after that of the second, is dropped."""
    first = await save_answered(pool, ada, answered("q0", "a0"))
    seen = (await seqs(pool, ada))["a0"]
    second = await save_answered(pool, ada, answered("q1", "a1"))
    assert await Turns(pool).save_summary(ada, "c-1", "Both.", turn_id=second, seen=seen)
    assert not await Turns(pool).save_summary(ada, "c-1", "The first.", turn_id=first, seen=0)
    assert (await read(pool, ada))["summary"] == "Both."


async def test_a_turn_stores_one_summary(pool: Pool, ada: UUID) -> None:
    """A second one of a turn that is run again is dropped."""
    turn_id = await save_answered(pool, ada, answered())
    assert await Turns(pool).save_summary(ada, "c-1", "Once.", turn_id=turn_id, seen=0)
    assert not await Turns(pool).save_summary(ada, "c-1", "Twice.", turn_id=turn_id, seen=0)
    assert (await read(pool, ada))["summary"] == "Once."


async def test_a_concurrent_message_is_not_covered(pool: Pool, ada: UUID) -> None:
    """Where another message arrived during the turn, the watermark is just before it."""
    slow = await save_accepted(pool, ada, accepted("slow question"))
    await save_accepted(pool, ada, accepted("meanwhile"))
    await Turns(pool).answer(ada, slow, answered("slow question", "slow answer"))
    assert await Turns(pool).save_summary(ada, "c-1", "Slow.", turn_id=slow, seen=0)
    assert (await read(pool, ada))["covers"] == (await seqs(pool, ada))["meanwhile"] - 1


async def test_a_concurrent_message_that_was_in_the_history_is_covered(pool: Pool, ada: UUID) -> None:
    """It arrived before the history was loaded."""
    slow = await save_accepted(pool, ada, accepted("slow question"))
    await save_accepted(pool, ada, accepted("meanwhile"))
    seen = (await seqs(pool, ada))["meanwhile"]
    await Turns(pool).answer(ada, slow, answered("slow question", "slow answer"))
    assert await Turns(pool).save_summary(ada, "c-1", "All.", turn_id=slow, seen=seen)
    assert (await read(pool, ada))["covers"] == (await seqs(pool, ada))["slow answer"]


async def test_a_message_after_the_answer_does_not_change_the_watermark(pool: Pool, ada: UUID) -> None:
    """It has a higher sequence number."""
    turn_id = await save_answered(pool, ada, answered("q", "a"))
    await save_accepted(pool, ada, accepted("next"))
    assert await Turns(pool).save_summary(ada, "c-1", "They met.", turn_id=turn_id, seen=0)
    assert (await read(pool, ada))["covers"] == (await seqs(pool, ada))["a"]


async def test_an_unknown_turn_stores_no_summary(pool: Pool, owner: Owner, ada: UUID) -> None:
    """There are no messages to cover."""
    assert not await Turns(pool).save_summary(ada, "c-1", "Of nothing.", turn_id=uuid4(), seen=0)
    assert rows(owner, "select * from chat_convo_summaries") == []
