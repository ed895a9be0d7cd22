"""Chatting in a browser."""

import asyncio
from uuid import UUID

from playwright.async_api import Browser, expect

from tests.pages.conftest import visiting
from tests.pages.desk import Desk
from tests.support.app import Frontdesk, Serve
from tests.support.database import rows
from tests.support.model_script import Cut, Gate, Status, Text, streaming
from tests.support.model_server import ModelServer


async def test_an_answer_is_painted_as_it_comes(desk: Desk, model: ModelServer) -> None:
    """The first token is on the page while the model still thinks about the second; who answers and why stand by it."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    await desk.send("What can I write off for my side business?")
    await expect(desk.answers).to_have_text("Well,")
    assert not model.requests[0].finished.is_set()
    await expect(desk.last.locator("header")).to_contain_text("Ledger")
    await expect(desk.last.locator(".why")).to_contain_text("sure")
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


async def test_another_employee_can_be_asked_instead(desk: Desk, local_mode: Frontdesk, model: ModelServer) -> None:
    """The same question goes to whom the person chooses, and counts as a misroute; a retry does not."""
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Hello from the scripted model.")
    await expect(desk.last.locator("header")).to_contain_text("Prime")
    model.queue(Text("Let us set a target."), streaming)
    await desk.last.get_by_text("Ask another").click()
    await desk.button("Goalie, Goals").click()
    await expect(desk.answers).to_have_text(["Hello from the scripted model.", "Let us set a target."])
    await expect(desk.last.locator("header")).to_contain_text("Goalie")
    await expect(desk.mine).to_have_text(["Hello", "Hello"])
    turn = await desk.page.locator("article.answer").first.get_attribute("data-turn")
    await desk.button("Retry").first.click()
    await expect(desk.button("Copy")).to_have_count(3)
    await desk.button("Ask another").nth(1).click()
    await desk.button("Goalie, Goals").click()
    await expect(desk.button("Copy")).to_have_count(4)
    await local_mode.settled()
    written = await rows(
        local_mode.service.url, "select turn_id::text, chosen_employee, wanted_employee from chat_misroutes"
    )
    assert written == [(turn, "prime", "goalie")]
    summary = await desk.page.context.request.get(f"{local_mode.url}/metrics-summary?range=24h")
    assert (await summary.json())["totals"]["misroutes"] == 1


async def test_an_answer_that_breaks_off_is_replaced(desk: Desk, model: ModelServer) -> None:
    """What was said is taken back, and the page says so."""
    model.queue(Cut(["Half ", "an "]), streaming)
    model.queue(Text("A whole answer."), streaming)
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("A whole answer.")
    await expect(desk.last.locator(".notice")).to_have_text("The answer broke off; this one replaces it.")


async def test_a_notice_stands_where_it_belongs(desk: Desk, model: ModelServer) -> None:
    """What was done with the message beside the message, what is to be known of the answer beside the answer."""
    model.always(Status(401), streaming)
    await desk.send("My card is 4111 1111 1111 1111")
    await expect(desk.page.locator("article.mine .notice")).to_contain_text("I masked a card number")
    await expect(desk.last.locator(".notice")).to_contain_text("this is a prepared reply")


async def test_leaving_a_conversation_ends_no_answer(desk: Desk, model: ModelServer) -> None:
    """Whoever comes back finds it going on."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Well,")
    await desk.button("+ New conversation").click()
    await expect(desk.page.locator(".card")).to_have_count(6)
    await desk.conversations.get_by_role("link").click()
    await expect(desk.answers).to_have_text("Well,")
    gate.set()
    await expect(desk.answers).to_have_text("Well, it depends.")


async def test_a_narrow_screen_is_wide_enough(desk: Desk, model: ModelServer) -> None:
    """At 320 pixels nothing stands out at the side, and the conversations are behind a button."""
    await desk.page.set_viewport_size({"width": 320, "height": 640})
    model.queue(Text(["`" + "x" * 300 + "`\n\n```\n" + "y" * 300 + "\n```\n\n" + "z" * 300]), streaming)
    await expect(desk.button("+ New conversation")).to_be_hidden()
    await desk.send("w" * 300)
    await expect(desk.answers).to_contain_text("zzz")
    for element in ("document.documentElement", "document.getElementById('log')"):
        assert await desk.page.evaluate(f"{element}.scrollWidth") <= 320
    await desk.button("Conversations").click()
    await desk.button("+ New conversation").click()
    await expect(desk.page.locator(".card")).to_have_count(6)


async def test_the_keyboard_is_enough(desk: Desk, model: ModelServer) -> None:
    """To choose who answers, to send, to stop, and to ask another."""
    model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
    await expect(desk.page.locator(".card")).to_have_count(6)
    keyboard = desk.page.keyboard
    await desk.field.focus()
    await keyboard.press("Tab")
    for _ in ("Prime", "Crystal", "Ledger"):
        await keyboard.press("ArrowDown")
    await keyboard.press("Shift+Tab")
    await keyboard.type("Hello")
    await keyboard.press("Enter")
    await expect(desk.last.locator("header")).to_contain_text("Ledger")
    await expect(desk.answers).to_have_text("Half")
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(desk.state).to_have_text("You stopped this answer.")
    await desk.button("Ask another").focus()
    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(desk.last.locator("header")).to_contain_text("Prime")


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
