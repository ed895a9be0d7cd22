"""Turns that call tools, and lose their process."""

from uuid import UUID

from tests.faults.test_crash import adopted, told
from tests.support.app import Event, Frontdesk, Serve, read_events
from tests.support.database import owner, rows
from tests.support.desk import fill
from tests.support.listening import text_of
from tests.support.model_script import Calls, Hang, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start

TOTALS = Calls([("totals", {"since": "2026-03-01", "until": "2026-03-31"})], "Let me look.")


async def ask(process: Process, user: UUID, until: str) -> list[Event]:
    """Send a message, and read on until the first event of that name."""
    heard: list[Event] = []
    asked = {"message": "How much did I spend?", "employee": "crystal"}
    async with process.client(user) as client, client.stream("POST", "/chat", json=asked) as response:
        async for event in read_events(response):
            heard.append(event)
            if event.name == until:
                break
    return heard


async def test_a_turn_that_is_run_again_says_the_same(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Killed between two rounds: the call comes again under its id, and its result is kept once."""
    url = frontdesk.service.url
    await fill(url, ada, ("2026-03-03", "-412.50", "Corner Market"))
    model.queue(TOTALS, streaming)
    model.queue(Hang(), streaming)
    process = await start()
    heard = await ask(process, ada, until="tool_result")
    await model.received(streaming, 2)
    await process.kill()
    model.queue(TOTALS, streaming)
    model.queue(Text("You spent 412.50 €."), streaming)
    await adopted(frontdesk)
    rest = await told(frontdesk, ada, heard[0].data["turn_id"], after=heard[-1].id)
    assert text_of(heard + rest) == "Let me look.\n\nYou spent 412.50 €."
    [again] = [event.data for event in rest if event.name == "tool_result"]
    assert again == heard[-1].data
    assert rest[-1].data["references"] == [again["reference_id"]]
    assert await rows(url, "select reference_id from finance_references") == [(UUID(again["reference_id"]),)]


async def test_an_answer_whose_events_are_gone_comes_with_its_results(
    serve: Serve, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Another server makes them from what is kept of the answer; its message has them, too."""
    url = frontdesk.service.url
    await fill(url, ada, ("2026-03-03", "-412.50", "Corner Market"))
    model.queue(TOTALS, streaming)
    model.queue(Text("You spent 412.50 €, 3 times."), streaming)
    asked = {"message": "How much did I spend?", "employee": "crystal", "conversation_id": "c-1"}
    heard: list[list[Event]] = []
    for server in (frontdesk, await serve()):
        headers = {"Idempotency-Key": "a key"}
        async with server.client(ada) as client, client.stream("POST", "/chat", json=asked, headers=headers) as sent:
            heard.append([event async for event in read_events(sent)])
        await frontdesk.settled()
        await owner(url, "delete from chat_turn_events")
    first, again = heard
    assert [event.name for event in again] == ["start", "tool_call", "tool_result", "token", "done"]
    [result] = [event.data for event in first if event.name == "tool_result"]
    assert again[2].data == result
    assert again[-1].data == first[-1].data
    assert again[-1].data["unverified"] == ["3"]
    async with frontdesk.client(ada) as client:
        messages = (await client.get("/conversations/c-1/messages")).json()["items"]
    assert [message["tools"] for message in messages] == [[], [result]]
    assert messages[1]["unverified"] == ["3"]


async def test_a_turn_without_its_tables_is_answered(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """A tool whose database fails finds nothing, and the model reads that it cannot be reached."""
    url = frontdesk.service.url
    await fill(url, ada, ("2026-03-03", "-412.50", "Corner Market"))
    model.queue(TOTALS, streaming)
    model.queue(Text("I cannot look it up."), streaming)
    await owner(url, "alter table finance_references rename to gone")
    try:
        answer = await frontdesk.chat(ada, "How much did I spend?", employee="crystal")
    finally:
        await owner(url, "alter table gone rename to finance_references")
    asked = (await model.received(streaming, 2)).body["messages"]
    assert "cannot be reached" in asked[-1]["content"]
    assert answer.named("done")[0]["references"] == []
