"""Counting messages, refusing those beyond the limit, and giving the others a place."""

import asyncio
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from nodes.employees import PRIME
from nodes.rate_limit import Limited, rate_limit
from nodes.state import Refusal, State, Usage
from nodes.stream_events import Done, EmployeeCard, LimitChecked, Refused, Route, Start, Token, received_by
from storage.errors import LeaseLost, StorageUnavailable
from storage.rate_limits import Admission, Admitted, Allowance, Place
from tests.nodes.states import ADA, TURN, Listener, a_state

FREE = Allowance(limit=8, window=60, remaining=3, reset_after=7.5, retry_after=None)
BLOCKED = Refusal(code="blocked", message="No.", rule="a rule")
EMPTY = Refusal(code="empty_message", message="Empty.", rule=None)
USED_UP = Allowance(limit=8, window=60, remaining=0, reset_after=12.2, retry_after=12.2)


class FixedAdmission(Admission):
    """Admission that says the same of every message, or fails.

    Args:
        allowance: what the limit leaves, or the error.
        place: of a message that passes and asks for one; Ledger answered last in its conversation.
        known: whether it is known without the database that the limit is used up.
    """

    def __init__(self, allowance: Allowance | Exception | None, *, place: Place = "first", known: bool = False) -> None:
        self._allowance = allowance
        self._place: Place = place
        self._known = known
        self.counted: list[UUID] = []
        """The users that were counted."""
        self.places: list[tuple[str, UUID, bool]] = []
        """The conversation, turn and claim of each place."""

    def is_used_up(self, user_id: UUID) -> bool:
        """Whether it is known."""
        assert user_id == ADA
        return self._known

    async def admit(
        self,
        user_id: UUID,
        conversation_id: str,
        turn_id: UUID,
        *,
        has_key: bool,
        counted: bool = True,
        take_place: bool = True,
    ) -> Admitted:
        """Count a message of the user, and give it a place."""
        assert counted
        self.counted.append(user_id)
        if isinstance(self._allowance, Exception):
            raise self._allowance
        if not take_place or (self._allowance and self._allowance["retry_after"] is not None):
            return Admitted(allowance=self._allowance, place=None, employee=None)
        self.places.append((conversation_id, turn_id, has_key))
        return Admitted(allowance=self._allowance, place=self._place, employee="ledger")


async def limited(
    state: State, admission: Admission, run: Listener | None = None, embedded: list[str] | None = None
) -> Limited:
    """What the node returns in a turn of ours; `embedded` gets the texts whose embedding was begun."""
    run, begin = run or Listener(), (embedded if embedded is not None else []).append
    with received_by(run.events.append, asyncio.Event()):
        return await rate_limit(state, run.runtime, admission=admission, embed_ahead=begin, model="scripted")


@pytest.mark.parametrize("place", ["first", "waiting", "conversation_full"])
async def test_a_turn_within_the_limit_goes_on(place: Place) -> None:
    """The run's user is counted, the message has its place, and the client gets what is left."""
    run, admission = Listener(), FixedAdmission(FREE, place=place)
    assert await limited(a_state(), admission, run) == {
        "messages": [],
        "allowance": FREE,
        "place": place,
        "last_employee": "ledger",
        "refusal": None,
        "notices": [],
    }
    assert run.events == [LimitChecked(FREE)]
    assert (admission.counted, admission.places) == ([ADA], [("a conversation", TURN, False)])


async def test_a_claimed_turn_takes_its_place_by_its_claim() -> None:
    """That a key was claimed for it comes with the run, as the user does."""
    admission = FixedAdmission(FREE)
    await limited(a_state(), admission, Listener(claimed=True))
    assert admission.places == [("a conversation", TURN, True)]


@pytest.mark.parametrize(
    "admission", [FixedAdmission(FREE), FixedAdmission(StorageUnavailable())], ids=["counted", "not counted"]
)
async def test_the_message_is_embedded_meanwhile(admission: FixedAdmission) -> None:
    """As the guard left it: its vector is needed to route it, counted or not."""
    embedded: list[str] = []
    await limited(a_state("My VAT?"), admission, embedded=embedded)
    assert embedded == ["My VAT?"]


@pytest.mark.parametrize(
    ("refusal", "admission"),
    [
        (BLOCKED, FixedAdmission(FREE)),
        (EMPTY, FixedAdmission(FREE)),
        (None, FixedAdmission(USED_UP, known=True)),
    ],
    ids=["an attack", "an empty message", "a limit that is known to be used up"],
)
async def test_nothing_is_embedded_for_a_message_that_is_refused(
    refusal: Refusal | None, admission: FixedAdmission
) -> None:
    """A refusal costs next to nothing."""
    embedded: list[str] = []
    result = await limited(a_state(refusal=refusal), admission, embedded=embedded)
    assert result["refusal"] is not None
    assert (embedded, admission.places) == ([], [])


async def test_a_turn_that_another_process_runs_ends_here() -> None:
    """The loss of its key is no reason to go on uncounted."""
    run = Listener()
    with pytest.raises(LeaseLost):
        await limited(a_state(), FixedAdmission(LeaseLost()), run)
    assert run.events == []


