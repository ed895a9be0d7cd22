"""docs/architecture.md lists the files that a message goes through, and there are no more than a person can read."""

import re
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from uuid import uuid4

import pytest

from graph.turns.turn import Turn
from tests.docs.markdown import section
from tests.docs.test_documents import ROOT
from tests.support.app import Frontdesk

PACKAGES = ("api/", "graph/", "nodes/", "storage/")
MOST = 40
BACKGROUND = {
    "graph/container.py", "graph/jobs.py", "graph/supervision.py", "graph/turns/leases.py", "storage/connections.py",
    "storage/health_probe.py", "storage/jobs.py", "storage/leases.py", "storage/notifications.py",
    "storage/old_conversations.py", "storage/retention.py",
}  # fmt: skip
"""Files of tasks that run all the time, for no message."""
LOGGING = {"api/logging/redact.py", "api/logging/setup.py"}
"""Files of log lines: before `done` an ordinary message has none, but a background task may write one at any time."""
WHILE_BUSY = {"nodes/wait_for_conversation.py", "storage/conversation_queue.py"}


@pytest.mark.own_app
async def test_the_files_on_the_way_of_a_message_are_listed(
    frontdesk: Frontdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file whose code runs from the request to the turn's end; up to `done` they are few enough to be read."""
    user = uuid4()
    await frontdesk.chat(user, "I save for a house.", conversation_id="c-1")  # the second has a history and memories
    answered, finished = set[str](), set[str]()
    seen = answered
    finish = Turn.publish

    def publish(turn: Turn, event: object) -> None:
        nonlocal seen
        finish(turn, event)  # type: ignore[arg-type]
        if turn.is_over:
            seen = finished

    monkeypatch.setattr(Turn, "publish", publish)
    with traced(lambda file: seen.add(file)):  # noqa: PLW0108 - `seen` is another set later
        await frontdesk.chat(user, "What did I save for?", conversation_id="c-1")
    answered, finished = answered - LOGGING, finished - LOGGING
    listed = section((ROOT / "docs/architecture.md").read_text(encoding="utf-8"), "## Files on the way of a message")
    assert set(re.findall(r"^\| \d+ \| `([^`]+)`", listed, re.MULTILINE)) == answered - BACKGROUND
    after = listed.partition("After `done`")[2]
    tail = set(re.findall(r"`((?:api|graph|nodes|storage)/[^`]+)`", after))
    assert tail - WHILE_BUSY == finished - answered - BACKGROUND
    assert len(answered - BACKGROUND) <= MOST


@contextmanager
def traced(on_file: Callable[[str], None]) -> Generator[None]:
    """Call `on_file` with each file of ours in which a function is called meanwhile, in this thread or a new one."""
    root = f"{ROOT}/"

    def profile(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename.removeprefix(root)
        if event == "call" and name.startswith(PACKAGES) and frame.f_code.co_name != "<module>":
            on_file(name)

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
