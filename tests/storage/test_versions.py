"""Versions of turns: one path of a conversation is active, and what is not on it counts nowhere."""

from collections.abc import Awaitable, Callable
from typing import TypedDict
from uuid import UUID, uuid4

import pytest

from storage.conversations import Conversations
from storage.errors import Gone
from storage.facts import Facts, NewFact
from storage.insights import InsightsQueries
from storage.pool import Pool
from storage.turn_records import TurnRecords
from storage.turns import Accepted, Turns, VersionKind
from storage.user_facts import UserFacts
from storage.versions import Versions
from tests.storage.rows import (
    MODEL,
    Owner,
    accepted,
    answered,
    begin,
    new_fact,
    rows,
    save_answered,
    take_place,
)

Ask = Callable[..., Awaitable[UUID]]


class Fields(TypedDict):
    """Those of a version among the fields of an accepted message."""

    version: VersionKind
    replaces: str


def version(kind: VersionKind, of: UUID) -> Fields:
    """The fields of such a version of that turn."""
    return Fields(version=kind, replaces=str(of))


@pytest.fixture
def ask(pool: Pool, ada: UUID) -> Ask:
    """Stores an answered turn of Ada's with a summary of its own, as a version of another one if there is one."""

    async def store(
        message: str, *, replaces: UUID | None = None, kind: VersionKind = "edit", conversation: str = "c-1",
        employee: str = "ledger",
    ) -> UUID:  # fmt: skip
        turn_id, turns = uuid4(), Turns(pool)
        plain = accepted(message, conversation=conversation, employee=employee)
        turn: Accepted = {**plain, **version(kind, replaces)} if replaces else plain
        await turns.accept(ada, turn_id, turn)
        history = await turns.history(ada, conversation, before_turn=turn_id)
        said = answered(message, f"On {message}", conversation=conversation, employee=employee)
        await turns.answer(ada, turn_id, said)
        seen = max((message["seq"] for message in history["messages"]), default=0)
        words = f"{history['summary']} {message}".strip()
        await turns.save_summary(ada, conversation, words, turn_id=turn_id, seen=seen)
        return turn_id

    return store


async def switch(pool: Pool, user: UUID, turn: UUID) -> str:
    """Make the path through the turn the active one."""
    return await Versions(pool).switch(user, "c-1", turn)


async def path(pool: Pool, user: UUID) -> list[str]:
    """What was asked on the active path."""
    found = await Conversations(pool).messages(user, "c-1", limit=99)
    assert [one["content"] for one in found][1::2] == [f"On {one['content']}" for one in found][::2]
    return [one["content"] for one in found if one["role"] == "user"]


async def history(pool: Pool, user: UUID) -> tuple[str, list[str]]:
    """What the next turn reads: the summary, and the questions that it does not cover."""
    found = await Turns(pool).history(user, "c-1", before_turn=uuid4())
    uncovered = [one for one in found["messages"] if one["seq"] > found["covers"]]
    return found["summary"], [one["content"] for one in uncovered if one["role"] == "user"]


async def test_a_version_takes_the_place_of_a_turn_with_all_that_followed(pool: Pool, ask: Ask, ada: UUID) -> None:
    """List, count, search, summary and history know the active path only, which goes on from the new version."""
    await ask("one")
    two = await ask("two")
    three = await ask("three")
    changed = await ask("zwei", replaces=two)
    assert await path(pool, ada) == ["one", "zwei"]
    assert await history(pool, ada) == ("one zwei", [])
    await ask("drei")
    assert await path(pool, ada) == ["one", "zwei", "drei"]
    conversations = Conversations(pool)
    [listed] = await conversations.latest(ada, limit=9)
    assert listed["message_count"] == 6
    assert await conversations.latest(ada, limit=9, q="three") == []
    [found] = await conversations.latest(ada, limit=9, q="zwei")
    assert found["match"] is not None
    assert found == {**listed, "match": found["match"]}
    assert (await InsightsQueries(pool).for_user(ada))["messages"] == 3
    messages = await conversations.messages(ada, "c-1", limit=99)
    assert [one["versions"] for one in messages][2:4] == [[two, changed]] * 2
    assert [one["versions"] for one in messages][:2] == [[messages[0]["turn_id"]]] * 2
    record = await TurnRecords(pool).find(ada, three)
    assert record
    assert (record["superseded"], record["message"], record["text"], record["versions"]) == (
        True, "three", "On three", [three],
    )  # fmt: skip


