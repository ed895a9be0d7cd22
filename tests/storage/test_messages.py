"""What a new turn is told of its conversation."""

import string
from uuid import UUID, uuid4

from storage.messages import RECENT_MESSAGES, Messages
from storage.pool import Pool
from storage.summaries import Summaries
from tests.storage.rows import accepted, answered, heard, spoken


async def talked(pool: Pool, user_id: UUID, turns: int) -> list[UUID]:
    """A conversation of so many answered turns: q0, a0, q1, a1 and so on."""
    return [await spoken(pool, user_id, answered(f"q{number}", f"a{number}")) for number in range(turns)]


def words(turns: range) -> list[str]:
    """What these turns said, in order."""
    return [f"{who}{number}" for number in turns for who in "qa"]


async def heard_of(pool: Pool, user_id: UUID, before_turn: UUID | None = None) -> list[str]:
    """The contents of the history."""
    history = await Messages(pool).history(user_id, "c-1", before_turn=before_turn or uuid4())
    return [message["content"] for message in history["messages"]]


async def test_a_new_conversation_has_no_history(pool: Pool, ada: UUID) -> None:
    """No summary, no messages, a watermark of zero."""
    history = await Messages(pool).history(ada, "c-1", before_turn=uuid4())
    assert history == {"summary": "", "covers": 0, "messages": []}


async def test_everything_is_given_that_no_summary_covers(pool: Pool, ada: UUID) -> None:
    """Nothing falls out between summary and window, however much was said."""
    await talked(pool, ada, RECENT_MESSAGES)
    assert await heard_of(pool, ada) == words(range(RECENT_MESSAGES))


async def test_the_latest_messages_are_given_even_if_a_summary_covers_them(pool: Pool, ada: UUID) -> None:
    """Of a conversation that is covered to its end the last `RECENT_MESSAGES` are there, with the summary."""
    turns = await talked(pool, ada, 25)
    before = await heard(pool, ada, accepted("and now?"))
    assert await Summaries(pool).save(ada, "c-1", "They talked.", turn_id=turns[-1], seen=10**9)
    history = await Messages(pool).history(ada, "c-1", before_turn=before)
    assert [message["content"] for message in history["messages"]] == words(range(25))[-RECENT_MESSAGES:]
    assert (history["summary"], history["covers"]) == ("They talked.", history["messages"][-1]["seq"])


async def test_an_old_summary_brings_all_that_came_after_it(pool: Pool, ada: UUID) -> None:
    """More than `RECENT_MESSAGES` where the summary lags behind, and nothing that it covers."""
    turns = await talked(pool, ada, 30)
    await Summaries(pool).save(ada, "c-1", "They met.", turn_id=turns[1], seen=10**9)
    assert await heard_of(pool, ada) == words(range(2, 30))


async def test_the_turn_itself_is_not_in_its_history(pool: Pool, ada: UUID) -> None:
    """Its message is stored by then, and would be read twice."""
    await talked(pool, ada, 1)
    turn_id = await heard(pool, ada, accepted("and now?"))
    assert await heard_of(pool, ada, before_turn=turn_id) == ["q0", "a0"]


async def test_messages_come_in_the_order_they_were_written(pool: Pool, ada: UUID) -> None:
    """By number and not by clock; the roles and who answered come along."""
    question = await heard(pool, ada, accepted("first"))
    await spoken(pool, ada, answered("second", "third", employee="scout"))
    history = await Messages(pool).history(ada, "c-1", before_turn=uuid4())
    said = [(message["role"], message["employee"], message["content"]) for message in history["messages"]]
    assert said == [("user", "ledger", "first"), ("user", "scout", "second"), ("assistant", "scout", "third")]
    assert history["messages"][0]["id"] == str(question)


async def test_another_conversation_stays_out(pool: Pool, ada: UUID, bob: UUID) -> None:
    """Neither another one of the user's nor another user's of the same name."""
    await talked(pool, ada, 1)
    await spoken(pool, ada, answered("elsewhere", conversation="c-2"))
    await spoken(pool, bob, answered("someone else"))
    assert await heard_of(pool, ada) == ["q0", "a0"]


async def test_the_current_employee_is_whoever_answered_last(pool: Pool, ada: UUID) -> None:
    """Nobody in a new conversation, nobody before the first answer, then the last to answer."""
    assert await Messages(pool).current_employee(ada, "c-1") is None
    await heard(pool, ada, accepted())
    assert await Messages(pool).current_employee(ada, "c-1") is None
    await spoken(pool, ada, answered(employee="ledger"))
    await spoken(pool, ada, answered(employee="scout"))
    assert await Messages(pool).current_employee(ada, "c-1") == "scout"


async def test_no_punctuation_comes_as_far_as_the_parser_of_words(pool: Pool, ada: UUID) -> None:
    """It would read what looks like an address again and again. A full-width sign is one, too."""
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in string.punctuation)
    async with pool.as_user(ada) as conn:
        cursor = await conn.execute(
            "select chat_search_words(%(text)s) as words", {"text": f"Café {string.punctuation}1e@税{wide}…½ b"}
        )
        (row,) = await cursor.fetchall()
    assert row["words"].split() == ["Cafe", "1e", "税", "1\N{FRACTION SLASH}2", "b"]
