"""What is remembered of a user."""

from uuid import UUID, uuid4

import psycopg
import pytest

from storage.errors import Gone
from storage.facts import DIMENSIONS, Facts, LearnedFact, fact_hash, padded
from storage.pool import Pool
from tests.storage.rows import MODEL, Owner, accepted, heard, new_fact, rows

BOTH = "select f.fact, e.text from user_memory_facts f full join memory_embeddings e on e.fact_id = f.id order by 1"


@pytest.fixture
async def message(pool: Pool, ada: UUID) -> UUID:
    """A message of Ada's to learn from."""
    return await heard(pool, ada, accepted("I sell oat biscuits"))


def learned(facts: list[LearnedFact]) -> list[str]:
    """What they say."""
    return [fact["fact"] for fact in facts]


@pytest.mark.parametrize(
    "same",
    ["Sells oat biscuits.", "SELLS OAT BISCUITS", "  sells\toat \n biscuits!", "Ｓells oat biscuits ."],
)
def test_spelling_that_does_not_count(same: str) -> None:
    """Case, spaces, width and a final stop make no new fact."""
    assert fact_hash(same) == fact_hash("Sells oat biscuits")


def test_other_words_are_another_fact() -> None:
    """The hash compares the text and nothing less."""
    assert len({fact_hash(text) for text in ("Sells oat biscuits", "Sells goat biscuits", "Sells oats, biscuits")}) == 3


async def test_a_fact_comes_with_its_embedding(facts: Facts, owner: Owner, ada: UUID, message: UUID) -> None:
    """Both are stored, with where they come from and which model made the vector."""
    assert learned(await facts.remember(ada, [new_fact("Sells oat biscuits")], source=message)) == [
        "Sells oat biscuits"
    ]
    found = rows(
        owner,
        "select f.source_message_id, e.message_id, e.model, vector_dims(e.embedding)"
        " from user_memory_facts f join memory_embeddings e on (e.user_id, e.fact_id) = (f.user_id, f.id)",
    )
    assert found == [(message, message, MODEL, DIMENSIONS)]


async def test_what_is_known_already_is_left_as_it_is(facts: Facts, owner: Owner, ada: UUID, message: UUID) -> None:
    """Only what is new comes back, also within one call."""
    await facts.remember(ada, [new_fact("Sells oat biscuits")], source=message)
    again = [new_fact("sells oat biscuits!"), new_fact("Lives in Ghent"), new_fact("lives in Ghent.")]
    assert learned(await facts.remember(ada, again, source=message)) == ["Lives in Ghent"]
    assert rows(owner, BOTH) == [("Lives in Ghent", "Lives in Ghent"), ("Sells oat biscuits", "Sells oat biscuits")]


async def test_two_users_may_have_the_same_fact(pool: Pool, facts: Facts, ada: UUID, bob: UUID) -> None:
    """What is known of Ada is no reason to forget it of Bob."""
    for user in (ada, bob):
        source = await heard(pool, user, accepted())
        new = await facts.remember(user, [new_fact("Sells oat biscuits")], source=source)
        assert learned(new) == ["Sells oat biscuits"]


async def test_a_vector_that_is_too_long_stores_nothing(facts: Facts, owner: Owner, ada: UUID, message: UUID) -> None:
    """Not even the facts before it in the same call."""
    too_long = new_fact("Lives in Ghent", *[0.1] * (DIMENSIONS + 1))
    with pytest.raises(ValueError, match=f"at most {DIMENSIONS}"):
        await facts.remember(ada, [new_fact("Sells oat biscuits"), too_long], source=message)
    assert rows(owner, BOTH) == []


async def test_a_fact_is_not_stored_without_its_embedding(facts: Facts, owner: Owner, ada: UUID, message: UUID) -> None:
    """Where the embedding cannot be written the fact is not there either."""
    owner.execute("alter table memory_embeddings add constraint broken check (text <> 'Lives in Ghent')")
    with pytest.raises(psycopg.errors.CheckViolation, match="broken"):
        await facts.remember(ada, [new_fact("Sells oat biscuits"), new_fact("Lives in Ghent")], source=message)
    assert rows(owner, BOTH) == []


async def test_an_embedding_is_not_stored_without_its_fact(
    facts: Facts, owner: Owner, ada: UUID, message: UUID
) -> None:
    """A fact that says nothing is refused with all that came along."""
    with pytest.raises(psycopg.errors.CheckViolation, match="fact_check"):
        await facts.remember(ada, [new_fact("Sells oat biscuits"), new_fact("tall")], source=message)
    assert rows(owner, BOTH) == []


async def test_a_fact_is_learned_from_a_message_of_the_users_own(
    facts: Facts, owner: Owner, bob: UUID, message: UUID
) -> None:
    """Ada's message is no source of facts about Bob, nor is one that does not exist."""
    for source in (message, uuid4()):
        with pytest.raises(Gone):
            await facts.remember(bob, [new_fact("Sells oat biscuits")], source=source)
    assert rows(owner, BOTH) == []


def test_short_vectors_are_padded_with_zeros() -> None:
    """Up to `DIMENSIONS`, which are taken as they are."""
    assert padded([1.0, 2.0]) == [1.0, 2.0, *[0.0] * (DIMENSIONS - 2)]
    assert padded([0.5] * DIMENSIONS) == [0.5] * DIMENSIONS
