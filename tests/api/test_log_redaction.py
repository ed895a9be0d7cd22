"""What is left of a line once nobody's words are in it."""

import logging
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from pydantic import BaseModel, ValidationError

from api.logging.redact import CHAIN, INNERMOST, kind, opening, story, wordless
from nodes.errors import ModelUnavailable
from storage.errors import MigrationsPending, StorageUnavailable

WORDS = "my secret garden"


class Typed(BaseModel):
    number: int


def fails(raised: Callable[[], object]) -> BaseException:
    """What it raises, with where."""
    try:
        raised()
    except BaseException as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("it raised nothing")


def chained() -> None:
    """An error with a cause, which has a context."""
    try:
        try:
            Typed.model_validate({"number": WORDS})
        except ValidationError:
            int(WORDS)
    except ValueError as error:
        raise StorageUnavailable(WORDS) from error


def ours(**line: Any) -> dict[str, Any]:
    """A line of ours after the processor."""
    return dict(wordless(None, "", {"_record": None, "_from_structlog": True, **line}))


def theirs(message: Any, *values: Any, **line: Any) -> dict[str, Any]:
    """A library's line after the processor."""
    record = logging.LogRecord("library", logging.ERROR, "file.py", 1, message, values, None)
    return dict(wordless(None, "", {"_record": record, "_from_structlog": False, "event": str(message), **line}))


def test_an_exception_is_told_by_its_kinds_and_places() -> None:
    """The whole chain, the latest first, each from where it went through; no message of any."""
    told = story(fails(chained))
    assert [one["error"] for one in told] == [
        "storage.errors.StorageUnavailable", "ValueError", "pydantic_core._pydantic_core.ValidationError",
    ]  # fmt: skip
    assert [frame.split(":")[0] for frame in told[0]["frames"]] == ["tests/api/test_log_redaction.py"] * 2
    assert told[0]["frames"][-1].endswith(" chained")
    assert told[2]["frames"][-1].startswith("pydantic/main.py:")
    assert WORDS not in str(told)


def test_what_was_hidden_from_the_chain_stays_hidden() -> None:
    """`raise … from None` says that what came before is of no interest."""

    def raised() -> None:
        try:
            int(WORDS)
        except ValueError:
            raise KeyError from None

    assert [one["error"] for one in story(fails(raised))] == ["KeyError"]


def test_a_group_is_told_with_its_members() -> None:
    """And a note on any of them is not."""
    member = ValueError(WORDS)
    member.add_note(WORDS)
    told = story(ExceptionGroup(WORDS, [member, OSError(WORDS)]))
    assert [one["error"] for one in told] == ["ExceptionGroup", "ValueError", "OSError"]
    assert WORDS not in str(told)


def test_a_chain_without_end_is_cut() -> None:
    """Circles too; a line is written in one piece, and only short ones are."""
    first, second = ValueError(), OSError()
    first.__cause__, second.__cause__ = second, first
    assert [one["error"] for one in story(first)] == ["ValueError", "OSError"]
    many = ExceptionGroup("many", [ValueError() for _ in range(50)])
    assert len(story(many)) == CHAIN

    def deep(left: int) -> None:
        assert left
        deep(left - 1)

    assert len(story(fails(lambda: deep(50)))[0]["frames"]) == INNERMOST


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ModelUnavailable("model_timeout"), "model_timeout"),
        (MigrationsPending("The database lacks 0001_ground."), "The database lacks 0001_ground."),
        (StorageUnavailable("postgresql://me:secret@host/db broke off"), None),
        (psycopg.errors.CheckViolation("Failing row contains (…)"), None),
    ],
)
def test_only_texts_that_are_written_in_the_code_are_repeated(error: Exception, says: str | None) -> None:
    """Codes and names of migrations; no other message, ours neither."""
    assert story(error)[0].get("says") == says


def test_an_exception_is_found_in_every_form_in_which_it_is_logged() -> None:
    """As itself, as a tuple, as the one that is being handled, or as a value of the line."""
    error = fails(chained)
    expected = story(error)
    assert ours(event="x", exc_info=error)["exception"] == expected
    assert ours(event="x", exc_info=(type(error), error, error.__traceback__))["exception"] == expected
    try:
        raise error
    except StorageUnavailable:
        assert ours(event="x", exc_info=True)["exception"][0]["error"] == "storage.errors.StorageUnavailable"
    assert ours(event="x", exc_info=True) == ours(event="x", exc_info=None) == {"event": "x"}
    assert ours(event="x", error=error) == {"event": "x", "error": "storage.errors.StorageUnavailable"}


def test_a_stack_is_not_logged_because_it_shows_source_lines() -> None:
    """Only our own line is left."""
    assert ours(event="x", stack_info=f"File …\n  ask({WORDS!r})") == {"event": "x"}


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (theirs("error connecting in %r: %s", "pool-1", OSError(WORDS)), "error connecting in"),
        (theirs(f"Job remember[7](text='{WORDS}') ended with status: Error"), "Job remember"),
        (theirs(f"Task exception was never retrieved\nfuture: {WORDS}"), "Task exception was never retrieved"),
        (theirs(f'HTTP Request: GET http://host/?q="{WORDS}"'), "HTTP Request"),
        (theirs("Invalid HTTP request received."), "Invalid HTTP request received."),
        (theirs(OSError(WORDS)), "OSError"),
        (theirs("%s", WORDS), ""),
        (theirs("a" * 500), "a" * 120),
    ],
)
def test_of_a_librarys_line_the_beginning_is_kept(line: dict[str, Any], left: str) -> None:
    """Up to the first value, name or address in it: of the template, before anything was put in."""
    assert line == {"event": left}


def test_a_kind_is_a_class_with_its_module() -> None:
    """Built-in ones without."""
    assert (kind(ValueError()), kind(StorageUnavailable())) == ("ValueError", "storage.errors.StorageUnavailable")
    assert opening("") == ""
