"""Leaving a server alone."""

import contextlib

import pytest

from graph.models.circuit_breaker import FAILURES, LONGEST_REST, REST, Breaker
from nodes.errors import ModelDown, ModelRejected, ModelUnavailable


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The breaker's clock."""
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    """A breaker."""
    return Breaker("a server", clock)


def fail(breaker: Breaker, times: int = 1, retry_after: float | None = None) -> None:
    """So many calls that fail."""
    for _ in range(times):
        with contextlib.suppress(ModelUnavailable), breaker.call():
            raise ModelUnavailable("model_failed", retry_after)


def is_down(breaker: Breaker) -> bool:
    """Whether a call is refused; one that is not is given up in the middle, which tells nothing."""
    try:
        with contextlib.suppress(KeyboardInterrupt), breaker.call():
            raise KeyboardInterrupt
    except ModelDown:
        return True
    return False


def test_a_server_is_left_alone_after_failures_in_a_row(breaker: Breaker) -> None:
    """And not before."""
    fail(breaker, FAILURES - 1)
    assert not is_down(breaker)
    fail(breaker)
    assert is_down(breaker)


def test_its_state_says_whether_calls_are_made(breaker: Breaker, clock: Clock) -> None:
    """Open while none is, half open as soon as one may find out and while it does, closed again once it has."""
    states = [breaker.state]
    fail(breaker, FAILURES)
    states.append(breaker.state)
    clock.now = REST
    states.append(breaker.state)
    with breaker.call():
        states.append(breaker.state)
    states.append(breaker.state)
    assert states == ["closed", "open", "half_open", "half_open", "closed"]


@pytest.mark.parametrize("answer", [None, ModelRejected("model_rejected")])
def test_an_answer_in_between_starts_the_count_anew(breaker: Breaker, answer: Exception | None) -> None:
    """A refusal of what was asked is an answer, too."""
    fail(breaker, FAILURES - 1)
    with contextlib.suppress(ModelRejected), breaker.call():
        if answer:
            raise answer
    fail(breaker, FAILURES - 1)
    assert not is_down(breaker)


def test_after_the_rest_one_caller_finds_out(breaker: Breaker, clock: Clock) -> None:
    """The others are still refused meanwhile; its answer lets everyone in."""
    fail(breaker, FAILURES)
    clock.now = REST
    with breaker.call():
        assert is_down(breaker)
    assert not is_down(breaker)


def test_the_first_word_lets_the_others_in(breaker: Breaker, clock: Clock) -> None:
    """They need not wait for the end of a long answer; but if it breaks off the door is shut again."""
    fail(breaker, FAILURES)
    clock.now = REST
    with contextlib.suppress(ModelUnavailable), breaker.call():
        breaker.spoke()
        assert not is_down(breaker)
        raise ModelUnavailable("model_failed")
    assert is_down(breaker)


def test_a_probe_that_fails_begins_another_rest(breaker: Breaker, clock: Clock) -> None:
    """A single failure is enough then."""
    fail(breaker, FAILURES)
    clock.now = REST
    fail(breaker)
    clock.now = 2 * REST - 1
    assert is_down(breaker)
    clock.now = 2 * REST
    assert not is_down(breaker)


def test_a_probe_that_is_given_up_lets_the_next_one_try(breaker: Breaker, clock: Clock) -> None:
    """Whoever stops listening says nothing about the server."""
    fail(breaker, FAILURES)
    clock.now = REST
    assert not is_down(breaker)
    assert not is_down(breaker)


@pytest.mark.parametrize(("asked", "rest"), [(2 * REST, 2 * REST), (1, REST), (3600, LONGEST_REST)])
def test_a_server_may_ask_for_a_longer_rest(breaker: Breaker, clock: Clock, asked: float, rest: float) -> None:
    """Within reason."""
    fail(breaker, FAILURES, retry_after=asked)
    clock.now = rest - 1
    assert is_down(breaker)
    clock.now = rest
    assert not is_down(breaker)
