"""The pipeline in LangGraph's own server, as Studio and the SDK see it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import pytest
from langgraph_sdk.errors import InternalServerError

from nodes.state import LOCAL_USER
from storage.conversation_queue import ConversationQueue
from storage.pool import Pool
from storage.rate_limits import Admission, RateLimits
from tests.support import model_script as script
from tests.support.cluster import Cluster
from tests.support.listening import in_line
from tests.support.model_server import ModelServer
from tests.support.studio import Studio, studio_running

pytestmark = pytest.mark.xdist_group("studio")  # one server for all of them

QUESTION = "What can I write off for my side business?"
ANSWER = "Keep the receipts, and ask me again in May."
NODES = {
    "guard", "rate_limit", "route", "load_summary", "load_memory", "trim_context", "generate", "roll_summary",
    "extract_facts", "record_metrics",
}  # fmt: skip
"""Those that run where the conversation is free."""
JOINS = {"trim_context", "record_metrics"}
ROWS = {"turns": 1, "messages": 2, "metrics": 1, "summaries": 1}
"""Rows of a successful turn."""


@pytest.fixture(scope="module")
def database_url(cluster: Cluster, template: str) -> str:
    """One database for the server and all its runs, which is not there before the server; it goes with the cluster."""
    return cluster.url(f"{template}_studio")


@pytest.fixture(scope="module")
async def model() -> AsyncGenerator[ModelServer]:
    """A scripted model for the server."""
    async with ModelServer() as server:
        server.always(script.Text(ANSWER))
        server.always(script.Json({"facts": []}), when=script.structured)
        yield server


@pytest.fixture(scope="module")
async def studio(
    cluster: Cluster, template: str, database_url: str, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Studio]:
    """`langgraph dev` on that database and the scripted model; its first request comes before the database exists."""
    folder = tmp_path_factory.mktemp("studio")
    settings = {
        "DATABASE_URL": database_url,
        "OPENAI_BASE_URL": model.url,
        "OPENAI_API_KEY": "sk-test",
        "FRONTDESK_EMBEDDINGS": "local",
        "FRONTDESK_DATA_DIR": str(folder / "data"),
        "FRONTDESK_RATE_LIMIT": "0",
    }
    async with studio_running(folder, settings) as running:
        with pytest.raises(InternalServerError):
            await running.schemas()
        cluster.create(f"{template}_studio", template)
        yield running


async def test_the_schemas_require_messages_only(studio: Studio) -> None:
    """The context's user defaults to the local user."""
    schemas = await studio.schemas()
    assert schemas["input_schema"]["required"] == ["messages"]
    optional = {"conversation_id", "employee", "while_busy", "version", "temporary", "language"}
    assert set(schemas["input_schema"]["properties"]) == {"messages", *optional}
    assert {"messages", "route", "answer", "learned"} < set(schemas["output_schema"]["properties"])
    assert schemas["context_schema"]["properties"]["user_id"]["default"] == LOCAL_USER


async def test_every_token_is_streamed_once(studio: Studio) -> None:
    """The messages stream has the answer and nothing else, in the same pieces as the custom stream."""
    run = await studio.ask(await studio.thread(), QUESTION)
    assert run.text == ANSWER
    assert {metadata["langgraph_node"] for _, metadata in run.messages} == {"generate"}
    spoken = [event["data"]["text"] for event in run.custom if event["event"] == "token"]
    assert [message["content"] for message, _ in run.messages] == spoken
    assert run.custom[-1]["event"] == "done"


async def test_a_number_in_an_answer_is_masked(studio: Studio, model: ModelServer) -> None:
    """In both streams and in the thread."""
    model.queue(script.Text(["Pay with 4242 4242 ", "4242 4242, ", "please."]), when=script.streaming)
    thread = await studio.thread()
    run = await studio.ask(thread, QUESTION)
    assert run.text == "Pay with [card •4242], please."
    assert (await studio.state(thread))["messages"][-1]["content"] == run.text
    assert "4242 4242" not in str((run, await studio.client.threads.get_history(thread)))


async def test_every_node_has_an_update_and_a_checkpoint(studio: Studio) -> None:
    """All nodes report their updates, and the thread's history has every step."""
    thread = await studio.thread()
    run = await studio.ask(thread, QUESTION)
    assert {name for update in run.updates for name in update} == NODES
    values = await studio.state(thread)
    said = [(message["type"], message["content"]) for message in values["messages"]]
    assert said == [("human", QUESTION), ("ai", ANSWER)]
    assert (values["conversation_id"], values["route"]["employee"]) == (thread, "ledger")
    history = await studio.client.threads.get_history(thread, limit=50)
    # One checkpoint for the input, one for each step; where branches join, the server drops the next tasks.
    assert [(step["metadata"] or {})["step"] for step in history] == list(range(8, -2, -1))
    assert {task["name"] for step in history for task in step["tasks"]} | JOINS == NODES | {"__start__"}


