"""Answers survive reloads, lost connections, other tabs, and navigation."""

import asyncio

from playwright.async_api import Browser, expect

from tests.pages.chat_page import GREETING, UNDO_TIME, ChatPage, open_chat
from tests.support.app import Frontdesk
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.tcp_proxy import tcp_proxy

DELAY_READS = """() => {
  const { read } = ReadableStreamDefaultReader.prototype;
  ReadableStreamDefaultReader.prototype.read = async function () {
    const chunk = await read.call(this);
    await window.delay;
    return chunk;
  };
}"""
"""Makes this tab wait for the promise `delay` before it reads what has been received."""


async def open_second_tab(chat: ChatPage) -> ChatPage:
    """The same conversation in another tab of the same browser."""
    other = ChatPage(await chat.page.context.new_page())
    await other.page.goto(chat.page.url)
    return other


async def test_a_reload_resumes_the_answer(chat: ChatPage, model: ModelServer) -> None:
    """In the middle of the stream, without another call of the model; what could not be asked for is said."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("Well,")
    for asked in ("**/messages?*", "**/turns/*"):
        await chat.page.route(asked, lambda route: route.abort())
        await chat.page.reload()
        await expect(chat.page.locator("#messages")).to_contain_text("The server cannot be reached.")
        await chat.page.unroute(asked)
        await chat.button("Try again").click()
        await expect(chat.answers).to_have_text("Well,")
        await expect(chat.user_messages).to_have_text(["Hello"])
    await expect(chat.button("Stop")).to_be_visible()
    gate.set()
    await expect(chat.answers).to_have_text("Well, it depends.")
    await expect(chat.user_messages).to_have_text(["Hello"])
    assert sum(map(streaming, model.requests)) == 1


async def test_a_reload_before_the_start_event_loses_no_message(chat: ChatPage, model: ModelServer) -> None:
    """The message is sent again with the same idempotency key, and answered once."""
    gate = asyncio.Event()
    model.queue(Gate([], gate), streaming)
    await chat.send("Hello")
    await model.received(streaming)
    await chat.page.reload()
    gate.set()
    await expect(chat.user_messages).to_have_text(["Hello"])
    await expect(chat.answers).to_have_count(1)
    await expect(chat.button("Send")).to_be_visible()


async def test_a_lost_connection_is_restored(browser: Browser, local_app: Frontdesk, model: ModelServer) -> None:
    """Meanwhile the page says that it reconnects; then the answer is shown in full, and once."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    async with tcp_proxy(local_app.url) as proxy, open_chat(browser, proxy.url) as chat:
        await chat.send("Hello")
        await expect(chat.answers).to_have_text("Well,")
        proxy.cut()
        await expect(chat.status).to_have_text("Connection lost. Reconnecting…")
        gate.set()
        await local_app.settled()
        proxy.restore()
        await expect(chat.answers).to_have_text("Well, it depends.")
        await expect(chat.status).to_be_hidden()
        await expect(chat.user_messages).to_have_text(["Hello"])


async def test_a_message_sent_without_a_connection_arrives(browser: Browser, local_app: Frontdesk) -> None:
    """It is sent again once there is a connection."""
    async with tcp_proxy(local_app.url) as proxy, open_chat(browser, proxy.url) as chat:
        await expect(chat.suggestions).to_have_count(4)
        proxy.cut()
        await chat.send("Hello")
        await expect(chat.status).to_have_text("Connection lost. Reconnecting…")
        proxy.restore()
        await expect(chat.answers).to_have_text(GREETING)
        await local_app.settled()


async def test_two_tabs_show_the_same_conversation(chat: ChatPage, model: ModelServer) -> None:
    """A message that is sent in one tab is answered in both."""
    await chat.send("Hello")
    await expect(chat.answers).to_have_text(GREETING)
    other = await open_second_tab(chat)
    await expect(other.answers).to_have_text(GREETING)
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    await other.send("And now?")
    await expect(chat.answers.last).to_have_text("Well,")
    gate.set()
    await expect(chat.answers.last).to_have_text("Well, it depends.")
    await expect(other.answers.last).to_have_text("Well, it depends.")
    await expect(chat.user_messages).to_have_text(["Hello", "And now?"])


async def test_messages_of_another_tab_are_shown_after_the_current_answer(chat: ChatPage, model: ModelServer) -> None:
    """The other tab gets the end of the answer first, and sends a message before this tab has got it."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    await chat.page.evaluate(DELAY_READS)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("Well,")
    other = await open_second_tab(chat)
    await expect(other.answers).to_have_text("Well,")
    await chat.page.evaluate("() => { window.delay = new Promise((resolve) => { window.endDelay = resolve; }); }")
    gate.set()
    await expect(other.button("Copy")).to_be_visible()
    await other.send("And now?")
    await expect(other.answers.last).to_have_text(GREETING)
    await expect(chat.answers).to_have_text(["Well,"])
    await chat.page.evaluate("endDelay()")
    await expect(chat.user_messages).to_have_text(["Hello", "And now?"])
    await expect(chat.answers).to_have_text(["Well, it depends.", GREETING])


async def test_a_conversation_deleted_in_one_tab_disappears_in_the_other(chat: ChatPage) -> None:
    """From the list, and where it was open, once the time to undo is over."""
    await chat.page.clock.install()
    await chat.send("Hello")
    await expect(chat.button("Copy")).to_be_visible()
    other = await open_second_tab(chat)
    await expect(other.answers).to_have_text(GREETING)
    await chat.conversations.hover()
    await chat.conversations.get_by_title("Delete").click()
    await chat.page.clock.run_for(UNDO_TIME)
    for tab in (chat, other):
        await expect(tab.conversations).to_have_text("No conversations yet.")
        await expect(tab.suggestions).to_have_count(4)


async def test_a_conversation_can_be_deleted_during_an_answer(chat: ChatPage, model: ModelServer) -> None:
    """The answer ends, and the next message begins a new conversation."""
    await chat.page.clock.install()
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("Well,")
    await chat.conversations.hover()
    await chat.conversations.get_by_title("Delete").click()
    await chat.page.clock.run_for(UNDO_TIME)
    await expect(chat.suggestions).to_have_count(4)
    await chat.send("Hello again")
    await expect(chat.answers).to_have_text(GREETING)
    await expect(chat.conversations).to_have_count(1)


async def test_back_and_forward_switch_conversations(chat: ChatPage) -> None:
    """From a new conversation to the old one and back; the draft stays."""
    await chat.send("Hello")
    await expect(chat.button("Copy")).to_be_visible()
    await chat.button("New conversation").click()
    await chat.message_field.fill("And n")
    await chat.page.go_back()
    await expect(chat.answers).to_have_text(GREETING)
    await chat.page.go_forward()
    await expect(chat.suggestions).to_have_count(4)
    await expect(chat.message_field).to_have_value("And n")
