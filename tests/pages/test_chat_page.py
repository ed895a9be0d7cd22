"""Chatting in a browser."""

import asyncio
from uuid import UUID

from playwright.async_api import Browser, expect

from tests.pages.conftest import visiting
from tests.pages.desk import Desk
from tests.support.app import Frontdesk, Serve
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer


async def test_an_answer_is_painted_as_it_comes(desk: Desk, model: ModelServer) -> None:
    """The first token is on the page while the model still thinks about the second; who answers and why stand by it."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    await desk.send("What can I write off for my side business?")
    await expect(desk.answers).to_have_text("Well,")
    assert not model.requests[0].finished.is_set()
    await expect(desk.last.locator("header")).to_contain_text("Ledger")
    await expect(desk.last.locator(".why")).to_contain_text("% sure")
    gate.set()
    await expect(desk.answers).to_have_text("Well, it depends.")
    await expect(desk.mine).to_have_text(["What can I write off for my side business?"])
    await expect(desk.button("Send")).to_be_visible()


async def test_an_example_is_a_message(desk: Desk, model: ModelServer) -> None:
    """An empty conversation offers everyone's examples; a click sends one."""
    model.queue(Text("In three steps."), streaming)
    await expect(desk.page.locator(".card")).to_have_count(6)
    await desk.button("How do I import my bank statement?").click()
    await expect(desk.answers).to_have_text("In three steps.")


async def test_shift_and_enter_make_a_new_line(desk: Desk) -> None:
    """Nothing is sent."""
    await desk.field.fill("one")
    await desk.field.press("Shift+Enter")
    await desk.field.press("t")
    await expect(desk.field).to_have_value("one\nt")
    await expect(desk.mine).to_have_count(0)


async def test_a_stopped_answer_is_kept(desk: Desk, model: ModelServer) -> None:
    """What was said stays, and the page says who ended it."""
    model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Half")
    await desk.button("Stop").click()
    await expect(desk.state).to_have_text("You stopped this answer.")
    await desk.page.reload()
    await expect(desk.answers).to_have_text("Half")


async def test_a_refused_message_is_given_back(serve: Serve, browser: Browser) -> None:
    """Over the limit, the text stays typed, the page counts down, and then it can be sent."""
    frontdesk = await serve(jwt_secret=None, rate_limit=1)
    async with visiting(browser, frontdesk.url) as desk:
        await desk.send("Hello")
        await expect(desk.answers).to_have_text("Hello from the scripted model.")
        await desk.page.clock.install()
        await desk.send("Hello again")
        await expect(desk.hint).to_contain_text("You can send again in")
        await expect(desk.field).to_have_value("Hello again")
        await expect(desk.mine).to_have_count(1)
        await expect(desk.button("Send")).to_be_disabled()
        await desk.page.clock.fast_forward(61_000)
        await expect(desk.button("Send")).to_be_enabled()
        await expect(desk.hint).to_have_text("")


async def test_another_employee_can_be_asked_instead(desk: Desk, model: ModelServer) -> None:
    """The same question goes to whom the person chooses."""
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Hello from the scripted model.")
    await expect(desk.last.locator("header")).to_contain_text("Prime")
    model.queue(Text("Let us set a target."), streaming)
    await desk.last.get_by_text("Ask another").click()
    await desk.button("Goalie, Goals").click()
    await expect(desk.answers).to_have_text(["Hello from the scripted model.", "Let us set a target."])
    await expect(desk.last.locator("header")).to_contain_text("Goalie")
    await expect(desk.mine).to_have_text(["Hello", "Hello"])


async def test_the_page_follows_until_the_reader_scrolls_up(desk: Desk, model: ModelServer) -> None:
    """Then it stands still, and a button leads back."""
    gate = asyncio.Event()
    model.queue(Gate(["line\n\n" * 80, "line\n\n" * 80, "the end"], gate), streaming)
    await desk.send("Hello")
    await expect(desk.answers.locator("p")).to_have_count(80)
    log = desk.page.locator("#log")
    below = "log => log.scrollHeight - log.scrollTop - log.clientHeight"
    assert await log.evaluate(below) < 2
    await log.evaluate("log => log.scrollTo(0, 100)")
    await expect(desk.button("↓ Jump to latest")).to_be_visible()
    gate.set()
    await expect(desk.answers).to_contain_text("the end")
    assert await log.evaluate("log => log.scrollTop") == 100
    await desk.button("↓ Jump to latest").click()
    await expect(desk.button("↓ Jump to latest")).to_be_hidden()


async def test_a_token_is_asked_for_once(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """Where users are verified; it outlives a reload of the tab."""
    token = frontdesk.signed_in(ada)["Authorization"].removeprefix("Bearer ")
    async with visiting(browser, frontdesk.url) as desk:
        await desk.page.get_by_label("Access token").fill(token)
        await desk.button("Sign in").click()
        await desk.send("Hello")
        await expect(desk.answers).to_have_text("Hello from the scripted model.")
        await desk.page.reload()
        await expect(desk.answers).to_have_text("Hello from the scripted model.")
    await frontdesk.settled()
