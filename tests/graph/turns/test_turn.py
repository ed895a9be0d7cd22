"""A running turn: its status, and what of it goes to readers and to the log."""

from collections.abc import Sequence

import pytest

from graph.turns.turn import IllegalTransition, Turn
from nodes.stream_events import Event, LimitChecked, Notice, Token
from storage.rate_limits import Allowance
from storage.turn_status import TurnStatus
from tests.graph.turns.samples import BLOCKED, DONE, ERROR, REFUSED, START, Log, a_turn, done, names, publish

ANSWER = (START, Notice("pii_masked", "I masked an IBAN."), Token("Hel"), Token("lo"), DONE)
NAMES = ["start", "notice", "token", "token", "done"]
ALLOWANCE = Allowance(limit=8, window=60, remaining=3, reset_after=7.5, retry_after=None)


def test_the_status_follows_from_the_events() -> None:
    """The start begins the answer, and its end says that it is committed."""
    turn = a_turn()
    assert turn.status is TurnStatus.WAITING
    statuses = [publish(turn, event).status for event in ANSWER]
    assert statuses == [*[TurnStatus.STREAMING] * 4, TurnStatus.ANSWERED]
    assert (turn.start, turn.opening, turn.end, turn.is_over) == (START, START, DONE, True)


def test_an_error_fails_the_turn() -> None:
    """It is the last event."""
    turn = publish(a_turn(), START, Token("Hel"), ERROR)
    assert (turn.status, turn.end, turn.is_over) == (TurnStatus.FAILED, ERROR, True)


@pytest.mark.parametrize("last", [DONE, ERROR], ids=["done", "error"])
@pytest.mark.parametrize("event", [Token("more"), DONE, ERROR], ids=["token", "done", "error"])
def test_nothing_follows_the_last_event(last: Event, event: Event) -> None:
    """Readers have gone by then."""
    turn = publish(a_turn(), START, last)
    with pytest.raises(AssertionError, match="an event after the last one"):
        turn.publish(event)
    assert turn.last_number == 2


@pytest.mark.parametrize("event", [DONE, ERROR], ids=["done", "error"])
def test_a_turn_does_not_end_before_its_start(event: Event) -> None:
    """One that ends so early is refused."""
    with pytest.raises(IllegalTransition):
        a_turn().publish(event)


def test_all_events_of_an_answered_turn_are_logged() -> None:
    """Under its user and its id, numbered from 1."""
    log = Log()
    turn = publish(a_turn(log=log), *ANSWER)
    assert {(user_id, turn_id) for user_id, turn_id, _ in log.added} == {(turn.user_id, turn.turn_id)}
    assert [(event.number, event.name) for event in log.events] == list(enumerate(NAMES, 1))


def test_an_error_is_logged() -> None:
    """The turn is stored, so its readers at other processes need its end, too."""
    log = Log()
    publish(a_turn(log=log), START, ERROR)
    assert log.names == ["start", "error"]


def test_nothing_is_logged_before_the_turn_is_stored() -> None:
    """The log belongs to a stored turn."""
    log = Log()
    publish(a_turn(log=log), Notice("pii_masked", "I masked an IBAN."))
    assert log.events == []


def test_only_a_token_is_a_word_of_the_answer() -> None:
    """Neither the start nor a notice is."""
    turn = publish(a_turn(), START, Notice("restarted", "Again."))
    assert not turn.has_words
    assert publish(turn, Token("Hel")).has_words


async def test_events_of_nodes_are_published() -> None:
    """In their order; what the limit leaves and a refusal are kept and are no events."""
    turn, refused = a_turn(), a_turn()
    turn.receive(LimitChecked(ALLOWANCE))
    assert (turn.allowance, turn.last_number, turn.status) == (ALLOWANCE, 0, TurnStatus.WAITING)
    for event in ANSWER:
        turn.receive(event)
    assert await names(turn) == NAMES
    refused.receive(REFUSED)
    assert (refused.refusal, refused.last_number, refused.status) == (REFUSED, 0, TurnStatus.REFUSED)


async def test_a_refusal_has_no_events() -> None:
    """It is answered by a status; neither readers nor the log get anything."""
    log = Log()
    turn = a_turn(log=log)
    turn.refuse(REFUSED)
    assert (turn.status, turn.opening, turn.end, turn.is_over) == (TurnStatus.REFUSED, REFUSED, None, True)
    assert (await names(turn), log.names) == ([], [])


async def test_the_guards_reply_goes_out_like_an_answer() -> None:
    """Readers get its events, and the log none of them: nothing of the turn is stored."""
    log = Log()
    turn = a_turn(log=log)
    turn.refuse(BLOCKED)
    assert BLOCKED.reply is not None
    start, _, end = BLOCKED.reply
    assert (turn.status, turn.refusal, turn.opening, turn.end) == (TurnStatus.REFUSED, BLOCKED, start, end)
    assert (await names(turn), log.names) == (["start", "token", "done"], [])


