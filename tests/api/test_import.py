"""`frontdesk import`, as a person runs it."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess
from uuid import UUID, uuid4

import pytest

from tests.api.test_by_hand import bought, cash
from tests.api.test_transactions import listed
from tests.support import process
from tests.support.app import Frontdesk
from tests.support.fork_server import ForkServer
from tests.support.model_script import Json, structured
from tests.support.model_server import ModelServer

Run = Callable[[Path, UUID], Awaitable[CompletedProcess[str]]]


@pytest.fixture
def run(frontdesk: Frontdesk, forks: ForkServer, learned: Path) -> Run:
    """The command, on the database of this application."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_")}
    environment |= {"DATABASE_URL": frontdesk.service.url, "FRONTDESK_DATA_DIR": str(learned)}

    def ran(file: Path, user: UUID) -> Awaitable[CompletedProcess[str]]:
        return process.run(forks, "import", str(file), "--user", str(user), folder=learned, environment=environment)

    return ran


@pytest.fixture
async def file(frontdesk: Frontdesk, model: ModelServer, ada: UUID, tmp_path: Path) -> Path:
    """Ada's export."""
    fact = {"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}
    model.queue(Json({"facts": [fact]}), structured)
    await frontdesk.chat(ada, "I sell biscuits")
    async with frontdesk.client(ada) as client:
        exported = (await client.get("/export")).content
    path = tmp_path / "ada.ndjson"
    path.write_bytes(exported)
    return path


async def test_it_puts_back_what_was_taken_along(frontdesk: Frontdesk, run: Run, file: Path, bob: UUID) -> None:
    """Into an empty account; a second time is refused in one line, and changes nothing."""
    done = await run(file, bob)
    assert (done.returncode, done.stdout) == (0, "6 lines imported\n"), done.stderr
    async with frontdesk.client(bob) as client:
        assert [one["title"] for one in (await client.get("/conversations")).json()["items"]] == ["I sell biscuits"]
        assert [one["fact"] for one in (await client.get("/memory")).json()["items"]] == ["The user sells biscuits."]
    again = await run(file, bob)
    assert again.returncode == 1
    assert again.stderr.strip().splitlines()[-1] == f"Error: The account of {bob} has something in it: erase it first."


async def test_what_was_entered_by_hand_moves(
    frontdesk: Frontdesk, run: Run, ada: UUID, bob: UUID, tmp_path: Path
) -> None:
    """The account that no document brought, and the transaction in it."""
    async with frontdesk.client(ada) as client:
        await client.put(f"/transactions/{uuid4()}", json=bought(await cash(client)))
        (found,) = await listed(client)
        (tmp_path / "ada.ndjson").write_bytes((await client.get("/export")).content)
    assert (await run(tmp_path / "ada.ndjson", bob)).returncode == 0
    async with frontdesk.client(bob) as client:
        (moved,) = await listed(client)
        ids = {"transaction_id", "account_id"}  # which nobody else has
        assert [(name, moved[name]) for name in moved.keys() - ids] == [
            (name, found[name]) for name in moved.keys() - ids
        ]
        assert [one["name"] for one in (await client.get("/accounts")).json()["items"]] == ["Wallet"]


def damage(file: Path) -> None:
    """Give the first conversation an invalid date."""
    lines = file.read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), "created_at": "yesterday"})
    file.write_text("\n".join(lines) + "\n")


async def test_the_error_names_the_broken_line(run: Run, file: Path, bob: UUID) -> None:
    """In one line, without the line's content."""
    damage(file)
    refused = await run(file, bob)
    assert refused.returncode == 1
    last = refused.stderr.strip().splitlines()[-1]
    assert last.startswith(f"Error: {file}, line 2: conversation.created_at: ")
    assert "yesterday" not in last


def written(path: Path, lines: list[str]) -> Path:
    """A file of an export with these lines between the first and the last."""
    path.write_text("\n".join(['{"type": "export", "format": 1}', *lines, f'{{"type": "end", "lines": {len(lines)}}}']))
    return path


def broken(file: Path) -> dict[Path, str]:
    """Files that cannot be imported, and what the error must say."""
    lines = file.read_text().splitlines()[1:-1]
    return {
        written(file.with_name("twice"), [*lines, lines[0]]): "something is in it twice",
        file.parent: "is a directory",
        Path("/proc/self/mem"): "which cannot be read: Input/output error",
    }


async def test_an_unusable_file_is_refused_in_plain_words(
    frontdesk: Frontdesk, run: Run, file: Path, bob: UUID
) -> None:
    """A duplicate, a folder, an unreadable file: never a traceback."""
    for path, words in broken(file).items():
        refused = await run(path, bob)
        assert refused.returncode != 0
        assert "Traceback" not in refused.stderr
        assert words in refused.stderr.strip().splitlines()[-1]
    async with frontdesk.client(bob) as client:
        assert (await client.get("/conversations")).json()["items"] == []