async def test_a_run_is_stored_as_over_http(studio: Studio, pool: Pool) -> None:
    """Turn, messages, metrics and summary, for the local user."""
    thread = await studio.thread()
    await studio.ask(thread, QUESTION)
    assert await rows(pool, UUID(LOCAL_USER), thread) == ROWS


async def test_a_run_belongs_to_the_user_in_its_context(studio: Studio, pool: Pool, ada: UUID) -> None:
    """The local user does not see it."""
    thread = await studio.thread()
    assert (await studio.ask(thread, QUESTION, user=ada)).text == ANSWER
    assert await rows(pool, ada, thread) == ROWS
    assert await rows(pool, UUID(LOCAL_USER), thread) == dict.fromkeys(ROWS, 0)


async def test_a_second_message_continues_the_conversation(
    studio: Studio, pool: Pool, model: ModelServer, ada: UUID
) -> None:
    """The model gets the history; the run streams, stores and learns only what is new."""
    thread, fact = await studio.thread(), {"fact": "The user freelances in Lisbon.", "confidence": 0.9}
    model.queue(script.Json({"facts": [fact]}), when=script.structured)
    await studio.ask(thread, f"I freelance in Lisbon. {QUESTION}", user=ada)
    assert [one["fact"] for one in (await studio.state(thread))["learned"]] == [fact["fact"]]
    model.queue(script.Text("Half of it."), when=script.streaming)
    run = await studio.ask(thread, "And a laptop?", user=ada)
    assert run.text == "Half of it."
    [asked] = [prompt for prompt in prompts(model) if prompt[-1]["content"] == "And a laptop?"]
    assert [entry["content"] for entry in asked if entry["role"] == "assistant"] == [ANSWER]
    values = await studio.state(thread)
    assert (values["message"], values["answer"]["text"], values["learned"]) == ("And a laptop?", "Half of it.", [])
    assert [message["type"] for message in values["messages"]] == ["human", "ai", "human", "ai"]
    assert await rows(pool, ada, thread) == {"turns": 2, "messages": 4, "metrics": 2, "summaries": 1}


async def test_a_run_waits_for_its_conversation(studio: Studio, pool: Pool, database_url: str, ada: UUID) -> None:
    """Also without notifications: it polls."""
    owner, before = uuid4(), uuid4()
    admission, queue = Admission(pool, RateLimits(pool, 0), owner), ConversationQueue(pool, owner)
    assert (await admission.admit(ada, "shared", before, has_key=False))["place"] == "first"
    run = asyncio.create_task(studio.ask(await studio.thread(), QUESTION, ada, "shared"))
    await in_line(database_url, 1)
    await queue.leave(ada, before)
    heard = await run
    assert heard.text == ANSWER
    assert "wait_for_conversation" in {name for update in heard.updates for name in update}


async def test_all_runs_share_one_open_pipeline(studio: Studio) -> None:
    """The first attempt to open it failed, the next one opened it for all runs."""
    for _ in range(2):
        await studio.ask(await studio.thread(), QUESTION)
    log = await asyncio.to_thread(studio.log.read_text)
    assert log.count("the pipeline could not be opened") == 1
    assert log.count("loading the embedding model") == 1


async def rows(pool: Pool, user: UUID, conversation: str) -> dict[str, int]:
    """Rows of each table for one conversation of a user."""
    async with pool.as_user(user) as conn:
        cursor = await conn.execute(
            "select (select count(*) from chat_turns where convo_id = %(id)s and status = 'done') as turns,"
            " (select count(*) from chat_messages where convo_id = %(id)s) as messages,"
            " (select count(*) from xai_chat_metrics m join chat_turns t on t.turn_id = m.id"
            "  where t.convo_id = %(id)s and m.success) as metrics,"
            " (select count(*) from chat_convo_summaries where convo_id = %(id)s) as summaries",
            {"id": conversation},
        )
        return dict(await cursor.fetchone() or {})


def prompts(model: ModelServer) -> list[list[dict[str, Any]]]:
    """The prompts that the model got."""
    return [request.body["messages"] for request in model.requests if script.chat(request)]
