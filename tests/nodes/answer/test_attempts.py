"""Attempts at an answer: retries, other models, and the time budget."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import pytest
import stamina
from langchain_core.messages import AnyMessage, HumanMessage
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from nodes.answer import attempts as module
from nodes.answer.attempts import LONGEST_WAIT, write
from nodes.answer.output import AnswerOutput, Draft
from nodes.errors import ContextTooLong, ModelDown, ModelRejected, ModelUnavailable
from tests.nodes.models import HANG, ScriptedModel, Step, end, piece

Waits: TypeAlias = list[float]

BUSY = ModelUnavailable("model_overloaded", retry_after=0.0)
"""Asks for another attempt right away, so that no test waits."""
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


class SentText(AnswerOutput):
    """Keeps the text that is sent: in pieces, with "<" for a retraction, and "-" for a shortened prompt."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, text: str) -> None:
        """Keep a piece."""
        self.sent.append(text)

    def retract(self) -> None:
        """Note it."""
        self.sent.append("<")

    def shortened(self) -> None:
        """Note it."""
        self.sent.append("-")


async def draft(
    *models: ScriptedModel,
    seconds: float = 10,
    attempts: int = 3,
    output: SentText | None = None,
    prompt: Sequence[AnyMessage] = (),
) -> Draft:
    """What comes of asking these models."""
    output = output or SentText()
    return await write(models, prompt, output=output, stop=asyncio.Event(), seconds=seconds, attempts=attempts)


def outcome_of(draft: Draft) -> tuple[str | int | None, ...]:
    """Text, model, how it ended, tokens of prompt, of answer and of the cache, and the error code."""
    tokens = draft.prompt_tokens, draft.completion_tokens, draft.cached_tokens
    return draft.text, draft.model, draft.finish_reason, *tokens, draft.error_code


async def test_an_answer_is_sent_as_it_comes() -> None:
    """Piece by piece; the draft holds all of it, with its tokens."""
    output = SentText()
    written = await draft(ScriptedModel(GOOD), output=output)
    assert output.sent == ["Hello", " Ada"]
    assert outcome_of(written) == ("Hello Ada", "scripted", "stop", 90, 3, None, None)


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


@pytest.mark.usefixtures("without_waiting")
async def test_a_failure_after_the_first_token_is_tried_once_more() -> None:
    """The text is retracted when the new answer has its first word, and not before."""
    model, output = ScriptedModel([piece("Hel"), BUSY], [BUSY], GOOD), SentText()
    written = await draft(model, output=output)
    assert (model.asked, written.text, written.error_code) == (3, "Hello Ada", None)
    assert output.sent == ["Hel", "<", "Hello", " Ada"]


@pytest.mark.usefixtures("without_waiting")
async def test_an_answer_that_breaks_twice_is_not_begun_again() -> None:
    """A third beginning is worth less than half an answer."""
    model = ScriptedModel([piece("Hel"), BUSY], [piece("Hello"), BUSY], GOOD)
    written = await draft(model, attempts=10)
    assert (model.asked, written.text, written.error_code) == (2, "Hello", "model_overloaded")


@pytest.mark.usefixtures("without_waiting")
async def test_an_attempt_without_a_word_retracts_nothing() -> None:
    """What the attempt before has sent stands."""
    model, output = ScriptedModel([piece("Hel"), BUSY], [BUSY]), SentText()
    written = await draft(model, output=output)
    assert (model.asked, written.text, output.sent) == (3, "Hel", ["Hel"])


