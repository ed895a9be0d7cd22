"""The log of a whole process: our lines, those of libraries, and what Python would print by itself."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SECRET = "my secret garden"
ROOT = Path(__file__).resolve().parents[2]
EVENTS = [
    "could not write", "gave up on", "OSError", "so many", "library warning", "retrying", "ours",
    "thread ended by an exception", "exception ignored",
    "Task exception was never retrieved", "Exception in callback choke", "process ended by an exception",
]  # fmt: skip


@cache
def noise(**settings: str) -> str:
    """Standard error of a process that logs a secret in every possible way."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_")}
    command = [sys.executable, "-W", "default", "-m", "tests.support.log_everything", SECRET]
    done = subprocess.run(command, cwd=ROOT, env=known | settings, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def lines(text: str) -> list[dict[str, Any]]:
    """The JSON objects, one a line."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("level", ["debug", "info", "warning"])
def test_every_line_is_json_and_none_contains_the_secret(level: str) -> None:
    """At every level, and with every way to log."""
    text = noise(FRONTDESK_LOG_LEVEL=level)
    ours_for_debugging = ["ours, for who looks for something"] if level == "debug" else []
    logged = lines(text)
    assert [line["event"] for line in logged] == [*EVENTS[:7], *ours_for_debugging, *EVENTS[7:]]
    assert all({"timestamp", "level", "event", "logger"} <= line.keys() for line in logged)
    assert all(line["timestamp"].endswith("Z") for line in logged)
    assert SECRET not in text
    assert not [word for word in SECRET.split() if word in text]


def test_lines_of_a_turn_have_its_ids() -> None:
    """Our lines, those of libraries and warnings of Python; lines after the turn have none."""
    logged = lines(noise())
    ids = [(line.get("turn_id"), line.get("conversation_id"), line.get("user_id")) for line in logged]
    assert ids == [("turn-1", "conversation-1", "user-1")] * 7 + [(None, None, None)] * 5


def test_an_error_is_logged_with_type_and_frames() -> None:
    """A value that is an exception is logged as its type."""
    logged = {line["event"]: line for line in lines(noise())}
    (error,) = logged["ours"]["exception"]
    assert error["error"] == "ValueError"
    assert error["frames"][-1].startswith("tests/support/log_everything.py:")
    assert error["frames"][-1].endswith(" tried")
    assert (logged["ours"]["level"], logged["ours"]["number"], logged["ours"]["error"]) == ("error", 1, "OSError")
    assert logged["retrying"]["error"] == "ValueError"
    assert logged["library warning"]["kind"] == "UserWarning"
    assert logged["library warning"]["at"].startswith("support/log_everything.py:")


def test_console_lines_are_short_and_do_not_contain_the_secret() -> None:
    """Without JSON, without colour where standard error is no terminal, and with exceptions on lines of their own."""
    text = noise(FRONTDESK_LOG_FORMAT="console", FRONTDESK_LOG_LEVEL="debug")
    assert SECRET not in text
    assert "{" not in text
    assert "\033" not in text
    first = text.splitlines()[0]
    assert first.split(maxsplit=1)[1] == (
        "[warning  ] could not write [some.library] turn_id=turn-1 conversation_id=conversation-1 user_id=user-1"
    )
    assert "  ValueError\n    tests/support/log_everything.py:" in text


def test_at_level_error_only_errors_are_logged() -> None:
    """Also of libraries."""
    assert {line["level"] for line in lines(noise(FRONTDESK_LOG_LEVEL="error"))} == {"error", "critical"}
