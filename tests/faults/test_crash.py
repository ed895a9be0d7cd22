"""A process that dies, or sleeps too long, in the middle of turns."""

import asyncio
from uuid import UUID

from nodes.answer.languages import texts_in
from tests.faults.stored_turn import prompt_chars_in_metrics
from tests.support.app import Event, Frontdesk, read_events
from tests.support.database import owner, row, rows
from tests.support.listening import text_of
from tests.support.model_script import Gate, Hang, Json, Status, Text, plain, prompt_chars, streaming, structured
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start

FACT = Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]})


async def ask(process: Process, user: UUID, heard: list[Event], until: str, spoke: asyncio.Event | None = None) -> None:
    """Send a message and read on until such an event, or to the end of the stream; `spoke` is set at the first word."""
    asked = {"message": "I sell biscuits"}
    async with process.client(user) as client, client.stream("POST", "/chat", json=asked) as response:
        assert response.status_code == 200
        async for event in read_events(response):
            heard.append(event)
            if spoke and event.name == "token":
                spoke.set()
            if event.name == until:
                return


async def time_passes(url: str) -> None:
    """Every lease has run out."""
    await owner(url, "update chat_turns set lease_until = now() - interval '1 second' where lease_until is not null")


async def adopted(frontdesk: Frontdesk) -> None:
    """Some time later the server that stayed looks after what is nobody's, and finishes it."""
    await time_passes(frontdesk.service.url)
    await frontdesk.ended()


async def told(frontdesk: Frontdesk, user: UUID, turn: str, after: int = 0) -> list[Event]:
    """The turn's events beyond that number, to the last."""
    async with (
        frontdesk.client(user) as client,
        client.stream("GET", f"/turns/{turn}/events", headers={"Last-Event-ID": str(after)}) as response,
    ):
        return [event async for event in read_events(response)]


async def whole(url: str, turn: str) -> None:
    """The turn ended as if nothing had happened: everything is there, and once."""
    counts = await row(
        url,
        "select t.status, (select count(*) from chat_messages where role = 'user'),"
        " (select count(*) from chat_messages where role = 'assistant'), (select count(*) from chat_convo_summaries),"
        " (select count(*) from user_memory_facts), (select count(*) from xai_chat_metrics),"
        " (select sum(count)::int from chat_rate_limits where bucket = 'chat')"
        " from chat_turns t where t.turn_id = %(turn)s",
        turn=UUID(turn),
    )
    assert counts == ("done", 1, 1, 1, 1, 1, 1)


