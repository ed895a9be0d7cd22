"""The circuit breaker: closed, open and half open."""

import contextlib

import pytest

from graph.models.chat import FAILURE_THRESHOLD, MAX_OPEN_SECONDS, OPEN_SECONDS, CircuitBreaker
from nodes.errors import ModelDown, ModelRejected, ModelUnavailable


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The breaker's clock."""
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    """A closed breaker."""
    return CircuitBreaker("a server", clock)


def fail(breaker: CircuitBreaker, times: int = 1, retry_after: float | None = None) -> None:
    """So many calls that fail."""
    for _ in range(times):
        with contextlib.suppress(ModelUnavailable), breaker.call():
            raise ModelUnavailable("model_failed", retry_after)


def refuses(breaker: CircuitBreaker) -> bool:
    """Whether a call is refused; one that is not is interrupted, which counts for nothing."""
    try:
        with contextlib.suppress(KeyboardInterrupt), breaker.call():
            raise KeyboardInterrupt
    except ModelDown:
        return True
    return False


def test_failures_in_a_row_open_it(breaker: CircuitBreaker) -> None:
    """At the threshold and not before."""
    fail(breaker, FAILURE_THRESHOLD - 1)
    assert not refuses(breaker)
    fail(breaker)
    assert refuses(breaker)


def test_it_passes_through_its_three_states(breaker: CircuitBreaker, clock: Clock) -> None:
    """Open after failures, half open when a trial call is due and while it runs, closed after its success."""
    states = [breaker.state]
    fail(breaker, FAILURE_THRESHOLD)
    states.append(breaker.state)
    clock.now = OPEN_SECONDS
    states.append(breaker.state)
    with breaker.call():
        states.append(breaker.state)
    states.append(breaker.state)
    assert states == ["closed", "open", "half_open", "half_open", "closed"]


@pytest.mark.parametrize("answer", [None, ModelRejected("model_rejected")])
def test_an_answer_resets_the_count_of_failures(breaker: CircuitBreaker, answer: Exception | None) -> None:
    """A rejected request is an answer, too."""
    fail(breaker, FAILURE_THRESHOLD - 1)
    with contextlib.suppress(ModelRejected), breaker.call():
        if answer:
            raise answer
    fail(breaker, FAILURE_THRESHOLD - 1)
    assert not refuses(breaker)


def test_half_open_lets_one_trial_call_through(breaker: CircuitBreaker, clock: Clock) -> None:
    """Other calls are refused meanwhile; its success closes the breaker."""
    fail(breaker, FAILURE_THRESHOLD)
    clock.now = OPEN_SECONDS
    with breaker.call():
        assert refuses(breaker)
    assert not refuses(breaker)


def test_the_first_chunk_of_a_trial_call_closes_it(breaker: CircuitBreaker, clock: Clock) -> None:
    """Others need not wait for the end of a long answer; if the answer breaks off, the breaker opens again."""
    fail(breaker, FAILURE_THRESHOLD)
    clock.now = OPEN_SECONDS
    with contextlib.suppress(ModelUnavailable), breaker.call():
        breaker.first_chunk()
        assert not refuses(breaker)
        raise ModelUnavailable("model_failed")
    assert refuses(breaker)


def test_a_trial_call_that_fails_opens_it_again(breaker: CircuitBreaker, clock: Clock) -> None:
    """One failure is enough then."""
    fail(breaker, FAILURE_THRESHOLD)
    clock.now = OPEN_SECONDS
    fail(breaker)
    clock.now = 2 * OPEN_SECONDS - 1
    assert refuses(breaker)
    clock.now = 2 * OPEN_SECONDS
    assert not refuses(breaker)


def test_a_trial_call_that_is_cancelled_lets_the_next_one_try(breaker: CircuitBreaker, clock: Clock) -> None:
    """A caller that gives up says nothing about the server."""
    fail(breaker, FAILURE_THRESHOLD)
    clock.now = OPEN_SECONDS
    assert not refuses(breaker)
    assert not refuses(breaker)


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [(2 * OPEN_SECONDS, 2 * OPEN_SECONDS), (1, OPEN_SECONDS), (3600, MAX_OPEN_SECONDS)]
)
def test_retry_after_keeps_it_open_for_longer(
    breaker: CircuitBreaker, clock: Clock, retry_after: float, seconds: float
) -> None:
    """Between the shortest and the longest time."""
    fail(breaker, FAILURE_THRESHOLD, retry_after)
    clock.now = seconds - 1
    assert refuses(breaker)
    clock.now = seconds
    assert not refuses(breaker)
