"""A conversation looks the same after a reload."""

import asyncio

from playwright.async_api import Browser, expect

from tests.pages.chat_page import ChatPage, open_chat
from tests.support.app import Frontdesk, Serve
from tests.support.database import rejecting_answers
from tests.support.model_script import Cut, Gate, Json, Status, Text, streaming, structured
from tests.support.model_server import ModelServer

CARD = "4111 1111 1111 1111"
ANSWER_PARTS = (
    "header .badge", ".job-title", ".route-reason", ".notice", ".markdown", ".status", ".model", ".facts",
)  # fmt: skip


async def visible_texts(chat: ChatPage) -> list[list[str]]:
    """The texts of each part of the answers, and the notices of the user's messages."""
    parts = [f"article.answer {part}" for part in ANSWER_PARTS]
    return [await chat.page.locator(part).all_inner_texts() for part in [*parts, "article.user-message .notice"]]


async def assert_same_after_reload(chat: ChatPage, app: Frontdesk) -> None:
    """Reload the page and compare what is shown."""
    before = await visible_texts(chat)
    await app.settled()
    await chat.page.reload()
    await expect(chat.button("Copy").last).to_be_visible()
    assert await visible_texts(chat) == before


async def test_employee_reason_and_model_are_kept(chat: ChatPage, local_app: Frontdesk) -> None:
    """With the employee's colour and badge."""
    await chat.send("What can I write off for my side business?")
    await expect(chat.button("Copy")).to_be_visible()
    await assert_same_after_reload(chat, local_app)
    await expect(chat.last_answer).to_have_class("answer employee-ledger")
    await expect(chat.last_answer.locator("header .badge.employee-ledger svg")).to_be_visible()
    await expect(chat.last_answer.locator(".route-reason")).to_contain_text("sure")
    await expect(chat.last_answer.locator(".model")).to_have_text(local_app.settings.chat_model)


async def test_the_finish_reason_is_kept(chat: ChatPage, local_app: Frontdesk, model: ModelServer) -> None:
    """Of a stopped answer, and of one that reached the maximum length."""
    model.queue(Text("On and on", finish_reason="length"), streaming)
    await chat.send("Hello")
    await expect(chat.status).to_contain_text("Cut off")
    model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
    await chat.send("Hello")
    await expect(chat.answers.last).to_have_text("Half")
    await chat.button("Stop").click()
    await expect(chat.status).to_have_text("You stopped this answer.")
    await assert_same_after_reload(chat, local_app)
    await expect(chat.status).to_have_text("You stopped this answer.")


async def test_notices_are_kept(chat: ChatPage, local_app: Frontdesk, model: ModelServer) -> None:
    """Each beside the message it is about; a masked message is shown as it was stored."""
    model.queue(Cut(["Half ", "an "]), streaming)
    model.always(Status(401), streaming)
    await chat.send(f"My card is {CARD}")
    await expect(chat.last_answer.locator(".model")).to_have_text("prepared reply")
    await expect(chat.last_answer.locator(".notice")).to_have_count(2)
    await assert_same_after_reload(chat, local_app)
    await expect(chat.page.locator("article.user-message .notice")).to_contain_text("I masked a card number")
    await expect(chat.user_messages).to_have_text("My card is [card •1111]")


async def test_used_and_learned_facts_are_kept(chat: ChatPage, local_app: Frontdesk, model: ModelServer) -> None:
    """A learned fact can still be undone, and the focus goes to the line that says so."""
    model.queue(Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]}), structured)
    await chat.send("I sell biscuits")
    await expect(chat.last_answer.locator(".learned-fact")).to_be_visible()
    await chat.send("What do I sell?")
    await expect(chat.last_answer.locator(".used-facts")).to_contain_text("Used 1 remembered fact")
    await assert_same_after_reload(chat, local_app)
    await chat.button("Undo").click()
    await expect(chat.page.locator(".learned-fact")).to_have_text("Forgotten.")
    await expect(chat.page.locator(".learned-fact")).to_be_focused()


async def test_the_notice_about_trimmed_context_is_kept(serve: Serve, browser: Browser, model: ModelServer) -> None:
    """It says that a long conversation did not fit into the model's context."""
    app = await serve(jwt_secret=None, context_tokens=1000)
    async with open_chat(browser, app.url) as chat:
        model.always(Text(["word " * 700]), streaming)
        for number in range(3):
            await chat.send("Go on")
            await expect(chat.button("Copy")).to_have_count(number + 1)
        await expect(chat.last_answer.locator(".notice")).to_contain_text("Left out to fit the window")
        await assert_same_after_reload(chat, app)


async def test_answers_of_a_demo_model_are_marked(serve: Serve, browser: Browser) -> None:
    """From the start event on, so that nobody relies on them."""
    app = await serve(jwt_secret=None, chat_model="Scripted-1B (demo)")
    async with open_chat(browser, app.url) as chat:
        await chat.send("Hello")
        await expect(chat.last_answer.locator(".notice.demo")).to_contain_text("do not rely on it")
        await expect(chat.last_answer.locator(".model")).to_have_text("Scripted-1B (demo)")
        await assert_same_after_reload(chat, app)


async def test_a_message_without_an_answer_can_be_sent_again(
    chat: ChatPage, local_app: Frontdesk, model: ModelServer
) -> None:
    """After a reload the page says that it was not answered."""
    async with rejecting_answers(local_app.service.url):
        await chat.send("Hello")
        await expect(chat.last_answer).to_have_class("answer employee-prime failed")
        await local_app.settled()
    await expect(chat.status).not_to_be_empty()
    await chat.page.reload()
    await expect(chat.status).to_have_text("This message was not answered.")
    model.queue(Text("Now it is."), streaming)
    await chat.button("Try again").click()
    await expect(chat.answers).to_have_text(["Now it is."])
