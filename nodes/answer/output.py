"""What clients get of an answer while it is written: its text in small batches, and its notices, in order."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid5

from langgraph.runtime import Runtime

from nodes.state import Context, Notice, State, since
from nodes.stream_events import Token, emit, note, show
from storage.turns import answer_id

BATCH_SECONDS = 0.02
"""Tokens that come within this time go out together: less than an eye can tell, and far fewer events."""


class AnswerOutput:
    """Sends out an answer: a piece at once after a pause, and otherwise with the next batch.

    Args:
        clock: Unix time in seconds; the one that the turn's beginning was read from.
    """

    def __init__(self, state: State, runtime: Runtime[Context], clock: Callable[[], float]) -> None:
        self.notices = state["notices"]
        """All notices of the turn."""
        self.ttft_ms: int | None = None
        """Milliseconds from the turn's beginning to the first piece."""
        self.message_id = str(answer_id(UUID(state["turn_id"])))
        """The message's id on LangGraph's `messages` stream; what replaces a retracted text is another message."""
        self._state = state
        self._runtime = runtime
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._buffered: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")

    def send(self, text: str) -> None:
        """Send this now or with the next batch."""
        if self.ttft_ms is None:
            self.ttft_ms = since(self._state, self._clock)
        self._buffered.append(text)
        if self._timer is None:
            wait = self._last + BATCH_SECONDS - self._loop.time()
            if wait <= 0:
                self.flush()
            else:
                self._timer = self._loop.call_later(wait, self.flush)

    def flush(self) -> None:
        """Send whatever is buffered."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._buffered:
            text, self._buffered = "".join(self._buffered), []
            self._last = self._loop.time()
            emit(self._runtime, Token(text))
            show(self._runtime, text, self.message_id)

    def retract(self) -> None:
        """Take back the text so far: another attempt begins to answer."""
        self.note(Notice(code="restarted", message="The answer broke off; this one replaces it."))
        self.message_id = str(uuid5(UUID(self.message_id), "restarted"))

    def shortened(self) -> None:
        """Say, once, that the model could not read all of the prompt."""
        message = "The conversation is longer than the model can read; its older part was left out."
        if all(notice["message"] != message for notice in self.notices):
            self.note(Notice(code="context_trimmed", message=message))

    def note(self, notice: Notice) -> None:
        """Send a notice, after the text that is buffered."""
        self.flush()
        self.notices = note(self._runtime, self.notices, notice)
