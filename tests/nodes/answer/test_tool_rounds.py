"""Rounds of tool calls: what is kept between them, and what becomes of it when something breaks."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
import stamina
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from nodes.answer.attempts import write
from nodes.answer.output import Draft
from nodes.answer.tool_rounds import OUT_OF_REACH, ROUNDS, ToolRounds
from nodes.errors import ModelRejected, ModelUnavailable, ToolsRejected
from nodes.stream_events import ToolCall, ToolResult
from nodes.tools.running import Outcome, ToolRequest
from tests.nodes.answer.test_attempts import SentText, outcome_of
from tests.nodes.models import HANG, ScriptedModel, calls, end, piece
from tests.nodes.tools.results import a_result

BUSY = ModelUnavailable("model_overloaded", retry_after=0.0)
LOOK = (piece("Let me look."), calls(("totals", '{"n": 1}')), end("tool_calls", usage=(90, 5)))
SAY = (piece("It is so."), end(usage=(120, 4)))
PROMPT: list[AnyMessage] = [SystemMessage("You are Crystal."), HumanMessage("How much?")]


class Desk:
    """Runs tools, and keeps what it was asked."""

    def __init__(self, error: str | None = None) -> None:
        self.asked: list[ToolRequest] = []
        self.begun = asyncio.Event()
        self._error = error

    async def run(self, request: ToolRequest) -> Outcome:
        """The same for every tool."""
        self.asked.append(request)
        self.begun.set()
        if self._error == HANG:
            await asyncio.Event().wait()
        return Outcome(result=None if self._error else a_result(), error=self._error)


class Sent(SentText):
    """Keeps the events of tools among the pieces of text: ">" for a call, and "=" for its result."""

    def report(self, event: ToolCall | ToolResult) -> None:
        """Keep an event."""
        self.sent.append(">" if isinstance(event, ToolCall) else "=")


def rounds(desk: Desk) -> ToolRounds:
    """The tools of a turn."""
    schemas = [{"type": "function", "function": {"name": "totals", "parameters": {}}}]
    return ToolRounds(desk.run, UUID(int=1), UUID(int=2), "crystal", date(2026, 3, 31), schemas, room=8000)


async def draft(
    *models: ScriptedModel,
    desk: Desk | None = None,
    sent: Sent | None = None,
    tools: ToolRounds | None = None,
    stop: asyncio.Event | None = None,
    seconds: float = 10,
) -> Draft:
    """What comes of asking these models."""
    with stamina.set_testing(True, attempts=3, cap=True):
        return await write(
            models,
            PROMPT,
            output=sent or Sent(),
            stop=stop or asyncio.Event(),
            seconds=seconds,
            attempts=3,
            tools=tools or rounds(desk or Desk()),
        )


def kinds(messages: Sequence[object]) -> list[str]:
    """The messages' kinds."""
    return [type(message).__name__ for message in messages]


async def test_what_was_found_is_read_in_the_next_round() -> None:
    """After the prompt: the call with what was said before it, then the result; tokens of both rounds count."""
    model, sent = ScriptedModel(LOOK, SAY), Sent()
    written = await draft(model, sent=sent)
    assert sent.sent == ["Let me look.", ">", "=", "\n\nIt is so."]
    assert outcome_of(written) == ("Let me look.\n\nIt is so.", "scripted", "stop", 210, 9, None, None)
    assert kinds(model.read) == ["SystemMessage", "HumanMessage", "AIMessage", "ToolMessage"]
    asked, found = model.read[2:]
    assert isinstance(asked, AIMessage)
    assert isinstance(found, ToolMessage)
    assert (asked.text, asked.tool_calls[0]["id"]) == ("Let me look.", found.tool_call_id)
    assert written.attempts == 2


@pytest.mark.parametrize(
    ("scripts", "text", "sent"),
    [
        ([LOOK, [BUSY], SAY], "Let me look.\n\nIt is so.", ["Let me look.", ">", "=", "\n\nIt is so."]),
        (
            [LOOK, [piece("It"), BUSY], SAY],
            "Let me look.\n\nIt is so.",
            ["Let me look.", ">", "=", "\n\nIt", "<", "Let me look.", "\n\nIt is so."],
        ),
        (
            [[piece("Hm"), BUSY], [calls(("totals", "{}")), end()], SAY],
            "It is so.",
            ["Hm", "<", ">", "=", "It is so."],
        ),
        (
            [LOOK, [piece("It"), BUSY], LOOK, SAY],
            "Let me look.\n\nLet me look.\n\nIt is so.",
            ["Let me look.", ">", "=", "\n\nIt", "<", "Let me look.", "\n\nLet me look.", "\n\nIt is so."],
        ),
    ],
    ids=["before a word", "after a word", "before a call without words", "and calls again"],
)
async def test_a_break_goes_back_to_the_last_result(
    scripts: list[Sequence[object]], text: str, sent: list[str]
) -> None:
    """What was said before it stands; a tool is called once."""
    desk, output = Desk(), Sent()
    written = await draft(ScriptedModel(*scripts), desk=desk, sent=output)  # type: ignore[arg-type]
    assert (written.text, written.error_code, output.sent) == (text, None, sent)
    assert len(desk.asked) == 1


