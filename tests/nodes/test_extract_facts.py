"""What is learned of the user."""

import json
from collections.abc import Sequence
from uuid import UUID

import pytest
import stamina

from nodes.errors import EmbeddingUnavailable
from nodes.extract_facts import Fact, FactsFound, Learned, extract_facts, worth_keeping
from storage.errors import StorageUnavailable
from storage.fact_search import Memory
from storage.facts import LearnedFact, NewFact
from tests.nodes.states import ADA, TURN, Listener, a_memory, a_state, an_answer

HOUSE = Fact(fact="The user saves for a house.", confidence=0.9)
DOG = Fact(fact="The user has a dog.", confidence=0.7)
VAT = Fact(fact="The user pays VAT.", confidence=0.8)


class Finder:
    """A model that finds these facts in every message."""

    def __init__(self, *facts: Fact) -> None:
        self._facts = facts
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, system: str, text: str) -> FactsFound:
        """All of them."""
        self.asked.append((system, text))
        return FactsFound(facts=list(self._facts))


class Notebook:
    """Keeps facts in a list; those in `known` are not new."""

    def __init__(self, *known: str) -> None:
        self._known = known
        self.away = 0
        self.kept: list[NewFact] = []
        self.sources: list[tuple[UUID, UUID]] = []

    async def remember(self, user_id: UUID, facts: Sequence[NewFact], *, source: UUID) -> list[LearnedFact]:
        """Add them, unless the notebook is `away` for now."""
        if self.away:
            self.away -= 1
            raise StorageUnavailable
        self.kept += facts
        self.sources.append((user_id, source))
        return [LearnedFact(fact_id="1", fact=fact["fact"]) for fact in facts if fact["fact"] not in self._known]


class Neighbours:
    """Facts that are near to every message."""

    def __init__(self, *facts: str) -> None:
        self._facts = facts
        self.asked: list[tuple[UUID, list[float]]] = []

    async def nearest(self, user_id: UUID, vector: Sequence[float], *, limit: int) -> list[Memory]:
        """The first ones."""
        self.asked.append((user_id, list(vector)))
        return [a_memory(fact) for fact in self._facts[:limit]]


async def embed(text: str, *, whole: bool = False) -> list[float]:
    """A text's vector: its length."""
    return [float(len(text))]


async def learn(
    extract: Finder | None, facts: Notebook, message: str = "I save for a house.", recall: Neighbours | None = None
) -> Learned:
    """What a turn with this message teaches."""
    state = a_state(message, answer=an_answer("You own a yacht."))
    known = recall or Neighbours()
    return await extract_facts(state, Listener().runtime, extract=extract, embed=embed, recall=known, facts=facts)


async def test_facts_are_kept_with_their_vectors() -> None:
    """Under the run's user and the message they come from; those that were new are reported."""
    notebook = Notebook(DOG.fact)
    assert await learn(Finder(HOUSE, DOG), notebook) == {"learned": [{"fact_id": "1", "fact": HOUSE.fact}]}
    assert notebook.kept == [
        NewFact(fact=HOUSE.fact, confidence=0.9, vector=[float(len(HOUSE.fact))], replaces=[]),
        NewFact(fact=DOG.fact, confidence=0.7, vector=[float(len(DOG.fact))], replaces=[]),
    ]
    assert notebook.sources == [(ADA, TURN)]


async def test_only_the_users_own_words_are_read() -> None:
    """An assistant's invention never becomes a fact about the user."""
    finder = Finder()
    await learn(finder, Notebook(), "I rent.")
    ((system, text),) = finder.asked
    assert json.loads(text) == {"message": "I rent.", "known": []}
    assert "yacht" not in system + text


