"""Chatting: streaming, stopping, asking another employee, notices, narrow screens, keyboard, sign-in."""

import asyncio
from uuid import UUID

from playwright.async_api import Browser, expect

from tests.pages.accessibility import PHONE, small_targets
from tests.pages.chat_page import GREETING, ChatPage, open_chat
from tests.support.app import Frontdesk, Serve
from tests.support.database import rows
from tests.support.model_script import Cut, Gate, Status, Text, streaming
from tests.support.model_server import ModelServer


async def test_an_answer_is_shown_token_by_token(chat: ChatPage, model: ModelServer) -> None:
    """The first token is shown before the model sends the second, with the employee and the reason for the choice."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "depends."], gate), streaming)
    await chat.send("What can I write off for my side business?")
    await expect(chat.answers).to_have_text("Well,")
    assert not (await model.received(streaming)).finished.is_set()
    await expect(chat.last_answer.locator("header")).to_contain_text("Ledger")
    await expect(chat.last_answer.locator(".route-reason")).to_contain_text("sure")
    gate.set()
    await expect(chat.answers).to_have_text("Well, it depends.")
    await expect(chat.user_messages).to_have_text(["What can I write off for my side business?"])
    await expect(chat.button("Send")).to_be_visible()


async def test_an_example_question_is_sent_by_a_click(chat: ChatPage, model: ModelServer) -> None:
    """The welcome screen suggests four, with the composer in the middle, which moves to the bottom with the first."""
    model.queue(Text("In three steps."), streaming)
    await expect(chat.suggestions).to_have_count(4)
    example = await chat.suggestions.last.inner_text()
    assert await distance_to_bottom(chat) > 100
    await chat.suggestions.last.click()
    await expect(chat.user_messages).to_have_text([example])
    await expect(chat.answers).to_have_text("In three steps.")
    await expect(chat.suggestions.first).to_be_hidden()
    await chat.page.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")
    assert await distance_to_bottom(chat) == 0


async def distance_to_bottom(chat: ChatPage) -> float:
    """Pixels below the composer."""
    box = await chat.page.locator("#composer").bounding_box()
    assert box
    assert chat.page.viewport_size
    return chat.page.viewport_size["height"] - box["y"] - box["height"]


async def test_the_second_best_employee_is_offered_where_the_choice_was_unsure(
    chat: ChatPage, model: ModelServer
) -> None:
    """In one click; a confidence stands only where something was guessed."""
    await chat.send("How much did I spend on groceries this spring?")
    await expect(chat.button("Copy")).to_be_visible()
    await chat.send("I work from home two days a week. What can I write off?")
    await expect(chat.button("Copy")).to_have_count(2)
    await expect(chat.last_answer.locator(".route-reason")).to_contain_text("% sure")
    instead = chat.last_answer.get_by_role("button", name="instead")
    name = (await instead.inner_text()).removeprefix("Ask ").removesuffix(" instead")
    model.queue(Text("From my side."), streaming)
    await instead.click()
    await expect(chat.answers.last).to_have_text("From my side.")
    await expect(chat.last_answer.locator("h2")).to_have_text(name)
    await expect(chat.last_answer.locator(".route-reason")).to_have_text(f"you asked for {name}")


async def test_the_tab_says_whose_answer_waits_unseen(chat: ChatPage, model: ModelServer) -> None:
    """In its title, until somebody looks at it."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("Well,")
    hide = "hidden => Object.defineProperty(document, 'hidden', { configurable: true, value: hidden })"
    await chat.page.evaluate(hide, arg=True)
    gate.set()
    await expect(chat.page).to_have_title("(1) Prime · Hello · Frontdesk")
    await chat.page.evaluate(hide, arg=False)
    await chat.page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    await expect(chat.page).to_have_title("Prime · Hello · Frontdesk")


