"""The pipeline in LangGraph's own server, the real `langgraph dev`, as Studio and the SDK see it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
import stamina
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from graph.serve import frontdesk
from nodes.state import LOCAL_USER
from storage.embedded import Embedded
from storage.errors import StorageUnavailable
from storage.pool import Pool
from tests.conftest import create_database
from tests.support import model_script as script
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.xdist_group("studio")  # one server for all of them

CHECKOUT = Path(__file__).parents[2]
QUESTION = "What can I write off for my side business?"
ANSWER = "Keep the receipts, and ask me again in May."
NODES = {
    "guard", "rate_limit", "route", "load_summary", "load_memory",
    "trim_context", "generate", "roll_summary", "extract_facts", "record_metrics",
}  # fmt: skip
FILLED = {"turns": 1, "messages": 2, "metrics": 1, "summaries": 1}
"""Rows of one turn that went well."""


@dataclass
class Heard:
    """A run as a client of the SDK follows it, by stream mode."""

    messages: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list[Any])
    """Each message or piece of one, with its metadata."""
    custom: list[dict[str, Any]] = field(default_factory=list[Any])
    updates: list[dict[str, Any]] = field(default_factory=list[Any])

    @property
    def text(self) -> str:
        """Whatever came as a message, from whichever node."""
        return "".join(message["content"] for message, _ in self.messages)


@dataclass
class Studio:
    """A running server, and a client of it."""

    client: LangGraphClient
    log: Path

    async def thread(self) -> str:
        """A new thread's id."""
        return (await self.client.threads.create())["thread_id"]

    async def ask(self, thread: str, message: str, user: UUID | None = None) -> Heard:
        """Send nothing but a message, and read the run to its end."""
        heard = Heard()
        stream = self.client.runs.stream(
            thread,
            "frontdesk",
            input={"messages": [{"role": "user", "content": message}]},
            context={"user_id": str(user)} if user else None,
            stream_mode=["messages-tuple", "custom", "updates"],
        )
        async for event, data, _ in stream:
            assert event in ("metadata", "messages", "custom", "updates"), data
            if event != "metadata":
                getattr(heard, event).append(data)
        return heard

    async def state(self, thread: str) -> dict[str, Any]:
        """The thread's state after its last run."""
        return cast(dict[str, Any], (await self.client.threads.get_state(thread))["values"])


@pytest.fixture(scope="module")
def database_url(cluster: Embedded, template: str, worker_id: str) -> Iterator[str]:
    """One database for the server and all its runs."""
    name = f"studio_{worker_id}"
    create_database(cluster, name, template)
    yield cluster.url(name)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        conn.execute(psycopg.sql.SQL("drop database {} with (force)").format(psycopg.sql.Identifier(name)))


@pytest.fixture(scope="module")
async def model() -> AsyncGenerator[ModelServer]:
    """A scripted model for the server."""
    async with ModelServer() as server:
        server.always(script.Text(ANSWER), when=script.streaming)
        yield server


@pytest.fixture(scope="module")
async def studio(
    database_url: str, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Studio]:
    """`langgraph dev` with the checkout's configuration, in a folder of its own."""
    folder = tmp_path_factory.mktemp("studio")
    async with running(folder, settings(database_url, model, folder)) as url, get_client(url=url) as client:
        yield Studio(client, folder / "log")


def settings(database_url: str, model: ModelServer, folder: Path) -> dict[str, str]:
    """The environment of a server that works on the test's database and model."""
    return {
        "DATABASE_URL": database_url,
        "OPENAI_BASE_URL": model.url,
        "OPENAI_API_KEY": "sk-test",
        "FRONTDESK_EMBEDDINGS": "local",
        "FRONTDESK_DATA_DIR": str(folder / "data"),
        "FRONTDESK_RATE_LIMIT": "0",
    }


@asynccontextmanager
async def running(folder: Path, environment: dict[str, str]) -> AsyncGenerator[str]:
    """The server's address while it runs; at the end it is interrupted as by Ctrl-C, with all it started."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("langgraph")), "dev", "--no-browser", "--no-reload"]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, "--port", str(port), "--config", str(CHECKOUT / "langgraph.json"),
            cwd=folder, stdout=log, stderr=log, start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANGGRAPH_CLI_NO_ANALYTICS": "1", **environment},
        )  # fmt: skip
    try:
        await answers(f"http://127.0.0.1:{port}/ok", process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        await end(process)


async def answers(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    """Return once the URL answers; fail with the server's log where it ends before that."""
    async with httpx.AsyncClient() as http:
        async for attempt in stamina.retry_context(
            on=httpx.HTTPError, attempts=None, timeout=90, wait_initial=0.1, wait_max=0.2, wait_jitter=0
        ):
            with attempt:
                assert process.returncode is None, log.read_text()
                (await http.get(url)).raise_for_status()


