"""The text and the notices of an answer, as they go out."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid5

import pytest

from nodes import state
from nodes.answer import output as module
from nodes.answer.output import AnswerOutput
from nodes.stream_events import Notice, Token
from storage.turns import answer_id
from tests.nodes.states import MORNING, TURN, Listener, a_state

EARLIER = state.Notice(code="pii_masked", message="I masked an IBAN.")


@pytest.fixture(autouse=True)
def long_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches long enough that a busy machine does not part what is sent within one."""
    monkeypatch.setattr(module, "BATCH_SECONDS", 0.2)


class WaitingListener(Listener):
    """A run whose tokens can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._grew = asyncio.Event()

    async def until(self, count: int) -> list[str]:
        """All tokens, as soon as there are so many."""
        async with asyncio.timeout(10):
            while len(self.tokens) < count:
                self._grew.clear()
                await self._grew.wait()
        return self.tokens

    def _write(self, written: Mapping[str, Any]) -> None:
        super()._write(written)
        self._grew.set()


def an_output(run: Listener) -> AnswerOutput:
    """The output of an answer in this run, of a turn that has a notice already."""
    return AnswerOutput(a_state(notices=[EARLIER]), run.runtime, lambda: MORNING)


async def test_the_first_piece_goes_out_at_once() -> None:
    """It does not wait for a second one."""
    run = Listener()
    an_output(run).send("Hel")
    assert run.events == [Token("Hel")]


async def test_pieces_of_one_batch_go_out_together() -> None:
    """What comes soon after a token is gathered, in order, and goes out by itself."""
    run = WaitingListener()
    output = an_output(run)
    for text in ("Hel", "lo", ", ", "Ada"):
        output.send(text)
    assert run.tokens == ["Hel"]
    assert await run.until(2) == ["Hel", "lo, Ada"]


async def test_batch_follows_batch() -> None:
    """What comes right after a batch waits for the next one."""
    run = WaitingListener()
    output = an_output(run)
    output.send("a")
    output.send("b")
    await run.until(2)
    output.send("c")
    output.send("d")
    assert await run.until(3) == ["a", "b", "cd"]


async def test_flush_sends_what_is_buffered_and_only_once() -> None:
    """The end of an answer does not wait for the batch, and the batch has nothing left to send."""
    run = WaitingListener()
    output = an_output(run)
    output.send("a")
    output.send("b")
    output.flush()
    output.flush()
    assert run.tokens == ["a", "b"]
    output.send("c")
    assert await run.until(3) == ["a", "b", "c"]


async def test_the_first_token_time_is_that_of_the_first_piece() -> None:
    """By the turn's own clock, in milliseconds; None before."""
    readings = iter([MORNING + 0.25])
    output = AnswerOutput(a_state(), Listener().runtime, lambda: next(readings))
    assert output.ttft_ms is None
    output.send("a")
    output.send("b")
    assert output.ttft_ms == 250


async def test_a_notice_comes_after_the_text_before_it() -> None:
    """The buffered text is not held back; the turn's notices grow by the new one."""
    run = Listener()
    output = an_output(run)
    output.send("a")
    output.send("b")
    output.note(state.Notice(code="filtered", message="Stopped here."))
    assert run.events == [Token("a"), Token("b"), Notice("filtered", "Stopped here.")]
    assert output.notices == [EARLIER, {"code": "filtered", "message": "Stopped here."}]


async def test_a_retraction_is_a_notice_and_begins_another_message() -> None:
    """Chat clients of LangGraph show text of one id as one message, so what comes after has another id."""
    run = Listener()
    output = an_output(run)
    assert output.message_id == str(answer_id(TURN))
    output.send("a")
    output.send("b")
    output.retract()
    assert run.kinds == ["Token", "Token", "restarted"]
    assert output.message_id == str(uuid5(answer_id(TURN), "restarted"))


async def test_a_shortened_prompt_is_noted_once() -> None:
    """However often it had to be shortened."""
    run = Listener()
    output = an_output(run)
    output.shortened()
    output.shortened()
    assert run.kinds == ["context_trimmed"]
    assert [notice["code"] for notice in output.notices] == ["pii_masked", "context_trimmed"]
