"""An answer that outlives what happens to the page."""

import asyncio

from playwright.async_api import Browser, expect

from tests.pages.conftest import visiting
from tests.pages.desk import Desk
from tests.support.app import Frontdesk
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.wire import wired


async def test_a_reload_goes_on_with_the_answer(desk: Desk, model: ModelServer) -> None:
    """In the middle of it, and without asking the model again."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Well,")
    await desk.page.reload()
    await expect(desk.answers).to_have_text("Well,")
    await expect(desk.button("Stop")).to_be_visible()
    gate.set()
    await expect(desk.answers).to_have_text("Well, it depends.")
    await expect(desk.mine).to_have_text(["Hello"])
    assert sum(map(streaming, model.requests)) == 1


async def test_a_reload_before_anybody_answers_loses_no_message(desk: Desk, model: ModelServer) -> None:
    """It is sent once more under the same key, and answered once."""
    gate = asyncio.Event()
    model.queue(Gate([], gate), streaming)
    await desk.send("Hello")
    await model.received(streaming)
    await desk.page.reload()
    gate.set()
    await expect(desk.mine).to_have_text(["Hello"])
    await expect(desk.answers).to_have_count(1)
    await expect(desk.button("Send")).to_be_visible()


async def test_a_lost_connection_is_found_again(browser: Browser, local_mode: Frontdesk, model: ModelServer) -> None:
    """The page says so meanwhile, and shows the answer whole and once."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with wired(local_mode.url) as wire, visiting(browser, wire.url) as desk:
        await desk.send("Hello")
        await expect(desk.answers).to_have_text("Well,")
        wire.cut()
        await expect(desk.state).to_have_text("Connection lost. Reconnecting…")
        gate.set()
        await local_mode.settled()
        wire.mend()
        await expect(desk.answers).to_have_text("Well, it depends.")
        await expect(desk.state).to_be_hidden()
        await expect(desk.mine).to_have_text(["Hello"])


async def test_a_message_sent_into_a_dead_line_arrives(browser: Browser, local_mode: Frontdesk) -> None:
    """It is sent again when there is a line, and answered once."""
    async with wired(local_mode.url) as wire, visiting(browser, wire.url) as desk:
        await expect(desk.page.locator(".card")).to_have_count(6)
        wire.cut()
        await desk.send("Hello")
        await expect(desk.state).to_have_text("Connection lost. Reconnecting…")
        wire.mend()
        await expect(desk.answers).to_have_text("Hello from the scripted model.")
        await local_mode.settled()


async def test_two_tabs_show_the_same(desk: Desk, model: ModelServer) -> None:
    """What is asked in one is answered in the other, too."""
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Hello from the scripted model.")
    other = Desk(await desk.page.context.new_page())
    await other.page.goto(desk.page.url)
    await expect(other.answers).to_have_text("Hello from the scripted model.")
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    await other.send("And now?")
    await expect(desk.answers.last).to_have_text("Well,")
    gate.set()
    await expect(desk.answers.last).to_have_text("Well, it depends.")
    await expect(other.answers.last).to_have_text("Well, it depends.")
    await expect(desk.mine).to_have_text(["Hello", "And now?"])