async def test_a_turn_killed_before_its_first_word_is_answered_by_another_process(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Its reader comes back and hears the answer; nothing is counted twice."""
    model.queue(Hang(), streaming)
    model.always(FACT, structured)
    process, heard = await start(), list[Event]()
    await ask(process, ada, heard, until="start")
    await model.received(streaming)
    await process.kill()
    await adopted(frontdesk)
    turn = heard[0].data["turn_id"]
    rest = await told(frontdesk, ada, turn, after=heard[-1].id)
    assert [event.name for event in rest if event.name != "token"] == ["notice", "done"]
    assert text_of(heard + rest) == "Hello from the scripted model."
    await whole(frontdesk.service.url, turn)


async def test_a_turn_killed_in_the_middle_is_taken_back_and_answered_anew(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """What a reader heard of the first answer is never mixed with the second, wherever it comes back from."""
    model.queue(Hang(["Well, ", "it "]), streaming)
    model.queue(Text("Yes, you can."), streaming)
    model.always(FACT, structured)
    process, heard = await start(), list[Event]()
    await ask(process, ada, heard, until="token")
    await process.kill()
    await adopted(frontdesk)
    turn = heard[0].data["turn_id"]
    rest = await told(frontdesk, ada, turn, after=heard[-1].id)
    assert (rest[0].name, rest[0].data["code"]) == ("notice", "restarted")
    everything = await told(frontdesk, ada, turn)
    for events in (heard + rest, everything):
        assert text_of(events) == "Yes, you can."
        assert [event.id for event in events] == sorted({event.id for event in events})
        assert [event.name for event in events].count("done") == 1
    await whole(frontdesk.service.url, turn)
    async with frontdesk.client(ada) as client:
        path = f"/conversations/{heard[0].data['conversation_id']}/messages"
        _, reply = (await client.get(path)).json()["items"]
    assert [notice["code"] for notice in reply["notices"]] == ["restarted"]


async def test_a_turn_that_is_taken_over_keeps_its_clients_language(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """What is said where no model answers is in that language, also by a process that never saw the request."""
    model.queue(Hang(), streaming)
    process = await start()
    asked = {"message": "Bolivien 1994", "employee": "tag"}
    headers = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"}
    async with process.client(ada) as client, client.stream("POST", "/chat", json=asked, headers=headers) as response:
        turn = response.headers["x-turn-id"]
        await model.received(streaming)
        await process.kill()
    model.always(Status(400), streaming)
    await adopted(frontdesk)
    assert text_of(await told(frontdesk, ada, turn)) == texts_in("de").replies["tag"].unreachable


async def test_a_turn_killed_after_its_answer_gets_the_rest_done_and_no_second_answer(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Summary, facts and metrics follow; the model is asked for the answer once.

    Whether the last events were written down before the kill is chance; if not, the same answer is told again.
    """
    gate = asyncio.Event()
    model.queue(Gate("A summary.", gate), plain)
    model.always(FACT, structured)
    process, heard = await start(), list[Event]()
    await ask(process, ada, heard, until="done")
    await model.received(plain)
    await process.kill()
    gate.set()
    await adopted(frontdesk)
    turn = heard[0].data["turn_id"]
    again = await told(frontdesk, ada, turn)
    assert text_of(again) == text_of(heard) == "Hello from the scripted model."
    assert [event.data for event in again if event.name == "done"] == [heard[-1].data]
    await whole(frontdesk.service.url, turn)
    (asked,) = filter(streaming, model.requests)
    assert await prompt_chars_in_metrics(frontdesk.service.url, turn) == prompt_chars(asked)
    query = "select prompt_version from xai_chat_metrics where id = %(turn)s"
    assert await row(frontdesk.service.url, query, turn=turn) == (heard[-1].data["prompt_version"],)


async def test_a_turn_that_ends_every_process_is_given_up(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """After ten runs its reader is told so, and no model is asked any more."""
    model.queue(Hang(["Well, "]), streaming)
    process, heard = await start(), list[Event]()
    await ask(process, ada, heard, until="token")
    await process.kill()
    url, turn = frontdesk.service.url, heard[0].data["turn_id"]
    await owner(url, "update chat_turns set attempt = 10")
    await adopted(frontdesk)
    *_, last = await told(frontdesk, ada, turn)
    assert (last.name, last.data["code"]) == ("error", "internal")
    assert await row(url, "select status, error_code from chat_turns") == ("failed", "internal")
    assert await row(url, "select outcome, error_code from xai_chat_metrics") == ("failed", "internal")
    assert sum(map(streaming, model.requests)) == 1


async def test_an_answer_that_cannot_be_told_again_is_given_up(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """A broken report ends each run; after ten the answer stands as it is, and no run follows."""
    gate = asyncio.Event()
    model.queue(Gate("A summary.", gate), plain)
    process, heard = await start(), list[Event]()
    await ask(process, ada, heard, until="done")
    await model.received(plain)
    await process.kill()
    gate.set()
    url = frontdesk.service.url
    await owner(url, "delete from chat_turn_events")
    await owner(url, "update chat_turns set report = (report::jsonb - 'latency_ms')::json, attempt = 9")
    await time_passes(url)
    await frontdesk.service.leases.adopt()
    await frontdesk.settled()
    assert await row(url, "select status, attempt, error_code from chat_turns") == ("answered", 10, None)
    assert await rows(url, "select from xai_chat_metrics") == []
    await adopted(frontdesk)
    assert await row(url, "select status, attempt, error_code from chat_turns") == ("done", 11, None)
    assert await rows(url, "select content from chat_messages where role = 'assistant'") == [
        ("Hello from the scripted model.",)
    ]


async def test_a_restart_finds_what_the_last_run_left(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """The same server, started again, goes on by itself."""
    model.queue(Hang(["Well, "]), streaming)
    model.queue(Text("Yes, you can."), streaming)
    process, heard = await start(), list[Event]()
    await ask(process, ada, heard, until="token")
    await process.kill()
    await time_passes(frontdesk.service.url)
    again = await start()
    turn = heard[0].data["turn_id"]
    async with (
        again.client(ada) as client,
        client.stream("GET", f"/turns/{turn}/events", headers={"Last-Event-ID": str(heard[-1].id)}) as response,
    ):
        rest = [event async for event in read_events(response)]
    assert rest[-1].name == "done"
    assert text_of(heard + rest) == "Yes, you can."


async def test_a_worker_does_jobs_and_ends_when_it_is_asked_to(start: Start) -> None:
    """Without serving anybody."""
    worker = await start("worker")
    assert worker.url == ""
    assert await worker.end() == 0


async def test_a_process_that_slept_past_its_lease_cannot_finish_what_another_took(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Its answer is not committed, and its reader is let go and hears the other's by coming back."""
    gate = asyncio.Event()
    model.queue(Gate(["Too ", "late."], gate), streaming)
    model.queue(Text("Yes, you can."), streaming)
    model.always(FACT, structured)
    process, heard = await start(), list[Event]()
    spoke = asyncio.Event()
    reading = asyncio.create_task(ask(process, ada, heard, until="never", spoke=spoke))
    await spoke.wait()
    await process.pause(frontdesk.service.url)
    await adopted(frontdesk)
    gate.set()
    process.go_on()
    await reading
    assert [event.name for event in heard if event.name in ("done", "error")] == []
    turn = heard[0].data["turn_id"]
    rest = await told(frontdesk, ada, turn, after=heard[-1].id)
    assert text_of(heard + rest) == "Yes, you can."
    stored = await rows(frontdesk.service.url, "select content from chat_messages where role = 'assistant'")
    assert stored == [("Yes, you can.",)]
    await whole(frontdesk.service.url, turn)


async def test_a_server_that_is_asked_to_end_twice_hands_its_turns_on(
    start: Start, frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Its reader is let go without an end, and another process answers at once, without waiting for a lease."""
    model.queue(Hang(["Well, "]), streaming)
    model.queue(Text("Yes, you can."), streaming)
    process, heard = await start(), list[Event]()
    spoke = asyncio.Event()
    reading = asyncio.create_task(ask(process, ada, heard, until="never", spoke=spoke))
    await spoke.wait()
    process.ask_to_end()
    await process.drains(ada)  # or the two would be one
    assert await process.end() == 0
    await asyncio.gather(reading, return_exceptions=True)
    assert [event.name for event in heard if event.name in ("done", "error")] == []
    await frontdesk.ended()
    rest = await told(frontdesk, ada, heard[0].data["turn_id"], after=heard[-1].id)
    assert text_of(heard + rest) == "Yes, you can."
