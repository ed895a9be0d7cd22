"""Who may ask how often."""

from uuid import UUID

import pytest
from structlog.testing import capture_logs

from nodes.rate_limit import rate_limit
from nodes.state import Refusal
from storage.errors import StorageUnavailable
from storage.rate_limits import Allowance
from tests.nodes.states import ADA, Listener, a_state
from tests.nodes.test_wait_for_conversation import Line

FREE = Allowance(limit=8, window=60, remaining=3, reset_after=7.5, retry_after=None)
BLOCKED = Refusal(code="blocked", message="No.", rule="a rule")
USED_UP = Allowance(limit=8, window=60, remaining=0, reset_after=12.2, retry_after=12.2)


class Counter:
    """Says the same to whoever asks, and who that was."""

    def __init__(self, allowance: Allowance | Exception | None) -> None:
        self._allowance = allowance
        self.counted: list[UUID] = []

    async def take(self, user_id: UUID) -> Allowance | None:
        """Count this one."""
        self.counted.append(user_id)
        if isinstance(self._allowance, Exception):
            raise self._allowance
        return self._allowance


async def test_a_turn_within_the_limit_goes_on() -> None:
    """The run's user is counted, and the client learns what is left."""
    run, limits = Listener(), Counter(FREE)
    limited = await rate_limit(a_state(), run.runtime, queue=Line(), limits=limits)
    assert limited == {"messages": [], "allowance": FREE, "refusal": None, "notices": []}
    assert run.events == [{"kind": "admitted", "allowance": FREE}]
    assert limits.counted == [ADA]


async def test_a_turn_beyond_the_limit_is_refused_with_the_time_to_wait() -> None:
    """The seconds are rounded up: who waits as long as told gets in."""
    run = Listener()
    limited = await rate_limit(a_state(), run.runtime, queue=Line(), limits=Counter(USED_UP))
    assert limited["refusal"] == {
        "code": "rate_limited",
        "message": "That is more than 8 messages a minute. Try again in 13 s.",
        "rule": None,
    }
    assert [event["kind"] for event in run.events] == ["admitted", "refused"]


async def test_what_the_guard_refuses_is_counted_first() -> None:
    """Then it is refused, without waiting for its conversation; the reply is there for LangGraph clients to show."""
    run, limits, line = Listener(), Counter(FREE), Line()
    limited = await rate_limit(a_state(refusal=BLOCKED), run.runtime, queue=line, limits=limits)
    assert limits.counted == [ADA]
    assert run.events == [{"kind": "admitted", "allowance": FREE}, {"kind": "refused", "refusal": BLOCKED}]
    assert (limited["allowance"], limited["refusal"], line.done) == (FREE, BLOCKED, [])
    assert [(message.type, message.text) for message in limited["messages"]] == [("ai", "No.")]


async def test_an_empty_message_is_counted_and_gets_no_reply() -> None:
    """There is nothing to answer."""
    empty = Refusal(code="empty_message", message="Empty.", rule=None)
    limits = Counter(FREE)
    limited = await rate_limit(a_state(refusal=empty), Listener().runtime, queue=Line(), limits=limits)
    assert (limits.counted, limited["refusal"], limited["messages"]) == ([ADA], empty, [])


async def test_an_attack_beyond_the_limit_hears_of_the_limit() -> None:
    """As any other message does, and of nothing else."""
    run = Listener()
    limited = await rate_limit(a_state(refusal=BLOCKED), run.runtime, queue=Line(), limits=Counter(USED_UP))
    assert limited["refusal"] is not None
    assert (limited["refusal"]["code"], limited["messages"]) == ("rate_limited", [])
    assert run.events[1:] == [{"kind": "refused", "refusal": limited["refusal"]}]


async def test_an_attack_is_refused_also_when_it_cannot_be_counted() -> None:
    """The guard's word stands."""
    limited = await rate_limit(
        a_state(refusal=BLOCKED), Listener().runtime, queue=Line(), limits=Counter(StorageUnavailable())
    )
    assert limited["refusal"] == BLOCKED


async def test_without_a_limit_everything_goes_on() -> None:
    """There is no allowance to speak of, and nothing is refused."""
    limited = await rate_limit(a_state(), Listener().runtime, queue=Line(), limits=Counter(None))
    assert (limited["allowance"], limited["refusal"]) == (None, None)


async def test_a_turn_goes_on_when_it_cannot_be_counted() -> None:
    """The person is told and the error is logged; what was noted before stays."""
    run, earlier = Listener(), {"code": "pii_masked", "message": "I masked an IBAN."}
    with capture_logs() as lines:
        limited = await rate_limit(
            a_state(notices=[earlier]), run.runtime, queue=Line(), limits=Counter(StorageUnavailable())
        )
    assert limited["refusal"] is None
    assert [notice["code"] for notice in limited["notices"]] == ["pii_masked", "rate_limit_unavailable"]
    assert run.notices == ["rate_limit_unavailable"]
    assert [(line["event"], line["exc_info"]) for line in lines] == [("rate limit unavailable, the turn goes on", True)]


async def test_only_storages_own_errors_are_forgiven() -> None:
    """A mistake of ours is not mistaken for a database that is away."""
    with pytest.raises(KeyError):
        await rate_limit(a_state(), Listener().runtime, queue=Line(), limits=Counter(KeyError("limit")))