async def end(process: asyncio.subprocess.Process) -> None:
    """Have a process group end, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), 15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


async def rows(pool: Pool, user: UUID, conversation: str) -> dict[str, int]:
    """How many rows each table holds for one conversation of a user."""
    async with pool.as_user(user) as conn:
        cursor = await conn.execute(
            "select (select count(*) from chat_turns where convo_id = %(id)s and status = 'done') as turns,"
            " (select count(*) from chat_messages where convo_id = %(id)s) as messages,"
            " (select count(*) from xai_chat_metrics where convo_id = %(id)s and success) as metrics,"
            " (select count(*) from chat_convo_summaries where convo_id = %(id)s) as summaries",
            {"id": conversation},
        )
        return dict(await cursor.fetchone() or {})


def prompts(model: ModelServer) -> list[list[dict[str, Any]]]:
    """What the model was asked, message by message."""
    return [request.body["messages"] for request in model.requests if script.chat(request)]


async def test_it_says_what_goes_in_and_what_comes_out(studio: Studio) -> None:
    """Messages are all it needs; the context has a user, which is the local one where none is given."""
    [assistant] = await studio.client.assistants.search(graph_id="frontdesk")
    schemas = cast(dict[str, Any], await studio.client.assistants.get_schemas(assistant["assistant_id"]))
    assert schemas["input_schema"]["required"] == ["messages"]
    assert set(schemas["input_schema"]["properties"]) == {"messages", "conversation_id", "employee"}
    assert {"messages", "route", "answer", "learned"} < set(schemas["output_schema"]["properties"])
    assert schemas["context_schema"]["properties"]["user_id"]["default"] == LOCAL_USER


async def test_every_token_comes_once(studio: Studio) -> None:
    """The messages stream is the model's words and nothing else; the custom stream says the same words."""
    heard = await studio.ask(await studio.thread(), QUESTION)
    assert heard.text == ANSWER
    assert {metadata["langgraph_node"] for _, metadata in heard.messages} == {"generate"}
    assert len([message for message, _ in heard.messages if message["content"]]) == len(ANSWER.split())
    assert "".join(event["text"] for event in heard.custom if event["kind"] == "spoken") == ANSWER
    assert heard.custom[-1]["kind"] == "answered"


async def test_every_node_shows_what_it_did(studio: Studio) -> None:
    """All ten nodes report, and the thread can be read afterwards, step by step."""
    thread = await studio.thread()
    heard = await studio.ask(thread, QUESTION)
    assert {name for update in heard.updates for name in update} == NODES
    values = await studio.state(thread)
    assert [(message["type"], message["content"]) for message in values["messages"]] == [
        ("human", QUESTION),
        ("ai", ANSWER),
    ]
    assert (values["conversation_id"], values["route"]["employee"]) == (thread, "ledger")
    history = await studio.client.threads.get_history(thread, limit=50)
    assert {task["name"] for step in history for task in step["tasks"]} == NODES | {"__start__"}
    assert [step["next"] for step in history[:2]] == [[], ["record_metrics"]]


async def test_a_run_is_kept_as_over_http(studio: Studio, pool: Pool) -> None:
    """Turn, messages, metrics and summary are there, under the local user."""
    thread = await studio.thread()
    await studio.ask(thread, QUESTION)
    assert await rows(pool, UUID(LOCAL_USER), thread) == FILLED


async def test_a_run_is_its_contexts_users(studio: Studio, pool: Pool, ada: UUID) -> None:
    """Whom the context names owns the turn, and the local user sees nothing of it."""
    thread = await studio.thread()
    assert (await studio.ask(thread, QUESTION, user=ada)).text == ANSWER
    assert await rows(pool, ada, thread) == FILLED
    assert await rows(pool, UUID(LOCAL_USER), thread) == dict.fromkeys(FILLED, 0)


async def test_a_second_message_goes_on_with_the_conversation(studio: Studio, pool: Pool, model: ModelServer) -> None:
    """The model reads what was said before; the run says, keeps and learns what is new only."""
    thread, ada = await studio.thread(), uuid4()
    fact = {"fact": "The user freelances in Lisbon.", "confidence": 0.9}
    model.queue(script.Json({"facts": [fact]}), when=script.structured)
    await studio.ask(thread, "I freelance in Lisbon. What can I write off?", user=ada)
    assert (await studio.state(thread))["learned"] == [fact["fact"]]
    model.queue(script.Text("Half of it."), when=script.streaming)
    heard = await studio.ask(thread, "And a laptop?", user=ada)
    assert heard.text == "Half of it."
    [asked] = [prompt for prompt in prompts(model) if prompt[-1]["content"] == "And a laptop?"]
    assert [entry["content"] for entry in asked if entry["role"] == "assistant"] == [ANSWER]
    values = await studio.state(thread)
    assert (values["message"], values["answer"]["text"], values["learned"]) == ("And a laptop?", "Half of it.", [])
    assert [message["type"] for message in values["messages"]] == ["human", "ai", "human", "ai"]
    assert await rows(pool, ada, thread) == {"turns": 2, "messages": 4, "metrics": 2, "summaries": 1}


async def test_all_runs_share_what_is_opened_once(studio: Studio) -> None:
    """The embedding model is loaded when the server is first asked for the pipeline, and never again."""
    for _ in range(2):
        await studio.ask(await studio.thread(), QUESTION)
    assert studio.log.read_text().count("loading the embedding model") == 1


async def test_the_parts_live_as_long_as_the_event_loop(
    cluster: Embedded, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What failed to open is tried again at the next call, two at once get the same, and the loop's end closes all."""
    monkeypatch.chdir(tmp_path)  # away from a developer's .env
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

    async def use() -> None:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
        with pytest.raises(StorageUnavailable):
            await frontdesk()
        monkeypatch.setenv("DATABASE_URL", f"{database_url}?application_name=here")
        one, two = await asyncio.gather(frontdesk(), frontdesk())
        assert one is two
        assert connections(cluster) > 0

    await asyncio.to_thread(asyncio.run, use())
    assert connections(cluster) == 0


def connections(cluster: Embedded) -> int:
    """How many the test's own pipeline holds."""
    with psycopg.connect(cluster.url("postgres")) as conn:
        found = conn.execute("select count(*) from pg_stat_activity where application_name = 'here'").fetchone()
    return found[0] if found else 0
