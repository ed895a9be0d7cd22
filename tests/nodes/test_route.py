"""Who answers."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from nodes.employees import EMPLOYEES, Slug
from nodes.errors import EmbeddingUnavailable
from nodes.route import by_the_rules, learned, route
from storage.turns import Accepted
from tests.nodes.states import ADA, TURN, Listener, a_state


class Likelihoods:
    """A classifier of one opinion, or of none."""

    def __init__(self, **shares: float) -> None:
        self._shares = shares
        self.asked: list[str] = []

    async def __call__(self, message: str) -> Mapping[str, float]:
        """The same for every message."""
        self.asked.append(message)
        if not self._shares:
            raise EmbeddingUnavailable
        return self._shares


class LastSpeaker:
    """Conversations that this employee answered last."""

    def __init__(self, slug: str | None = None) -> None:
        self._slug = slug
        self.asked: list[tuple[UUID, str]] = []

    async def current_employee(self, user_id: UUID, conversation_id: str) -> str | None:
        """The slug."""
        self.asked.append((user_id, conversation_id))
        return self._slug


class Book:
    """Keeps the turns that were accepted, with how much had been said by then."""

    def __init__(self, run: Listener | None = None) -> None:
        self._run = run or Listener()
        self.accepted: list[tuple[UUID, UUID, Accepted, int]] = []

    async def accept(self, user_id: UUID, turn_id: UUID, turn: Accepted) -> None:
        """Write it down."""
        self.accepted.append((user_id, turn_id, turn, len(self._run.events)))


@pytest.mark.parametrize("name", [name for one in EMPLOYEES for name in (one.slug, one.slug.upper(), *one.aliases)])
async def test_an_explicit_choice_wins(name: str) -> None:
    """By slug or by an older name, in any case, whatever the message is about and whoever spoke last."""
    classify = Likelihoods(ledger=1.0)
    state = a_state("Is GST deductible?", employee=name)
    chosen = await route(state, Listener().runtime, classify=classify, conversations=LastSpeaker("byte"), turns=Book())
    assert name.casefold().startswith(chosen["route"]["employee"])
    assert chosen["route"]["confidence"] == 1.0
    assert classify.asked == []


async def test_an_unknown_choice_is_no_choice() -> None:
    """A name that nobody has leaves it to the message."""
    state = a_state(employee="nobody")
    chosen = await route(
        state, Listener().runtime, classify=Likelihoods(tag=0.9), conversations=LastSpeaker(), turns=Book()
    )
    assert chosen["route"]["employee"] == "tag"


async def test_the_client_sees_who_answers_and_why() -> None:
    """The event carries the report."""
    run, conversations = Listener(), LastSpeaker()
    classify = Likelihoods(ledger=0.7, goalie=0.2, follow_up=0.1)
    chosen = await route(a_state("My VAT?"), run.runtime, classify=classify, conversations=conversations, turns=Book())
    assert run.events == [{"kind": "routed", "route": chosen["route"]}]
    assert chosen["route"] == {
        "employee": "ledger",
        "reason": "reads like a question about tax",
        "confidence": 0.7,
        "runner_up": "goalie",
    }
    assert conversations.asked == [(ADA, "a conversation")]


async def test_the_turn_is_written_down_before_anyone_hears_of_it() -> None:
    """With the message as the guard left it, what was asked for and who answers."""
    run = Listener()
    book = Book(run)
    state = a_state("My VAT?", employee="ledger-tax")
    chosen = await route(state, run.runtime, classify=Likelihoods(), conversations=LastSpeaker(), turns=book)
    written = Accepted(
        conversation_id="a conversation",
        message="My VAT?",
        asked_employee="ledger-tax",
        employee="ledger",
        route=chosen["route"],
    )
    assert book.accepted == [(ADA, TURN, written, 0)]


async def test_a_follow_up_stays_with_whoever_answered_last() -> None:
    """A message without a topic of its own goes where the conversation is."""
    classify = Likelihoods(crystal=0.3, ledger=0.1, follow_up=0.6)
    chosen = await route(
        a_state("why?"), Listener().runtime, classify=classify, conversations=LastSpeaker("ledger"), turns=Book()
    )
    assert chosen["route"]["employee"] == "ledger"
    assert chosen["route"]["reason"] == "a follow-up, so it stays with Ledger"
    assert chosen["route"]["runner_up"] == "crystal"


def test_a_clear_topic_leaves_the_conversations_employee() -> None:
    """What is surely about goals goes to Goalie, out of a conversation with Byte."""
    report = learned({"goalie": 0.8, "byte": 0.05, "follow_up": 0.15}, "byte")
    assert (report["employee"], report["runner_up"], report["confidence"]) == ("goalie", "byte", 0.8)


def test_the_same_topic_again_is_not_called_a_follow_up() -> None:
    """Staying has the topic for its reason where the topic is clear."""
    report = learned({"byte": 0.8, "follow_up": 0.2}, "byte")
    assert (report["employee"], report["confidence"]) == ("byte", 1.0)
    assert "follow-up" not in report["reason"]


def test_a_follow_up_to_nothing_goes_to_prime() -> None:
    """Whoever begins a conversation with "why?" is asked back by the boss."""
    report = learned({"crystal": 0.2, "follow_up": 0.8}, None)
    assert (report["employee"], report["reason"]) == ("prime", "a general or open question")


async def test_rules_decide_where_nothing_can_be_embedded() -> None:
    """Keywords are worth less than meaning, and more than no answer."""
    state = a_state("Is GST deductible?")
    chosen = await route(
        state, Listener().runtime, classify=Likelihoods(), conversations=LastSpeaker("byte"), turns=Book()
    )
    assert (chosen["route"]["employee"], chosen["route"]["reason"]) == ("ledger", "keyword “gst”")


@pytest.mark.parametrize(("current", "expected"), [("goalie", "goalie"), (None, "prime")])
def test_where_no_rule_speaks_the_conversation_stays(current: Slug | None, expected: Slug) -> None:
    """With its employee, or with Prime when it has none yet."""
    assert by_the_rules("hm, why?", current)["employee"] == expected
