"""Following a turn: which events a reader gets, under which numbers, and when."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from graph.turns.turn import NUMBERS_PER_ATTEMPT, Turn
from nodes.stream_events import Refused, Start, Token
from storage.event_log import LoggedEvent
from storage.turn_status import TurnStatus
from tests.graph.turns.samples import BLOCKED, DONE, ERROR, REFUSED, START, Log, a_turn, publish

BEFORE = NUMBERS_PER_ATTEMPT


async def numbers(turn: Turn, after: int = 0) -> list[int]:
    """The numbers of the turn's events after that one, to the last."""
    return [event.number async for event in turn.follow(after) if event]


async def following(turn: Turn, after: int = 0, *, heartbeat: float | None = None) -> list[str | None]:
    """What a reader got when the turn is over: names, and None for each silence."""
    return [event and event.name async for event in turn.follow(after, heartbeat=heartbeat)]


async def next_of(events: AsyncIterator[LoggedEvent | None]) -> str | None:
    """The name of the next event, or None for a silence."""
    event = await anext(events)
    return event and event.name


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [(1, [1, 2, 3]), (2, [BEFORE + 1, BEFORE + 2, BEFORE + 3]), (3, [2 * BEFORE + 1, 2 * BEFORE + 2, 2 * BEFORE + 3])],
)
async def test_each_attempt_has_numbers_of_its_own(attempt: int, expected: list[int]) -> None:
    """For readers as in the log, so that no number comes twice, however far a lost attempt had come."""
    log = Log()
    turn = a_turn(log=log, attempt=attempt)
    assert turn.last_number == expected[0] - 1
    publish(turn, START, Token("Hel"), DONE)
    assert await numbers(turn) == [event.number for event in log.events] == expected
    assert turn.last_number == expected[-1]


@pytest.mark.parametrize(("after", "expected"), [(0, [1, 2, 3, 4]), (1, [2, 3, 4]), (3, [4]), (4, []), (99, [])])
async def test_a_reader_gets_the_events_after_a_number(after: int, expected: list[int]) -> None:
    """From any place; behind the last there are none."""
    turn = publish(a_turn(), START, Token("Hel"), Token("lo"), DONE)
    assert await numbers(turn, after) == expected


@pytest.mark.parametrize(
    ("after", "expected"),
    [(0, [1, 2]), (7, [1, 2]), (BEFORE, [1, 2]), (BEFORE + 1, [2]), (BEFORE + 2, [])],
    ids=["all", "of the attempt before", "its last number", "of this attempt", "the last"],
)
async def test_a_reader_of_the_attempt_before_misses_nothing(after: int, expected: list[int]) -> None:
    """Its number is below all of this attempt's."""
    turn = publish(a_turn(attempt=2, status=TurnStatus.STREAMING), Token("Hello"), DONE)
    assert await numbers(turn, after) == [BEFORE + number for number in expected]


async def test_a_reader_gets_events_as_they_are_published() -> None:
    """It waits for the next one, and ends with the last."""
    turn = publish(a_turn(), START)
    events = turn.follow()
    assert await next_of(events) == "start"
    waiting = asyncio.ensure_future(next_of(events))
    await asyncio.sleep(0)
    assert not waiting.done()
    publish(turn, Token("Hello"))
    assert await waiting == "token"
    publish(turn, DONE)
    assert await next_of(events) == "done"
    assert [event async for event in events] == []


async def test_readers_do_not_disturb_each_other() -> None:
    """One leaves, one is slow, one comes late, and each that stays gets everything."""
    turn = publish(a_turn(), START)
    leaving, slow = turn.follow(), turn.follow()
    early = asyncio.create_task(following(turn))
    assert (await next_of(leaving), await next_of(slow)) == ("start", "start")
    gone = asyncio.ensure_future(next_of(leaving))
    await asyncio.sleep(0)
    gone.cancel()
    publish(turn, Token("Hello"), DONE)
    assert await early == await following(turn) == ["start", "token", "done"]
    assert [event and event.name async for event in slow] == ["token", "done"]


async def test_each_silence_is_a_none() -> None:
    """After so many seconds without an event, again and again."""
    turn = publish(a_turn(), START)
    events = turn.follow(1, heartbeat=0.001)
    assert [await next_of(events) for _ in range(3)] == [None, None, None]
    publish(turn, Token("Hello"), DONE)
    assert [event.name async for event in events if event] == ["token", "done"]


async def test_without_a_heartbeat_a_silence_is_waited_out() -> None:
    """A reader gets events only."""
    turn = publish(a_turn(), START)
    reading = asyncio.create_task(following(turn))
    for event in (Token("Hel"), Token("lo"), DONE):
        await asyncio.sleep(0)
        turn.publish(event)
    assert await reading == ["start", "token", "token", "done"]


@pytest.mark.parametrize("end", ["done", "error", "handed over"])
async def test_a_reader_who_waits_is_released_at_the_end(end: str) -> None:
    """Also where there is no last event."""
    turn = publish(a_turn(), START)
    reading = asyncio.create_task(following(turn))
    await asyncio.sleep(0)
    if end == "handed over":
        turn.hand_over()
    else:
        turn.publish(DONE if end == "done" else ERROR)
    assert await reading == (["start"] if end == "handed over" else ["start", end])


@pytest.mark.parametrize("refusal", [REFUSED, BLOCKED], ids=["status", "reply"])
async def test_a_reader_who_waits_is_released_by_a_refusal(refusal: Refused) -> None:
    """With the guard's reply, or with nothing."""
    turn = a_turn()
    reading = asyncio.create_task(following(turn))
    await asyncio.sleep(0)
    turn.refuse(refusal)
    assert await reading == (["start", "token", "done"] if refusal.reply else [])


@pytest.mark.parametrize(
    ("opening", "expected"),
    [("started", START), ("refused", REFUSED), ("blocked", BLOCKED.reply and BLOCKED.reply[0]), ("handed over", None)],
)
async def test_the_opening_is_waited_for(opening: str, expected: Start | Refused | None) -> None:
    """A start or a refusal; None where another process goes on with the turn."""
    turn = a_turn()
    waiting = asyncio.create_task(turn.opened())
    await asyncio.sleep(0)
    assert not waiting.done()
    match opening:
        case "started":
            turn.publish(START)
        case "refused":
            turn.refuse(REFUSED)
        case "blocked":
            turn.refuse(BLOCKED)
        case _:
            turn.hand_over()
    assert await waiting == await turn.opened() == expected


async def test_the_log_and_readers_get_the_same_bytes() -> None:
    """Each event is encoded once."""
    log = Log()
    turn = publish(a_turn(log=log), START, Token("Grüße\u2028"), DONE)
    followed = [event async for event in turn.follow() if event]
    assert all(read.data is logged.data for read, logged in zip(followed, log.events, strict=True))
