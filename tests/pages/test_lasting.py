"""An answer that outlives what happens to the page."""

import asyncio

from playwright.async_api import Browser, expect

from tests.pages.conftest import visiting
from tests.pages.desk import Desk
from tests.support.app import Frontdesk
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.wire import wired

HELD_BACK = """() => {
  const { read } = ReadableStreamDefaultReader.prototype;
  ReadableStreamDefaultReader.prototype.read = async function () {
    const piece = await read.call(this);
    await window.held;
    return piece;
  };
}"""
"""Has what comes to this tab wait as long as it is held."""


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


async def test_what_is_said_elsewhere_while_an_answer_ends_is_shown_after_it(desk: Desk, model: ModelServer) -> None:
    """The other tab hears the end first, and asks more before this one has heard it."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    await desk.page.evaluate(HELD_BACK)
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Well,")
    other = Desk(await desk.page.context.new_page())
    await other.page.goto(desk.page.url)
    await expect(other.answers).to_have_text("Well,")
    await desk.page.evaluate("() => { window.held = new Promise((resolve) => { window.release = resolve; }); }")
    gate.set()
    await expect(other.button("Copy")).to_be_visible()
    await other.send("And now?")
    await expect(other.answers.last).to_have_text("Hello from the scripted model.")
    await expect(desk.answers).to_have_text(["Well,"])
    await desk.page.evaluate("release()")
    await expect(desk.mine).to_have_text(["Hello", "And now?"])
    await expect(desk.answers).to_have_text(["Well, it depends.", "Hello from the scripted model."])


async def test_a_conversation_deleted_in_one_tab_is_gone_in_the_other(desk: Desk) -> None:
    """Also from the place where it was open."""
    await desk.send("Hello")
    await expect(desk.button("Copy")).to_be_visible()
    other = Desk(await desk.page.context.new_page())
    await other.page.goto(desk.page.url)
    await expect(other.answers).to_have_text("Hello from the scripted model.")
    await desk.conversations.hover()
    await desk.conversations.get_by_title("Delete").click()
    await desk.button("Delete").click()
    for tab in (desk, other):
        await expect(tab.conversations).to_have_text("No conversations yet.")
        await expect(tab.page.locator(".card")).to_have_count(6)


async def test_a_deletion_in_mid_answer_ends_it_in_every_tab(desk: Desk, model: ModelServer) -> None:
    """The page says why, and the next message begins another conversation."""
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Well,")
    await desk.conversations.hover()
    await desk.conversations.get_by_title("Delete").click()
    await desk.button("Delete").click()
    await expect(desk.page.locator(".card")).to_have_count(6)
    await desk.send("Hello again")
    await expect(desk.answers).to_have_text("Hello from the scripted model.")
    await expect(desk.conversations).to_have_count(1)


async def test_the_way_back_leads_through_what_was_open(desk: Desk) -> None:
    """From a new conversation to the old one, and forth again; what is typed stays."""
    await desk.send("Hello")
    await expect(desk.button("Copy")).to_be_visible()
    await desk.button("+ New conversation").click()
    await desk.field.fill("And n")
    await desk.page.go_back()
    await expect(desk.answers).to_have_text("Hello from the scripted model.")
    await desk.page.go_forward()
    await expect(desk.page.locator(".card")).to_have_count(6)
    await expect(desk.field).to_have_value("And n")
