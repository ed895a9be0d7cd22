"""Import of damaged or hand-written exports: all lines or none, and an error that names the line."""

import json
from collections.abc import AsyncGenerator
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest

from graph.account_import import MAX_LINE_BYTES, BadExport, read_export
from storage.account_export.exporter import AccountExporter
from storage.account_export.importer import AccountImporter
from storage.account_export.lines import AccountLine
from storage.errors import Gone, InvalidImport
from storage.pool import Pool

CARD = "4111 1111 1111 1111"
WHEN = "2026-03-01T12:00:00.5+00:00"
TURN, OTHER_TURN = str(UUID(int=1)), str(UUID(int=2))
QUESTION, ANSWER, OTHER = str(UUID(int=3)), str(UUID(int=4)), str(UUID(int=5))
FACT = str(UUID(int=6))

Lines = list[dict[str, Any]]


def conversation(name: str, **fields: Any) -> dict[str, Any]:
    known = {"conversation_id": name, "title": "Tea", "last_employee": "tag", "created_at": WHEN, "updated_at": WHEN}
    return {"type": "conversation", **known, "summary": None, "summary_covers": None, **fields}


def turn(turn_id: str, name: str) -> dict[str, Any]:
    known = {"turn_id": turn_id, "conversation_id": name, "status": "done", "asked_employee": None, "employee": "tag"}
    return {
        "type": "turn",
        **known,
        "finish_reason": "stop",
        "error_code": None,
        "created_at": WHEN,
        "updated_at": WHEN,
    }


def message(message_id: str, turn_id: str, name: str, role: str, content: str) -> dict[str, Any]:
    known = {"message_id": message_id, "turn_id": turn_id, "conversation_id": name, "role": role, "employee": "tag"}
    return {"type": "message", **known, "content": content, "created_at": WHEN}


EXPORTED: Lines = [
    conversation("here", summary="They sell tea.", summary_covers=ANSWER),
    conversation("there"),
    {
        "type": "thread", "conversation_id": "here", "metadata": {"topic": ["tea"]}, "created_at": WHEN,
        "updated_at": WHEN,
    },
    turn(TURN, "here"),
    turn(OTHER_TURN, "there"),
    {"type": "misroute", "turn_id": TURN, "chosen_employee": "tag", "wanted_employee": "byte", "created_at": WHEN},
    {
        "type": "feedback", "turn_id": TURN, "employee": "tag", "rating": "down", "reason": "wrong_employee",
        "comment": "Byte knows.", "wanted_employee": "byte", "created_at": WHEN, "updated_at": WHEN,
    },
    message(QUESTION, TURN, "here", "user", "I sell tea"),
    message(ANSWER, TURN, "here", "assistant", "Good."),
    message(OTHER, OTHER_TURN, "there", "user", "Hello"),
    {
        "type": "fact", "fact_id": FACT, "fact": "The user sells tea.", "source": "chat", "confidence": 0.9,
        "source_message_id": QUESTION, "said_in": [QUESTION], "used_in": [TURN], "superseded_by": None,
        "superseded_at": None, "created_at": WHEN,
    },
    {
        "type": "guard_event", "turn_id": TURN, "kind": "card", "action": "masked", "rule": None,
        "text_hash": "0" * 64, "created_at": WHEN,
    },
    {
        "type": "metrics", "turn_id": TURN, "employee": "tag", "model": "m", "outcome": "done", "latency_ms": 1,
        "ttft_ms": 1, "prompt_chars": 1, "completion_chars": 1, "prompt_tokens_est": 1, "completion_tokens_est": 1,
        "prompt_tokens": None, "completion_tokens": None, "success": True, "error_code": None, "created_at": WHEN,
    },
]  # fmt: skip
FIRST_LINES = {
    "conversation": 0,
    "thread": 2,
    "turn": 3,
    "misroute": 5,
    "feedback": 6,
    "message": 7,
    "fact": 10,
    "guard_event": 11,
    "metrics": 12,
}


def with_fields(kind: str, /, **fields: Any) -> Lines:
    """The export with other values in the first line of this kind."""
    lines = deepcopy(EXPORTED)
    lines[FIRST_LINES[kind]] |= fields
    return lines


def to_file(lines: Lines) -> list[bytes]:
    """The lines of the file, including the first and the last."""
    all_lines = [{"type": "export", "format": 1}, *lines, {"type": "end", "lines": len(lines)}]
    return [json.dumps(line).encode() + b"\n" for line in all_lines]


async def read(lines: list[bytes]) -> list[AccountLine]:
    return [line async for line in read_export(lines)]


async def import_and_export(pool: Pool, user: UUID, lines: Lines) -> list[dict[str, Any]]:
    """Import the lines; returns what an export of the user then has."""

    async def embed(_: str) -> list[float]:
        return [1.0]

    await AccountImporter(pool, embed, "test").import_lines(user, read_export(to_file(lines)))
    return await export(pool, user)