async def test_another_model_goes_on_with_the_results() -> None:
    """They are read by it, too."""
    second, desk = ScriptedModel(SAY, label="second"), Desk()
    written = await draft(ScriptedModel(LOOK, [ModelRejected("model_rejected")]), second, desk=desk)
    assert (written.text, written.model, len(desk.asked)) == ("Let me look.\n\nIt is so.", "second", 1)
    assert kinds(second.read)[2:] == ["AIMessage", "ToolMessage"]


async def test_a_model_without_tools_reads_the_results_as_text() -> None:
    """And is told that it can call none."""
    second = ScriptedModel([ToolsRejected()], SAY, label="second")
    written = await draft(ScriptedModel(LOOK, [ModelRejected("model_rejected")]), second)
    assert written.text == "Let me look.\n\nIt is so."
    assert second.read[0].text == f"You are Crystal.{OUT_OF_REACH}"
    assert kinds(second.read)[2:] == ["HumanMessage"]
    assert [len(offered.schemas) if offered else 0 for offered in second.offered] == [1, 0]


async def test_a_model_that_only_calls_comes_to_an_end() -> None:
    """Calls of the last round are not run; without a word there is no answer."""
    scripts = [[calls(("totals", f'{{"n": {n}}}')), end()] for n in range(9)]
    model, desk = ScriptedModel(*scripts), Desk()
    written = await draft(model, desk=desk)
    assert (written.text, written.error_code) == ("", "model_empty")
    assert len(desk.asked) == ROUNDS - 1
    assert [offered is not None and offered.may_call for offered in model.offered][:ROUNDS] == [True, True, True, False]


async def test_a_broken_call_is_not_run() -> None:
    """A reply that does not say why it ended is not complete, and neither are its calls."""
    desk = Desk()
    written = await draft(ScriptedModel([calls(("totals", '{"n": '))], SAY), desk=desk)
    assert (written.text, desk.asked) == ("It is so.", [])


@pytest.mark.parametrize("ends", ["stopped", "timeout"])
async def test_a_tool_ends_with_its_answer(ends: str) -> None:
    """Stopped, or out of time; what was said stays."""
    desk, stop, sent = Desk(HANG), asyncio.Event(), Sent()
    writing = asyncio.create_task(
        draft(ScriptedModel(LOOK), desk=desk, stop=stop, sent=sent, seconds=10 if ends == "stopped" else 0.2)
    )
    await desk.begun.wait()
    if ends == "stopped":
        stop.set()
    written = await writing
    assert (written.text, written.finish_reason) == ("Let me look.", ends)
    assert sent.sent == ["Let me look.", ">"]


async def test_a_filter_between_rounds_leaves_what_was_said() -> None:
    """It is cut there."""
    written = await draft(ScriptedModel(LOOK, [end("content_filter")]))
    assert (written.text, written.finish_reason, written.error_code) == ("Let me look.", "blocked", "model_filtered")


async def test_a_number_is_masked_on_both_sides_of_a_call() -> None:
    """And counted once for each."""
    card = "4111 1111 1111 1111"
    written = await draft(ScriptedModel([piece(card), calls(("totals", "{}")), end()], [piece(card), end()]))
    assert written.text == "[card •1111]\n\n[card •1111]"
    assert written.masked == {"card": 2}


async def test_arguments_are_cleaned_and_names_fit_the_protocol() -> None:
    """Control characters go, and what is sent back is what servers take; events do not show numbers to mask."""
    wanted = calls(("no such tool!", '{"merchant": "A\\u0000B\\u202e 4111 1111 1111 1111"}'), ("totals", "[]"))
    model, desk, reported = ScriptedModel([wanted, end()], SAY), Desk(), list[ToolCall | ToolResult]()

    class Reported(Sent):
        def report(self, event: ToolCall | ToolResult) -> None:
            reported.append(event)

    await draft(model, desk=desk, sent=Reported())
    cleaned = {"merchant": "AB 4111 1111 1111 1111"}
    assert [(one.name, one.arguments) for one in desk.asked] == [("no_such_tool_", cleaned)]
    assert reported[0].words == "No such tool : merchant AB [card •1111]"
    asked = model.read[2]
    assert isinstance(asked, AIMessage)
    assert [call["args"] for call in asked.tool_calls] == [cleaned, {}]
