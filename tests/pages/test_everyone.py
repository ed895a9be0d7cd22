"""Who reads from the right, in the dark, without motion, by ear, or by keyboard."""

import asyncio
from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from tests.pages.conftest import visiting
from tests.pages.desk import Desk
from tests.support.app import Frontdesk
from tests.support.model_script import Gate, Json, Text, streaming, structured
from tests.support.model_server import ModelServer

HEARD = """() => {
  window.heard = [];
  const live = document.querySelectorAll("[aria-live], [role=status], [role=alert], [role=log]");
  const listen = new MutationObserver((changes) => {
    for (const { target } of changes) window.heard.push(target.textContent);
  });
  for (const one of live) listen.observe(one, { childList: true, characterData: true, subtree: true });
}"""
"""Writes down whatever a live region says."""
SCROLLED = """log => {
  window.tops = new Set();
  log.addEventListener("scroll", () => tops.add(log.scrollTop));
}"""
"""Writes down each place where the log comes to stand."""


async def test_arabic_runs_from_the_right(desk: Desk, model: ModelServer) -> None:
    """Message, answer, list, quote and title do, while the page around them is English."""
    model.queue(
        Text(["أنفقت **412** يورو:\n\n- طعام\n- سكن\n\n> قيل\n\n| بند | مبلغ |\n|---|---|\n| شاي | ٣ |"]), streaming
    )
    await desk.send("كم أنفقت هذا الشهر؟")
    await expect(desk.button("Copy")).to_be_visible()
    sheet = desk.answers
    parts = (
        desk.mine,
        sheet.locator("p").first,
        sheet.locator("ul"),
        sheet.locator("li").first,
        sheet.locator("blockquote"),
    )
    for part in (*parts, sheet.locator("td").first, desk.conversations.get_by_role("link")):
        assert await part.evaluate("part => getComputedStyle(part).direction") == "rtl"
    for part in (desk.page.locator("html"), desk.last.locator("header"), desk.last.locator("footer")):
        assert await part.evaluate("part => getComputedStyle(part).direction") == "ltr"
    assert await sheet.locator("ul").evaluate("list => getComputedStyle(list).paddingRight") != "0px"
    await desk.field.fill("كم")
    assert await desk.field.evaluate("field => getComputedStyle(field).direction") == "rtl"


@pytest.mark.parametrize(("scheme", "light"), [("light", True), ("dark", False)])
async def test_day_and_night_are_the_systems(desk: Desk, scheme: Literal["light", "dark"], light: bool) -> None:
    """The page changes with it, at once."""
    await desk.page.emulate_media(color_scheme="dark" if light else "light")
    await desk.page.emulate_media(color_scheme=scheme)
    ground = await desk.page.evaluate(
        "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert (min(ground) > 200) == light
    assert (max(ground) < 60) != light


async def test_nothing_moves_for_who_wants_no_motion(desk: Desk, model: ModelServer) -> None:
    """No animation and no transition; the page follows an answer in one step."""
    await desk.page.emulate_media(reduced_motion="reduce")
    gate = asyncio.Event()
    model.queue(Gate([], gate), streaming)
    await desk.page.set_viewport_size({"width": 320, "height": 640})
    await desk.send("Hello")
    await expect(desk.state).to_contain_text("is thinking")
    assert await desk.page.evaluate("document.getAnimations().length") == 0
    await desk.button("Conversations").click()
    assert await desk.page.evaluate("document.getAnimations().length") == 0
    await desk.page.keyboard.press("Escape")
    gate.set()
    await expect(desk.button("Copy")).to_be_visible()
    model.queue(Text(["line\n\n" * 20]), streaming)
    await desk.page.locator("#log").evaluate(SCROLLED)
    await desk.send("Go on")
    await expect(desk.answers.last.locator("p")).to_have_count(20)
    await expect(desk.button("Copy")).to_have_count(2)
    assert await desk.page.evaluate("tops.size") < 8


async def test_an_answer_is_read_aloud_once(desk: Desk, model: ModelServer) -> None:
    """First who answers, then all of it, politely; no piece of it, and no countdown."""
    await expect(desk.page.locator(".card")).to_have_count(6)
    await desk.page.evaluate(HEARD)
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "**really** ", "depends."], gate), streaming)
    await desk.send("Hello")
    await expect(desk.answers).to_have_text("Well,")
    gate.set()
    await expect(desk.button("Copy")).to_be_visible()
    assert await desk.page.evaluate("heard") == ["Prime is answering.", "Prime: Well, it really depends."]
    assert await desk.page.get_by_role("status").get_attribute("aria-live") == "polite"
    await expect(desk.last).not_to_have_attribute("aria-busy", "true")


