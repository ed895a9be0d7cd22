"""Turns: accepted, answered, done or failed."""

from uuid import UUID, uuid4

import psycopg
import pytest

from storage.conversations import Conversations
from storage.errors import Gone, LeaseLost
from storage.facts import Facts
from storage.leases import Leases
from storage.pool import Pool
from storage.turn_records import TurnRecords
from storage.turns import TITLE_LENGTH, Accepted, Turns, answer_id
from storage.user_facts import UserFacts
from storage.users import Users
from tests.storage.rows import (
    MODEL,
    Owner,
    accepted,
    answered,
    begin,
    new_fact,
    rows,
    save_accepted,
    save_answered,
    take_place,
)

MESSAGES = "select role, content, employee_key from chat_messages order by seq"
STATUS = "select status from chat_turns"


async def test_a_message_accepted_twice_is_stored_once(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A client that sends again after a lost connection does not say things twice."""
    turn_id = uuid4()
    for _ in range(2):
        await Turns(pool).accept(ada, turn_id, accepted("What can I write off?"))
    assert rows(owner, MESSAGES) == [("user", "What can I write off?", "ledger")]
    assert rows(owner, STATUS) == [("streaming",)]
    assert rows(owner, "select id = turn_id from chat_messages") == [(True,)]


async def test_a_turn_of_a_process_is_accepted_twice(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The statement is run again where its reply was lost: the place is given up by then, and the turn is stored."""
    process = uuid4()
    turn_id, _ = await take_place(pool, ada, process)
    for _ in range(2):
        await Turns(pool, process).accept(ada, turn_id, accepted("What can I write off?"))
        assert rows(owner, "select from chat_queue") == []
        assert rows(owner, "select turn_id, owner, status from chat_turns") == [(turn_id, process, "streaming")]
        assert rows(owner, MESSAGES) == [("user", "What can I write off?", "ledger")]


async def test_a_turn_that_was_taken_over_is_not_accepted_again(pool: Pool, owner: Owner, ada: UUID) -> None:
    """The process that slept meanwhile does not go on with it."""
    process = uuid4()
    turn_id = await begin(pool, ada, process)
    owner.execute("update chat_turns set lease_until = now() - interval '1 second'")
    assert len(await Leases(pool, uuid4()).adopt(9)) == 1
    with pytest.raises(LeaseLost):
        await Turns(pool, process).accept(ada, turn_id, accepted())


async def test_an_answer_commits_both_messages_once(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A turn that is run again keeps the answer that the user has read."""
    turn_id = await save_accepted(pool, ada, accepted("Hello"))
    first = await Turns(pool).answer(ada, turn_id, answered("Hello", "Hi"))
    second = await Turns(pool).answer(ada, turn_id, answered("Hello", "Good day"))
    assert first == second == answer_id(turn_id)
    assert rows(owner, MESSAGES) == [("user", "Hello", "ledger"), ("assistant", "Hi", "ledger")]
    assert rows(owner, STATUS) == [("answered",)]


async def test_an_answer_to_nothing_is_not_kept(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Whoever deletes a conversation does not get it back because an answer was still being written."""
    turn_id = await save_accepted(pool, ada, accepted())
    assert await Turns(pool).known(ada, turn_id)
    await Conversations(pool).delete(ada, "c-1")
    assert not await Turns(pool).known(ada, turn_id)
    with pytest.raises(Gone):
        await Turns(pool).answer(ada, turn_id, answered())
    assert rows(owner, MESSAGES) == rows(owner, STATUS) == rows(owner, "select * from chat_conversations") == []


async def test_a_turn_that_failed_is_not_answered_any_more(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Its reader was told that there is no answer, and may have asked again."""
    turn_id = await save_accepted(pool, ada, accepted("Hello"))
    await Turns(pool).fail(ada, turn_id, "internal")
    with pytest.raises(Gone):
        await Turns(pool).answer(ada, turn_id, answered("Hello", "Hi"))
    assert rows(owner, MESSAGES) == [("user", "Hello", "ledger")]
    assert rows(owner, STATUS) == [("failed",)]


async def test_a_turn_tells_which_facts_it_used_and_learned(pool: Pool, facts: Facts, ada: UUID, bob: UUID) -> None:
    """One that was forgotten meanwhile is not among them; another user's turn is none."""
    first = await save_accepted(pool, ada, accepted("I sell oat biscuits, and I have two ovens"))
    new = [new_fact("Sells oat biscuits"), new_fact("Has two ovens")]
    biscuits, ovens = await facts.remember(ada, new, source=first)
    second = await save_accepted(pool, ada, accepted("What do I sell?"))
    await UserFacts(pool, MODEL).delete(ada, UUID(ovens["fact_id"]))
    used = [biscuits["fact_id"], ovens["fact_id"]]
    await Turns(pool).answer(ada, second, answered(answer="Biscuits", used=used))
    told, told_second = await TurnRecords(pool).find(ada, first), await TurnRecords(pool).find(ada, second)
    assert told is not None
    assert told_second is not None
    assert (told["status"], told["text"], told["facts_used"]) == ("streaming", "", [])
    assert told["facts_learned"] == told_second["facts_used"] == [biscuits]
    assert (told_second["status"], told_second["text"], told_second["finish_reason"]) == (
        "answered",
        "Biscuits",
        "stop",
    )
    assert await TurnRecords(pool).find(bob, first) is None


async def test_a_turn_notes_what_of_its_tail_is_stored(pool: Pool, facts: Facts, ada: UUID) -> None:
    """The summary, also one that another had overtaken, and the facts, also where there are none."""
    turn_id = await save_answered(pool, ada, answered())
    later = await save_answered(pool, ada, answered("And?", "And so on"))

    async def noted() -> tuple[bool, bool]:
        story = await TurnRecords(pool).recovery_record(ada, turn_id)
        assert story is not None
        return story["summarised"], story["facts_known"]

    assert await noted() == (False, False)
    await facts.remember(ada, [], source=turn_id)
    await Turns(pool).save_summary(ada, "c-1", "Both.", turn_id=later, seen=10**9)
    assert await noted() == (False, True)
    assert not await Turns(pool).save_summary(ada, "c-1", "The first.", turn_id=turn_id, seen=0)
    assert await noted() == (True, True)


async def test_whether_a_turn_may_remember_is_known_when_it_is_taken_over(pool: Pool, ada: UUID, bob: UUID) -> None:
    """As where it was accepted: not in a temporary conversation, and not without memory, which is each user's own."""

    async def may_remember(user: UUID, turn: Accepted) -> bool:
        turn_id = uuid4()
        accepted_so = await Turns(pool).accept(user, turn_id, turn)
        record = await TurnRecords(pool).recovery_record(user, turn_id)
        assert record is not None
        assert record["may_remember"] == accepted_so
        return accepted_so

    brief = accepted(conversation="brief")
    assert not await may_remember(ada, accepted(conversation="brief", temporary=True))
    assert not await may_remember(ada, brief)
    assert await may_remember(ada, accepted())
    assert await may_remember(ada, accepted(temporary=True))
    await Users(pool).switch_memory(ada, on=False)
    assert not await may_remember(ada, accepted())
    assert await may_remember(bob, brief)


async def test_facts_that_could_not_be_stored_are_not_noted(pool: Pool, facts: Facts, ada: UUID) -> None:
    """Both or neither."""
    turn_id = await save_answered(pool, ada, answered())
    with pytest.raises(psycopg.errors.CheckViolation):
        await facts.remember(ada, [new_fact("tall")], source=turn_id)
    story = await TurnRecords(pool).recovery_record(ada, turn_id)
    assert story is not None
    assert not story["facts_known"]


async def test_the_one_who_answered_is_the_one_on_record(pool: Pool, owner: Owner, ada: UUID) -> None:
    """Where another employee stood in, conversation, turn and answer all say so."""
    turn_id = await save_accepted(pool, ada, accepted(employee="ledger"))
    await Turns(pool).answer(ada, turn_id, answered(employee="scout"))
    on_record = "select t.employee_slug, c.employee_slug from chat_turns t join chat_conversations c using (user_id)"
    assert rows(owner, on_record) == [("scout", "scout")]
    assert rows(owner, MESSAGES)[1] == ("assistant", "Hi", "scout")


async def test_only_an_accepted_turn_can_fail(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A failure that is noticed late does not take back an answer; the message of a failed turn stays."""
    failed = await save_accepted(pool, ada, accepted("Lost"))
    kept = await save_answered(pool, ada, answered())
    for turn_id in (failed, kept):
        await Turns(pool).fail(ada, turn_id, "model_unavailable")
    ended = dict(rows(owner, "select turn_id, row(status, error_code)::text from chat_turns"))
    assert ended == {failed: "(failed,model_unavailable)", kept: "(answered,)"}
    assert "Lost" in [content for _, content, _ in rows(owner, MESSAGES)]


async def test_only_an_answered_turn_can_be_finished(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A turn without an answer is never done."""
    waiting = await save_accepted(pool, ada, accepted())
    answer = await save_answered(pool, ada, answered())
    for turn_id in (waiting, answer):
        await Turns(pool).finish(ada, turn_id)
    assert dict(rows(owner, "select turn_id, status from chat_turns")) == {waiting: "streaming", answer: "done"}


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("\n  My invoice is late\nand this is the long story", "My invoice is late"),
        ("x" * TITLE_LENGTH, "x" * TITLE_LENGTH),
        ("x" * (TITLE_LENGTH + 1), "x" * (TITLE_LENGTH - 1) + "…"),
        ("word " * 20, "word word word word word word word word word word word word…"),
    ],
)
async def test_the_first_line_is_the_title(pool: Pool, owner: Owner, ada: UUID, message: str, title: str) -> None:
    """A title is the first message's first line, never longer than `TITLE_LENGTH`."""
    await save_accepted(pool, ada, accepted(message))
    assert rows(owner, "select title from chat_conversations") == [(title,)]


async def test_the_title_stays_when_the_talk_goes_on(pool: Pool, owner: Owner, ada: UUID) -> None:
    """A conversation is called by what began it."""
    await save_answered(pool, ada, answered("My invoice is late"))
    await save_answered(pool, ada, answered("And now for something else"))
    assert rows(owner, "select title from chat_conversations") == [("My invoice is late",)]


def test_the_answers_id_is_the_same_in_every_run() -> None:
    """A client may keep it: it is computed from the turn's id alone."""
    turn_id = UUID("6f3d2a53-6a3f-4e2c-9a51-0c7f5b1f8a11")
    assert answer_id(turn_id) == UUID("0b07e5b2-715e-5773-861d-280a63396d80")
    assert answer_id(uuid4()) != answer_id(uuid4())


@pytest.mark.parametrize("conversation", ["", "two words", "a/b", "é", "x" * 129, "c-1\n"])
async def test_a_bad_conversation_id_is_refused(pool: Pool, owner: Owner, ada: UUID, conversation: str) -> None:
    """Whatever the door lets through, the table takes letters, digits and _.:- only; and nothing is left behind."""
    with pytest.raises(psycopg.errors.CheckViolation):
        await Turns(pool).accept(ada, uuid4(), accepted(conversation=conversation))
    assert rows(owner, STATUS) == []