async def test_on_touch_screens_everything_is_large_enough(browser: Browser, local_app: Frontdesk) -> None:
    """44 px, on the page, in the drawer and in the settings."""
    async with open_chat(browser, local_app.url, **PHONE) as chat:
        await chat.suggestions.first.click()
        await expect(chat.button("Copy")).to_be_visible()
        await chat.button("Ask another").click()
        assert await small_targets(chat.page) == []
        await chat.button("Conversations").click()
        assert await small_targets(chat.page) == []
        await chat.button("Settings").click()
        await expect(chat.page.locator("#signed-in")).not_to_be_empty()
        assert await small_targets(chat.page) == []
        await local_app.settled()


async def test_a_stopped_answer_is_kept(chat: ChatPage, model: ModelServer) -> None:
    """The text so far stays, also after a reload, and the page says that the user stopped it."""
    model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("Half")
    await chat.button("Stop").click()
    await expect(chat.status).to_have_text("You stopped this answer.")
    await chat.page.reload()
    await expect(chat.answers).to_have_text("Half")


async def test_a_rate_limited_message_is_put_back(serve: Serve, browser: Browser) -> None:
    """The text is in the message field again, and can be sent after a countdown, which a reload does not end."""
    app = await serve(jwt_secret=None, rate_limit=1)
    async with open_chat(browser, app.url) as chat:
        await chat.send("Hello")
        await expect(chat.answers).to_have_text(GREETING)
        await expect(chat.button("Copy")).to_be_visible()
        await chat.send("Hello again")
        await expect(chat.hint).to_contain_text("You can send again in")
        await chat.page.clock.install()
        await chat.page.reload()
        await expect(chat.answers).to_have_count(1)
        await expect(chat.hint).to_contain_text("You can send again in")
        await expect(chat.message_field).to_have_value("Hello again")
        await expect(chat.user_messages).to_have_text(["Hello"])
        await expect(chat.button("Send")).to_be_disabled()
        await chat.page.clock.fast_forward(61_000)
        await expect(chat.button("Send")).to_be_enabled()
        await expect(chat.hint).to_have_text("Those were too many messages in a short time. You can send again.")
        await chat.message_field.press("End")
        await chat.message_field.press("Backspace")
        await expect(chat.hint).to_have_text("")


async def test_another_employee_can_be_asked(serve: Serve, browser: Browser, model: ModelServer) -> None:
    """The same question goes to the chosen employee and counts as one misroute; a retry does not count."""
    app = await serve(jwt_secret=None)
    async with open_chat(browser, app.url) as chat:
        await chat.send("Hello")
        await expect(chat.answers).to_have_text(GREETING)
        await expect(chat.last_answer.locator("header")).to_contain_text("Prime")
        model.queue(Text("Let us set a target."), streaming)
        await chat.last_answer.get_by_text("Ask another").click()
        turn = await chat.last_answer.get_attribute("data-turn")
        await chat.button("Goalie, Goals").click()
        await expect(chat.answers).to_have_text(["Let us set a target."])
        await expect(chat.last_answer.locator("header")).to_contain_text("Goalie")
        await expect(chat.user_messages).to_have_text(["Hello"])
        await expect(chat.last_answer.locator(".switch")).to_contain_text("2/2")
        await chat.button("Retry").click()
        await expect(chat.last_answer.locator(".switch")).to_contain_text("3/3")
        await chat.button("Ask another").click()
        await chat.button("Goalie, Goals").click()
        await expect(chat.last_answer.locator(".switch")).to_contain_text("4/4")
        await app.settled()
        misroutes = await rows(
            app.service.url, "select turn_id::text, chosen_employee, wanted_employee from chat_misroutes"
        )
        assert misroutes == [(turn, "prime", "goalie")]
        summary = await chat.page.context.request.get(f"{app.url}/metrics-summary?range=24h")
        assert (await summary.json())["totals"]["misroutes"] == 1


async def test_an_interrupted_answer_is_replaced(chat: ChatPage, model: ModelServer) -> None:
    """If the model's connection breaks, the text so far is discarded, and a notice says so."""
    model.queue(Cut(["Half ", "an "]), streaming)
    model.queue(Text("A whole answer."), streaming)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("A whole answer.")
    await expect(chat.last_answer.locator(".notice")).to_have_text("The answer broke off; this one replaces it.")