async def export(pool: Pool, user: UUID) -> list[dict[str, Any]]:
    lines: AsyncGenerator[str] = AccountExporter(pool).lines(user)
    return [json.loads(line) async for line in lines][1:-1]


INVALID_VALUES: dict[str, dict[str, list[Any]]] = {
    "conversation": {
        "conversation_id": [".", "..", "a b", "x" * 129, "", 5, None],
        "title": ["", "\u200b", "a\0b", "x" * 601, 7, ["a"]],
        "last_employee": ["nobody", "Prime", "prime-ai", ""],
        "created_at": [
            "yesterday", 1_700_000_000, "1066-10-14T12:00:00Z", "2999-01-01T00:00:00Z", "2026-03-01T12:00:00",
            "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        ],
        "summary": ["x" * 100_001, 3],
        "summary_covers": ["tea", 4],
    },
    "thread": {"conversation_id": ["a b"], "metadata": ["tea", ["tea"], None]},
    "turn": {
        "status": ["asleep", None],
        "employee": ["nobody", None],
        "finish_reason": ["bored"],
        "error_code": ["made_up"],
    },
    "misroute": {"wanted_employee": ["nobody"], "chosen_employee": ["nobody"]},
    "feedback": {
        "rating": ["sideways", None],
        "reason": ["bored"],
        "comment": ["", "x" * 3001],
        "wanted_employee": ["nobody"],
    },
    "message": {
        "role": ["system", "tool"],
        "content": ["a\0b", "x" * 100_001, None, {"a": 1}],
        "employee": ["nobody"],
        "message_id": ["tea", 1, "0" * 5000],
    },
    "fact": {
        "fact": ["short", "   tea   ", "x" * 901],
        "source": ["gossip"],
        "confidence": [1.01, -0.01, "0.9", True, float("nan"), float("inf")],
        "said_in": ["tea", ["tea"], None],
        "superseded_at": ["never"],
    },
    "guard_event": {"kind": ["rude"], "action": ["praised"], "text_hash": ["0" * 63], "rule": ["a\nb", "x" * 201]},
    "metrics": {
        "model": ["", "a\x1b[31m", "x" * 201],
        "outcome": ["great"],
        "latency_ms": [-1, 2**31, 10**40, 1.5, True, "1"],
        "prompt_tokens": [-1, 2**31],
        "timing": [{"guard_ms": -1}, {"model_ms": "1"}, []],
        "trace_id": ["0" * 31],
        "success": ["yes", 1],
        "error_code": ["made_up"],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (kind, field, value)
        for kind, fields in INVALID_VALUES.items()
        for field, values in fields.items()
        for value in values
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "replace").decode().replace("\0", "NUL"),
)
async def test_an_invalid_value_is_reported_with_line_and_field(kind: str, field: str, value: object) -> None:
    """The message does not repeat the value."""
    with pytest.raises(BadExport, match=rf"^line {FIRST_LINES[kind] + 2}: {kind}\.{field}") as raised:
        await read(to_file(with_fields(kind, **{field: value})))
    if isinstance(value, str) and len(value) > 12:
        assert value not in str(raised.value)


INVALID_LINES: dict[str, bytes] = {
    "nothing": b"",
    "an empty line": b"\n",
    "no JSON": b"tea\n",
    "no object": b"[]\n",
    "null": b"null\n",
    "half a line": b'{"type": "turn", "turn_',
    "no type": b"{}\n",
    "another type": b'{"type": "\x1b[31mspell"}\n',
    "a type that is no text": b'{"type": ["turn"]}\n',
    "no UTF-8": b'{"type": "conversation", "title": "\xff\xfe"}\n',
    "UTF-16": '{"type": "conversation"}'.encode("utf-16"),
    "half a character": b'{"type": "conversation", "title": "\\ud83d"}\n',
    "too deep": b'{"type": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "too deep in an ignored field": b'{"type": "turn", "more": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001 + b"\n",
    "a number that is too long": b'{"type": "end", "lines": ' + b"9" * 100_000 + b"}\n",
    "a line that is too long": b" " * (MAX_LINE_BYTES + 1),
}


@pytest.mark.parametrize("raw", INVALID_LINES.values(), ids=INVALID_LINES.keys())
@pytest.mark.parametrize("index", [0, 3])
async def test_an_invalid_line_is_reported_by_its_number(raw: bytes, index: int) -> None:
    """In a short and printable message."""
    lines = to_file(EXPORTED)
    lines[index] = raw
    with pytest.raises(BadExport, match=rf"^line {index + 1}: ") as raised:
        await read(lines)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("lines", [[], [b""], [b"\n"]])
async def test_an_empty_file_is_not_an_export(lines: list[bytes]) -> None:
    """Not even of an empty account."""
    with pytest.raises(BadExport, match=r"^line 1: "):
        await read(lines)


async def test_lines_that_contradict_themselves_are_invalid() -> None:
    """A misroute to the employee that answered; a fact superseded by itself, or at no time."""
    for kind, fields in (
        ("misroute", {"wanted_employee": "tag"}),
        ("feedback", {"rating": "up"}),
        ("feedback", {"reason": "unsafe"}),
        ("fact", {"superseded_by": FACT, "superseded_at": WHEN}),
        ("fact", {"superseded_by": OTHER}),
    ):
        with pytest.raises(BadExport, match=f"^line {FIRST_LINES[kind] + 2}: {kind}"):
            await read(to_file(with_fields(kind, **fields)))


BROKEN_REFERENCES: dict[str, Lines] = {
    "a turn of no conversation": with_fields("turn", conversation_id="nowhere"),
    "a misroute of no turn": with_fields("misroute", turn_id=str(UUID(int=99))),
    "a message of no turn": with_fields("message", turn_id=str(UUID(int=99))),
    "a message of a turn elsewhere": with_fields("message", conversation_id="there"),
    "a summary of a message elsewhere": with_fields("conversation", summary_covers=OTHER),
    "a summary of no message": with_fields("conversation", summary_covers=str(UUID(int=99))),
    "a fact of no message": with_fields("fact", source_message_id=str(UUID(int=99))),
    "a fact said nowhere": with_fields("fact", said_in=[str(UUID(int=99))]),
    "a fact used nowhere": with_fields("fact", used_in=[str(UUID(int=99))]),
    "a fact superseded by none": with_fields("fact", superseded_by=str(UUID(int=99)), superseded_at=WHEN),
}


@pytest.mark.parametrize("lines", BROKEN_REFERENCES.values(), ids=BROKEN_REFERENCES.keys())
async def test_a_reference_to_something_missing_is_refused(pool: Pool, ada: UUID, lines: Lines) -> None:
    """Also to something of another conversation; nothing is stored."""
    with pytest.raises(Gone):
        await import_and_export(pool, ada, lines)
    assert await export(pool, ada) == []


RULE_VIOLATIONS: dict[str, Lines] = {
    **{kind: [*EXPORTED, EXPORTED[FIRST_LINES[kind]]] for kind in ("conversation", "turn", "message")},
    "fact": [*EXPORTED, EXPORTED[9] | {"fact": "Another fact."}],
    "the same fact": [*EXPORTED, EXPORTED[9] | {"fact_id": OTHER, "fact": "the USER sells tea"}],
    "a second answer": [*EXPORTED, EXPORTED[7] | {"message_id": str(UUID(int=9))}],
    "said twice in one message": with_fields("fact", said_in=[QUESTION, QUESTION]),
    "too small a number": with_fields("fact", confidence=1e-300),
}


@pytest.mark.parametrize("lines", RULE_VIOLATIONS.values(), ids=RULE_VIOLATIONS.keys())
async def test_duplicates_and_values_out_of_range_are_refused(pool: Pool, ada: UUID, lines: Lines) -> None:
    """Nothing is stored."""
    with pytest.raises(InvalidImport):
        await import_and_export(pool, ada, lines)
    assert await export(pool, ada) == []


async def test_a_complete_export_is_imported(pool: Pool, ada: UUID) -> None:
    """An alias that a client asked for becomes the employee's slug, an unknown name null."""
    lines = with_fields("turn", asked_employee="Byte-AI")
    lines[FIRST_LINES["turn"] + 1]["asked_employee"] = "Santa"
    imported = await import_and_export(pool, ada, lines)
    assert [line["type"] for line in imported] == [line["type"] for line in EXPORTED]
    asked = {line["conversation_id"]: line["asked_employee"] for line in imported if line["type"] == "turn"}
    assert asked == {"here": "byte", "there": None}


async def test_texts_are_cleaned_and_masked_like_a_message(pool: Pool, ada: UUID) -> None:
    """A card number in the file is not stored."""
    lines = with_fields("conversation", title=f"Card {CARD}", summary=f"Their card is {CARD}.\u202e")
    lines[FIRST_LINES["message"]]["content"] = f"My card is\u200b {CARD}"
    lines[FIRST_LINES["fact"]]["fact"] = f"The user has card {CARD}."
    imported = await import_and_export(pool, ada, lines)
    found = json.dumps(imported, ensure_ascii=False)
    assert found.count("[card •1111]") == 4
    assert CARD not in found
    assert "\u202e" not in found
    assert "\u200b" not in found


async def test_texts_are_masked_as_the_server_is_set() -> None:
    """An e-mail address in the file goes where the server masks them."""
    lines = with_fields("fact", fact="The user is at ada@example.com.")
    read = [line async for line in read_export(to_file(lines), ["email"])]
    assert [line.fact for line in read if line.type == "fact"] == ["The user is at [email]."]
