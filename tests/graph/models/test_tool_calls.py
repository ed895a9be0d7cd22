"""Tool calls of a streamed reply: pieces are put together as servers meant them, and bounded."""

import pytest
from langchain_core.messages.tool import ToolCallChunk

from graph.models.tool_calls import (
    MAX_ARGUMENTS_CHARS,
    MAX_CALLS,
    MAX_TOOL_NAME_CHARS,
    CallPiece,
    ToolCallReader,
)
from nodes.errors import ModelUnavailable


def put_together(*pieces: CallPiece) -> list[tuple[str, str, str]]:
    """Name, id and arguments of each call, from pieces that come one after the other."""
    reader, calls = ToolCallReader(), dict[int, list[str]]()
    for piece in pieces:
        for chunk in reader.read([piece]):
            _add(calls, chunk)
    return [(name, call_id, arguments) for name, call_id, arguments in calls.values()]


def _add(calls: dict[int, list[str]], chunk: ToolCallChunk) -> None:
    call = calls.setdefault(chunk["index"] or 0, ["", "", ""])
    for place, text in enumerate((chunk["name"], chunk["id"], chunk["args"])):
        call[place] += text or ""


TWO = [("a", "id-1", '{"n":1}'), ("b", "id-2", "{}")]


@pytest.mark.parametrize(
    "pieces",
    [
        [(0, "id-1", "a", ""), (0, "", "", '{"n"'), (1, "id-2", "b", "{}"), (0, "", "", ":1}")],
        [(0, "id-1", "a", '{"n":1}'), (0, "id-2", "b", "{}")],
        [(None, "id-1", "a", '{"n":1}'), (None, "id-2", "b", "{}")],
        [(0, "id-1", "a", '{"n"'), (0, "id-1", "a", ":1}"), (1, "id-2", "b", "{}")],
        [(None, "id-1", "a", '{"n"'), (None, "", "", ":1}"), (None, "id-2", "b", "{}")],
        [(7, "id-1", "a", '{"n":1}'), (9, "id-2", "b", "{}")],
    ],
    ids=["as OpenAI", "one number for all", "no numbers", "name repeated", "no numbers, in pieces", "odd numbers"],
)
def test_calls_are_put_together(pieces: list[tuple[int | None, str, str, str]]) -> None:
    """However a server numbers them."""
    assert put_together(*(CallPiece(*piece) for piece in pieces)) == TWO


def test_calls_without_ids_are_kept_apart() -> None:
    """A name begins another call where nothing else says so."""
    assert put_together(CallPiece(None, "", "a", "{}"), CallPiece(None, "", "a", "[]")) == [
        ("a", "", "{}"), ("a", "", "[]"),
    ]  # fmt: skip


def test_what_is_called_is_bounded() -> None:
    """Calls beyond the limit are left out, long names are cut, and endless arguments are no reply."""
    many = put_together(*(CallPiece(n, f"id-{n}", "x" * 100, "{}") for n in range(MAX_CALLS + 3)))
    assert [len(name) for name, _, _ in many] == [MAX_TOOL_NAME_CHARS] * MAX_CALLS
    reader = ToolCallReader()
    reader.read([CallPiece(0, "id-1", "a", "x" * MAX_ARGUMENTS_CHARS)])
    with pytest.raises(ModelUnavailable):
        reader.read([CallPiece(1, "id-2", "b", "x")])
