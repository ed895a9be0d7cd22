"""The log of a process, whoever writes to it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WORDS = "my secret garden"
ROOT = Path(__file__).resolve().parents[2]
EVENTS = [
    "could not write", "gave up on", "OSError", "so many", "a library warns", "tried again", "ours",
    "a thread ended by an exception", "an exception was left over",
    "Task exception was never retrieved", "Exception in callback choke", "ended by an exception",
]  # fmt: skip


def noise(**settings: str) -> str:
    """What a process writes to standard error in which everything is logged that can be."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_")}
    command = [sys.executable, "-W", "default", "-m", "tests.support.log_everything", WORDS]
    done = subprocess.run(command, cwd=ROOT, env=known | settings, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def lines(text: str) -> list[dict[str, Any]]:
    """Each line is an object."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("level", ["debug", "info", "warning"])
def test_every_line_is_json_and_has_nobodys_words(level: str) -> None:
    """Whoever logs, in whatever way, at whatever level: what went wrong, and nothing that it went wrong with."""
    text = noise(FRONTDESK_LOG_LEVEL=level)
    ours_for_debugging = ["ours, for who looks for something"] if level == "debug" else []
    told = lines(text)
    assert [line["event"] for line in told] == [*EVENTS[:7], *ours_for_debugging, *EVENTS[7:]]
    assert all({"timestamp", "level", "event", "logger"} <= line.keys() for line in told)
    assert all(line["timestamp"].endswith("Z") for line in told)
    assert WORDS not in text
    assert not [word for word in WORDS.split() if word in text]


def test_lines_of_a_turn_have_its_ids_whoever_logs_them() -> None:
    """Ours, a library's, a warning of Python's; and what comes after the turn has none."""
    told = lines(noise())
    ids = [(line.get("turn_id"), line.get("conversation_id"), line.get("user_id")) for line in told]
    assert ids == [("turn-1", "conversation-1", "user-1")] * 7 + [(None, None, None)] * 5


def test_an_error_is_told_with_its_kind_and_place() -> None:
    """Of the exception, in the order in which it came; of a value that is one, its kind."""
    told = {line["event"]: line for line in lines(noise())}
    (broken,) = told["ours"]["exception"]
    assert broken["error"] == "ValueError"
    assert broken["frames"][-1].startswith("tests/support/log_everything.py:")
    assert broken["frames"][-1].endswith(" tried")
    assert (told["ours"]["level"], told["ours"]["number"], told["ours"]["error"]) == ("error", 1, "OSError")
    assert told["tried again"]["error"] == "ValueError"
    assert told["a library warns"]["kind"] == "UserWarning"
    assert told["a library warns"]["at"].startswith("support/log_everything.py:")


def test_on_the_console_lines_are_short_and_still_wordless() -> None:
    """No JSON, no colour where nobody looks on; an exception in lines of its own."""
    text = noise(FRONTDESK_LOG_FORMAT="console", FRONTDESK_LOG_LEVEL="debug")
    assert WORDS not in text
    assert "{" not in text
    assert "\033" not in text
    first = text.splitlines()[0]
    assert first.split(maxsplit=1)[1] == (
        "[warning  ] could not write [some.library] turn_id=turn-1 conversation_id=conversation-1 user_id=user-1"
    )
    assert "  ValueError\n    tests/support/log_everything.py:" in text


def test_errors_alone_are_logged_where_that_is_asked_for() -> None:
    """Of libraries, too."""
    assert {line["level"] for line in lines(noise(FRONTDESK_LOG_LEVEL="error"))} == {"error", "critical"}
