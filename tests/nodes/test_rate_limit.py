"""Counting messages, and refusing those beyond the limit."""

import asyncio
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from nodes.employees import PRIME
from nodes.rate_limit import Limited, rate_limit
from nodes.state import Refusal, State, Usage
from nodes.stream_events import Done, EmployeeCard, LimitChecked, Refused, Route, Start, Token, received_by
from storage.errors import StorageUnavailable
from storage.rate_limits import Allowance, Bucket, RateLimits
from tests.nodes.states import ADA, TURN, Listener, a_state

FREE = Allowance(limit=8, window=60, remaining=3, reset_after=7.5, retry_after=None)
BLOCKED = Refusal(code="blocked", message="No.", rule="a rule")
USED_UP = Allowance(limit=8, window=60, remaining=0, reset_after=12.2, retry_after=12.2)


class FixedLimits(RateLimits):
    """RateLimits that leave the same to everyone, or fail; `counted` are the users that were counted."""

    def __init__(self, allowance: Allowance | Exception | None) -> None:
        self._allowance = allowance
        self.counted: list[UUID] = []

    async def take(self, user_id: UUID, bucket: Bucket = "chat") -> Allowance | None:
        """Count a message of the user."""
        assert bucket == "chat"
        self.counted.append(user_id)
        if isinstance(self._allowance, Exception):
            raise self._allowance
        return self._allowance


async def limited(state: State, limits: RateLimits, run: Listener | None = None) -> Limited:
    """What the node returns in a turn of ours."""
    run = run or Listener()
    with received_by(run.events.append, asyncio.Event()):
        return await rate_limit(state, run.runtime, limits=limits, model="scripted")


async def test_a_turn_within_the_limit_goes_on() -> None:
    """The run's user is counted, and the client gets what is left."""
    run, limits = Listener(), FixedLimits(FREE)
    assert await limited(a_state(), limits, run) == {
        "messages": [],
        "allowance": FREE,
        "refusal": None,
        "notices": [],
    }
    assert run.events == [LimitChecked(FREE)]
    assert limits.counted == [ADA]


async def test_a_turn_beyond_the_limit_is_refused_with_the_time_to_wait() -> None:
    """The message rounds the seconds up, so that a client that waits as long gets in."""
    run = Listener()
    refusal = (await limited(a_state(), FixedLimits(USED_UP), run))["refusal"]
    message = "That is more than 8 messages a minute. Try again in 13 s."
    assert refusal == {"code": "rate_limited", "message": message, "rule": None}
    assert run.events == [LimitChecked(USED_UP), Refused("rate_limited", message, retry_after=12.2)]


async def test_an_attack_is_counted_and_then_refused() -> None:
    """The reply is there for LangGraph clients to show."""
    run, limits = Listener(), FixedLimits(FREE)
    result = await limited(a_state(refusal=BLOCKED), limits, run)
    assert limits.counted == [ADA]
    assert run.kinds == ["LimitChecked", "Refused"]
    assert (result["allowance"], result["refusal"]) == (FREE, BLOCKED)
    assert [(message.type, message.text) for message in result["messages"]] == [("ai", "No.")]


async def test_the_reply_to_an_attack_has_the_events_of_an_answer() -> None:
    """Prime speaks where nobody was asked; the model that would have answered is named, and nothing is stored."""
    run = Listener()
    await limited(a_state(refusal=BLOCKED), FixedLimits(FREE), run)
    prime = EmployeeCard("prime", PRIME.name, PRIME.title, PRIME.emoji)
    start = Start(str(TURN), "a conversation", prime, Route("stopped by the guard", 1.0, None), "scripted")
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
    )
    assert run.events[1:] == [Refused("blocked", "No.", reply=(start, Token("No."), done))]


async def test_the_reply_to_an_attack_comes_from_the_employee_who_was_asked() -> None:
    """Also under an older name."""
    run = Listener()
    await limited(a_state(refusal=BLOCKED, employee="ledger-tax"), FixedLimits(FREE), run)
    refused = run.events[-1]
    assert isinstance(refused, Refused)
    assert refused.reply is not None
    start, _, done = refused.reply
    assert (start.employee.slug, done.employee) == ("ledger", "ledger")


async def test_an_empty_message_is_counted_and_gets_no_reply() -> None:
    """There is nothing to answer, and no time after which it would pass."""
    empty = Refusal(code="empty_message", message="Empty.", rule=None)
    run, limits = Listener(), FixedLimits(FREE)
    result = await limited(a_state(refusal=empty), limits, run)
    assert (limits.counted, result["refusal"], result["messages"]) == ([ADA], empty, [])
    assert run.events == [LimitChecked(FREE), Refused("empty_message", "Empty.")]


async def test_an_attack_beyond_the_limit_is_refused_for_the_limit() -> None:
    """As any other message is, and for nothing else."""
    run = Listener()
    result = await limited(a_state(refusal=BLOCKED), FixedLimits(USED_UP), run)
    refusal = result["refusal"]
    assert refusal is not None
    assert (refusal["code"], result["messages"]) == ("rate_limited", [])
    assert run.events[1:] == [Refused("rate_limited", refusal["message"], retry_after=12.2)]


async def test_an_attack_is_refused_also_when_it_cannot_be_counted() -> None:
    """What the guard said holds."""
    run = Listener()
    result = await limited(a_state(refusal=BLOCKED), FixedLimits(StorageUnavailable()), run)
    assert result["refusal"] == BLOCKED
    assert run.kinds == ["Refused"]


async def test_without_a_limit_everything_goes_on() -> None:
    """There is no allowance, and nothing is refused."""
    run = Listener()
    result = await limited(a_state(), FixedLimits(None), run)
    assert (result["allowance"], result["refusal"]) == (None, None)
    assert run.events == [LimitChecked(None)]


async def test_a_turn_goes_on_when_it_cannot_be_counted() -> None:
    """The error is logged, and a notice is kept for after the start; earlier notices stay."""
    run, earlier = Listener(), {"code": "pii_masked", "message": "I masked an IBAN."}
    with capture_logs() as lines:
        result = await limited(a_state(notices=[earlier]), FixedLimits(StorageUnavailable()), run)
    assert result["refusal"] is None
    assert [notice["code"] for notice in result["notices"]] == ["pii_masked", "rate_limit_unavailable"]
    assert run.events == []
    assert [(line["event"], line["exc_info"]) for line in lines] == [("rate limit unavailable, the turn goes on", True)]


async def test_only_errors_of_storage_are_forgiven() -> None:
    """A mistake of ours is not mistaken for a database that is away."""
    with pytest.raises(KeyError):
        await limited(a_state(), FixedLimits(KeyError("limit")))


async def test_outside_of_a_turn_only_the_refusal_is_on_the_stream() -> None:
    """Studio is shown its code and message; headers and a reply in events are for our own clients."""
    run = Listener()
    await rate_limit(a_state(refusal=BLOCKED), run.runtime, limits=FixedLimits(FREE), model="scripted")
    assert run.events == [Refused("blocked", "No.")]
