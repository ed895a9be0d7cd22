"""The chat page by axe's rules, in each state that a person meets it in."""

import asyncio
from uuid import UUID

from playwright.async_api import Browser, expect

from tests.pages.accessible import NARROW, accessible
from tests.pages.conftest import visiting
from tests.pages.desk import Desk
from tests.pages.test_markdown import RICH
from tests.support.app import Frontdesk, Serve
from tests.support.model_script import Gate, Json, Status, Text, streaming, structured
from tests.support.model_server import ModelServer

BISCUITS = Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]})


async def test_the_welcome(desk: Desk) -> None:
    """Six cards with their examples."""
    await expect(desk.page.locator(".card")).to_have_count(6)
    await accessible(desk.page)


async def test_a_conversation(desk: Desk, model: ModelServer) -> None:
    """With all that answers are made of, notices, facts, an answer that was stopped and a menu that is open."""
    model.queue(BISCUITS, structured)
    model.queue(Text([RICH]), streaming)
    await desk.send("I sell biscuits. My card is 4111 1111 1111 1111")
    await expect(desk.last.locator(".learned")).to_be_visible()
    model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
    await desk.send("What do I sell?")
    await expect(desk.answers.last).to_have_text("Half")
    await accessible(desk.page)
    await desk.button("Stop").click()
    await expect(desk.state).to_have_text("You stopped this answer.")
    model.always(Status(401), streaming)
    await desk.send("And now?")
    await expect(desk.last.locator(".notice")).to_be_visible()
    await desk.last.get_by_text("Ask another").click()
    await accessible(desk.page)


async def test_before_the_first_word(desk: Desk, model: ModelServer) -> None:
    """While somebody thinks."""
    gate = asyncio.Event()
    model.queue(Gate([], gate), streaming)
    await desk.send("Hello")
    await expect(desk.state).to_contain_text("is thinking")
    await accessible(desk.page)
    gate.set()


async def test_what_is_remembered(desk: Desk, model: ModelServer) -> None:
    """The view, a fact that is being corrected, and the question before everything goes."""
    model.queue(BISCUITS, structured)
    await desk.send("I sell biscuits")
    await expect(desk.last.locator(".learned")).to_be_visible()
    await desk.button("🧠 What is remembered").click()
    await expect(desk.page.locator("#facts li")).to_have_count(1)
    await accessible(desk.page)
    await desk.page.get_by_title("Correct").click()
    await accessible(desk.page)
    await desk.button("Cancel").click()
    await desk.button("Forget everything").click()
    await accessible(desk.page)


async def test_the_question_before_a_deletion(desk: Desk) -> None:
    """And a title that is being changed."""
    await desk.send("Hello")
    await expect(desk.button("Copy")).to_be_visible()
    await desk.conversations.hover()
    await accessible(desk.page)
    await desk.conversations.get_by_title("Rename").click()
    await accessible(desk.page)
    await desk.page.keyboard.press("Escape")
    await desk.conversations.hover()
    await desk.conversations.get_by_title("Delete").click()
    await accessible(desk.page)


async def test_the_side_of_a_narrow_screen(desk: Desk) -> None:
    """When it is open."""
    await desk.send("Hello")
    await expect(desk.conversations).to_have_text("👑 Hello✎✕")
    await desk.page.set_viewport_size({"width": NARROW, "height": 800})
    await desk.button("Conversations").click()
    await expect(desk.button("+ New conversation")).to_be_focused()
    await accessible(desk.page, [NARROW])


async def test_signing_in(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """And the way out, once somebody has."""
    token = frontdesk.signed_in(ada)["Authorization"].removeprefix("Bearer ")
    async with visiting(browser, frontdesk.url) as desk:
        await expect(desk.page.get_by_label("Access token")).to_be_visible()
        await accessible(desk.page)
        await desk.page.get_by_label("Access token").fill(token)
        await desk.button("Sign in").click()
        await expect(desk.page.locator(".card")).to_have_count(6)
        await accessible(desk.page)


async def test_a_refusal(serve: Serve, browser: Browser) -> None:
    """With its countdown."""
    frontdesk = await serve(jwt_secret=None, rate_limit=1)
    async with visiting(browser, frontdesk.url) as desk:
        await desk.send("Hello")
        await expect(desk.button("Copy")).to_be_visible()
        await desk.send("Hello again")
        await expect(desk.hint).to_contain_text("You can send again in")
        await accessible(desk.page)


async def test_a_failure(desk: Desk, local_mode: Frontdesk, model: ModelServer) -> None:
    """An answer that will not come any more."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Well,")
    await forget_all(desk)
    await expect(desk.last).to_have_class("answer of-prime failed")
    await accessible(desk.page)
    gate.set()


async def forget_all(desk: Desk) -> None:
    """Erase the account from another page of the same browser."""
    answer = await desk.page.context.request.delete(f"{desk.page.url.split('#', maxsplit=1)[0]}account")
    assert answer.ok
