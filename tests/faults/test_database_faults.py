"""What a database can do to a turn."""

import asyncio
from uuid import UUID

import psycopg
import pytest

from nodes import generate
from storage.local.postgres import EmbeddedPostgres
from tests.support.app import Frontdesk
from tests.support.database import disconnect, drop, owner, row, rows
from tests.support.listening import listening, until
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.postgres import waits_for_a_lock
from tests.support.prometheus import scraped


async def test_without_a_database_a_message_is_refused(
    frontdesk: Frontdesk, model: ModelServer, cluster: EmbeddedPostgres, ada: UUID
) -> None:
    """The client is told that it is us and when to try again, and no model is asked for what could not be kept."""
    await drop(cluster, frontdesk.service.url)
    async with frontdesk.client(ada) as client:
        response = await client.post("/chat", json={"message": "Hello"})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (503, "storage_unavailable")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == str(problem["retry_after"])
    assert problem["retry_after"] > 0
    await frontdesk.settled()
    assert model.requests == []


async def test_a_database_that_restarts_between_two_messages_is_not_noticed(
    frontdesk: Frontdesk, cluster: EmbeddedPostgres, ada: UUID
) -> None:
    """Dead connections are found and replaced before they cost anyone a message."""
    first = await frontdesk.chat(ada, "Hello")
    assert await disconnect(cluster, frontdesk.service.url) > 0
    again = await frontdesk.chat(ada, "Hello again", conversation_id=first.headers["x-conversation-id"])
    assert again.status == 200
    assert again.named("notice") == []
    assert again.events[-1].name == "done"


async def test_a_database_that_stays_away_ends_the_stream_with_an_error(
    frontdesk: Frontdesk, model: ModelServer, cluster: EmbeddedPostgres, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer cannot be kept, so it is not called done; the client may try again."""
    monkeypatch.setattr(generate, "COMMIT_SECONDS", 1)
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        await until(events, "token")
        await drop(cluster, frontdesk.service.url)
        gate.set()
        last = (await until(events, "error"))[-1]
        assert [event async for event in events] == []
    assert set(last.data) == {"code", "message", "retryable"}
    assert (last.data["code"], last.data["retryable"]) == ("storage_unavailable", True)
    await frontdesk.settled()


@pytest.mark.own_app  # its tables are changed
async def test_a_fault_of_ours_in_the_middle_ends_the_stream_with_an_error(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """The client learns that there is no answer and nothing of the reason; turn and metrics say it failed.

    And that is the end of it, also where the fault is gone a moment later: no model is asked again.
    """
    url = frontdesk.service.url
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        turn = UUID((await until(events, "token"))[0].data["turn_id"])
        await owner(url, "alter table chat_messages add constraint mute check (role <> 'assistant')")
        gate.set()
        last = (await until(events, "error"))[-1]
        await owner(url, "alter table chat_messages drop constraint mute")
    assert last.data["code"] == "internal"
    assert "check" not in last.data["message"]
    await frontdesk.settled()
    failed = await row(url, "select status, error_code from chat_turns where turn_id = %(turn)s", turn=turn)
    assert failed == ("failed", "internal")
    assert await rows(url, "select id, outcome, error_code from xai_chat_metrics") == [(turn, "failed", "internal")]
    assert await rows(url, "select content from chat_messages") == [("Hello",)]
    assert sum(map(streaming, model.requests)) == 1


@pytest.mark.own_app  # its tables are changed
async def test_a_fault_of_ours_before_a_turn_is_stored_is_recorded_once(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """The client gets an error, the message is counted once and asks no model, and the metrics say that it failed."""
    url = frontdesk.service.url
    await owner(url, "alter table chat_messages add constraint mute check (content <> 'Hello')")
    answer = await frontdesk.chat(ada, "Hello")
    assert (answer.status, answer.events) == (500, [])
    assert await rows(url, "select outcome, error_code, prompt_chars from xai_chat_metrics") == [
        ("failed", "internal", 5)
    ]
    assert await rows(url, "select sum(count) from chat_rate_limits where bucket = 'chat'") == [(1,)]
    assert await rows(url, "select from chat_turns union all select from langgraph.checkpoints") == []
    assert model.requests == []


async def test_a_turn_is_not_done_before_its_end_is_written_down(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Else it would be nobody's with its end in one process's memory, and who comes back could wait for ever."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "Hello") as events:
        await until(events, "token")
        with psycopg.connect(frontdesk.service.url) as conn:
            conn.execute("lock table chat_turn_events in share mode")
            gate.set()
            await until(events, "done")
            await waits_for_a_lock(frontdesk.service.url)  # the end, which is to be written down
            for _ in range(3):  # and the server has time for other things
                await scraped(frontdesk, ada)
            assert conn.execute("select status from chat_turns").fetchall() == [("answered",)]
    await frontdesk.settled()
    assert await rows(frontdesk.service.url, "select status from chat_turns") == [("done",)]
