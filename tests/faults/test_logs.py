"""The log of whole servers over turns with every outcome: a line for each, and in none of them a user's words."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import pytest

from tests.faults.every_outcome import KEY, EveryOutcome
from tests.support.database import appear, owner
from tests.support.fork_server import ForkServer
from tests.support.listening import listening, until
from tests.support.model_script import Gate, Hang, Status, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.postgres import Postgres
from tests.support.process import Process, Start, starting

SETTINGS = {"rate_limit": "3", "attempts": "1", "embeddings": "openai", "second_model": "other", "second_api_key": KEY}
OF_A_TURN = {"turn", "turn falls back", "turn failed", "memory unavailable", "step failed"}
OF_A_REQUEST = {"unauthenticated": ("GET", "/memory"), "unhandled error": ("PATCH", "/conversations/{conversation_id}")}


@pytest.fixture
async def start(postgres: Postgres, model: ModelServer, learned: Path, forks: ForkServer) -> AsyncIterator[Start]:
    """Starts servers on the database that can be stopped."""
    async with starting(postgres.url(), model.url, learned, forks) as begin:
        yield begin


@pytest.fixture
async def start_verbose(
    postgres: Postgres, model: ModelServer, learned: Path, forks: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """Starts servers with a library that logs everything."""
    monkeypatch.setenv("OPENAI_LOG", "debug")
    async with starting(postgres.url(), model.url, learned, forks) as begin:
        yield begin


async def logged(
    start: Start, model: ModelServer, postgres: Postgres, workers: int, **settings: str
) -> tuple[str, EveryOutcome]:
    """What a server logs of them all, and what its clients saw."""
    process = await start("serve", "--port", "0", "--workers", str(workers), **SETTINGS, **settings)
    outcomes = EveryOutcome(process, model, postgres)
    await outcomes.run()
    assert await process.end() == 0
    return "".join(read(process)), outcomes


def read(process: Process) -> list[str]:
    """What it logged."""
    return process.log.read_text().splitlines(keepends=True)


def found(secrets: list[str], text: str) -> list[str]:
    """The words that are in it."""
    return [secret for secret in secrets if secret.lower() in text.lower()]


async def test_each_turn_has_its_line_and_no_line_has_anybodys_words(
    start_verbose: Start, model: ModelServer, postgres: Postgres
) -> None:
    """As its client saw it, from whichever process; and each line of a turn has that turn's ids and no other's."""
    text, outcomes = await logged(start_verbose, model, postgres, 2, log_level="debug")
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    turns = {line["conversation_id"]: line for line in lines if line["event"] == "turn"}
    told = Counter(line["conversation_id"] for line in lines if line["event"] == "turn")
    assert told - Counter(["away"]) == Counter(outcomes.seen.keys())
    for conversation, seen in outcomes.seen.items():
        assert {name: turns[conversation][name] for name in seen} == seen, conversation
    for line in lines:
        if "turn_id" in line or line["event"] in OF_A_TURN:
            assert line["turn_id"] == turns[line["conversation_id"]]["turn_id"], line
            assert line["user_id"] == outcomes.users.get(line["conversation_id"], line["user_id"]), line
    fell_back = Counter(line["conversation_id"] for line in lines if line["event"] == "turn falls back")
    assert fell_back == Counter(name for name, seen in outcomes.seen.items() if seen["outcome"] == "fallback")
    requests = {line["event"]: (line["method"], line["route"]) for line in lines if line["event"] in OF_A_REQUEST}
    assert requests == OF_A_REQUEST
    assert found(outcomes.secrets, text) == []


async def test_a_turn_that_is_run_again_is_told_once(
    start: Start, model: ModelServer, postgres: Postgres, ada: UUID
) -> None:
    """By the process that ends it, with the number of its run; a run that only finds it told tells nothing."""
    model.queue(Hang(["Well, "]), streaming)
    first = await start()
    async with listening(first, ada, "Hello") as events:
        turn = (await until(events, "token"))[0].data["turn_id"]
        await first.kill()
    # Elsewhere it would be adopted at once, but this database has only just been started.
    await owner(postgres.url(), "update chat_turns set lease_until = now() - interval '1 second'")
    second = await start()
    await is_done(postgres)
    again: LiteralString = "update chat_turns set status = 'answered', lease_until = now() - interval '1 second'"
    await owner(postgres.url(), again)
    await is_done(postgres)
    assert await second.end() == 0
    lines = [json.loads(line) for line in [*read(first), *read(second)]]
    told = [(line["turn_id"], line["outcome"], line["attempt"]) for line in lines if line["event"] == "turn"]
    assert told == [(turn, "done", 2)]
    assert [line["attempt"] for line in lines if line["event"] == "turn is taken over"] == [2, 3]


async def test_a_turn_that_is_deleted_while_it_runs_is_told(start: Start, model: ModelServer, ada: UUID) -> None:
    """There is no record of it, but there is its line."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    process = await start()
    async with listening(process, ada, "Hello", conversation_id="deleted") as events, process.client(ada) as client:
        await until(events, "token")
        await client.delete("/conversations/deleted")
        gate.set()
        await until(events, "error")
    assert await process.end() == 0
    turns = [line for line in map(json.loads, read(process)) if line["event"] == "turn"]
    told = [(line["conversation_id"], line["user_id"], line["outcome"], line["error_code"]) for line in turns]
    assert told == [("deleted", str(ada), "failed", "deleted")]


async def is_done(postgres: Postgres) -> None:
    """Return once the only turn is."""
    await appear(postgres.url(), "select from chat_turns where status = 'done'")


async def test_on_the_console_there_are_no_words_either(
    start_verbose: Start, model: ModelServer, postgres: Postgres
) -> None:
    """A line a turn there, too, for people and not for machines."""
    text, outcomes = await logged(start_verbose, model, postgres, 1, log_level="debug", log_format="console")
    lines = text.splitlines()
    assert not [line for line in lines if line.startswith("{")]
    turns = [line for line in lines if " turn [nodes.record_metrics] " in line]
    assert len(turns) in (len(outcomes.seen), len(outcomes.seen) + 1)  # one may have been turned away as a turn
    assert found(outcomes.secrets, text) == []


async def test_at_level_warning_a_turn_that_went_well_is_not_told(start: Start, model: ModelServer, ada: UUID) -> None:
    """What went wrong with another is."""
    process = await start(log_level="warning", attempts="1")
    for reply in (Text("Hello."), Status(500)):
        model.queue(reply, streaming)
        async with listening(process, ada, "Hello") as events:
            await until(events, "done")
    assert await process.end() == 0
    logged = [json.loads(line)["event"] for line in read(process)]
    assert "turn falls back" in logged
    assert "turn" not in logged