def test_a_turn_that_is_being_answered_cannot_be_refused() -> None:
    """It is stored, and ends with an answer or an error."""
    with pytest.raises(IllegalTransition):
        publish(a_turn(), START).refuse(REFUSED)


@pytest.mark.parametrize("events", [(), (START,), (START, Token("Hel"))], ids=["waiting", "started", "answering"])
async def test_readers_of_a_turn_that_is_handed_over_get_no_end(events: Sequence[Event]) -> None:
    """They find the rest by reconnecting; the log has what was published, and no end either."""
    log = Log()
    turn = publish(a_turn(log=log), *events)
    turn.hand_over()
    assert (turn.status, turn.end, turn.is_over) == (TurnStatus.HANDED_OVER, None, True)
    assert await names(turn) == log.names == ["start", "token"][: len(events)]


async def test_an_error_at_the_hand_over_is_not_logged() -> None:
    """It is for the readers here: the turn goes on, and its log ends with its answer."""
    log = Log()
    turn = publish(a_turn(log=log), START, Token("Hel"))
    turn.hand_over(ERROR)
    assert (turn.status, turn.end) == (TurnStatus.HANDED_OVER, ERROR)
    assert (await names(turn), log.names) == (["start", "token", "error"], ["start", "token"])


async def test_an_answer_that_is_out_stays_the_end_at_the_hand_over() -> None:
    """Only what follows it is done elsewhere."""
    turn = publish(a_turn(), START, DONE)
    turn.hand_over(ERROR)
    assert (turn.status, turn.end) == (TurnStatus.HANDED_OVER, DONE)
    assert await names(turn) == ["start", "done"]


def test_a_turn_that_was_handed_over_gets_no_more_events() -> None:
    """The other process publishes them; handing it over once more changes nothing."""
    turn = publish(a_turn(), START)
    turn.hand_over()
    turn.hand_over()
    assert turn.status is TurnStatus.HANDED_OVER
    with pytest.raises(AssertionError, match="an event after the last one"):
        turn.publish(Token("more"))


def finished(*events: Event) -> Turn:
    """A turn with these events, which is then finished."""
    turn = publish(a_turn(), *events)
    turn.finish()
    return turn


def refused() -> Turn:
    """A turn that was refused."""
    turn = a_turn()
    turn.refuse(REFUSED)
    return turn


@pytest.mark.parametrize(
    "turn", [finished(START, DONE), publish(a_turn(), START, ERROR), refused()], ids=["done", "failed", "refused"]
)
def test_a_turn_that_is_over_cannot_be_handed_over(turn: Turn) -> None:
    """There is nothing left of it to do."""
    with pytest.raises(IllegalTransition):
        turn.hand_over()


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((START, DONE), TurnStatus.DONE),
        ((START, done(fallback=True, error_code="model_failed")), TurnStatus.DONE),
        ((START, done(finish_reason="stopped")), TurnStatus.STOPPED),
        ((START, ERROR), TurnStatus.FAILED),
        ((START,), TurnStatus.STREAMING),
        ((), TurnStatus.WAITING),
    ],
    ids=["answered", "fallback", "stopped", "failed", "streaming", "waiting"],
)
def test_only_an_answered_turn_is_finished(events: Sequence[Event], status: TurnStatus) -> None:
    """With a word of its own where its reader ended it; any other stays what it is."""
    assert finished(*events).status is status


async def test_a_finished_turn_adds_no_event() -> None:
    """Readers had the last one when the answer was committed."""
    log = Log()
    turn = publish(a_turn(log=log), START, DONE)
    turn.finish()
    assert await names(turn) == log.names == ["start", "done"]


async def test_a_recovered_answer_is_published_under_its_status() -> None:
    """The attempt before had come as far: its end does not begin anything, and is logged."""
    log = Log()
    turn = a_turn(log=log, attempt=2, status=TurnStatus.ANSWERED)
    publish(turn, Notice("restarted", "Again."), Token("Hello"), DONE)
    assert (turn.status, turn.end) == (TurnStatus.ANSWERED, DONE)
    assert await names(turn) == log.names == ["notice", "token", "done"]


async def test_a_recovered_answer_is_published_whole_where_nothing_of_it_was_logged() -> None:
    """From its start on, although the attempt before had come further."""
    log = Log()
    turn = publish(a_turn(log=log, attempt=2, status=TurnStatus.ANSWERED), START, Token("Hello"), DONE)
    assert (turn.status, turn.start, turn.end) == (TurnStatus.ANSWERED, START, DONE)
    assert await names(turn) == log.names == ["start", "token", "done"]


async def test_a_recovered_turn_is_answered_anew() -> None:
    """Its first events continue what readers have of the attempt before."""
    turn = publish(a_turn(attempt=2, status=TurnStatus.STREAMING), Notice("restarted", "Again."), Token("Hi"), DONE)
    assert turn.status is TurnStatus.ANSWERED
    assert await names(turn) == ["notice", "token", "done"]
