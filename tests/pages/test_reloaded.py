"""A conversation that is shown again looks as it did before."""

import asyncio

from playwright.async_api import Browser, expect

from tests.pages.conftest import visiting
from tests.pages.desk import Desk
from tests.support.app import Frontdesk, Serve
from tests.support.faulty import refusing_answers
from tests.support.model_script import Cut, Gate, Json, Status, Text, streaming, structured
from tests.support.model_server import ModelServer

CARD = "4111 1111 1111 1111"
PARTS = ("header .badge", ".title", ".why", ".notice", ".sheet", ".state", ".model", ".facts")
"""What is told of an answer."""


async def looks(desk: Desk) -> list[list[str]]:
    """What stands with the answers and with the questions."""
    parts = [f"article.answer {part}" for part in PARTS]
    return [await desk.page.locator(part).all_inner_texts() for part in [*parts, "article.mine .notice"]]


async def same_after_a_reload(desk: Desk, local_mode: Frontdesk) -> None:
    """Reload, and compare."""
    before = await looks(desk)
    await local_mode.settled()
    await desk.page.reload()
    await expect(desk.button("Copy").last).to_be_visible()
    assert await looks(desk) == before


async def test_who_answered_why_and_with_which_model(desk: Desk, local_mode: Frontdesk) -> None:
    """The colour and icon, the reason, and the model's name."""
    await desk.send("What can I write off for my side business?")
    await expect(desk.button("Copy")).to_be_visible()
    await same_after_a_reload(desk, local_mode)
    await expect(desk.last).to_have_class("answer of-ledger")
    await expect(desk.last.locator("header .badge")).to_have_text("📊")
    await expect(desk.last.locator(".why")).to_contain_text("sure")
    await expect(desk.last.locator(".model")).to_have_text(local_mode.settings.chat_model)


async def test_a_stopped_answer_and_one_that_was_too_long(
    desk: Desk, local_mode: Frontdesk, model: ModelServer
) -> None:
    """It is said of both."""
    model.queue(Text("On and on", finish_reason="length"), streaming)
    await desk.send("Hello")
    await expect(desk.state).to_contain_text("Cut short")
    model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
    await desk.send("Hello")
    await expect(desk.answers.last).to_have_text("Half")
    await desk.button("Stop").click()
    await expect(desk.state).to_have_text("You stopped this answer.")
    await same_after_a_reload(desk, local_mode)
    await expect(desk.state).to_have_text("You stopped this answer.")


async def test_notices_and_a_prepared_reply(desk: Desk, local_mode: Frontdesk, model: ModelServer) -> None:
    """Each where it belongs; a masked message is shown as it was kept."""
    model.queue(Cut(["Half ", "an "]), streaming)
    model.always(Status(401), streaming)
    await desk.send(f"My card is {CARD}")
    await expect(desk.last.locator(".model")).to_have_text("prepared reply")
    await expect(desk.last.locator(".notice")).to_have_count(2)
    await same_after_a_reload(desk, local_mode)
    await expect(desk.page.locator("article.mine .notice")).to_contain_text("I masked a card number")
    await expect(desk.mine).to_have_text("My card is [card •1111]")


async def test_the_facts_that_an_answer_used_and_learned(desk: Desk, local_mode: Frontdesk, model: ModelServer) -> None:
    """With the way to take them back."""
    model.queue(Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]}), structured)
    await desk.send("I sell biscuits")
    await expect(desk.last.locator(".learned")).to_be_visible()
    await desk.send("What do I sell?")
    await expect(desk.last.locator(".used")).to_contain_text("Used 1 of what is remembered")
    await same_after_a_reload(desk, local_mode)
    await desk.button("undo").click()
    await expect(desk.page.locator(".learned")).to_have_text("Forgotten again.")
    await expect(desk.page.locator(".learned")).to_be_focused()


async def test_what_was_left_out_is_said(serve: Serve, browser: Browser, model: ModelServer) -> None:
    """A conversation that outgrew the window has a notice at the answer."""
    frontdesk = await serve(jwt_secret=None, context_tokens=1000)
    async with visiting(browser, frontdesk.url) as desk:
        model.always(Text("word " * 700), streaming)
        for count in range(3):
            await desk.send("Go on")
            await expect(desk.button("Copy")).to_have_count(count + 1)
        await expect(desk.last.locator(".notice")).to_contain_text("Left out to fit the window")
        await same_after_a_reload(desk, frontdesk)


async def test_a_demo_model_is_called_one(serve: Serve, browser: Browser) -> None:
    """Before its first word and ever after, so that nobody takes its figures for true."""
    frontdesk = await serve(jwt_secret=None, chat_model="Scripted-1B (demo)")
    async with visiting(browser, frontdesk.url) as desk:
        await desk.send("Hello")
        await expect(desk.last.locator(".notice.demo")).to_contain_text("do not rely on it")
        await expect(desk.last.locator(".model")).to_have_text("Scripted-1B (demo)")
        await same_after_a_reload(desk, frontdesk)


async def test_a_message_that_was_not_answered_says_so(desk: Desk, local_mode: Frontdesk, model: ModelServer) -> None:
    """And can be sent again, which is answered."""
    async with refusing_answers(local_mode):
        await desk.send("Hello")
        await expect(desk.last).to_have_class("answer of-prime failed")
        await local_mode.settled()
    await expect(desk.state).not_to_be_empty()
    await desk.page.reload()
    await expect(desk.state).to_have_text("This was not answered.")
    model.queue(Text("Now it is."), streaming)
    await desk.button("Try again").click()
    await expect(desk.answers.last).to_have_text("Now it is.")
