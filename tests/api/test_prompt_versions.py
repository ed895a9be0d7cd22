"""Which prompt an answer was asked with, and how much of it is the same from turn to turn."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import nodes
from nodes.prompts import prompt_texts
from tests.support.app import Frontdesk, Serve
from tests.support.database import row, rows
from tests.support.model_script import Request, Text, plain, streaming
from tests.support.model_server import ModelServer

DOCUMENT = Path(__file__).parents[2] / "docs/prompts.md"
FRONTDESK = str(Path(sys.executable).with_name("frontdesk"))


def messages(request: Request) -> list[dict[str, str]]:
    """The messages that the model got."""
    found: list[dict[str, str]] = request.body["messages"]
    return found


def history(request: Request) -> list[str]:
    """What stands between the notes, where there are any, and the question."""
    between = [message["content"] for message in messages(request)[1:-1]]
    return between[1:] if between and between[0].startswith("Background notes") else between


async def turn(frontdesk: Frontdesk, user: UUID, turn_id: str) -> dict[str, Any]:
    """What is stored of a turn."""
    async with frontdesk.client(user) as client:
        found: dict[str, Any] = (await client.get(f"/turns/{turn_id}")).json()
    return found


async def test_an_answer_says_which_prompt_it_was_asked_with(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """In `done`, with the turn and in its row of metrics; with it what the provider read from its cache.

    The query of docs/prompts.md compares the versions.
    """
    model.queue(Text("As far as it is for the business.", cached=2), streaming)
    (done,) = (await frontdesk.chat(ada, "Can I deduct a laptop?", employee="ledger")).named("done")
    assert done["prompt_version"] == prompt_texts().whole["ledger"].version
    assert (await turn(frontdesk, ada, done["turn_id"]))["prompt_version"] == done["prompt_version"]
    assert done["usage"]["cached_tokens"] == 2
    query = "select prompt_version, cached_tokens from xai_chat_metrics where id = %(turn)s"
    await frontdesk.settled()
    assert await row(frontdesk.service.url, query, turn=done["turn_id"]) == (done["prompt_version"], 2)
    (other,) = (await frontdesk.chat(ada, "And the category?", employee="tag")).named("done")
    assert other["prompt_version"] == prompt_texts().whole["tag"].version
    assert "cached_tokens" not in other["usage"]
    await frontdesk.settled()
    assert await row(frontdesk.service.url, query, turn=other["turn_id"]) == (other["prompt_version"], None)
    (compared,) = re.findall(r"```sql\n(.*?);\n```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    found = {version: count for version, count, *_ in await rows(frontdesk.service.url, compared)}
    assert found == {done["prompt_version"]: 1, other["prompt_version"]: 1}


async def test_a_small_window_is_sent_the_short_form(serve: Serve, model: ModelServer, ada: UUID) -> None:
    """And its version says so."""
    frontdesk = await serve(context_tokens=1500)
    (done,) = (await frontdesk.chat(ada, "Hello", employee="byte")).named("done")
    short = prompt_texts().short["byte"]
    assert done["prompt_version"] == short.version
    assert messages(await model.received(streaming))[0]["content"].startswith(f"{short.text}\n\nToday is ")


async def test_prompts_begin_with_what_never_changes(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """So that providers' caches know it: for every user and turn of an employee. The history grows at its end only."""
    for number in range(1, 5):
        model.queue(Text(f"Answer {number}."), streaming)
        model.queue(Text(f"Summary {number}."), plain)
        await frontdesk.chat(ada, f"Question {number}?", employee="goalie", conversation_id="plan")
        await frontdesk.settled()
    await frontdesk.chat(bob, "How much for a bicycle?", employee="goalie")
    requests = [request for request in model.requests if streaming(request)]
    assert len(requests) == 5
    static = prompt_texts().with_tools["goalie"].text
    sent = ["".join(message["content"] for message in messages(request)) for request in requests]
    assert all(text.startswith(f"{static}\n\nToday is ") for text in sent)
    said = [text for number in range(1, 4) for text in (f"Question {number}?", f"Answer {number}.")]
    assert [history(request) for request in requests] == [said[: 2 * count] for count in range(4)] + [[]]
    summaries = [json.dumps(messages(request)[0]) for request in model.requests if plain(request)]
    assert len(set(summaries)) == 1


def test_a_start_without_a_prompt_file_ends_in_one_line(tmp_path: Path) -> None:
    """Before a database is started; the line names the file."""
    shutil.copytree(Path(nodes.__file__).parent, tmp_path / "nodes")
    missing = tmp_path / "nodes/prompt_texts/ledger.md"
    missing.unlink()
    ended = subprocess.run(
        [FRONTDESK, "serve", "--port", "0"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.strip() == f"Error: {missing}: No such file or directory"
    assert not (tmp_path / ".frontdesk").exists()
