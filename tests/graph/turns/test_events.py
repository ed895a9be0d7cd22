"""Encoding events, and reading back those that recovery needs."""

import msgspec
import pytest

from graph.turns.turn import decoded_end, decoded_start, encoded
from nodes.stream_events import Done, Error, Event, Notice, Start, Token, ToolCall, ToolFigure, ToolResult
from storage.event_log import EventName, LoggedEvent
from tests.graph.turns.samples import DONE, ERROR, START, done

START_DATA = {
    "turn_id": "t-1",
    "conversation_id": "c-1",
    "employee": {"slug": "prime", "name": "Prime", "title": "Boss", "emoji": "👑"},
    "route": {
        "reason": "a test",
        "confidence": 0.9,
        "runner_up": None,
        "decided_by": None,
        "reason_code": None,
        "keyword": None,
    },
    "model": "scripted",
}
DONE_DATA = {
    "turn_id": "t-1",
    "conversation_id": "c-1",
    "message_id": "m-1",
    "employee": "prime",
    "model": "scripted",
    "finish_reason": "stop",
    "fallback": False,
    "facts_used": ["f-1"],
    "usage": {"prompt_tokens": 90, "completion_tokens": 7, "estimated": False},
    "latency_ms": 1200,
    "ttft_ms": 300,
}
"""As an earlier release logged it."""
NEW: dict[str, object] = {
    "error_code": None,
    "generated_by": "ai",
    "prompt_version": None,
    "timing": None,
    "turns_recalled": [],
    "references": [],
    "unverified": [],
}
"""What it did not say yet."""


CALL = ToolCall("k-1", "totals", "Totals")
RESULT = ToolResult("k-1", "totals", "Spending, all time", (ToolFigure("Spending", "-12.50", "EUR"),), 1, "k-1")
RESULT_DATA = {
    "call_id": "k-1",
    "tool": "totals",
    "words": "Spending, all time",
    "figures": [{"name": "Spending", "value": "-12.50", "currency": "EUR", "unit": None}],
    "row_count": 1,
    "reference_id": "k-1",
    "proposal_id": None,
    "texts": {},
}


@pytest.mark.parametrize(
    ("event", "name", "data", "is_terminal"),
    [
        (START, "start", START_DATA, False),
        (Notice("pii_masked", "“IBAN”"), "notice", {"code": "pii_masked", "message": "“IBAN”"}, False),
        (Token("Grüße\n"), "token", {"text": "Grüße\n"}, False),
        (CALL, "tool_call", {"call_id": "k-1", "tool": "totals", "words": "Totals"}, False),
        (RESULT, "tool_result", RESULT_DATA, False),
        (done(facts_used=["f-1"]), "done", {**DONE_DATA, **NEW}, True),
        (ERROR, "error", {"code": "internal", "message": "Something went wrong.", "retryable": True}, True),
    ],
    ids=["start", "notice", "token", "tool_call", "tool_result", "done", "error"],
)
def test_an_event_is_encoded_as_clients_get_it(
    event: Event, name: EventName, data: dict[str, object], is_terminal: bool
) -> None:
    """With its number and its name."""
    logged = encoded(7, event)
    assert (logged.number, logged.name, logged.is_terminal) == (7, name, is_terminal)
    assert msgspec.json.decode(logged.data) == data


def test_an_event_is_one_line_for_every_reader() -> None:
    """Some end lines as Python's splitlines does, so its line ends are escaped; the text stays what it is."""
    text = "a\u2028b\u2029c\r\nd\x0be\x0cf\x1cg\x1dh\x1ei“ü”"
    data = encoded(1, Token(text)).data
    assert b"\\u2028" in data
    assert b"\\u2029" in data
    assert len(data.decode().splitlines()) == 1
    assert msgspec.json.decode(data) == {"text": text}


def test_a_start_is_read_back() -> None:
    """As it was published."""
    assert decoded_start(encoded(1, START)) == START


@pytest.mark.parametrize("end", [DONE, done(error_code="model_timeout", message_id=None), ERROR])
def test_an_end_is_read_back(end: Done | Error) -> None:
    """By the event's name."""
    assert decoded_end(encoded(9, end)) == end


def test_events_of_an_earlier_release_are_read() -> None:
    """Its `done` had no error code."""
    start, end = msgspec.json.encode(START_DATA), msgspec.json.encode(DONE_DATA)
    decoded: Start = decoded_start(LoggedEvent(1, "start", start))
    assert decoded == START
    assert decoded_end(LoggedEvent(2, "done", end)) == done(facts_used=["f-1"])
