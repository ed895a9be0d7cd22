"""What a new turn reads of its conversation."""

import string
from uuid import UUID, uuid4

from storage.history import RECENT_MESSAGES, Histories
from storage.pool import Pool
from tests.storage.rows import accepted, answered, save_accepted, save_answered


async def save_turns(pool: Pool, user_id: UUID, turns: int) -> list[UUID]:
    """Store so many answered turns: q0, a0, q1, a1 and so on."""
    return [await save_answered(pool, user_id, answered(f"q{number}", f"a{number}")) for number in range(turns)]


def contents(turns: range) -> list[str]:
    """The messages of these turns, in order."""
    return [f"{role}{number}" for number in turns for role in "qa"]


async def history_contents(pool: Pool, user_id: UUID, before_turn: UUID | None = None) -> list[str]:
    """The messages of the history."""
    history = await Histories(pool).read(user_id, "c-1", before_turn=before_turn or uuid4())
    return [message["content"] for message in history["messages"]]


async def test_a_new_conversation_has_no_history(pool: Pool, ada: UUID) -> None:
    """No summary, no messages, a watermark of zero."""
    history = await Histories(pool).read(ada, "c-1", before_turn=uuid4())
    assert history == {"summary": "", "covers": 0, "messages": []}


async def test_the_history_has_every_message_that_no_summary_covers(pool: Pool, ada: UUID) -> None:
    """However many there are."""
    await save_turns(pool, ada, RECENT_MESSAGES)
    assert await history_contents(pool, ada) == contents(range(RECENT_MESSAGES))


async def test_the_history_has_the_latest_messages_even_if_a_summary_covers_them(pool: Pool, ada: UUID) -> None:
    """The last `RECENT_MESSAGES` of a conversation that is covered to its end."""
    turns = await save_turns(pool, ada, 25)
    before = await save_accepted(pool, ada, accepted("and now?"))
    assert await Histories(pool).save_summary(ada, "c-1", "They talked.", turn_id=turns[-1], seen=10**9)
    history = await Histories(pool).read(ada, "c-1", before_turn=before)
    assert [message["content"] for message in history["messages"]] == contents(range(25))[-RECENT_MESSAGES:]
    assert (history["summary"], history["covers"]) == ("They talked.", history["messages"][-1]["seq"])


async def test_the_history_has_every_message_after_an_old_summary(pool: Pool, ada: UUID) -> None:
    """More than `RECENT_MESSAGES`, and none that it covers."""
    turns = await save_turns(pool, ada, 30)
    await Histories(pool).save_summary(ada, "c-1", "They met.", turn_id=turns[1], seen=10**9)
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
    history = await Histories(pool).read(ada, "c-1", before_turn=uuid4())
    found = [(message["role"], message["employee"], message["content"]) for message in history["messages"]]
    assert found == [("user", "ledger", "first"), ("user", "scout", "second"), ("assistant", "scout", "third")]
    assert history["messages"][0]["id"] == str(question)


async def test_other_conversations_are_not_in_the_history(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Neither the user's own nor another user's with the same id."""
    await save_turns(pool, ada, 1)
    await save_answered(pool, ada, answered("elsewhere", conversation="c-2"))
    await save_answered(pool, bob, answered("someone else"))
    assert await history_contents(pool, ada) == ["q0", "a0"]


async def test_the_current_employee_is_the_last_one_to_answer(pool: Pool, ada: UUID) -> None:
    """None in a new conversation and before the first answer."""
    assert await Messages(pool).current_employee(ada, "c-1") is None
    await save_accepted(pool, ada, accepted())
    assert await Messages(pool).current_employee(ada, "c-1") is None
    await save_answered(pool, ada, answered(employee="ledger"))
    await save_answered(pool, ada, answered(employee="scout"))
    assert await Messages(pool).current_employee(ada, "c-1") == "scout"


async def test_punctuation_is_removed_before_the_text_search_parser(pool: Pool, ada: UUID) -> None:
    """The parser is slow on what looks like an address. Full-width punctuation counts, too."""
    wide = "".join(chr(ord(char) + 0xFEE0) for char in string.punctuation)
    async with pool.as_user(ada) as conn:
        cursor = await conn.execute(
            "select chat_search_words(%(text)s) as words", {"text": f"Café {string.punctuation}1e@税{wide}…½ b"}
        )
        (row,) = await cursor.fetchall()
    assert row["words"].split() == ["Cafe", "1e", "税", "1\N{FRACTION SLASH}2", "b"]