async def test_a_switch_goes_on_to_the_latest_leaf(pool: Pool, ask: Ask, ada: UUID) -> None:
    """Back and forth, with the summary that covers what is active; the same switch again changes nothing."""
    one = await ask("one")
    two = await ask("two", employee="tag")
    three = await ask("three", employee="tag")
    await ask("zwei", replaces=two)
    await ask("four", replaces=three)
    assert await path(pool, ada) == ["one", "two", "four"]
    versions = (await Conversations(pool).messages(ada, "c-1", limit=99))[2]["versions"]
    for _ in range(2):
        assert await switch(pool, ada, versions[1]) == "active"
        assert await path(pool, ada) == ["one", "zwei"]
        assert await history(pool, ada) == ("one zwei", [])
        details = await Conversations(pool).find(ada, "c-1")
        assert details
        assert (details["last_employee"], details["summary"]) == ("ledger", "one zwei")
    await ask("drei")
    await switch(pool, ada, two)
    assert await path(pool, ada) == ["one", "two", "four"]
    assert await history(pool, ada) == ("one two four", [])
    await switch(pool, ada, three)
    assert await path(pool, ada) == ["one", "two", "three"]
    await ask("uno", replaces=one)
    assert await path(pool, ada) == ["uno"]
    assert await history(pool, ada) == ("uno", [])


async def test_a_late_summary_of_a_superseded_turn_is_dropped(pool: Pool, ask: Ask, owner: Owner, ada: UUID) -> None:
    """Also where its path is active again by then: the next turn reads what is in no summary."""
    await ask("one")
    late = await save_answered(pool, ada, answered("late", "On late"))
    again = await ask("again", replaces=late)
    assert not await Turns(pool).save_summary(ada, "c-1", "one late", turn_id=late, seen=2)
    assert await history(pool, ada) == ("one again", [])
    assert rows(owner, "select summarised_at is null from chat_turns where turn_id = %(late)s", late=late) == [(False,)]
    await switch(pool, ada, late)
    assert await history(pool, ada) == ("one", ["late"])
    await switch(pool, ada, again)
    assert await history(pool, ada) == ("one again", [])


async def test_a_conversation_from_before_versions_keeps_its_summary(
    pool: Pool, ask: Ask, owner: Owner, ada: UUID
) -> None:
    """As long as what it covers is active: the summaries of its turns were not kept."""
    for message in ("one", "two"):
        await ask(message)
    three = await save_answered(pool, ada, answered("three", "On three"))
    owner.execute("delete from chat_turn_summaries")
    await ask("drei", replaces=three)
    owner.execute("delete from chat_turn_summaries where summary = 'one two drei'")
    await switch(pool, ada, three)
    assert await history(pool, ada) == ("one two", ["three"])
    [two] = rows(owner, "select turn_id from chat_messages where content = 'two'")
    await ask("zwei", replaces=two[0])
    assert await history(pool, ada) == ("zwei", [])
    assert await path(pool, ada) == ["one", "zwei"]


async def test_a_title_follows_the_first_message_unless_the_user_gave_it(pool: Pool, ask: Ask, ada: UUID) -> None:
    """So that no list shows, and no search finds, words that were replaced; the model's goes with its question."""
    conversations = Conversations(pool)

    async def title() -> str:
        [listed] = await conversations.latest(ada, limit=9)
        return listed["title"]

    first = await ask("  A secret\nof mine")
    changed = await ask("x" * 59 + " y", replaces=first)
    assert await title() == "x" * 59 + "…"
    await switch(pool, ada, first)
    assert await title() == "A secret"
    await Turns(pool).save_summary(ada, "c-1", "Of X.", turn_id=changed, seen=0, title="X")
    assert await title() == "A secret"
    await Turns(pool).save_summary(ada, "c-1", "Of secrets.", turn_id=first, seen=0, title="Secrets")
    assert await title() == "Secrets"
    await switch(pool, ada, changed)
    assert await title() == "x" * 59 + "…"
    await switch(pool, ada, first)
    await conversations.change(ada, "c-1", title="My own")
    await switch(pool, ada, changed)
    assert await title() == "My own"


