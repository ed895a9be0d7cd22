"""Getting an answer out of a model."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import pytest
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from nodes.errors import ModelRejected, ModelUnavailable
from nodes.speaking.draft import LONGEST_WAIT, Draft, write
from tests.nodes.models import HANG, ScriptedModel, Step, end, piece

Waits: TypeAlias = list[float]

BUSY = ModelUnavailable("model_overloaded", retry_after=0.0)
"""Says to come again right away, so that no test waits."""
GOOD = (piece("Hello"), piece(" Ada"), end(usage=(90, 3)))


@pytest.fixture
def waits() -> Iterator[Waits]:
    """The seconds waited for each retry, as they are decided."""
    seconds: Waits = []

    def remember(details: RetryDetails) -> None:
        seconds.append(details.wait_for)

    set_on_retry_hooks([remember])
    yield seconds
    set_on_retry_hooks(None)


@pytest.fixture
def without_waiting() -> Iterator[None]:
    """Retries follow at once, as many as there would be."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


async def draft(
    model: ScriptedModel, *, seconds: float = 10, attempts: int = 3, say: Callable[[str], None] = lambda _: None
) -> Draft:
    """What comes of asking this model."""
    return await write(model, [], say=say, stop=asyncio.Event(), seconds=seconds, attempts=attempts)


async def test_an_answer_is_said_as_it_comes() -> None:
    """Piece by piece; the draft holds all of it, under the id it was streamed with, with its tokens."""
    said: list[str] = []
    written = await draft(ScriptedModel(GOOD), say=said.append)
    assert said == ["Hello", " Ada"]
    assert written == Draft("Hello Ada", "run-1", "stop", prompt_tokens=90, completion_tokens=3)


async def test_an_answer_cut_at_its_limit_says_so() -> None:
    """The finish reason is the model's."""
    assert (await draft(ScriptedModel([piece("Hel"), end("length")]))).finish_reason == "length"


async def test_a_failure_before_the_first_token_is_tried_again(waits: Waits) -> None:
    """As often as allowed; nothing of the failed attempts is left."""
    model = ScriptedModel([BUSY], [BUSY], GOOD)
    written = await draft(model)
    assert (written.text, written.error_code) == ("Hello Ada", None)
    assert (model.asked, model.closed, len(waits)) == (3, 3, 2)


async def test_attempts_have_an_end() -> None:
    """After the last one the draft says why there is no text."""
    model = ScriptedModel([BUSY])
    written = await draft(model, attempts=2)
    assert (model.asked, written.text, written.error_code) == (2, "", "model_overloaded")


async def test_a_failure_after_the_first_token_is_not_tried_again() -> None:
    """The client has seen it: a second answer would stand behind half of the first."""
    model = ScriptedModel([piece("Hel"), BUSY], GOOD)
    written = await draft(model)
    assert (model.asked, written.text, written.error_code) == (1, "Hel", "model_overloaded")


async def test_what_a_model_refuses_is_not_asked_again() -> None:
    """The same request would be refused again."""
    model = ScriptedModel([ModelRejected("model_rejected")], GOOD)
    written = await draft(model)
    assert (model.asked, written.error_code) == (1, "model_rejected")


async def test_the_wait_is_what_the_model_asks_for(waits: Waits) -> None:
    """Retry-After goes before our own back-off."""
    await draft(ScriptedModel([BUSY], GOOD))
    assert waits == [0.0]


async def test_a_model_cannot_ask_for_an_endless_wait(waits: Waits) -> None:
    """It is shortened, and the time budget ends it in any case."""
    model = ScriptedModel([ModelUnavailable("model_overloaded", retry_after=3600)], GOOD)
    written = await draft(model, seconds=0.01)
    assert waits == [LONGEST_WAIT]
    assert (model.asked, written.text, written.error_code) == (1, "", "model_timeout")


async def test_the_time_budget_covers_the_stream_and_aborts_it() -> None:
    """A model that stops in the middle is closed, and what it said is kept."""
    model = ScriptedModel([piece("Hel"), HANG])
    written = await draft(model, seconds=0.05)
    assert (written.text, written.finish_reason, written.error_code) == ("Hel", "timeout", "model_timeout")
    assert model.closed == 1


@pytest.mark.usefixtures("without_waiting")
@pytest.mark.parametrize("nothing", [[end()], [piece(""), end()]], ids=["no text", "empty text"])
async def test_an_empty_answer_is_asked_for_again(nothing: Sequence[Step]) -> None:
    """It came without an error and is still none; the next one counts in full."""
    written = await draft(ScriptedModel(nothing, GOOD))
    assert written == Draft("Hello Ada", "run-1", "stop", prompt_tokens=90, completion_tokens=3)


async def test_white_space_is_no_answer() -> None:
    """An empty bubble helps nobody."""
    assert (await draft(ScriptedModel([piece(" \n"), end()]))).error_code == "model_empty"


async def test_a_stream_that_ends_without_saying_why_was_broken_off() -> None:
    """A proxy that closes the connection in the middle does not make half an answer a whole one."""
    written = await draft(ScriptedModel([piece("Hel")]))
    assert (written.text, written.error_code) == ("Hel", "model_unreachable")


@pytest.mark.usefixtures("without_waiting")
async def test_an_earlier_attempts_end_does_not_complete_a_later_one() -> None:
    """An empty answer that ended well, then half of one that did not: that is still half an answer."""
    written = await draft(ScriptedModel([end("stop")], [piece("Hel", "run-2")]))
    assert (written.text, written.message_id, written.error_code) == ("Hel", "run-2", "model_unreachable")
