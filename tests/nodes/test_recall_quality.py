"""How often a turn that answers a question is found, in conversations that nothing was tuned on."""

from collections.abc import Iterator

import pytest

from graph.models.embeddings import MiniLM
from nodes.trim_context import MAX_RECALLED
from storage.pool import Pool
from tests.nodes.held_out import assert_right, read
from tests.nodes.recalling import NO_FLOOR, found, rank, store


@pytest.fixture
def minilm() -> Iterator[MiniLM]:
    """The local embedding model."""
    loaded = MiniLM()
    yield loaded
    loaded.close()


async def test_turns_that_answer_a_question_are_found(pool: Pool, minilm: MiniLM) -> None:
    """Among the first 1, 3, 4 and 6, and, with the floor, among those that are quoted; others are seldom quoted."""
    asked = await store(pool, read("recall")["conversation"], minilm)
    floors = {1: 31, 3: 48, MAX_RECALLED: 52, 6: 56}
    ranks = [rank(await found(pool, one, floor=NO_FLOOR), one.evidence) for one in asked]
    for most, at_least in floors.items():
        missed = [one.text for one, place in zip(asked, ranks, strict=True) if place > most]
        assert_right(missed, at_least=at_least, of=64, cases=asked)
    quoted = [rank((await found(pool, one))[:MAX_RECALLED], one.evidence) for one in asked]
    missed = [one.text for one, place in zip(asked, quoted, strict=True) if place > MAX_RECALLED]
    assert_right(missed, at_least=35, of=64, cases=asked)
    # For the other users nothing was said that answers them.
    users = {one.told.user: one.told for one in asked}.values()
    others = [one._replace(told=told) for told in users for one in asked if one.told != told]
    quoted_for_nothing = [one.text for one in others if await found(pool, one)]
    assert_right(quoted_for_nothing, at_least=338, of=448, cases=others)
