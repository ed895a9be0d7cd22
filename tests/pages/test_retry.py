"""Retries: a request without a response, a busy conversation, no network, a server that shuts down."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

from playwright.async_api import Browser, Request, expect

from graph.models.factory import LocalModels
from tests.pages.chat_page import GREETING, ChatPage, open_chat
from tests.support.app import Frontdesk, serving
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer
from tests.support.tcp_proxy import tcp_proxy


def record_idempotency_keys(chat: ChatPage) -> list[str | None]:
    """A list that gets the key of each message that is sent from now on."""
    keys: list[str | None] = []

    def on_request(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/chat"):
            keys.append(request.headers.get("idempotency-key"))

    chat.page.on("request", on_request)
    return keys


async def test_a_request_without_a_response_is_sent_again(
    browser: Browser, local_app: Frontdesk, model: ModelServer
) -> None:
    """After ten seconds, with the same idempotency key; meanwhile the page says that it is waiting."""
    async with tcp_proxy(local_app.url) as proxy, open_chat(browser, proxy.url) as chat:
        await expect(chat.suggestions).to_have_count(4)
        await chat.page.clock.install()
        keys = record_idempotency_keys(chat)
        proxy.drop_next_request()
        await chat.send("Hello")
        await expect(chat.user_messages).to_have_text(["Hello"])
        await chat.page.clock.run_for(3_000)
        await expect(chat.status).to_have_text("Still waiting for the server…")
        await chat.page.clock.run_for(8_000)
        await expect(chat.answers).to_have_text(GREETING)
        await expect(chat.user_messages).to_have_text(["Hello"])
        await local_app.settled()
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert sum(map(streaming, model.requests)) == 1


async def test_a_message_waits_for_the_previous_answer(
    chat: ChatPage, local_app: Frontdesk, model: ModelServer
) -> None:
    """Also for one from another device: the page says so, retries with the same key, and then shows both messages."""
    await chat.send("Hello")
    await expect(chat.button("Copy")).to_be_visible()
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    model.queue(Text("That is another matter."), streaming)
    other_device = asyncio.create_task(
        chat.page.context.request.post(
            f"{local_app.url}/chat",
            data={"message": "And tax?", "conversation_id": chat.page.url.partition("#c=")[2]},
        )
    )
    await model.received(streaming, 2)
    await chat.page.clock.install()
    keys = record_idempotency_keys(chat)
    await chat.send("And goals?")
    await expect(chat.user_messages).to_have_text(["Hello", "And goals?"])
    await chat.page.clock.run_for(3_000)
    await expect(chat.status).to_have_text("Waiting for the answer to the previous message…")
    await chat.page.clock.run_for(8_000)
    gate.set()
    await other_device
    await expect(chat.user_messages).to_have_text(["Hello", "And tax?", "And goals?"])
    await expect(chat.answers).to_have_text([GREETING, "Well, it depends.", "That is another matter."])
    assert len(keys) > len(set(keys)) == 1
    assert sum(map(streaming, model.requests)) == 3


async def test_a_message_sent_offline_goes_out_when_back_online(chat: ChatPage) -> None:
    """Meanwhile the page says that it is offline."""
    await expect(chat.suggestions).to_have_count(4)
    await chat.page.context.set_offline(True)
    await expect(chat.hint).to_contain_text("You are offline.")
    await chat.send("Hello")
    await expect(chat.status).to_have_text("Connection lost. Reconnecting…")
    await chat.page.context.set_offline(False)
    await expect(chat.answers).to_have_text(GREETING)
    await expect(chat.hint).to_have_text("")
    await expect(chat.user_messages).to_have_text(["Hello"])


async def test_another_server_completes_the_answer(
    frontdesk: Frontdesk, local: LocalModels, browser: Browser, model: ModelServer, tmp_path: Path, ada: UUID
) -> None:
    """A server shuts down during an answer; the page reconnects to another one and shows a complete answer.

    While it shuts down, the first server takes no new message: the text stays typed, and the page says why.
    """
    token = frontdesk.signed_in(ada)["Authorization"].removeprefix("Bearer ")
    async with AsyncExitStack() as first_server:
        serve = await first_server.enter_async_context(serving(frontdesk.service.url, model.url, local, tmp_path))
        first = await serve()
        async with tcp_proxy(first.url) as proxy, open_chat(browser, proxy.url) as chat:
            await chat.page.get_by_label("Access token").fill(token)
            await chat.button("Sign in").click()
            await expect(chat.suggestions).to_have_count(4)
            model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
            await chat.send("Hello")
            await expect(chat.answers).to_have_text("Half")
            shutdown = asyncio.create_task(first.service.drain(first.settings.turn_timeout))
            await chat.button("New conversation").click()
            await chat.send("And me?")
            await expect(chat.hint).to_contain_text("You can send again in")
            await expect(chat.message_field).to_have_value("And me?")
            await chat.conversations.get_by_role("link").click()
            await expect(chat.answers).to_have_text("Half")
            proxy.forward_to(frontdesk.url)
            model.queue(Text("A whole answer."), streaming)
            await first_server.aclose()
            await shutdown
            await expect(chat.answers).to_have_text("A whole answer.")
            await expect(chat.status).to_be_hidden()
            await expect(chat.user_messages).to_have_text(["Hello"])
            await expect(chat.button("Send")).to_be_visible()