async def test_a_dialog_gives_the_focus_back(desk: Desk, model: ModelServer) -> None:
    """To the button that opened it; where that is gone, to the one in its place."""
    model.queue(Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]}), structured)
    await desk.send("I sell biscuits")
    await expect(desk.last.locator(".learned")).to_be_visible()
    remembered = desk.button("🧠 What is remembered")
    await remembered.focus()
    keyboard = desk.page.keyboard
    await keyboard.press("Enter")
    facts = desk.page.locator("#facts li")
    await facts.get_by_title("Correct").focus()
    await keyboard.press("Enter")
    await expect(desk.page.get_by_label("The fact")).to_be_focused()
    await keyboard.press("Escape")
    await expect(facts.get_by_title("Correct")).to_be_focused()
    await facts.get_by_title("Forget").focus()
    await keyboard.press("Enter")
    await expect(facts).to_have_text("Nothing is remembered of you yet.")
    await expect(desk.page.get_by_label("Search what is remembered")).to_be_focused()
    await keyboard.press("Escape")
    await expect(remembered).to_be_focused()


async def test_the_list_of_conversations_keeps_the_focus(desk: Desk) -> None:
    """While it is made anew, after a new title, and after a deletion that was thought better of."""
    await desk.send("Hello")
    await expect(desk.button("Copy")).to_be_visible()
    keyboard = desk.page.keyboard
    await desk.conversations.get_by_title("Rename").focus()
    await keyboard.press("Enter")
    await keyboard.type("Greetings")
    await keyboard.press("Enter")
    link = desk.conversations.get_by_role("link")
    await expect(link).to_contain_text("Greetings")
    await expect(link).to_be_focused()
    delete = desk.conversations.get_by_title("Delete")
    await delete.focus()
    await keyboard.press("Enter")
    await expect(desk.button("Cancel")).to_be_focused()
    await keyboard.press("Escape")
    await expect(delete).to_be_focused()
    await keyboard.press("Enter")
    await desk.button("Delete").click()
    await expect(desk.conversations).to_have_text("No conversations yet.")
    await expect(desk.page.get_by_label("Search conversations")).to_be_focused()


async def test_a_question_that_follows_at_once_is_a_question_of_its_own(desk: Desk) -> None:
    """The browser tells a moment late that the one before was answered, which is no answer to this one."""
    for text in ("Hello", "Good morning"):
        await desk.button("+ New conversation").click()
        await desk.send(text)
        await expect(desk.button("Copy")).to_be_visible()
    await expect(desk.conversations).to_have_count(2)
    kept, other = desk.conversations.last, desk.conversations.first
    await kept.get_by_title("Delete").evaluate("button => button.click()")
    await expect(desk.button("Cancel")).to_be_focused()
    await other.get_by_title("Delete").evaluate("""(button) => {
      document.getElementById("confirm").close();
      button.click();
    }""")
    await desk.button("Delete").click()
    await expect(desk.conversations).to_have_count(1)
    await expect(desk.conversations).to_contain_text("Hello")


async def test_the_focus_goes_round_in_reading_order(desk: Desk) -> None:
    """The way past the conversations comes first; then they, what was said, and where the answer goes."""
    await expect(desk.page.locator(".card")).to_have_count(6)
    await desk.button("+ New conversation").focus()
    passed: list[str] = []
    for key in ("Shift+Tab", "Tab", "Tab", "Tab", "Tab", "Tab"):
        await desk.page.keyboard.press(key)
        passed.append(await desk.page.evaluate("document.activeElement.id"))
    assert passed == ["skip", "new", "search", "open-memory", "to-dashboard", "log"]
    await desk.button("To the message field").focus()
    await desk.page.keyboard.press("Enter")
    await expect(desk.field).to_be_focused()


async def test_the_side_of_a_phone_holds_the_focus(browser: Browser, local_mode: Frontdesk) -> None:
    """While it is open nothing behind it can be reached; Escape closes it and leads back."""
    async with visiting(browser, local_mode.url) as desk:
        await desk.page.set_viewport_size({"width": 360, "height": 740})
        await expect(desk.page.locator(".card")).to_have_count(6)
        assert await desk.page.locator("#log").evaluate("log => log.scrollTop") == 0
        await desk.button("Conversations").click()
        await expect(desk.button("+ New conversation")).to_be_focused()
        assert await desk.page.locator("main").evaluate("main => main.inert")
        await desk.page.keyboard.press("Escape")
        await expect(desk.button("Conversations")).to_be_focused()
        assert not await desk.page.locator("main").evaluate("main => main.inert")
