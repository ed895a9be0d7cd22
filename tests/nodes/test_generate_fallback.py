"""Replies where the model has no answer, or only half of one."""

from nodes.answer.fallback import FALLBACK, PREPARED
from nodes.answer.languages import Language, texts_in
from nodes.errors import ModelRejected, ModelUnavailable
from tests.nodes.answering import StoredAnswers, generated
from tests.nodes.models import HANG, ScriptedModel, end, piece
from tests.nodes.states import ADA, TURN, Listener, a_state

ENGLISH = texts_in("en")
REPLY = ENGLISH.replies["crystal"]
REFUSES = ModelRejected("model_rejected")
BREAKS = ModelUnavailable("model_unreachable", retry_after=0.0)


async def test_without_a_model_the_employees_prepared_reply_goes_out_labelled() -> None:
    """A notice comes first, then the words; the reply counts as a fallback and keeps the reason."""
    run, turns = Listener(), StoredAnswers()
    result = await generated(ScriptedModel([REFUSES]), run=run, turns=turns)
    answer = result["answer"]
    assert run.kinds == ["fallback", *["Token"] * len(REPLY.unreachable.split()), "Done"]
    assert run.text == answer["text"] == REPLY.unreachable
    assert (answer["model"], answer["fallback"], answer["error_code"]) == (FALLBACK, True, "model_rejected")
    assert turns.answers[ADA, TURN]["answer"] == REPLY.unreachable
    assert [message.id for message in result["messages"]] == [answer["message_id"]]


async def test_a_prepared_answer_is_given_where_one_fits() -> None:
    """It is labelled by notice, model and `fallback`, so that nobody takes it for a model's."""

    async def prepare(message: str, language: Language) -> str | None:
        return f"Prepared in {language} for: {message}"

    run = Listener()
    result = await generated(ScriptedModel([REFUSES]), run=run, prepare=prepare)
    answer = result["answer"]
    assert run.text == answer["text"] == f"Prepared in en for: {a_state()['message']}"
    assert (answer["model"], answer["fallback"], answer["finish_reason"]) == (PREPARED, True, "stop")
    assert "This is a prepared answer" in result["notices"][0]["message"]


async def test_without_any_model_the_employee_says_how_to_set_one() -> None:
    """And not that it comes back in a minute."""
    run = Listener()
    result = await generated(ScriptedModel([REFUSES]), run=run, has_model=False)
    answer = result["answer"]
    assert run.text == answer["text"] == REPLY.without_model
    assert "OPENAI_API_KEY" in answer["text"]
    assert "No model is set" in result["notices"][0]["message"]


async def test_a_broken_answer_is_retracted_before_the_fallback() -> None:
    """Its text is followed by `restarted`, and only the fallback is stored."""
    run, turns = Listener(), StoredAnswers()
    result = await generated(ScriptedModel([piece("You sp"), BREAKS], [REFUSES]), run=run, turns=turns)
    assert run.kinds[:4] == ["Token", "restarted", "fallback", "Token"]
    assert run.text == "You sp" + REPLY.unreachable
    assert turns.answers[ADA, TURN]["answer"] == REPLY.unreachable
    assert [notice["code"] for notice in result["notices"]] == ["restarted", "fallback"]
    assert [message.text for message in result["messages"]] == [REPLY.unreachable]


async def test_a_timeout_keeps_the_text_so_far() -> None:
    """Half an answer that is labelled beats none; it is not replaced."""
    run, turns = Listener(), StoredAnswers()
    model = ScriptedModel([piece("You spent"), HANG])
    answer = (await generated(model, run=run, turns=turns, seconds=0.05))["answer"]
    assert run.text == answer["text"] == turns.answers[ADA, TURN]["answer"] == "You spent"
    assert (answer["finish_reason"], answer["error_code"], answer["fallback"]) == ("timeout", "model_timeout", False)
    assert (run.notices, model.closed) == ([], 1)


async def test_a_timeout_without_a_word_is_a_fallback() -> None:
    """The client gets no empty answer; the reason is stored."""
    run = Listener()
    answer = (await generated(ScriptedModel([HANG]), run=run, seconds=0.05))["answer"]
    assert (answer["text"], answer["fallback"]) == (REPLY.unreachable, True)
    assert (answer["finish_reason"], answer["error_code"]) == ("stop", "model_timeout")


async def test_an_answer_of_white_space_is_replaced() -> None:
    """Nothing of it is visible, so it is none."""
    run = Listener()
    answer = (await generated(ScriptedModel([piece("\n"), end()]), run=run))["answer"]
    assert (answer["text"], answer["error_code"]) == (REPLY.unreachable, "model_empty")
    assert run.notices == ["fallback"]


async def test_a_filter_is_named_where_it_leaves_nothing() -> None:
    """Half an answer of an earlier attempt is retracted, and what was masked in it is no finding."""
    run = Listener()
    model = ScriptedModel([piece("Pay with 4111111111111111, it "), BREAKS], [end("content_filter")])
    result = await generated(model, run=run)
    answer = result["answer"]
    assert run.notices == ["restarted", "filtered"]
    assert (answer["text"], answer["fallback"], answer["finish_reason"]) == (ENGLISH.filtered, True, "blocked")
    assert (answer["error_code"], result["findings"]) == ("model_filtered", [])


async def test_an_answer_that_a_filter_cut_off_is_followed_by_a_notice() -> None:
    """Behind its last word."""
    run = Listener()
    answer = (await generated(ScriptedModel([piece("This is how"), end("content_filter")]), run=run))["answer"]
    assert run.kinds == ["Token", "filtered", "Done"]
    assert (answer["text"], answer["fallback"]) == ("This is how", False)
