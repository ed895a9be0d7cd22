"""Learn what will still matter about the user tomorrow, from the user's own words only."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Protocol
from uuid import UUID

from langgraph.runtime import Runtime
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from nodes.prompts import facts_prompt
from nodes.retrying import retried
from nodes.state import Context, State, asking
from nodes.text.pii.masking import mask
from storage.fact_search import Memory
from storage.facts import LearnedFact, NewFact

MOST = 2
"""Facts learned from one turn."""
SURE = 0.6
"""Confidence below which a fact is dropped."""
SHORTEST = 6
"""Characters below which a fact says nothing."""
NEIGHBOURS = 12
"""Known facts, the nearest to the message, that the model is shown to say which of them no longer hold."""


class Fact(BaseModel):
    """One durable fact about the user."""

    fact: Annotated[str, Field(max_length=300)]
    confidence: Annotated[float, Field(ge=0, le=1)]
    replaces: list[int] = Field(default_factory=list)
    """Numbers of the known facts that are no longer true because of it."""


class FactsFound(BaseModel):
    """What a model found in a message."""

    facts: list[Fact]


class Extract(Protocol):
    """A model that answers in structured form."""

    async def __call__(self, system: str, text: str) -> FactsFound:
        """Raises ModelError."""
        ...


class Embed(Protocol):
    """Turns a text into a vector."""

    async def __call__(self, text: str, *, whole: bool = False) -> list[float]:
        """Raises EmbeddingUnavailable. Of a message head and tail are enough; with `whole` all of a fact is read."""
        ...


class Recall(Protocol):
    """Finds facts by meaning."""

    async def nearest(self, user_id: UUID, vector: Sequence[float], *, limit: int) -> list[Memory]:
        """The user's facts nearest to the vector, best first; only those that hold."""
        ...


class Facts(Protocol):
    """Keeps facts."""

    async def remember(self, user_id: UUID, facts: Sequence[NewFact], *, source: UUID) -> list[LearnedFact]:
        """Store facts with their embeddings, end those they replace, and note that the turn's are known; all or none.

        Returns those that were new.
        """
        ...


class Learned(TypedDict):
    """What was learned."""

    learned: list[LearnedFact]


async def extract_facts(
    state: State, runtime: Runtime[Context], *, extract: Extract | None, embed: Embed, recall: Recall, facts: Facts
) -> Learned:
    """At most two durable facts, sure enough, each with its embedding and what it puts an end to.

    None without a model that can tell, nor where a process that is gone has looked for them already.
    """
    if state.get("facts_known") or extract is None or (state["answer"] and state["answer"]["fallback"]):
        return Learned(learned=[])  # done, no model, or one that just could not be reached
    user_id, message = asking(runtime), state["message"]

    # Looked up anew: what the last turn taught may have come after this one's memories were loaded.
    async def nearest() -> list[Memory]:
        return await recall.nearest(user_id, await embed(message), limit=NEIGHBOURS)

    known = await retried(nearest)
    prompt = facts_prompt(message, known)
    found = worth_keeping(await retried(lambda: extract(*prompt)))

    async def remember() -> list[LearnedFact]:
        vectors = await asyncio.gather(*(embed(fact.fact, whole=True) for fact in found))
        new = [
            NewFact(fact=fact.fact, confidence=fact.confidence, vector=vector, replaces=replaced(fact, known))
            for fact, vector in zip(found, vectors, strict=True)
        ]
        return await facts.remember(user_id, new, source=UUID(state["turn_id"]))

    return Learned(learned=await retried(remember))


def replaced(fact: Fact, known: Sequence[Memory]) -> list[str]:
    """The ids behind the numbers; a number that was never shown means nothing."""
    return [known[number - 1]["fact_id"] for number in fact.replaces if 1 <= number <= len(known)]


def worth_keeping(found: FactsFound) -> list[Fact]:
    """The surest facts, long enough to say something, at most `MOST`; with numbers masked that nobody may keep."""
    kept = [fact for fact in found.facts if fact.confidence >= SURE and len(fact.fact.strip()) >= SHORTEST]
    surest = sorted(kept, key=lambda fact: fact.confidence, reverse=True)[:MOST]
    return [fact.model_copy(update={"fact": mask(fact.fact).text}) for fact in surest]
