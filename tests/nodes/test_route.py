"""Choosing who answers."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from nodes.employees import EMPLOYEES, LEDGER, Slug
from nodes.errors import EmbeddingUnavailable
from nodes.route import Chosen, Classify, by_the_rules, learned, route
from nodes.state import State
from nodes.stream_events import EmployeeCard, Notice, Route, Start
from storage.turns import Accepted, Turns
from tests.nodes.states import ADA, TURN, Listener, a_state


class FixedLikelihoods:
    """A classifier that gives every message the same likelihoods, or has no embedding."""

    def __init__(self, **shares: float) -> None:
        self._shares = shares
        self.asked: list[str] = []

    async def __call__(self, message: str) -> Mapping[str, float]:
        """The likelihoods."""
        self.asked.append(message)
        if not self._shares:
            raise EmbeddingUnavailable
        return self._shares


class AcceptedTurns(Turns):
    """Keeps the turns that were accepted, each with how many events were out by then."""

    def __init__(self, run: Listener) -> None:
        self._run = run
        self.accepted: list[tuple[UUID, UUID, Accepted, int]] = []

    async def accept(self, user_id: UUID, turn_id: UUID, turn: Accepted) -> bool:
        """Keep the turn."""
        self.accepted.append((user_id, turn_id, turn, len(self._run.events)))
        return True


async def routed(
    state: State,
    classify: Classify,
    *,
    run: Listener | None = None,
    turns: Turns | None = None,
) -> Chosen:
    """What the node returns."""
    run = run or Listener()
    turns = turns or AcceptedTurns(run)
    return await route(state, run.runtime, classify=classify, turns=turns, model="scripted")


@pytest.mark.parametrize("name", [name for one in EMPLOYEES for name in (one.slug, one.slug.upper(), *one.aliases)])
async def test_an_explicit_choice_wins(name: str) -> None:
    """By slug or by an older name, in any case, whatever the message is about and whoever answered last."""
    classify = FixedLikelihoods(ledger=1.0)
    chosen = await routed(a_state("Is GST deductible?", employee=name, last_employee="byte"), classify)
    assert name.casefold().startswith(chosen["route"]["employee"])
    assert chosen["route"]["confidence"] == 1.0
    assert chosen["route"].get("decided_by") == "request"
    assert classify.asked == []


async def test_an_unknown_choice_is_no_choice() -> None:
    """A name that no employee has leaves it to the message."""
    chosen = await routed(a_state(employee="nobody"), FixedLikelihoods(tag=0.9))
    assert chosen["route"]["employee"] == "tag"


async def test_the_client_sees_who_answers_and_why() -> None:
    """The turn's first event has the employee, the choice, and the model that is going to be asked."""
    run = Listener()
    chosen = await routed(a_state("My VAT?"), FixedLikelihoods(ledger=0.5, goalie=0.4, follow_up=0.1), run=run)
    ledger = EmployeeCard("ledger", LEDGER.name, LEDGER.title, LEDGER.emoji)
    why = Route("reads like a question about tax", 0.5, "goalie", "topic", "topic")
    assert run.events == [Start(str(TURN), "a conversation", ledger, why, "scripted")]
    assert chosen["route"] == {
        "employee": "ledger",
        "reason": "reads like a question about tax",
        "reason_code": "topic",
        "keyword": None,
        "confidence": 0.5,
        "runner_up": "goalie",
        "decided_by": "topic",
    }


async def test_notices_of_the_steps_before_come_after_the_start() -> None:
    """In their order; they are not noted twice."""
    run = Listener()
    state = a_state(
        notices=[
            {"code": "pii_masked", "message": "I masked an IBAN."},
            {"code": "rate_limit_unavailable", "message": "Not counted."},
        ]
    )
    assert set(await routed(state, FixedLikelihoods(tag=0.9), run=run)) == {"route", "may_remember"}
    assert isinstance(run.events[0], Start)
    masked, uncounted = Notice("pii_masked", "I masked an IBAN."), Notice("rate_limit_unavailable", "Not counted.")
    assert run.events[1:] == [masked, uncounted]


async def test_the_turn_is_stored_before_its_first_event() -> None:
    """With the message as the guard left it, what was asked for and who answers."""
    run = Listener()
    turns = AcceptedTurns(run)
    chosen = await routed(a_state("My VAT?", employee="ledger-tax"), FixedLikelihoods(), run=run, turns=turns)
    stored = Accepted(
        conversation_id="a conversation",
        message="My VAT?",
        asked_employee="ledger-tax",
        employee="ledger",
        route=chosen["route"],
        temporary=False,
    )
    assert turns.accepted == [(ADA, TURN, stored, 0)]


async def test_a_follow_up_stays_with_the_employee_who_answered_last() -> None:
    """A message without a topic of its own goes where the conversation is."""
    likelihoods = FixedLikelihoods(crystal=0.3, ledger=0.1, follow_up=0.6)
    chosen = await routed(a_state("why?", last_employee="ledger"), likelihoods)
    assert chosen["route"]["employee"] == "ledger"
    assert chosen["route"]["reason"] == "a follow-up, so it stays with Ledger"
    assert chosen["route"].get("decided_by") == "conversation"


def test_a_clear_topic_leaves_the_conversations_employee() -> None:
    """What is surely about goals goes to Goalie, out of a conversation with Byte, which is the second choice."""
    report = learned({"goalie": 0.85, "byte": 0.1, "follow_up": 0.05}, "byte")
    assert (report["employee"], report["runner_up"], report["confidence"]) == ("goalie", "byte", 0.53)


@pytest.mark.parametrize(
    ("surest", "second", "offered"), [(0.59, 0.3, "byte"), (0.597, 0.3, None), (0.6, 0.3, None), (0.9, 0.1, None)]
)
def test_a_second_employee_is_offered_where_the_first_is_unsure(
    surest: float, second: float, offered: Slug | None
) -> None:
    """Below a confidence of 0.6, as it is shown: 59.7 % is shown as 60."""
    report = learned({"tag": surest, "byte": second, "ledger": 1 - surest - second}, None)
    assert (report["employee"], report["runner_up"]) == ("tag", offered)


def test_the_same_topic_again_is_not_called_a_follow_up() -> None:
    """Staying has the topic for its reason where the topic is clear."""
    report = learned({"byte": 0.8, "follow_up": 0.2}, "byte")
    assert (report["employee"], report["confidence"]) == ("byte", 1.0)
    assert "follow-up" not in report["reason"]


def test_a_follow_up_to_nothing_goes_to_prime() -> None:
    """A conversation that begins with "why?" is nobody else's."""
    report = learned({"crystal": 0.2, "follow_up": 0.8}, None)
    assert (report["employee"], report["reason"]) == ("prime", "a general or open question")


async def test_rules_decide_where_nothing_can_be_embedded() -> None:
    """By keywords, which are less sure than meaning."""
    chosen = await routed(a_state("Is GST deductible?", last_employee="byte"), FixedLikelihoods())
    assert (chosen["route"]["employee"], chosen["route"]["reason"]) == ("ledger", "keyword “gst”")
    assert chosen["route"].get("decided_by") == "rules"
    assert (chosen["route"].get("reason_code"), chosen["route"].get("keyword")) == ("keyword", "gst")


@pytest.mark.parametrize(("current", "expected"), [("goalie", "goalie"), (None, "prime")])
def test_where_no_rule_matches_the_conversation_stays(current: Slug | None, expected: Slug) -> None:
    """With its employee, or with Prime when it has none yet."""
    assert by_the_rules("hm, why?", current)["employee"] == expected