async def test_a_fact_names_the_known_ones_that_it_ends() -> None:
    """The model sees the facts nearest to the message, numbered; a number that it was not shown means nothing."""
    moved = Fact(fact="The user lives in Berlin.", confidence=0.9, replaces=[2, 0, 3, -1])
    finder, notebook, known = Finder(moved), Notebook(), Neighbours("Has a dog", "Lives in Ghent")
    await learn(finder, notebook, "I moved to Berlin.", known)
    assert known.asked == [(ADA, [float(len("I moved to Berlin."))])]
    shown = [{"number": 1, "fact": "Has a dog"}, {"number": 2, "fact": "Lives in Ghent"}]
    assert json.loads(finder.asked[0][1])["known"] == shown
    assert [fact["replaces"] for fact in notebook.kept] == [["id of Lives in Ghent"]]


async def test_without_a_model_that_can_tell_nothing_is_learned() -> None:
    """The demo model's text is never taken for a fact."""
    notebook = Notebook()
    assert await learn(None, notebook) == {"learned": []}
    assert notebook.sources == []


async def test_most_messages_teach_nothing() -> None:
    """That is noted as well, so that nobody pays for looking again."""
    notebook = Notebook()
    assert await learn(Finder(), notebook) == {"learned": []}
    assert (notebook.kept, notebook.sources) == ([], [(ADA, TURN)])


async def test_facts_that_are_known_already_are_not_looked_for_again() -> None:
    """The process from which the turn was taken over had come so far."""
    finder, notebook = Finder(HOUSE), Notebook()
    state = a_state("I save for a house.", answer=an_answer(), facts_known=True)
    learned = await extract_facts(
        state, Listener().runtime, extract=finder, embed=embed, recall=Neighbours(), facts=notebook
    )
    assert learned == {"learned": []}
    assert (finder.asked, notebook.sources) == ([], [])


async def test_a_model_is_asked_once_though_its_facts_cannot_be_stored_at_once() -> None:
    """Only storing them is tried again."""
    finder, notebook = Finder(HOUSE), Notebook()
    notebook.away = 2
    with stamina.set_testing(True, attempts=10, cap=True):
        await learn(finder, notebook)
    assert len(finder.asked) == 1
    assert [fact["fact"] for fact in notebook.kept] == [HOUSE.fact]


async def test_without_vectors_no_fact_is_stored() -> None:
    """A fact that can never be recalled would also never be learned again; the caller tries later."""

    async def fail(text: str, *, whole: bool = False) -> list[float]:
        raise EmbeddingUnavailable

    notebook = Notebook()
    with stamina.set_testing(True), pytest.raises(EmbeddingUnavailable):
        await extract_facts(
            a_state(), Listener().runtime, extract=Finder(HOUSE), embed=fail, recall=Neighbours(), facts=notebook
        )
    assert notebook.kept == []


def test_the_two_surest_facts_are_kept() -> None:
    """Of however many a model finds."""
    assert worth_keeping(FactsFound(facts=[DOG, HOUSE, VAT])) == [HOUSE, VAT]


@pytest.mark.parametrize(("confidence", "kept"), [(0.59, 0), (0.6, 1)])
def test_what_is_not_sure_enough_is_dropped(confidence: float, kept: int) -> None:
    """From 0.6 on it counts."""
    assert len(worth_keeping(FactsFound(facts=[Fact(fact=HOUSE.fact, confidence=confidence)]))) == kept


@pytest.mark.parametrize(("fact", "kept"), [("Likes", 0), ("  Rich   ", 0), ("Rents.", 1)])
def test_what_says_nothing_is_dropped(fact: str, kept: int) -> None:
    """More than five characters, spaces around it not counted."""
    assert len(worth_keeping(FactsFound(facts=[Fact(fact=fact, confidence=1)]))) == kept


def test_a_number_in_a_fact_is_masked() -> None:
    """Neither the fact nor its vector holds it."""
    found = FactsFound(facts=[Fact(fact="The user pays with 4111 1111 1111 1111.", confidence=0.9)])
    assert [fact.fact for fact in worth_keeping(found)] == ["The user pays with [card •1111]."]