async def test_nothing_is_switched_while_a_message_is_answered_or_waits(
    pool: Pool, ask: Ask, owner: Owner, ada: UUID, bob: UUID
) -> None:
    """The answer would go on under another question. A place whose process is gone counts for none."""
    first = await ask("one")
    await ask("uno", replaces=first)
    await take_place(pool, ada, uuid4())
    assert await switch(pool, ada, first) == "busy"
    owner.execute("update chat_queue set lease_until = now() - interval '1 second'")
    assert await switch(pool, ada, first) == "active"
    for user, conversation, turn in ((bob, "c-1", first), (ada, "c-2", first), (ada, "c-1", uuid4())):
        assert await Versions(pool).switch(user, conversation, turn) == "missing"
    owner.execute("delete from chat_queue")
    await begin(pool, ada, uuid4())
    assert await switch(pool, ada, first) == "busy"


@pytest.mark.parametrize("kind", ["regenerate", "continue"])
async def test_a_version_that_fails_gives_its_place_back(pool: Pool, ask: Ask, ada: UUID, kind: VersionKind) -> None:
    """The answer that there was is active again and alone; the failed version can be looked at."""
    await ask("one")
    two = await ask("two")
    await ask("three")
    failed = uuid4()
    turn: Accepted = {**accepted("two"), **version(kind, two)}
    await Turns(pool).accept(ada, failed, turn)
    await Turns(pool).fail(ada, failed, "internal")
    assert await path(pool, ada) == ["one", "two", "three"]
    assert await history(pool, ada) == ("one two three", [])
    record = await TurnRecords(pool).find(ada, failed)
    assert record
    assert (record["status"], record["superseded"]) == ("failed", True)
    assert [message["versions"] for message in await Conversations(pool).messages(ada, "c-1", limit=9)][2:4] == [
        [two]
    ] * 2


async def test_a_continued_answer_is_the_same_version(pool: Pool, ask: Ask, ada: UUID) -> None:
    """The cut one is listed only while it is the active one."""
    cut = await ask("one")
    whole = await ask("one", replaces=cut, kind="continue")
    again = await ask("one", replaces=whole, kind="regenerate")
    messages = Conversations(pool)
    assert (await messages.messages(ada, "c-1", limit=9))[0]["versions"] == [whole, again]
    await switch(pool, ada, cut)
    assert (await messages.messages(ada, "c-1", limit=9))[0]["versions"] == [cut, whole, again]


async def test_versions_say_which_of_them_have_the_same_question(pool: Pool, ask: Ask, ada: UUID) -> None:
    """However often it was answered, and its answer continued; a superseded one is read with its own turn only."""
    first = await ask("one")
    again = await ask("one", replaces=first, kind="regenerate")
    changed = await ask("eins", replaces=again, kind="edit")
    cut = await ask("eins", replaces=changed, kind="regenerate")
    whole = await ask("eins", replaces=cut, kind="continue")
    await ask("two")
    messages = Conversations(pool)
    known = (await messages.messages(ada, "c-1", limit=9))[0]
    assert (known["versions"], known["questions"]) == ([first, again, changed, whole], [first, first, changed, changed])
    assert not known["superseded"]
    old, earlier, later = await messages.around(ada, "c-1", again, limit=9)
    assert [(one["turn_id"], one["superseded"], one["questions"]) for one in old] == [
        (again, True, known["questions"])
    ] * 2
    assert not earlier
    assert not later
    assert [one["content"] for one in (await messages.around(ada, "c-1", whole, limit=2)).items][:1] == ["eins"]


async def test_a_version_of_what_is_gone_is_not_accepted(pool: Pool, ask: Ask, owner: Owner, ada: UUID) -> None:
    """Its conversation was deleted, or it belongs to another one."""
    first = await ask("one")
    for conversation, replaces in (("c-1", uuid4()), ("c-2", first)):
        turn: Accepted = {**accepted(conversation=conversation), **version("edit", replaces)}
        with pytest.raises(Gone):
            await Turns(pool).accept(ada, uuid4(), turn)
    assert rows(owner, "select count(*)::int from chat_turns") == [(1,)]
    assert await path(pool, ada) == ["one"]


async def test_a_version_accepted_twice_is_stored_once(pool: Pool, ask: Ask, ada: UUID) -> None:
    """A statement whose reply was lost is run again."""
    first = await ask("one")
    process = uuid4()
    turn_id, _ = await take_place(pool, ada, process)
    turn: Accepted = {**accepted("uno"), **version("edit", first)}
    for _ in range(2):
        await Turns(pool, process).accept(ada, turn_id, turn)
    record = await TurnRecords(pool).find(ada, turn_id)
    assert record
    assert (record["superseded"], record["versions"]) == (False, [first, turn_id])


