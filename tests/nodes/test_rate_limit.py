"""Who may ask how often."""

from uuid import UUID

import pytest
from structlog.testing import capture_logs

from nodes.rate_limit import rate_limit
from storage.errors import StorageUnavailable
from storage.limits import Allowance
from tests.nodes.states import ADA, Listener, a_state
from tests.nodes.test_queueing import Line

FREE = Allowance(limit=8, window=60, remaining=3, reset_after=7.5, retry_after=None)
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
    assert limited == {"allowance": FREE, "refusal": None, "notices": []}
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
