"""What is found of a user's earlier turns, by the vectors of their questions and by words."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from storage.conversations import Conversations
from storage.facts import Facts
from storage.pool import Pool
from storage.recall import Recall, RecalledTurn
from storage.user_facts import UserFacts
from tests.storage.rows import MODEL, Owner, accepted, answered, new_fact, rows, save_accepted, save_answered

BOILER, SCHOOL, OTHER = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]


@pytest.fixture
def recall(pool: Pool) -> Recall:
    """Recall with the vectors of `MODEL`."""
    return Recall(pool, MODEL)


async def say(
    pool: Pool,
    user: UUID,
    said: str,
    answer: str | None = "I see.",
    *,
    vector: Sequence[float] | None = None,
    model: str = MODEL,
    conversation: str = "c-1",
) -> UUID:
    """Store a turn, with its vector as `recall` stores it; without an answer it is one that failed."""
    if answer is None:
        turn_id = await save_accepted(pool, user, accepted(said, conversation=conversation))
    else:
        turn_id = await save_answered(pool, user, answered(said, answer, conversation=conversation))
    if vector:
        await Recall(pool, model).recall(user, conversation, turn_id, said, vector, facts=1, turns=1)
    return turn_id


async def found(recall: Recall, user: UUID, message: str, vector: Sequence[float] = OTHER) -> list[RecalledTurn]:
    """The turns found for a message of a new turn."""
    return (await recall.recall(user, "c-1", uuid4(), message, vector, facts=6, turns=12))["turns"]


async def test_a_turn_is_found_by_the_meaning_of_its_question(
    pool: Pool, recall: Recall, owner: Owner, ada: UUID
) -> None:
    """With its id, its day and what was said; those of other conversations are not looked at."""
    turn = await say(pool, ada, "The heating broke.", vector=BOILER)
    await say(pool, ada, "The boiler is out.", vector=BOILER, conversation="c-2")
    await say(pool, ada, "Maya changes schools.", vector=SCHOOL)
    [(day,)] = rows(owner, "select created_at::date::text from chat_messages where id = %(turn)s", turn=turn)
    [first, *others] = await found(recall, ada, "What about my boiler?", BOILER)
    assert first == RecalledTurn(turn_id=str(turn), date=day, said="The heating broke.", employee=None, answered=None)
    assert [other["said"] for other in others] == ["Maya changes schools."]  # beside it


async def test_a_turn_is_found_by_the_words_of_its_answer(pool: Pool, recall: Recall, ada: UUID) -> None:
    """Then the answer comes with it, and who gave it; words count by their stem."""
    await say(pool, ada, "What now?", "Call Harrow Heating about the boiler.")
    await say(pool, ada, "Maya changes schools.")
    [turn] = await found(recall, ada, "Who was it for boilers, Harrow?")
    assert (turn["said"], turn["employee"], turn["answered"]) == (
        "What now?", "ledger", "Call Harrow Heating about the boiler.",
    )  # fmt: skip


async def test_the_question_of_a_failed_turn_counts_and_an_empty_answer_does_not(
    pool: Pool, recall: Recall, ada: UUID
) -> None:
    """A turn that failed has no answer; one that was stopped at once has an empty one."""
    failed = await say(pool, ada, "The boiler broke in Leeds.", None)
    stopped = await say(pool, ada, "The boiler in Leeds is old.", "")
    turns = await found(recall, ada, "boiler Leeds")
    assert {turn["turn_id"] for turn in turns} == {str(failed), str(stopped)}
    assert {turn["answered"] for turn in turns} == {None}


async def test_nothing_is_found_where_nothing_has_to_do_with_the_message(pool: Pool, recall: Recall, ada: UUID) -> None:
    """Neither by meaning nor by words; and a message of stop words alone names nothing to look for."""
    await say(pool, ada, "The heating broke.", vector=BOILER)
    await say(pool, ada, "Maya changes schools.", vector=SCHOOL)
    assert await found(recall, ada, "Is crypto a good idea?") == []
    assert await found(recall, ada, "And what about this?", BOILER) == []


async def test_a_turn_between_others_of_its_topic_comes_before_one_that_stands_alone(
    pool: Pool, recall: Recall, ada: UUID
) -> None:
    """Where their questions are as near to the message."""
    alone = await say(pool, ada, "It is cold.", vector=BOILER)
    for number in range(4):
        await say(pool, ada, f"School {number}", vector=SCHOOL)
    await say(pool, ada, "The heating broke.", vector=[0.9, 0.1, 0.0])
    between = await say(pool, ada, "It is from 2004.", vector=BOILER)
    await say(pool, ada, "A new one is 1,950.", vector=[0.9, 0.1, 0.0])
    turns = [turn["turn_id"] for turn in await found(recall, ada, "boiler", BOILER)]
    assert turns.index(str(between)) < turns.index(str(alone))


async def test_vectors_of_another_model_are_not_compared(pool: Pool, recall: Recall, ada: UUID) -> None:
    """Such a turn is found by its words, also where the vectors are of another length."""
    await say(pool, ada, "The heating broke.", vector=[1.0, 0.0], model="the model before")
    assert await found(recall, ada, "What about my boiler?", BOILER) == []
    [turn] = await found(recall, ada, "Was it the heating?", BOILER)
    assert turn["said"] == "The heating broke."


async def test_a_turn_does_not_find_itself(pool: Pool, recall: Recall, owner: Owner, ada: UUID) -> None:
    """Its vector is stored once, however often it is run."""
    turn = await say(pool, ada, "The heating broke.", vector=BOILER)
    again = await recall.recall(ada, "c-1", turn, "The heating broke.", BOILER, facts=1, turns=12)
    assert again["turns"] == []
    assert rows(owner, "select turn_id, model from chat_turn_vectors") == [(turn, MODEL)]


async def test_only_the_newest_messages_are_scored(pool: Pool, recall: Recall, owner: Owner, ada: UUID) -> None:
    """600 of them, so that a long conversation costs no more."""
    await say(pool, ada, "The heating broke.")
    later = await say(pool, ada, "The heating works.")
    filler = (
        "insert into chat_messages (user_id, convo_id, turn_id, employee_key, role, content)"
        " select user_id, convo_id, gen_random_uuid(), employee_key, 'user', 'Hello' from chat_messages,"
        " generate_series(1, 598) where id = %s"
    )
    owner.execute("set session_replication_role = replica")
    owner.execute(filler, [later])
    assert [turn["turn_id"] for turn in await found(recall, ada, "the heating")] == [str(later)]


@pytest.mark.parametrize("conversation", ["c-1", "a new one"])
async def test_messages_of_others_are_not_read(
    pool: Pool, owner: Owner, ada: UUID, bob: UUID, conversation: str
) -> None:
    """However many they are, and however few users, which makes the planner expect a message of the user at once."""
    await say(pool, ada, "The heating broke.", vector=BOILER)
    turn = await say(pool, bob, "Hello")
    filler = (
        "insert into chat_messages (user_id, convo_id, turn_id, employee_key, role, content)"
        " select user_id, convo_id, gen_random_uuid(), employee_key, role, content from chat_messages,"
        " generate_series(1, 3000) where turn_id = %s and role = 'user'"
    )
    with owner.transaction():
        owner.execute("set local session_replication_role = replica")
        owner.execute(filler, [turn])
    owner.execute("analyze chat_messages")
    with owner.transaction():
        owner.execute(
            "select recall_memory(%s, %s, gen_random_uuid(), %s, %s::halfvec, %s, 6, 12, 100)",
            (ada, conversation, "What about the heating?", str(BOILER), MODEL),
        )
        [(read,)] = owner.execute(
            "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'chat_messages'"
        )
    assert read < 20


async def test_a_deleted_conversation_is_not_found(pool: Pool, recall: Recall, owner: Owner, ada: UUID) -> None:
    """Its vectors are gone, too."""
    await say(pool, ada, "The heating broke.", vector=BOILER)
    await Conversations(pool).delete(ada, "c-1")
    assert await found(recall, ada, "heating", BOILER) == []
    assert rows(owner, "select from chat_turn_vectors") == []


async def test_what_is_forgotten_is_not_found(pool: Pool, recall: Recall, facts: Facts, ada: UUID) -> None:
    """A turn whose fact was deleted, and after all facts were deleted every turn before."""
    turn = await say(pool, ada, "The heating broke.", vector=BOILER)
    other = await say(pool, ada, "The heating works.", vector=BOILER)
    [fact] = await facts.remember(ada, [new_fact("Has an old boiler")], source=turn)
    known = UserFacts(pool, MODEL)
    assert await known.delete(ada, UUID(fact["fact_id"]))
    assert [one["turn_id"] for one in await found(recall, ada, "heating", BOILER)] == [str(other)]
    await known.delete_all(ada)
    assert await found(recall, ada, "heating", BOILER) == []


async def test_facts_are_those_nearest_to_the_message(pool: Pool, recall: Recall, facts: Facts, ada: UUID) -> None:
    """As the search for facts alone finds them."""
    source = await save_accepted(pool, ada, accepted())
    known = [new_fact("Lives in Ghent", *SCHOOL), new_fact("Has an old boiler", *BOILER)]
    await facts.remember(ada, known, source=source)
    recalled = await recall.recall(ada, "c-1", uuid4(), "Hello", BOILER, facts=2, turns=1)
    assert recalled["facts"] == await facts.nearest(ada, BOILER, limit=2)
    assert [fact["fact"] for fact in recalled["facts"]] == ["Has an old boiler", "Lives in Ghent"]


async def test_an_odd_message_is_looked_for(pool: Pool, recall: Recall, ada: UUID) -> None:
    """Whatever its characters are, and in scripts without spaces, too."""
    turn = await say(pool, ada, "ボイラーが壊れた")
    for odd in ("' \\ & | ! :* <-> (", "1e@" * 2_000, "’”„ 'x':A \\'", "\N{ROBOT FACE}"):
        assert await found(recall, ada, odd) == []
    assert [one["turn_id"] for one in await found(recall, ada, "ボイラー")] == [str(turn)]
