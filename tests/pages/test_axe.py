"""The chat page passes axe-core's rules in each of its states."""

import asyncio
from uuid import UUID

from playwright.async_api import Browser, expect

from tests.pages.accessibility import NARROW, WIDE, assert_accessible
from tests.pages.chat_page import GREETING, ChatPage, open_chat
from tests.pages.test_markdown import RICH
from tests.support.app import Frontdesk, Serve
from tests.support.model_script import Gate, Json, Status, Text, streaming, structured
from tests.support.model_server import ModelServer

LEARNS_FACT = Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]})


async def test_welcome_screen_and_thinking(chat: ChatPage, model: ModelServer) -> None:
    """Six cards with examples; then a message that waits for the first token."""
    await expect(chat.suggestions).to_have_count(4)
    await assert_accessible(chat.page)
    gate = asyncio.Event()
    model.queue(Gate([], gate), streaming)
    await chat.send("Hello")
    await expect(chat.status).to_contain_text("is thinking")
    await assert_accessible(chat.page)
    gate.set()


async def test_answers(chat: ChatPage, model: ModelServer) -> None:
    """Markdown, notices, facts, an answer while it is streamed, a stopped one, and the menu of employees."""
    model.queue(LEARNS_FACT, structured)
    model.queue(Text([RICH]), streaming)
    await chat.send("I sell biscuits. My card is 4111 1111 1111 1111")
    await expect(chat.last_answer.locator(".learned-fact")).to_be_visible()
    model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
    await chat.send("What do I sell?")
    await expect(chat.answers.last).to_have_text("Half")
    await assert_accessible(chat.page)
    await chat.button("Stop").click()
    await expect(chat.status).to_have_text("You stopped this answer.")
    model.always(Status(401), streaming)
    await chat.send("And now?")
    await expect(chat.last_answer.locator(".notice")).to_be_visible()
    await chat.last_answer.get_by_text("Ask another").click()
    await assert_accessible(chat.page)


async def test_memory_dialog(chat: ChatPage, model: ModelServer) -> None:
    """A list of facts, a fact that is edited, and when all are forgotten."""
    model.queue(LEARNS_FACT, structured)
    await chat.send("I sell biscuits")
    await expect(chat.last_answer.locator(".learned-fact")).to_be_visible()
    await chat.button("Memory").click()
    await expect(chat.page.locator("#facts li")).to_have_count(1)
    await assert_accessible(chat.page)
    await chat.page.locator("#facts").get_by_title("Edit").click()
    await assert_accessible(chat.page)
    await chat.button("Cancel").click()
    await chat.button("Forget all facts").click()
    await assert_accessible(chat.page)


async def test_conversation_list(chat: ChatPage) -> None:
    """With its buttons, a title that is edited, a match, what was just deleted, and the drawer of narrow screens."""
    await chat.send("Hello")
    await expect(chat.button("Copy")).to_be_visible()
    await expect(chat.conversations.locator(".snippet")).to_have_text(GREETING)
    await chat.conversations.hover()
    await assert_accessible(chat.page)
    await chat.conversations.get_by_title("Rename").click()
    await assert_accessible(chat.page)
    await chat.page.keyboard.press("Escape")
    await chat.page.get_by_label("Search conversations").fill("scripted")
    await expect(chat.conversations.locator("mark")).to_have_text("scripted")
    await chat.conversations.hover()
    await assert_accessible(chat.page)
    await chat.conversations.get_by_title("Delete").click()
    await assert_accessible(chat.page, [WIDE])
    await chat.button("Deleted. Undo").click()
    await chat.page.set_viewport_size({"width": NARROW, "height": 800})
    await chat.button("Conversations").click()
    await expect(chat.button("New conversation")).to_be_focused()
    await assert_accessible(chat.page, [NARROW])


async def test_sign_in_dialog(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """And the page with its sign-out button."""
    token = frontdesk.signed_in(ada)["Authorization"].removeprefix("Bearer ")
    async with open_chat(browser, frontdesk.url) as chat:
        await expect(chat.page.get_by_label("Access token")).to_be_visible()
        await assert_accessible(chat.page)
        await chat.page.get_by_label("Access token").fill(token)
        await chat.button("Sign in").click()
        await expect(chat.suggestions).to_have_count(4)
        await assert_accessible(chat.page)


async def test_rate_limit(serve: Serve, browser: Browser) -> None:
    """With its countdown."""
    app = await serve(jwt_secret=None, rate_limit=1)
    async with open_chat(browser, app.url) as chat:
        await chat.send("Hello")
        await expect(chat.button("Copy")).to_be_visible()
        await chat.send("Hello again")
        await expect(chat.hint).to_contain_text("You can send again in")
        await assert_accessible(chat.page)


async def test_failed_answer(chat: ChatPage, model: ModelServer) -> None:
    """An answer that breaks off because the account is erased meanwhile."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("Well,")
    await erase_account(chat)
    await expect(chat.last_answer).to_have_class("answer employee-prime failed")
    await assert_accessible(chat.page)
    gate.set()


async def erase_account(chat: ChatPage) -> None:
    """Delete all data of the user, as another page of the same browser would."""
    response = await chat.page.context.request.delete(f"{chat.page.url.split('#', maxsplit=1)[0]}account")
    assert response.ok
