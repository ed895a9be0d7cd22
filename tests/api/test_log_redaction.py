"""What the log keeps of errors and of libraries' lines."""

import logging
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from pydantic import BaseModel, ValidationError

from api.logging.redact import MAX_ERRORS, MAX_FRAMES, before_quotes, logged_errors, redact, type_name
from nodes.errors import ModelUnavailable
from storage.errors import MigrationsPending, StorageUnavailable

SECRET = "my secret garden"


class Typed(BaseModel):
    number: int


def error_of(raised: Callable[[], object]) -> BaseException:
    """The exception that a call raises, with its traceback."""
    try:
        raised()
    except BaseException as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("it raised nothing")


def chained() -> None:
    """An error with a cause, which has a context."""
    try:
        try:
            Typed.model_validate({"number": SECRET})
        except ValidationError:
            int(SECRET)
    except ValueError as error:
        raise StorageUnavailable(SECRET) from error


def our_line(**line: Any) -> dict[str, Any]:
    """One of our lines after redaction."""
    return dict(redact(None, "", {"_record": None, "_from_structlog": True, **line}))


def library_line(message: Any, *values: Any, **line: Any) -> dict[str, Any]:
    """A library's line after redaction."""
    record = logging.LogRecord("library", logging.ERROR, "file.py", 1, message, values, None)
    return dict(redact(None, "", {"_record": record, "_from_structlog": False, "event": str(message), **line}))


def test_an_exception_is_logged_as_types_and_frames() -> None:
    """The whole chain, the latest first, and no message of any."""
    logged = logged_errors(error_of(chained))
    assert [one["error"] for one in logged] == [
        "storage.errors.StorageUnavailable", "ValueError", "pydantic_core._pydantic_core.ValidationError",
    ]  # fmt: skip
    assert [frame.split(":")[0] for frame in logged[0]["frames"]] == ["tests/api/test_log_redaction.py"] * 2
    assert logged[0]["frames"][-1].endswith(" chained")
    assert logged[2]["frames"][-1].startswith("pydantic/main.py:")
    assert SECRET not in str(logged)


def test_a_suppressed_context_is_not_logged() -> None:
    """After `raise … from None` the chain has the last exception only."""

    def raised() -> None:
        try:
            int(SECRET)
        except ValueError:
            raise KeyError from None

    assert [one["error"] for one in logged_errors(error_of(raised))] == ["KeyError"]


def test_an_exception_group_is_logged_with_its_members() -> None:
    """Their notes are not logged."""
    member = ValueError(SECRET)
    member.add_note(SECRET)
    logged = logged_errors(ExceptionGroup(SECRET, [member, OSError(SECRET)]))
    assert [one["error"] for one in logged] == ["ExceptionGroup", "ValueError", "OSError"]
    assert SECRET not in str(logged)


def test_long_and_circular_chains_are_cut() -> None:
    """At a number of exceptions, and of frames of each."""
    first, second = ValueError(), OSError()
    first.__cause__, second.__cause__ = second, first
    assert [one["error"] for one in logged_errors(first)] == ["ValueError", "OSError"]
    many = ExceptionGroup("many", [ValueError() for _ in range(50)])
    assert len(logged_errors(many)) == MAX_ERRORS

    def deep(left: int) -> None:
        assert left
        deep(left - 1)

    assert len(logged_errors(error_of(lambda: deep(50)))[0]["frames"]) == MAX_FRAMES


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ModelUnavailable("model_timeout"), "model_timeout"),
        (MigrationsPending("2 migrations pending"), "2 migrations pending"),
        (StorageUnavailable("postgresql://me:secret@host/db broke off"), None),
        (psycopg.errors.CheckViolation("Failing row contains (…)"), None),
    ],
)
def test_only_constant_messages_are_logged(error: Exception, says: str | None) -> None:
    """Codes and numbers of migrations; no other message, not even of our own errors."""
    assert logged_errors(error)[0].get("says") == says


def test_an_exception_is_found_in_every_form_of_exc_info() -> None:
    """The exception, a tuple, True for the one being handled; and as a value of the line."""
    error = error_of(chained)
    expected = logged_errors(error)
    assert our_line(event="x", exc_info=error)["exception"] == expected
    assert our_line(event="x", exc_info=(type(error), error, error.__traceback__))["exception"] == expected
    try:
        raise error
    except StorageUnavailable:
        assert our_line(event="x", exc_info=True)["exception"][0]["error"] == "storage.errors.StorageUnavailable"
    assert our_line(event="x", exc_info=True) == our_line(event="x", exc_info=None) == {"event": "x"}
    assert our_line(event="x", error=error) == {"event": "x", "error": "storage.errors.StorageUnavailable"}


def test_a_stack_is_not_logged() -> None:
    """It would show lines of source code."""
    assert our_line(event="x", stack_info=f"File …\n  ask({SECRET!r})") == {"event": "x"}


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (library_line("error connecting in %r: %s", "pool-1", OSError(SECRET)), "error connecting in"),
        (library_line(f"Job remember[7](text='{SECRET}') ended with status: Error"), "Job remember"),
        (library_line(f"Task exception was never retrieved\nfuture: {SECRET}"), "Task exception was never retrieved"),
        (library_line(f'HTTP Request: GET http://host/?q="{SECRET}"'), "HTTP Request"),
        (library_line("Invalid HTTP request received."), "Invalid HTTP request received."),
        (library_line(OSError(SECRET)), "OSError"),
        (library_line("%s", SECRET), ""),
        (library_line("a" * 500), "a" * 120),
    ],
)
def test_a_librarys_line_is_kept_up_to_the_first_value(line: dict[str, Any], left: str) -> None:
    """Of its template, up to the first value, name or address."""
    assert line == {"event": left}


def test_a_type_is_named_with_its_module() -> None:
    """Built-in types without."""
    assert type_name(ValueError()) == "ValueError"
    assert type_name(StorageUnavailable()) == "storage.errors.StorageUnavailable"
    assert before_quotes("") == ""
