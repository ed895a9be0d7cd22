"""Facts learned about a user."""

from random import Random
from uuid import UUID, uuid4

import psycopg
import pytest
from pgvector.psycopg import HalfVector  # pyright: ignore[reportMissingTypeStubs]

from storage.errors import Gone
from storage.facts import Facts, LearnedFact, fact_hash
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
    assert found == [(message, message, MODEL, 2)]


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


async def test_facts_that_are_stored_twice_are_there_once(
    pool: Pool, facts: Facts, owner: Owner, ada: UUID, message: UUID
) -> None:
    """The statement is run again where its reply was lost: the same facts hold, with one source each."""
    (biscuits,) = await facts.remember(ada, [new_fact("Sells oat biscuits")], source=message)
    tubas = new_fact("Sells tubas", 0.0, 1.0)
    tubas["replaces"] = [biscuits["fact_id"]]
    later = await save_accepted(pool, ada, accepted("No, tubas"))
    stored = (
        "select f.fact, f.superseded_at is null, e.holds, s.message_id from user_memory_facts f"
        " join memory_embeddings e on e.fact_id = f.id join user_fact_sources s on s.fact_id = f.id order by 1"
    )
    new: list[list[str]] = []
    for _ in range(2):
        new.append(texts(await facts.remember(ada, [tubas, new_fact("Has two ovens")], source=later)))
        assert rows(owner, stored) == [
            ("Has two ovens", True, True, later),
            ("Sells oat biscuits", False, False, message),
            ("Sells tubas", True, True, later),
        ]
    assert new == [["Sells tubas", "Has two ovens"], []]


async def test_a_vector_is_stored_in_its_row(facts: Facts, owner: Owner, ada: UUID, message: UUID) -> None:
    """Up to some 4,000 numbers: reading it from elsewhere would double the time of a search. Wider ones still fit."""
    random = Random(1)  # noqa: S311 - so that no vector can be compressed
    outside = "select pg_relation_size(reltoastrelid) from pg_class where oid = 'public.memory_embeddings'::regclass"
    for width, size in ((3072, "0"), (8192, "more")):
        fact = new_fact(f"Is {width} wide", *(random.uniform(-1, 1) for _ in range(width)))
        await facts.remember(ada, [fact], source=message)
        ((found,),) = rows(owner, outside)
        assert (found > 0) == (size == "more")


@pytest.mark.parametrize("last", [0.5, 0.0])
async def test_padding_of_the_release_before_is_removed(
    pool: Pool, facts: Facts, ada: UUID, message: UUID, last: float
) -> None:
    """Its processes store 1536 numbers, the last of them zeros; a vector of the model may end in one, too."""
    await facts.remember(ada, [new_fact("Has two ovens", 0.0, 0.1, 0.9)], source=message)
    await facts.remember(ada, [new_fact("Sells oat biscuits", 1.0, 0.5, last)], source=message)
    async with pool.as_user(ada) as conn:  # as that process would have stored the second
        await conn.execute("delete from memory_embeddings where text = 'Sells oat biscuits'")
        await conn.execute(
            "insert into memory_embeddings (user_id, fact_id, message_id, text, embedding, model, holds)"
            " select user_id, id, source_message_id, fact, %(vector)s, %(model)s, true"
            " from user_memory_facts where fact = 'Sells oat biscuits'",
            {"vector": HalfVector([1.0, 0.5, last, *[0.0] * 1533]), "model": MODEL},
        )
    found = await facts.nearest(ada, [1.0, 0.5, last], limit=2)
    assert [memory["fact"] for memory in found] == ["Sells oat biscuits", "Has two ovens"]
    assert found[0]["similarity"] == 1.0
