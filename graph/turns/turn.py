"""One running turn: its status and its events, each encoded once, for any number of readers."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import msgspec

from nodes.stream_events import (
    EVENT_NAMES,
    Done,
    Error,
    ErrorCode,
    Event,
    LimitChecked,
    NodeEvent,
    Refused,
    Start,
    Step,
    StepDone,
    Timing,
    Token,
)
from storage.event_log import LoggedEvent
from storage.rate_limits import Allowance
from storage.turn_status import LEGAL, STORED, TurnStatus

NUMBERS_PER_ATTEMPT = 1_000_000
"""Each attempt at a turn numbers its events from its own million on, so that no number comes twice: it is not known how
far the readers of a lost attempt had come."""

MESSAGES: dict[ErrorCode, str] = {
    "internal": "Something went wrong on our side. Please try again.",
    "storage_unavailable": "Our storage cannot be reached right now. Please try again in a moment.",
    "shutting_down": "The service is restarting. Please try again in a moment.",
    "deleted": "The conversation was deleted.",
}
RETRY_AFTER = 5.0
"""Seconds after which asking again makes sense when the fault is ours."""

AddToLog = Callable[[UUID, UUID, LoggedEvent], None]
"""Given user, turn and event."""


def new_turn_id(now: float | None = None) -> UUID:
    """The id of a new turn, version 7: it begins with the time, so that every process knows when the turn began."""
    milliseconds = int((time.time() if now is None else now) * 1000)
    random = secrets.randbits(74)
    return UUID(int=milliseconds << 80 | 7 << 76 | random >> 62 << 64 | 2 << 62 | random & (1 << 62) - 1)


def began_at(turn_id: UUID) -> int | None:
    """When the turn of such an id began, in Unix time; None of ids that say nothing."""
    return (turn_id.int >> 80) // 1000 if turn_id.version == 7 else None


class IllegalTransition(Exception):
    """A turn cannot go from one status to the other."""


class Turn:
    """A turn's events. Its executor publishes; readers follow, each from where it likes.

    Readers cannot disturb it: one that leaves, or reads slowly, is not noticed.

    Args:
        add_to_log: is given each event of a stored turn, so that other processes can read it, too.
        attempt: which run of the turn this is, from 1; a higher one was begun by another process.
        status: how far the attempt before had come.
        has_key: whether an idempotency key was claimed for it.
    """

    def __init__(
        self,
        turn_id: UUID,
        user_id: UUID,
        conversation_id: str,
        *,
        add_to_log: AddToLog | None = None,
        attempt: int = 1,
        status: TurnStatus = TurnStatus.WAITING,
        has_key: bool = False,
    ) -> None:
        self.turn_id = turn_id
        self.user_id = user_id
        self.conversation_id = conversation_id
        self.stop = asyncio.Event()
        """Set it to end the answer where it stands."""
        self.attempt = attempt
        self.status = status
        self.has_key = has_key
        self.allowance: Allowance | None = None
        """What the rate limit left, once it was asked."""
        self.start: Start | None = None
        self.refusal: Refused | None = None
        self.end: Done | Error | None = None
        """The last event, once it is out; of a recovered turn also where the attempt before sent it."""
        self.cancel_code: ErrorCode = "shutting_down"
        """The error that readers get when the turn is cancelled from outside."""
        self._steps: dict[Step, float] = {}
        self._step_began = time.monotonic()
        self._add_to_log = add_to_log
        self._before = (attempt - 1) * NUMBERS_PER_ATTEMPT
        self._events: list[LoggedEvent] = []
        self._grew = asyncio.Event()

    def receive(self, event: NodeEvent) -> None:
        """Take what a node emits."""
        match event:
            case LimitChecked(allowance):
                self.allowance = allowance
            case Refused():
                self.refuse(event)
            case StepDone(step):
                self._lap(step)
            case Start():
                self._steps.setdefault("wait", 0.0)  # most messages do not come to that node
                self._lap("route")
                self.publish(event)
            case Token():
                self._lap("model")
                self.publish(event)
            case _:
                self.publish(event)

    def publish(self, event: Event) -> None:
        """Encode an event for the readers and the log; nothing may follow the last one."""
        assert not self.is_over, "an event after the last one"
        match event:
            case Start():
                self.start = event
                if self.status is TurnStatus.WAITING:
                    self._advance(TurnStatus.STREAMING)
            case Done():
                self.end = event
                self._advance(TurnStatus.ANSWERED)
            case Error():
                self.end = event
                self._advance(TurnStatus.FAILED)
            case _:
                pass
        logged = self._append(event)
        if self._add_to_log and self.status in STORED:
            self._add_to_log(self.user_id, self.turn_id, logged)
        self._wake()

    def refuse(self, refusal: Refused) -> None:
        """End the turn before it is stored; the guard's reply goes out in the events of an answer."""
        self.refusal = refusal
        self._advance(TurnStatus.REFUSED)
        if refusal.reply:
            self.start, _, self.end = refusal.reply
            for event in refusal.reply:
                self._append(event)
        self._wake()

    def hand_over(self, error: Error | None = None) -> None:
        """Leave the turn to another process: readers here get that error, if any, and find the rest by reconnecting."""
        if error and self.end is None:
            self.end = error
            self._append(error)  # not logged: the turn goes on, and its log ends with its answer
        self._advance(TurnStatus.HANDED_OVER)
        self._wake()

    def break_off(self, code: ErrorCode) -> None:
        """End the turn with an error, or refuse it where it has not begun; nothing where it is over already."""
        if self.is_over:
            return
        if self.status is TurnStatus.WAITING:
            self.refuse(Refused(code, MESSAGES[code], RETRY_AFTER))
        elif self.status is TurnStatus.ANSWERED:  # by the attempt before: the answer stands, and its log is not ours
            self.hand_over(error_of(code))
        else:
            self.publish(error_of(code))

    def finish(self) -> None:
        """All that follows the answer is stored."""
        if self.status is TurnStatus.ANSWERED:
            stopped = isinstance(self.end, Done) and self.end.finish_reason == "stopped"
            self._advance(TurnStatus.STOPPED if stopped else TurnStatus.DONE)

    @property
    def is_over(self) -> bool:
        """Whether readers get nothing more from this process."""
        return self.end is not None or self.status in (TurnStatus.REFUSED, TurnStatus.HANDED_OVER)

    @property
    def timing(self) -> Timing:
        """How long each step took that is over."""
        return Timing(**{f"{step}_ms": milliseconds for step, milliseconds in self._steps.items()})

    @property
    def opening(self) -> Start | Refused | None:
        """How it began, where that is known."""
        return self.start or self.refusal

    @property
    def has_words(self) -> bool:
        """Whether a piece of its answer is out, by this process."""
        return any(event.name == "token" for event in self._events)

    @property
    def last_number(self) -> int:
        """The number of the latest event."""
        return self._before + len(self._events)

    async def opened(self) -> Start | Refused | None:
        """How it begins, as soon as that is known; None where another process goes on with it."""
        while self.opening is None and not self.is_over:
            await self._grew.wait()
        return self.opening

    async def follow(self, after: int = 0, *, heartbeat: float | None = None) -> AsyncIterator[LoggedEvent | None]:
        """The events after the one of that number, to the last; None after each `heartbeat` seconds of silence."""
        while True:
            while after - self._before < len(self._events):
                after = max(after, self._before) + 1
                yield self._events[after - self._before - 1]
            if self.is_over:
                return
            if not await self._grows_within(heartbeat):
                yield None

    async def _grows_within(self, seconds: float | None) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._grew.wait()
        except TimeoutError:
            return False
        return True

    def _lap(self, step: Step) -> None:
        """The step has ended, and the next one begins; one that ends again changes nothing."""
        if step not in self._steps:
            now = time.monotonic()
            self._steps[step] = round((now - self._step_began) * 1000, 1)
            self._step_began = now

    def _append(self, event: Event) -> LoggedEvent:
        logged = encoded(self.last_number + 1, event)
        self._events.append(logged)
        return logged

    def _advance(self, status: TurnStatus) -> None:
        """Go on to a status; a recovered turn may have come as far before."""
        if status is not self.status:
            if status not in LEGAL[self.status]:
                raise IllegalTransition(f"{self.status} to {status}")
            self.status = status

    def _wake(self) -> None:
        # Everyone who waits holds this event; who comes later waits for the next.
        grew, self._grew = self._grew, asyncio.Event()
        grew.set()


def error_of(code: ErrorCode) -> Error:
    """The last event of a turn that broke off."""
    return Error(code, MESSAGES[code], retryable=code != "deleted")


_encoder = msgspec.json.Encoder()
LINE_BREAKS = ("\x85", "\u2028", "\u2029")
"""What JSON may hold unescaped, and Python's splitlines, and so httpx, takes for the end of a line."""


def encoded(number: int, event: Event) -> LoggedEvent:
    """The event as it is logged, stored, followed and sent."""
    return LoggedEvent(number, EVENT_NAMES[type(event)], encode_line(event))


def encode_line(value: object) -> bytes:
    """JSON on one line, also for readers that end lines as Python's splitlines does (httpx's among them)."""
    data = _encoder.encode(value)
    for line_break in LINE_BREAKS:
        data = data.replace(line_break.encode(), b"\\u%04x" % ord(line_break))
    return data


def decoded_start(logged: LoggedEvent) -> Start:
    """A turn's first event."""
    return msgspec.json.decode(logged.data, type=Start)


def decoded_end(logged: LoggedEvent) -> Done | Error:
    """A turn's last event."""
    kind: type[Done | Error] = Done if logged.name == "done" else Error
    return msgspec.json.decode(logged.data, type=kind)