def replacing(fact: str, *older: str) -> NewFact:
    """A fact that replaces others."""
    return {**new_fact(fact), "replaces": list(older)}


async def known(pool: Pool, user: UUID) -> tuple[set[str], dict[str, bool]]:
    """The facts that are recalled; and those that are listed, with whether they hold."""
    recalled = await Facts(pool, MODEL).nearest(user, [1.0, 0.0], limit=99)
    listed = await UserFacts(pool, MODEL).latest(user, limit=99)
    return {one["fact"] for one in recalled}, {one["fact"]: one["superseded_at"] is None for one in listed}


async def test_facts_come_and_go_with_the_version_that_they_were_said_in(
    pool: Pool, facts: Facts, ask: Ask, ada: UUID
) -> None:
    """What they had replaced holds again meanwhile, also where each version replaces it by another one."""
    [berlin] = await facts.remember(ada, [new_fact("Lives in Berlin")], source=await ask("one"))
    bonn = await ask("Bonn")
    [in_bonn] = await facts.remember(ada, [replacing("Lives in Bonn", berlin["fact_id"])], source=bonn)
    in_both = {"Lives in Berlin": False, "Lives in Bonn": True}
    assert await known(pool, ada) == ({"Lives in Bonn"}, in_both)
    ulm = await ask("Ulm", replaces=bonn)
    assert await known(pool, ada) == ({"Lives in Berlin"}, {"Lives in Berlin": True})
    await facts.remember(ada, [replacing("Lives in Ulm", berlin["fact_id"])], source=ulm)
    assert await known(pool, ada) == ({"Lives in Ulm"}, {"Lives in Berlin": False, "Lives in Ulm": True})
    assert await UserFacts(pool, MODEL).correct(ada, UUID(in_bonn["fact_id"]), "Lives in Cologne", [1.0, 0.0]) is None
    await switch(pool, ada, bonn)
    assert await known(pool, ada) == ({"Lives in Bonn"}, in_both)
    await switch(pool, ada, ulm)
    # In another conversation, where Bonn is not known, Ulm is replaced; that holds on both paths.
    [in_ulm] = [one for one in await facts.nearest(ada, [1.0, 0.0], limit=9) if "Ulm" in one["fact"]]
    elsewhere = await ask("Elsewhere", conversation="c-2")
    await facts.remember(ada, [replacing("Lives in Rome", in_ulm["fact_id"])], source=elsewhere)
    await ask("nothing", replaces=ulm)
    assert await known(pool, ada) == ({"Lives in Rome"}, {"Lives in Berlin": False, "Lives in Rome": True})


async def test_facts_learned_late_from_a_superseded_turn_are_withdrawn(
    pool: Pool, facts: Facts, ask: Ask, ada: UUID
) -> None:
    """They come back with it; what was said on the active path, too, stays."""
    [ovens] = await facts.remember(ada, [new_fact("Has two ovens")], source=await ask("one"))
    two = await ask("two")
    again = await ask("zwei", replaces=two)
    late = [replacing("Has three ovens", ovens["fact_id"]), new_fact("Sells biscuits")]
    await facts.remember(ada, late, source=two)
    assert await known(pool, ada) == ({"Has two ovens"}, {"Has two ovens": True})
    await facts.remember(ada, [new_fact("Sells biscuits")], source=again)
    assert (await known(pool, ada))[0] == {"Has two ovens", "Sells biscuits"}
    await switch(pool, ada, two)
    assert (await known(pool, ada))[0] == {"Has three ovens", "Sells biscuits"}


async def test_a_fact_whose_only_active_conversation_is_deleted_is_withdrawn(
    pool: Pool, facts: Facts, ask: Ask, ada: UUID
) -> None:
    """It was said elsewhere in a superseded version only, and comes back with that."""
    superseded = await ask("one")
    await facts.remember(ada, [new_fact("Sells biscuits")], source=superseded)
    await ask("uno", replaces=superseded)
    await facts.remember(ada, [new_fact("Sells biscuits")], source=await ask("two", conversation="c-2"))
    assert await known(pool, ada) == ({"Sells biscuits"}, {"Sells biscuits": True})
    await Conversations(pool).delete(ada, "c-2")
    assert await known(pool, ada) == (set(), {})
    await switch(pool, ada, superseded)
    assert await known(pool, ada) == ({"Sells biscuits"}, {"Sells biscuits": True})
