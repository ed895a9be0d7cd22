"""Facts learned about a user."""

from uuid import UUID, uuid4

import psycopg
import pytest

from storage.errors import Gone
from storage.facts import DIMENSIONS, Facts, LearnedFact, fact_hash, pad_vector
from storage.pool import Pool
from tests.storage.rows import MODEL, Owner, accepted, new_fact, rows, save_accepted

BOTH = "select f.fact, e.text from user_memory_facts f full join memory_embeddings e on e.fact_id = f.id order by 1"


@pytest.fixture
async def message(pool: Pool, ada: UUID) -> UUID:
    """A message of Ada's to learn facts from."""
    return await save_accepted(pool, ada, accepted("I sell oat biscuits"))


def texts(facts: list[LearnedFact]) -> list[str]:
    """The texts of facts."""
    return [fact["fact"] for fact in facts]


@pytest.mark.parametrize(
    "same",
    ["Sells oat biscuits.", "SELLS OAT BISCUITS", "  sells\toat \n biscuits!", "Ｓells oat biscuits ."],
)
def test_spelling_variants_have_the_same_hash(same: str) -> None:
    """Case, spaces, width and final punctuation make no new fact."""
    assert fact_hash(same) == fact_hash("Sells oat biscuits")


def test_other_words_have_another_hash() -> None:
    """Also where little differs."""
    assert len({fact_hash(text) for text in ("Sells oat biscuits", "Sells goat biscuits", "Sells oats, biscuits")}) == 3


async def test_a_fact_is_stored_with_its_embedding(facts: Facts, owner: Owner, ada: UUID, message: UUID) -> None:
    """With its source, and with the model that made the vector."""
    assert texts(await facts.remember(ada, [new_fact("Sells oat biscuits")], source=message)) == ["Sells oat biscuits"]
    found = rows(
        owner,
        "select f.source_message_id, e.message_id, e.model, vector_dims(e.embedding)"
        " from user_memory_facts f join memory_embeddings e on (e.user_id, e.fact_id) = (f.user_id, f.id)",
    )
    assert found == [(message, message, MODEL, DIMENSIONS)]


async def test_a_known_fact_is_not_stored_again(facts: Facts, owner: Owner, ada: UUID, message: UUID) -> None:
    """Only new facts are returned, also where one call repeats itself."""
    await facts.remember(ada, [new_fact("Sells oat biscuits")], source=message)
    again = [new_fact("sells oat biscuits!"), new_fact("Lives in Ghent"), new_fact("lives in Ghent.")]
    assert texts(await facts.remember(ada, again, source=message)) == ["Lives in Ghent"]
    assert rows(owner, BOTH) == [("Lives in Ghent", "Lives in Ghent"), ("Sells oat biscuits", "Sells oat biscuits")]


async def test_two_users_may_have_the_same_fact(pool: Pool, facts: Facts, ada: UUID, bob: UUID) -> None:
    """Duplicates are only looked for among the user's own facts."""
    for user in (ada, bob):
        source = await save_accepted(pool, user, accepted())
        new = await facts.remember(user, [new_fact("Sells oat biscuits")], source=source)
        assert texts(new) == ["Sells oat biscuits"]


async def test_nothing_is_stored_where_a_vector_is_too_long(
    facts: Facts, owner: Owner, ada: UUID, message: UUID
) -> None:
    """Not even the other facts of the same call."""
    too_long = new_fact("Lives in Ghent", *[0.1] * (DIMENSIONS + 1))
    with pytest.raises(ValueError, match=f"at most {DIMENSIONS}"):
        await facts.remember(ada, [new_fact("Sells oat biscuits"), too_long], source=message)
    assert rows(owner, BOTH) == []


async def test_a_fact_is_not_stored_without_its_embedding(facts: Facts, owner: Owner, ada: UUID, message: UUID) -> None:
    """Where the embedding cannot be inserted, the fact is not inserted either."""
    owner.execute("alter table memory_embeddings add constraint broken check (text <> 'Lives in Ghent')")
    with pytest.raises(psycopg.errors.CheckViolation, match="broken"):
        await facts.remember(ada, [new_fact("Sells oat biscuits"), new_fact("Lives in Ghent")], source=message)
    assert rows(owner, BOTH) == []


async def test_an_embedding_is_not_stored_without_its_fact(
    facts: Facts, owner: Owner, ada: UUID, message: UUID
) -> None:
    """A fact that is too short is refused with all others of the call."""
    with pytest.raises(psycopg.errors.CheckViolation, match="fact_check"):
        await facts.remember(ada, [new_fact("Sells oat biscuits"), new_fact("tall")], source=message)
    assert rows(owner, BOTH) == []


async def test_a_fact_is_learned_from_the_users_own_message(
    facts: Facts, owner: Owner, bob: UUID, message: UUID
) -> None:
    """Neither Ada's message nor one that does not exist can be the source of a fact about Bob."""
    for source in (message, uuid4()):
        with pytest.raises(Gone):
            await facts.remember(bob, [new_fact("Sells oat biscuits")], source=source)
    assert rows(owner, BOTH) == []


def test_short_vectors_are_padded_with_zeros() -> None:
    """Up to `DIMENSIONS`; a vector of that length is unchanged."""
    assert pad_vector([1.0, 2.0]) == [1.0, 2.0, *[0.0] * (DIMENSIONS - 2)]
    assert pad_vector([0.5] * DIMENSIONS) == [0.5] * DIMENSIONS
