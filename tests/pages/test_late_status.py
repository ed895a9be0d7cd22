"""A message whose conversation is busy for so long that the server's response begins before its turn."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, expect

from nodes import wait_for_conversation
from nodes.wait_for_conversation import BUSY
from tests.pages.chat_page import GREETING, ChatPage, open_chat
from tests.support.app import Frontdesk
from tests.support.database import appear
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.tcp_proxy import tcp_proxy


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The response begins at once."""
    monkeypatch.setattr("api.routes.chat.STATUS_SECONDS", 0.0)


@asynccontextmanager
async def busy(chat: ChatPage, app: Frontdesk, model: ModelServer) -> AsyncGenerator[asyncio.Event]:
    """The page's conversation, which a message from another device keeps busy until the event is set."""
    await chat.send("Hello")
    await expect(chat.button("Copy")).to_be_visible()
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    message = {"message": "And tax?", "conversation_id": chat.page.url.partition("#c=")[2]}
    other_device = asyncio.create_task(chat.page.context.request.post(f"{app.url}/chat", data=message))
    await model.received(streaming, 2)
    yield gate
    gate.set()
    await other_device


async def test_it_is_answered_even_if_the_connection_is_lost_meanwhile(
    browser: Browser, local_app: Frontdesk, model: ModelServer
) -> None:
    """The page sends it again with the same key, and it is answered once."""
    async with tcp_proxy(local_app.url) as proxy, open_chat(browser, proxy.url) as chat:
        async with busy(chat, local_app, model) as gate:
            model.queue(Text("That is another matter."), streaming)
            await chat.send("And goals?")
            await appear(local_app.service.url, "select from chat_queue where waiting")
            proxy.cut()
            await expect(chat.status).to_have_text("Connection lost. Reconnecting…")
            proxy.restore()
            gate.set()
        await expect(chat.answers.last).to_have_text("That is another matter.")
        await expect(chat.user_messages.last).to_have_text("And goals?")
    assert sum(map(streaming, model.requests)) == 3


async def test_a_refusal_leaves_the_text_typed(
    chat: ChatPage, local_app: Frontdesk, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the page says why, as if the status had said it."""
    async with busy(chat, local_app, model):
        monkeypatch.setattr(wait_for_conversation, "MAX_WAIT", 0.3)
        await chat.send("And goals?")
        await expect(chat.hint).to_contain_text(BUSY)
        await expect(chat.message_field).to_have_value("And goals?")
        await expect(chat.answers).to_have_text([GREETING])


async def test_the_page_says_who_writes_the_answers(chat: ChatPage) -> None:
    """Below the message field, from the first visit on."""
    await expect(
        chat.page.get_by_text("Answers can be wrong. AI writes them, unless they are marked as prepared.")
    ).to_be_visible()