async def test_an_answer_that_breaks_late_is_kept_for_want_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of it is better than the beginning of another one; it says that time was the reason."""
    monkeypatch.setattr(module, "WORTH_IT", 1.1)  # so that it is late from the first moment
    model = ScriptedModel([piece("Hel"), BUSY], GOOD)
    written = await draft(model)
    assert (model.asked, written.text) == (1, "Hel")
    assert (written.finish_reason, written.error_code) == ("timeout", "model_overloaded")


async def test_a_second_model_takes_over_where_the_first_cannot_answer() -> None:
    """The draft names the model that answered."""
    first, second = ScriptedModel([ModelDown()]), ScriptedModel(GOOD, label="spare")
    written = await draft(first, second)
    assert (first.asked, written.text, written.model, written.error_code) == (1, "Hello Ada", "spare", None)


async def test_a_second_model_takes_over_a_broken_answer() -> None:
    """It is likelier to end well than the one that has just failed."""
    first, second, output = ScriptedModel([piece("Hel"), BUSY]), ScriptedModel(GOOD), SentText()
    written = await draft(first, second, output=output)
    assert (first.asked, written.text) == (1, "Hello Ada")
    assert output.sent == ["Hel", "<", "Hello", " Ada"]


async def test_a_prompt_that_is_too_long_is_shortened_by_halves() -> None:
    """The system prompt and the question stay; of the rest the older half goes, until it fits."""
    prompt: list[AnyMessage] = [HumanMessage(word) for word in ("system", "a", "b", "c", "question")]
    model, output = ScriptedModel([ContextTooLong()], [ContextTooLong()], GOOD), SentText()
    written = await draft(model, prompt=prompt, output=output)
    assert [message.text for message in model.read] == ["system", "question"]
    assert (written.text, output.sent) == ("Hello Ada", ["-", "-", "Hello", " Ada"])
    assert written.prompt == model.read


async def test_a_question_that_is_too_long_by_itself_has_no_answer() -> None:
    """There is nothing left to leave out."""
    model = ScriptedModel([ContextTooLong()])
    written = await draft(model, prompt=[HumanMessage("system"), HumanMessage("question")])
    assert (model.asked, written.error_code) == (1, "model_context_too_long")


async def test_a_request_that_a_model_rejects_is_not_repeated() -> None:
    """It would be rejected again."""
    model = ScriptedModel([ModelRejected("model_rejected")], GOOD)
    written = await draft(model)
    assert (model.asked, written.error_code) == (1, "model_rejected")


async def test_the_wait_is_what_the_model_asks_for(waits: Waits) -> None:
    """Retry-After goes before our own back-off."""
    await draft(ScriptedModel([BUSY], GOOD))
    assert waits == [0.0]


async def test_a_model_that_asks_for_a_long_wait_is_not_asked_again(waits: Waits) -> None:
    """Nobody waits that long for an answer, so the failure counts now."""
    model = ScriptedModel([ModelUnavailable("model_overloaded", retry_after=LONGEST_WAIT + 1)], GOOD)
    written = await draft(model)
    assert (model.asked, waits, written.error_code) == (1, [], "model_overloaded")


async def test_the_time_budget_covers_the_stream_and_aborts_it() -> None:
    """A model that hangs in the middle is closed, and its text so far is kept."""
    model = ScriptedModel([piece("Hel"), HANG])
    written = await draft(model, seconds=0.05)
    assert (written.text, written.finish_reason, written.error_code) == ("Hel", "timeout", "model_timeout")
    assert model.closed == 1


@pytest.mark.usefixtures("without_waiting")
@pytest.mark.parametrize("nothing", [[end()], [piece(""), end()]], ids=["no text", "empty text"])
async def test_an_empty_answer_is_asked_for_again(nothing: Sequence[Step]) -> None:
    """It came without an error and is still none; the next one counts in full."""
    written = await draft(ScriptedModel(nothing, GOOD))
    assert outcome_of(written) == ("Hello Ada", "scripted", "stop", 90, 3, None, None)


@pytest.mark.usefixtures("without_waiting")
async def test_white_space_is_no_answer() -> None:
    """Nothing of it would be visible."""
    assert (await draft(ScriptedModel([piece(" \n"), end()]))).error_code == "model_empty"


@pytest.mark.usefixtures("without_waiting")
async def test_a_stream_that_ends_without_saying_why_was_broken_off() -> None:
    """A proxy that closes the connection in the middle does not make half an answer a whole one."""
    written = await draft(ScriptedModel([piece("Hel")]))
    assert (written.text, written.error_code) == ("Hel", "model_unreachable")


@pytest.mark.usefixtures("without_waiting")
async def test_white_space_waits_for_the_first_word() -> None:
    """An attempt that came no further has sent nothing, so there is nothing to retract."""
    model, output = ScriptedModel([piece("\n"), BUSY], [piece("\n"), piece(" "), *GOOD]), SentText()
    written = await draft(model, output=output)
    assert (written.text, output.sent) == ("\n Hello Ada", ["\n Hello", " Ada"])


@pytest.mark.usefixtures("without_waiting")
async def test_an_earlier_attempts_end_does_not_complete_a_later_one() -> None:
    """An empty answer that ended well, then half of one that did not: that is still half an answer."""
    written = await draft(ScriptedModel([end("stop")], [piece("Hel")]))
    assert (written.text, written.error_code) == ("Hel", "model_unreachable")


CARD = [piece("Yours is 4111 1111 "), piece("1111 1111"), piece(" then")]


async def test_a_number_is_masked_as_it_is_sent() -> None:
    """Words go out at once; the number waits until it is whole, and what is sent is what the draft holds."""
    output = SentText()
    written = await draft(ScriptedModel([*CARD, piece(", and so on."), end()]), output=output)
    assert output.sent == ["Yours is ", "[card •1111] then, and so on."]
    assert (written.text, written.masked) == ("".join(output.sent), {"card": 1})


@pytest.mark.usefixtures("without_waiting")
@pytest.mark.parametrize("last", [HANG, end(), ModelRejected("model_rejected")], ids=["time", "end", "failure"])
async def test_held_text_is_sent_at_the_end(last: Step) -> None:
    """Whichever way it ends, and masked as a whole."""
    output = SentText()
    written = await draft(ScriptedModel([*CARD[:2], last]), output=output, seconds=0.5 if last == HANG else 10)
    assert output.sent == ["Yours is ", "[card •1111]"]
    assert written.text == "Yours is [card •1111]"


async def test_held_text_is_sent_when_the_answer_is_stopped() -> None:
    """A year at the end is not lost."""
    stop = asyncio.Event()

    class Stopping(SentText):
        def send(self, text: str) -> None:
            super().send(text)
            stop.set()

    model = ScriptedModel([piece("It was in "), piece("2024"), HANG])
    written = await write([model], (), output=Stopping(), stop=stop, seconds=60, attempts=1)
    assert (written.text, written.finish_reason) == ("It was in 2024", "stopped")


@pytest.mark.usefixtures("without_waiting")
async def test_held_text_is_sent_before_it_is_retracted() -> None:
    """Each attempt is masked by itself: half a number of one and half of the next are no number."""
    model, output = ScriptedModel([piece("4111 1111 "), BUSY], [piece("1111 1111"), end()]), SentText()
    written = await draft(model, output=output)
    assert output.sent == ["4111 1111 ", "<", "1111 1111"]
    assert (written.text, written.masked) == ("1111 1111", {})


async def test_an_answer_that_a_filter_cuts_off_stands() -> None:
    """No model is asked for it again; the draft says what happened."""
    spare = ScriptedModel(GOOD)
    written = await draft(ScriptedModel([piece("This is how"), end("content_filter")]), spare)
    assert (written.text, written.finish_reason, written.error_code) == ("This is how", "blocked", "model_filtered")
    assert spare.asked == 0


async def test_another_model_is_asked_where_a_filter_leaves_nothing() -> None:
    """Its provider may have another filter; the first is not asked again."""
    first = ScriptedModel([end("content_filter")])
    written = await draft(first, ScriptedModel(GOOD))
    assert (first.asked, written.text, written.error_code) == (1, "Hello Ada", None)
    assert (await draft(ScriptedModel([end("content_filter")]))).error_code == "model_filtered"
