"""A message on its way, and what the page makes of silence, distance and servers that leave."""

import asyncio
from uuid import UUID

from playwright.async_api import Browser, Request, expect

from tests.pages.conftest import visiting
from tests.pages.desk import Desk
from tests.support.app import Frontdesk, ready
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.process import Process, Start
from tests.support.wire import wired


def keys_of(desk: Desk) -> list[str | None]:
    """Under which keys messages are sent from now on."""
    keys: list[str | None] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/chat"):
            keys.append(request.headers.get("idempotency-key"))

    desk.page.on("request", note)
    return keys


async def test_a_request_that_something_swallowed_is_sent_again(
    browser: Browser, local_mode: Frontdesk, model: ModelServer
) -> None:
    """The page says that it waits, gives the silent connection up after ten seconds, and asks under the same key."""
    async with wired(local_mode.url) as wire, visiting(browser, wire.url) as desk:
        await expect(desk.page.locator(".card")).to_have_count(6)
        await desk.page.clock.install()
        keys = keys_of(desk)
        wire.lose()
        await desk.send("Hello")
        await expect(desk.mine).to_have_text(["Hello"])
        await desk.page.clock.run_for(3_000)
        await expect(desk.state).to_have_text("Still waiting for the server…")
        await desk.page.clock.run_for(8_000)
        await expect(desk.answers).to_have_text("Hello from the scripted model.")
        await expect(desk.mine).to_have_text(["Hello"])
        await local_mode.settled()
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert sum(map(streaming, model.requests)) == 1


async def test_a_message_waits_for_the_answer_before_it(desk: Desk, local_mode: Frontdesk, model: ModelServer) -> None:
    """One of another device, too: the page says so, asks again under the same key, and then shows both."""
    await desk.send("Hello")
    await expect(desk.button("Copy")).to_be_visible()
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    model.queue(Text("That is another matter."), streaming)
    elsewhere = asyncio.create_task(
        desk.page.context.request.post(
            f"{local_mode.url}/chat",
            data={"message": "And tax?", "conversation_id": desk.page.url.partition("#c=")[2]},
        )
    )
    await model.received(streaming, 2)
    await desk.page.clock.install()
    keys = keys_of(desk)
    await desk.send("And goals?")
    await expect(desk.mine).to_have_text(["Hello", "And goals?"])
    await desk.page.clock.run_for(3_000)
    await expect(desk.state).to_have_text("Waiting until the message before this one is answered…")
    await desk.page.clock.run_for(8_000)
    gate.set()
    await elsewhere
    await expect(desk.mine).to_have_text(["Hello", "And tax?", "And goals?"])
    await expect(desk.answers).to_have_text(
        ["Hello from the scripted model.", "Well, it depends.", "That is another matter."]
    )
    assert len(keys) > len(set(keys)) == 1
    assert sum(map(streaming, model.requests)) == 3


async def test_without_a_network_the_page_says_so(desk: Desk) -> None:
    """What is sent meanwhile goes out when it is back."""
    await expect(desk.page.locator(".card")).to_have_count(6)
    await desk.page.context.set_offline(True)
    await expect(desk.hint).to_contain_text("You are offline.")
    await desk.send("Hello")
    await expect(desk.state).to_have_text("Connection lost. Reconnecting…")
    await desk.page.context.set_offline(False)
    await expect(desk.answers).to_have_text("Hello from the scripted model.")
    await expect(desk.hint).to_have_text("")
    await expect(desk.mine).to_have_text(["Hello"])


async def signed_in(desk: Desk, process: Process, user: UUID) -> None:
    """Give the page the user's token."""
    async with process.client(user) as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
    await desk.page.get_by_label("Access token").fill(token)
    await desk.button("Sign in").click()
    await expect(desk.page.locator(".card")).to_have_count(6)


async def test_another_server_goes_on_with_the_answer(
    start: Start, browser: Browser, model: ModelServer, ada: UUID
) -> None:
    """The first one is told to end at once in mid-answer; the page finds the second by itself and shows a whole answer.

    Meanwhile the first one takes no new message: the text stays typed, and the page says why.
    """
    first, second = await start(), await start()
    async with second.client(ada) as client:
        await ready(client)
    async with wired(first.url) as wire, visiting(browser, wire.url) as desk:
        await signed_in(desk, first, ada)
        model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
        await desk.send("Hello")
        await expect(desk.answers).to_have_text("Half")
        first.ask_to_end()
        await first.drains(ada)
        await desk.button("+ New conversation").click()
        await desk.send("And me?")
        await expect(desk.hint).to_contain_text("You can send again in")
        await expect(desk.field).to_have_value("And me?")
        await desk.conversations.get_by_role("link").click()
        await expect(desk.answers).to_have_text("Half")
        wire.lead_to(second.url)
        model.queue(Text("A whole answer."), streaming)
        first.ask_to_end()
        await expect(desk.answers).to_have_text("A whole answer.")
        await expect(desk.state).to_be_hidden()
        await expect(desk.mine).to_have_text(["Hello"])
        await expect(desk.button("Send")).to_be_visible()