async def test_a_turn_beyond_the_limit_is_refused_with_the_time_to_wait() -> None:
    """The message rounds the seconds up, so that a client that waits as long gets in."""
    run = Listener()
    refusal = (await limited(a_state(), FixedAdmission(USED_UP), run))["refusal"]
    message = "That is more than 8 messages a minute. Try again in 13 s."
    assert refusal == {"code": "rate_limited", "message": message, "rule": None}
    assert run.events == [LimitChecked(USED_UP), Refused("rate_limited", message, retry_after=12.2)]


async def test_an_attack_is_counted_and_then_refused() -> None:
    """The reply is there for LangGraph clients to show."""
    run, admission = Listener(), FixedAdmission(FREE)
    result = await limited(a_state(refusal=BLOCKED), admission, run)
    assert admission.counted == [ADA]
    assert run.kinds == ["LimitChecked", "Refused"]
    assert (result["allowance"], result["refusal"]) == (FREE, BLOCKED)
    assert [(message.type, message.text) for message in result["messages"]] == [("ai", "No.")]


async def test_the_reply_to_an_attack_has_the_events_of_an_answer() -> None:
    """Prime speaks where nobody was asked; the model that would have answered is named, and nothing is stored."""
    run = Listener()
    await limited(a_state(refusal=BLOCKED), FixedAdmission(FREE), run)
    prime = EmployeeCard("prime", PRIME.name, PRIME.title, PRIME.emoji)
    start = Start(
        str(TURN), "a conversation", prime, Route("stopped by the guard", 1.0, None, "rules", "guard"), "scripted"
    )
    done = Done(
        turn_id=str(TURN),
        conversation_id="a conversation",
        message_id=None,
        employee="prime",
        model="guard",
        finish_reason="blocked",
        fallback=False,
        facts_used=[],
        usage=Usage(prompt_tokens=0, completion_tokens=0, estimated=False),
        latency_ms=0,
        ttft_ms=None,
        generated_by="template",
    )
    assert run.events[1:] == [Refused("blocked", "No.", reply=(start, Token("No."), done))]


async def test_the_reply_to_an_attack_comes_from_the_employee_who_was_asked() -> None:
    """Also under an older name."""
    run = Listener()
    await limited(a_state(refusal=BLOCKED, employee="ledger-tax"), FixedAdmission(FREE), run)
    refused = run.events[-1]
    assert isinstance(refused, Refused)
    assert refused.reply is not None
    start, _, done = refused.reply
    assert (start.employee.slug, done.employee) == ("ledger", "ledger")


async def test_an_empty_message_is_counted_and_gets_no_reply() -> None:
    """There is nothing to answer, and no time after which it would pass."""
    run, admission = Listener(), FixedAdmission(FREE)
    result = await limited(a_state(refusal=EMPTY), admission, run)
    assert (admission.counted, result["refusal"], result["messages"]) == ([ADA], EMPTY, [])
    assert run.events == [LimitChecked(FREE), Refused("empty_message", "Empty.")]


async def test_an_attack_beyond_the_limit_is_refused_for_the_limit() -> None:
    """As any other message is, and for nothing else."""
    run = Listener()
    result = await limited(a_state(refusal=BLOCKED), FixedAdmission(USED_UP), run)
    refusal = result["refusal"]
    assert refusal is not None
    assert (refusal["code"], result["messages"]) == ("rate_limited", [])
    assert run.events[1:] == [Refused("rate_limited", refusal["message"], retry_after=12.2)]


async def test_an_attack_is_refused_also_when_it_cannot_be_counted() -> None:
    """What the guard said holds."""
    run = Listener()
    result = await limited(a_state(refusal=BLOCKED), FixedAdmission(StorageUnavailable()), run)
    assert result["refusal"] == BLOCKED
    assert run.kinds == ["Refused"]


async def test_without_a_limit_everything_goes_on() -> None:
    """There is no allowance, and nothing is refused."""
    run = Listener()
    result = await limited(a_state(), FixedAdmission(None), run)
    assert (result["allowance"], result["refusal"], result["place"]) == (None, None, "first")
    assert run.events == [LimitChecked(None)]


async def test_a_turn_goes_on_when_it_cannot_be_counted() -> None:
    """Without a place; the error is logged, and a notice is kept for after the start; earlier notices stay."""
    run, earlier = Listener(), {"code": "pii_masked", "message": "I masked an IBAN."}
    with capture_logs() as lines:
        result = await limited(a_state(notices=[earlier]), FixedAdmission(StorageUnavailable()), run)
    assert (result["refusal"], result["place"]) == (None, None)
    assert [notice["code"] for notice in result["notices"]] == ["pii_masked", "rate_limit_unavailable"]
    assert run.events == []
    assert [(line["event"], line["exc_info"]) for line in lines] == [("rate limit unavailable, the turn goes on", True)]


async def test_only_errors_of_storage_are_forgiven() -> None:
    """A mistake of ours is not mistaken for a database that is away."""
    with pytest.raises(KeyError):
        await limited(a_state(), FixedAdmission(KeyError("limit")))


async def test_outside_of_a_turn_only_the_refusal_is_on_the_stream() -> None:
    """Studio is shown its code and message; headers and a reply in events are for our own clients."""
    run, admission = Listener(), FixedAdmission(FREE)
    state = a_state(refusal=BLOCKED)
    await rate_limit(state, run.runtime, admission=admission, embed_ahead=list[str]().append, model="scripted")
    assert run.events == [Refused("blocked", "No.")]