async def test_notices_are_shown_beside_what_they_are_about(chat: ChatPage, model: ModelServer) -> None:
    """Masking is shown beside the user's message and in it, a prepared reply beside the answer; they do not pile up."""
    model.always(Status(401), streaming)
    await chat.send("My card is 4111 1111 1111 1111")
    await expect(chat.page.locator("article.user-message .notice")).to_contain_text("I masked a card number")
    await expect(chat.user_messages).to_contain_text("My card is [card")
    await expect(chat.last_answer.locator(".notice")).to_contain_text("this is a prepared reply")
    await chat.send("And now?")
    await expect(chat.button("Copy")).to_have_count(2)
    await expect(chat.page.locator("article.answer .notice").filter(visible=True)).to_have_count(1)
    await expect(chat.last_answer.locator(".notice")).to_be_visible()


async def test_an_answer_goes_on_while_another_conversation_is_open(chat: ChatPage, model: ModelServer) -> None:
    """When the conversation is opened again, the answer is still streamed."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("Well,")
    await chat.button("New conversation").click()
    await expect(chat.suggestions).to_have_count(4)
    await chat.conversations.get_by_role("link").click()
    await expect(chat.answers).to_have_text("Well,")
    gate.set()
    await expect(chat.answers).to_have_text("Well, it depends.")


async def test_nothing_overflows_on_a_narrow_screen(chat: ChatPage, model: ModelServer) -> None:
    """At 320 px nothing scrolls sideways, and the conversations are behind a button."""
    await chat.page.set_viewport_size({"width": 320, "height": 640})
    model.queue(Text(["`" + "x" * 300 + "`\n\n```\n" + "y" * 300 + "\n```\n\n" + "z" * 300]), streaming)
    await expect(chat.button("New conversation")).to_be_hidden()
    await chat.send("w" * 300)
    await expect(chat.answers).to_contain_text("zzz")
    for element in ("document.documentElement", "document.getElementById('log')"):
        assert await chat.page.evaluate(f"{element}.scrollWidth") <= 320
    await chat.button("Conversations").click()
    await chat.button("New conversation").click()
    await expect(chat.suggestions).to_have_count(4)


async def test_the_chat_works_with_the_keyboard_alone(chat: ChatPage, model: ModelServer) -> None:
    """Choose an employee, write a message of two lines, send, stop, and ask another employee."""
    model.queue(Gate(["Half ", "an answer"], asyncio.Event()), streaming)
    await expect(chat.suggestions).to_have_count(4)
    keyboard = chat.page.keyboard
    await chat.message_field.focus()
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    for _ in ("Prime", "Crystal", "Ledger"):
        await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await keyboard.press("Shift+Tab")
    await keyboard.press("Shift+Tab")
    await keyboard.type("Hello")
    await keyboard.press("Shift+Enter")
    await keyboard.type("there")
    await expect(chat.message_field).to_have_value("Hello\nthere")
    await expect(chat.user_messages).to_have_count(0)
    await keyboard.press("Enter")
    await expect(chat.last_answer.locator("header")).to_contain_text("Ledger")
    await expect(chat.answers).to_have_text("Half")
    for _ in ("files", "employee", "stop"):
        await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(chat.status).to_have_text("You stopped this answer.")
    await chat.button("Ask another").focus()
    await keyboard.press("Enter")
    await expect(chat.button("Prime, Boss and orchestrator")).to_be_visible()
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(chat.last_answer.locator("header")).to_contain_text("Prime")


async def test_the_token_is_asked_for_once(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """Where users are verified, the page asks for a token, and keeps it over a reload."""
    token = frontdesk.signed_in(ada)["Authorization"].removeprefix("Bearer ")
    async with open_chat(browser, frontdesk.url) as chat:
        await chat.page.get_by_label("Access token").fill(token)
        await chat.button("Sign in").click()
        await chat.send("Hello")
        await expect(chat.answers).to_have_text(GREETING)
        await chat.page.reload()
        await expect(chat.answers).to_have_text(GREETING)
    await frontdesk.settled()
