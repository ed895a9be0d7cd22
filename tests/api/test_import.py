"""`frontdesk import`, as a person runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from graph.restore import whole
from storage.exported import Conversation
from tests.support.app import Frontdesk
from tests.support.model_script import Json, structured
from tests.support.model_server import ModelServer

FRONTDESK = str(Path(sys.executable).with_name("frontdesk"))


def run(frontdesk: Frontdesk, file: Path, user: UUID) -> subprocess.CompletedProcess[str]:
    """The command, on the database of this application."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_")}
    environment |= {"DATABASE_URL": frontdesk.service.url, "FRONTDESK_DATA_DIR": str(frontdesk.settings.data_dir)}
    command = [FRONTDESK, "import", str(file), "--user", str(user)]
    return subprocess.run(command, env=environment, cwd=file.parent, capture_output=True, text=True, check=False)


@pytest.fixture
async def file(frontdesk: Frontdesk, model: ModelServer, ada: UUID, tmp_path: Path) -> Path:
    """What Ada took along."""
    fact = {"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}
    model.queue(Json({"facts": [fact]}), structured)
    await frontdesk.chat(ada, "I sell biscuits")
    async with frontdesk.client(ada) as client:
        exported = (await client.get("/export")).content
    path = tmp_path / "ada.ndjson"
    path.write_bytes(exported)
    return path


async def test_it_puts_back_what_was_taken_along(frontdesk: Frontdesk, file: Path, bob: UUID) -> None:
    """Into an empty account; a second time is refused in one line, and changes nothing."""
    done = run(frontdesk, file, bob)
    assert (done.returncode, done.stdout) == (0, "6 lines imported\n"), done.stderr
    async with frontdesk.client(bob) as client:
        assert [one["title"] for one in (await client.get("/conversations")).json()["items"]] == ["I sell biscuits"]
        assert [one["fact"] for one in (await client.get("/memory")).json()["items"]] == ["The user sells biscuits."]
    again = run(frontdesk, file, bob)
    assert again.returncode == 1
    assert again.stderr.strip().splitlines()[-1] == f"Error: The account of {bob} has something in it: erase it first."


def damage(file: Path) -> None:
    """Give the first conversation a date that is none."""
    lines = file.read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), "created_at": "yesterday"})
    file.write_text("\n".join(lines) + "\n")


async def test_it_says_which_line_is_broken(frontdesk: Frontdesk, file: Path, bob: UUID) -> None:
    """In one line, without what stands in it."""
    damage(file)
    refused = run(frontdesk, file, bob)
    assert refused.returncode == 1
    last = refused.stderr.strip().splitlines()[-1]
    assert last.startswith(f"Error: {file}, line 2: conversation.created_at: ")
    assert "yesterday" not in last


async def test_no_more_marks_come_back_than_a_message_may_have() -> None:
    """Thirty on a letter, in every text: a file that somebody made does not keep the database busy for minutes."""
    texts = {"title": "x" + "\u0f73" * 80_000, "summary": "y" + "\u0323\u0301" * 80_000}
    times = dict.fromkeys(("created_at", "updated_at"), "2027-01-15T08:00:00Z")
    rest = {"conversation_id": "c", "last_employee": None, "summary_covers": None}
    lines = [
        {"type": "export", "format": 1},
        {"type": "conversation"} | texts | times | rest,
        {"type": "end", "lines": 1},
    ]
    (line,) = [line async for line in whole(json.dumps(line).encode() for line in lines)]
    assert isinstance(line, Conversation)
    assert (line.title, line.summary) == ("x" + "\u0f73" * 15, "y" + "\u0323\u0301" * 15)
