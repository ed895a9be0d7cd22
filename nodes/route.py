"""Choose who answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast
from uuid import UUID

import numpy as np
from langgraph.runtime import Runtime
from numpy.typing import NDArray
from structlog.stdlib import get_logger
from typing_extensions import TypedDict

from nodes.employees import BY_NAME, EMPLOYEES, Slug, find
from nodes.errors import EmbeddingUnavailable
from nodes.routing.keywords import by_rules
from nodes.routing.spelling import Spelling
from nodes.state import Context, RouteReport, State, StoredRoute, asking, quoted, route_report
from nodes.stream_events import Notice, emit, start_of
from nodes.text.linear_model import LinearModel, head_and_tail
from storage.turns import Accepted, Turns

log = get_logger(__name__)

FOLLOW_UP = "follow_up"
"""The label of messages without a topic of their own."""
STAYING_FACTOR, STAYING = 3.0, 0.5
"""What speaks for the employee who answered last: so much times the likelihood of a follow-up, and so much always.

Found on nodes/routing/follow_up_pairs.jsonl (docs/understanding.md).
"""
SURE = 0.6
"""Confidence from which no second employee is offered."""
SPEAKS = 0.5
"""Confidence from which a rule speaks for leaving the conversation's employee."""

Vector = Sequence[float] | NDArray[np.float32]
Embed = Callable[[str], Awaitable[list[float]]]
"""Embeds a message. Raises EmbeddingUnavailable."""
Classify = Callable[[str], Awaitable[Mapping[str, float]]]
"""How likely each label is for a message: the six slugs and `FOLLOW_UP`, summing to 1. Raises EmbeddingUnavailable."""


class LearnedRouter:
    """Classifies messages by their embeddings and n-grams, after mending their spelling."""

    def __init__(self, embed: Embed, model: LinearModel, spelling: Spelling) -> None:
        self._embed = embed
        self._model = model
        self.spelling = spelling

    async def __call__(self, message: str) -> Mapping[str, float]:
        """The probability of each label. Raises EmbeddingUnavailable."""
        mended = self.spelling.mend(message)
        return self.classify(await self._embed(mended), mended)

    def classify(self, embedding: Vector, mended: str) -> Mapping[str, float]:
        """The probability of each label for a message whose spelling is mended."""
        text = head_and_tail(mended)
        weighed = np.asarray(embedding, dtype=np.float32) * np.float32(self.spelling.embedding_weight(text))
        return self._model.probabilities(weighed, text)


async def no_router(message: str) -> Mapping[str, float]:  # noqa: ARG001
    """The router without an embedding model: always raises EmbeddingUnavailable, so that keyword rules decide."""
    raise EmbeddingUnavailable("no embedding model is installed")


class Chosen(TypedDict):
    """Who answers, and whether memory takes part."""

    route: RouteReport
    may_remember: bool


async def route(state: State, runtime: Runtime[Context], *, classify: Classify, turns: Turns, model: str) -> Chosen:
    """An explicit choice wins; a follow-up without a topic of its own, or the same question, stays where it was.

    From here on the turn is not lost: it is stored before its first event goes out.

    Args:
        model: which is going to be asked; clients are shown its name.
    """
    version, named = state.get("version"), state.get("employee")
    asked = find(named) if named else None
    if asked:
        report = route_report(asked.slug, "asked", "request")
    elif version and version["route"]:
        report = version["route"]
    else:
        likelihoods = await _likelihoods(state["message"], classify)
        current = BY_NAME.get((version["last_employee"] if version else state["last_employee"]) or "")
        slug = current.slug if current else None
        report = learned(likelihoods, slug) if likelihoods else by_the_rules(state["message"], slug)
    accepted = Accepted(
        conversation_id=state["conversation_id"],
        message=state["message"],
        asked_employee=state.get("employee"),
        employee=report["employee"],
        route=_stored(report, state, runtime),
        temporary=state.get("temporary", False),
    )
    if version:
        accepted["version"], accepted["replaces"] = version["kind"], version["replaces"]
    may_remember = await turns.accept(asking(runtime), UUID(state["turn_id"]), accepted)
    emit(runtime, start_of(state["turn_id"], state["conversation_id"], report, model))
    for notice in state["notices"]:  # of the steps before, which may not come before the start
        emit(runtime, Notice(**notice))
    return Chosen(route=report, may_remember=may_remember)


def _stored(report: RouteReport, state: State, runtime: Runtime[Context]) -> StoredRoute:
    stored = cast(StoredRoute, {**report})
    if quoted(runtime):
        stored["quoted"] = True
    if language := state.get("language"):
        stored["language"] = language
    return stored


async def _likelihoods(message: str, classify: Classify) -> Mapping[str, float] | None:
    try:
        return await classify(message)
    except EmbeddingUnavailable:
        log.warning("no embedding for routing, falling back to rules", exc_info=True)
        return None


def learned(likelihoods: Mapping[str, float], current: Slug | None) -> RouteReport:
    """The most likely employee; in a running conversation the likelihood of a follow-up speaks for staying."""
    follow_up = likelihoods.get(FOLLOW_UP, 0.0)
    scores: dict[Slug, float] = {one.slug: likelihoods.get(one.slug, 0.0) for one in EMPLOYEES}
    scores[current or "prime"] += STAYING_FACTOR * follow_up + STAYING if current else follow_up
    best, second = sorted(scores, key=lambda slug: scores[slug], reverse=True)[:2]
    confidence = round(scores[best] / sum(scores.values()), 2)  # as it is shown: 0.597 is no less than 60 %
    stays = best == current and follow_up > likelihoods.get(best, 0.0)
    return route_report(
        best,
        "follow_up" if stays else "general" if best == "prime" else "topic",
        "conversation" if stays else "topic",
        confidence,
        runner_up=second if confidence < SURE else None,
    )


def by_the_rules(message: str, current: Slug | None) -> RouteReport:
    """Keywords and examples; where none speaks, stay in a running conversation."""
    matched = by_rules(message)
    if current and matched.confidence < SPEAKS:
        return route_report(current, "nothing_new", "conversation", 0.5)
    return route_report(matched.employee, matched.code, "rules", matched.confidence, keyword=matched.keyword)
