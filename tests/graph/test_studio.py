"""The pipeline in LangGraph's own server, as Studio and the SDK see it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import pytest
from langgraph_sdk.errors import InternalServerError

from nodes.state import LOCAL_USER
from storage.conversation_queue import ConversationQueue
from storage.local.postgres import Embedded
from storage.pool import Pool
from tests.conftest import create_database
from tests.support import model_script as script
from tests.support.listening import in_line
from tests.support.model_server import ModelServer
from tests.support.studio import Studio, studio_running

pytestmark = pytest.mark.xdist_group("studio")  # one server for all of them

QUESTION = "What can I write off for my side business?"
ANSWER = "Keep the receipts, and ask me again in May."
NODES = {
    "guard", "rate_limit", "wait_for_conversation", "route", "load_summary", "load_memory",
    "trim_context", "generate", "roll_summary", "extract_facts", "record_metrics",
}  # fmt: skip
JOINS = {"trim_context", "record_metrics"}
FILLED = {"turns": 1, "messages": 2, "metrics": 1, "summaries": 1}
"""Rows of one turn that went well."""


@pytest.fixture(scope="module")
def database_url(cluster: Embedded, template: str) -> str:
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
    cluster: Embedded, template: str, database_url: str, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Studio]:
    """`langgraph dev` on the tests' database and model, asked once before the database is there."""
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
        create_database(cluster, f"{template}_studio", template)
        yield running


async def test_it_says_what_goes_in_and_what_comes_out(studio: Studio) -> None:
    """Messages are all it needs; the context has a user, which is the local one where none is given."""
    schemas = await studio.schemas()
    assert schemas["input_schema"]["required"] == ["messages"]
    assert set(schemas["input_schema"]["properties"]) == {"messages", "conversation_id", "employee", "while_busy"}
    assert {"messages", "route", "answer", "learned"} < set(schemas["output_schema"]["properties"])
    assert schemas["context_schema"]["properties"]["user_id"]["default"] == LOCAL_USER


async def test_every_token_comes_once(studio: Studio) -> None:
    """The messages stream is the model's words and nothing else, piece by piece as on the custom stream."""
    heard = await studio.ask(await studio.thread(), QUESTION)
    assert heard.text == ANSWER
    assert {metadata["langgraph_node"] for _, metadata in heard.messages} == {"generate"}
    spoken = [event["data"]["text"] for event in heard.custom if event["event"] == "token"]
    assert [message["content"] for message, _ in heard.messages] == spoken
    assert spoken[0] == "Keep"
    assert heard.custom[-1]["event"] == "done"


async def test_a_number_in_the_models_words_is_masked(studio: Studio, model: ModelServer) -> None:
    """In both streams and in the thread."""
    model.queue(script.Text(["Pay with 4242 4242 ", "4242 4242, ", "please."]), when=script.streaming)
    thread = await studio.thread()
    heard = await studio.ask(thread, QUESTION)
    assert heard.text == "Pay with [card •4242], please."
    assert (await studio.state(thread))["messages"][-1]["content"] == heard.text
    assert "4242 4242" not in str((heard, await studio.client.threads.get_history(thread)))


async def test_every_node_shows_what_it_did(studio: Studio) -> None:
    """All nodes report, and afterwards the thread is there with all its steps."""
    thread = await studio.thread()
    heard = await studio.ask(thread, QUESTION)
    assert {name for update in heard.updates for name in update} == NODES
    values = await studio.state(thread)
    said = [(message["type"], message["content"]) for message in values["messages"]]
    assert said == [("human", QUESTION), ("ai", ANSWER)]
    assert (values["conversation_id"], values["route"]["employee"]) == (thread, "ledger")
    history = await studio.client.threads.get_history(thread, limit=50)
    # One for the input, one for each step. (The server forgets what comes next where branches join.)
    assert [(step["metadata"] or {})["step"] for step in history] == list(range(9, -2, -1))
    assert {task["name"] for step in history for task in step["tasks"]} | JOINS == NODES | {"__start__"}


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


async def test_a_second_message_goes_on_with_the_conversation(
    studio: Studio, pool: Pool, model: ModelServer, ada: UUID
) -> None:
    """The model reads what was said before; the run says, keeps and learns what is new only."""
    thread, fact = await studio.thread(), {"fact": "The user freelances in Lisbon.", "confidence": 0.9}
    model.queue(script.Json({"facts": [fact]}), when=script.structured)
    await studio.ask(thread, f"I freelance in Lisbon. {QUESTION}", user=ada)
    assert [one["fact"] for one in (await studio.state(thread))["learned"]] == [fact["fact"]]
    model.queue(script.Text("Half of it."), when=script.streaming)
    heard = await studio.ask(thread, "And a laptop?", user=ada)
    assert heard.text == "Half of it."
    [asked] = [prompt for prompt in prompts(model) if prompt[-1]["content"] == "And a laptop?"]
    assert [entry["content"] for entry in asked if entry["role"] == "assistant"] == [ANSWER]
    values = await studio.state(thread)
    assert (values["message"], values["answer"]["text"], values["learned"]) == ("And a laptop?", "Half of it.", [])
    assert [message["type"] for message in values["messages"]] == ["human", "ai", "human", "ai"]
    assert await rows(pool, ada, thread) == {"turns": 2, "messages": 4, "metrics": 2, "summaries": 1}


async def test_a_run_waits_for_its_conversation(studio: Studio, pool: Pool, database_url: str, ada: UUID) -> None:
    """Also here, where nobody tells it when the message before it has had its time."""
    line, before = ConversationQueue(pool, uuid4()), uuid4()
    assert await line.take(ada, "shared", before, claimed=False) == "first"
    run = asyncio.create_task(studio.ask(await studio.thread(), QUESTION, ada, "shared"))
    await in_line(database_url, 1)
    await line.leave(ada, before)
    assert (await run).text == ANSWER


async def test_all_runs_share_what_is_opened_once(studio: Studio) -> None:
    """What could not be opened at the first look is opened at the next, and never again."""
    for _ in range(2):
        await studio.ask(await studio.thread(), QUESTION)
    log = await asyncio.to_thread(studio.log.read_text)
    assert log.count("the pipeline could not be opened") == 1
    assert log.count("loading the embedding model") == 1


async def rows(pool: Pool, user: UUID, conversation: str) -> dict[str, int]:
    """How many rows each table holds for one conversation of a user."""
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
    """What the model was asked, message by message."""
    return [request.body["messages"] for request in model.requests if script.chat(request)]
