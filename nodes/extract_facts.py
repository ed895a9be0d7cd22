"""Learn durable facts about the user from the user's own message: by a model, or by rules where none extracts them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Annotated, Protocol
from uuid import UUID

from langgraph.runtime import Runtime
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from nodes.injection.detect import holds_instructions
from nodes.prompts import facts_prompt
from nodes.retrying import retried
from nodes.state import Context, State, asking
from nodes.text.cleaning import clean
from nodes.text.pii.detection import OptionalKind
from nodes.text.pii.masking import mask
from nodes.text.stated_facts import SAID, stated_facts
from storage.facts import Facts, LearnedFact, Memory, NewFact

MAX_FACTS = 2
"""Facts learned from one turn."""
MIN_CONFIDENCE = 0.6
"""Facts with less confidence are dropped."""
MIN_FACT_CHARS = 6
"""Shorter facts are dropped."""
STATED_CONFIDENCE = 0.7
"""Of facts that rules found."""
MAX_KNOWN_FACTS = 12
"""Known facts, the nearest to the message, that the model sees to say which of them no longer hold."""


# The model is sent the docstrings of these two classes, as part of the JSON schema of its reply.
class Fact(BaseModel):
    """One durable fact about the user."""

    fact: Annotated[str, Field(max_length=300)]
    confidence: Annotated[float, Field(ge=0, le=1)]
    replaces: list[int] = Field(default_factory=list)
    """Numbers of the known facts that are no longer true because of it."""


class FactsFound(BaseModel):
    """What a model found in a message."""

    facts: list[Fact]


Extract = Callable[[str, str], Awaitable[FactsFound]]
"""Sends a system and a user message to a model and returns the facts in its reply. Raises ModelError."""


class Embed(Protocol):
    """An embedding model's function, local or remote; a `Callable` cannot name its keyword."""

    async def __call__(self, text: str, *, whole: bool = False) -> list[float]:
        """Embed the text: all of it with `whole`, as for a fact, else head and tail. Raises EmbeddingUnavailable."""
        ...


class LearnedFacts(TypedDict):
    """The facts that were new in this turn."""

    learned: list[LearnedFact]


async def extract_facts(
    state: State,
    runtime: Runtime[Context],
    *,
    extract: Extract | None,
    embed: Embed,
    facts: Facts,
    also: Collection[OptionalKind] = (),
) -> LearnedFacts:
    """Store at most two facts with enough confidence, each with its embedding and the facts it replaces.

    Learns nothing for a recovered turn whose facts are stored already, and where the user wants no memory.

    Args:
        also: kinds that are masked beside those that always are.
    """
    if state.get("facts_known") or not state["may_remember"]:
        return LearnedFacts(learned=[])
    user_id, message = asking(runtime), state["message"]

    # Not the memories in the state: the last turn may have stored facts after they were loaded.
    async def load_known() -> list[Memory]:
        return await facts.nearest(user_id, await embed(message), limit=MAX_KNOWN_FACTS)

    if extract is None or (state["answer"] and state["answer"]["fallback"]):  # no model, or one that was not reached
        known, found = [], by_rules(message)
    else:
        known = await retried(load_known)
        prompt = facts_prompt(message, known)
        found = worth_keeping(await retried(lambda: extract(*prompt)), also)

    async def store() -> list[LearnedFact]:
        vectors = await asyncio.gather(*(embed(fact.fact, whole=True) for fact in found))
        new = [
            NewFact(fact=fact.fact, confidence=fact.confidence, vector=vector, replaces=replaced_ids(fact, known))
            for fact, vector in zip(found, vectors, strict=True)
        ]
        return await facts.remember(user_id, new, source=UUID(state["turn_id"]))

    return LearnedFacts(learned=await retried(store))


def by_rules(message: str) -> list[Fact]:
    """What the user states of themselves, in their own words; rules do not know which known fact that replaces."""
    stated = [Fact(fact=SAID + clause, confidence=STATED_CONFIDENCE) for clause in stated_facts(message)]
    return worth_keeping(FactsFound(facts=stated))


def replaced_ids(fact: Fact, known: Sequence[Memory]) -> list[str]:
    """The ids of the known facts that it replaces; numbers that the model was not shown are ignored."""
    return [known[number - 1]["fact_id"] for number in fact.replaces if 1 <= number <= len(known)]


def worth_keeping(found: FactsFound, also: Collection[OptionalKind] = ()) -> list[Fact]:
    """The `MAX_FACTS` facts with the highest confidence, numbers masked.

    Without doubtful ones, very short ones, and those that would give instructions to an employee who reads them.
    """
    kept = [
        fact
        for fact in found.facts
        if fact.confidence >= MIN_CONFIDENCE
        and len(fact.fact.strip()) >= MIN_FACT_CHARS
        and not holds_instructions(clean(fact.fact).text)
    ]
    best = sorted(kept, key=lambda fact: fact.confidence, reverse=True)[:MAX_FACTS]
    return [fact.model_copy(update={"fact": mask(fact.fact, also).text}) for fact in best]
