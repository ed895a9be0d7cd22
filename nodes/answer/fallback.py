"""What is said where no model answers: what tools compute for a question, a prepared answer, or a prepared reply."""

import re
from collections import Counter

from langgraph.runtime import Runtime

from nodes.answer.languages import Language, language_of, texts_in
from nodes.answer.output import AnswerOutput, Draft
from nodes.answer.prepared import Prepare
from nodes.answer.tool_rounds import ToolRounds
from nodes.employees import BY_NAME
from nodes.prompts import day_of
from nodes.questions.sentences import answer, not_understood, refusal
from nodes.questions.understanding import Question, Understand, employee_for
from nodes.state import Context, FinishReason, Notice, State, asking

FALLBACK = "fallback"
"""The model's name when none answered."""
PREPARED = "prepared"
"""The model's name when none answered, and an answer was given that people prepared for questions like the message."""
COMPUTED = "computed"
"""The model's name when none is set, and tools computed the answer to a question that was understood without one."""

NO_MODEL = "No model is set, so nothing read your question; this is a prepared reply."
NOT_UNDERSTOOD = "No model is set, and without one this question is not understood."
BY_TOOLS = "No model is set. This was computed from your own rows and amounts without one."
EARLIER = 3
"""Turns before this one in which the question is looked for that this one may follow up."""

_WORD = re.compile(r"\S+\s*")


async def answer_without_model(
    state: State,
    runtime: Runtime[Context],
    draft: Draft,
    output: AnswerOutput,
    prepare: Prepare,
    understand: Understand,
    tools: ToolRounds,
) -> None:
    """Where no model is set: compute the answer to a question that is understood, else give a prepared one."""
    assert state["route"] is not None
    language = _language(state)
    draft.prompt, draft.attempts = [], 0  # nobody was asked anything
    question = await _question(state, runtime, understand)
    if question["tool"]:
        draft.error_code = None  # nothing failed: such an installation answers like this
        output.note(Notice(code="fallback", message=BY_TOOLS))
        _say(draft, output, await _computed(question, tools, output), COMPUTED)
    elif (prepared := await prepare(state["message"], language)) is not None:
        draft.error_code = None
        _give_prepared(draft, output, prepared)
    else:
        asks, texts = question["could_ask"], texts_in(language)
        output.note(Notice(code="fallback", message=NOT_UNDERSTOOD if asks else NO_MODEL))
        reply = texts.replies[state["route"]["employee"]]
        lost = not_understood(texts.not_understood, texts.unexplained, question)
        _say(draft, output, lost if asks else reply.without_model, FALLBACK)


def _give_prepared(draft: Draft, output: AnswerOutput, prepared: str) -> None:
    said = "No model answered. This is a prepared answer, which people wrote for questions like yours."
    output.note(Notice(code="fallback", message=said))
    _say(draft, output, prepared, PREPARED)


async def fall_back(state: State, draft: Draft, output: AnswerOutput, prepare: Prepare) -> None:
    """Take back a broken answer, and give the prepared answer to the message, else what this employee says instead."""
    assert state["route"] is not None
    language = _language(state)
    texts = texts_in(language)
    if draft.text:
        output.retract()
    if draft.error_code == "model_filtered":
        said = "A filter of the model's provider stopped the answer; this is a prepared reply."
        output.note(Notice(code="filtered", message=said))
        _say(draft, output, texts.filtered, FALLBACK, "blocked")
    elif (prepared := await prepare(state["message"], language)) is not None:
        _give_prepared(draft, output, prepared)
    else:
        output.note(Notice(code="fallback", message="No model can be reached; this is a prepared reply."))
        _say(draft, output, texts.replies[state["route"]["employee"]].unreachable, FALLBACK)


def _language(state: State) -> Language:
    return language_of(state["message"], state.get("language"))


def _say(draft: Draft, output: AnswerOutput, text: str, model: str, finish_reason: FinishReason = "stop") -> None:
    """Make this the answer, and send it."""
    draft.text, draft.model, draft.finish_reason = text, model, finish_reason
    draft.prompt_tokens = draft.completion_tokens = draft.cached_tokens = None
    draft.masked = Counter()
    for word in _WORD.findall(draft.text):  # as a model's answer comes, so that clients meet the same stream
        output.send(word)


async def _question(state: State, runtime: Runtime[Context], understand: Understand) -> Question:
    """What the message asks of the tools, by its words and the user's own names."""
    assert state["route"] is not None
    history = state["history"]
    turns = [one["id"] for one in history["messages"] if one["role"] == "user" and one["id"] != state["turn_id"]]
    return await understand(
        asking(runtime), state["message"], state["route"]["employee"], day_of(state["started_at"]), turns[-EARLIER:],
        history.get("has_desk", False),
    )  # fmt: skip


async def _computed(question: Question, tools: ToolRounds, output: AnswerOutput) -> str:
    """Run the tool that a question asks for, and say what it found; a colleague's tool is said to be one."""
    assert question["tool"] is not None
    chosen = tools.employee
    tools.employee = employee_for(question["tool"], chosen)
    outcome = await tools.call(question["tool"], question["arguments"], output)
    said = refusal(outcome["error"] or "") if outcome["result"] is None else answer(question, outcome["result"])
    if tools.employee == chosen:
        return said
    who = BY_NAME[tools.employee]
    return f"{who.name} ({who.title}) looked this up.\n\n{said}"
