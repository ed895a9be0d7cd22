"""Right-to-left text, dark mode, reduced motion, screen readers, and keyboard focus on the chat page."""

import asyncio

from playwright.async_api import expect

from tests.pages.chat_page import UNDO_TIME, ChatPage
from tests.support.model_script import Gate, Json, Text, streaming, structured
from tests.support.model_server import ModelServer

RECORD_ANNOUNCEMENTS = """() => {
  window.announcements = [];
  const regions = document.querySelectorAll("[aria-live], [role=status], [role=alert], [role=log]");
  const observer = new MutationObserver((changes) => {
    for (const { target } of changes) window.announcements.push(target.textContent);
  });
  for (const region of regions) observer.observe(region, { childList: true, characterData: true, subtree: true });
}"""
"""Records all changes of live regions."""
RECORD_SCROLLING = """log => {
  window.positions = new Set();
  log.addEventListener("scroll", () => positions.add(log.scrollTop));
}"""
"""Records each scroll position of the log."""


async def test_arabic_is_right_to_left(chat: ChatPage, model: ModelServer) -> None:
    """Message, answer, list, quote, table cell and title are, while the page around them stays left-to-right."""
    model.queue(
        Text(["أنفقت **412** يورو:\n\n- طعام\n- سكن\n\n> قيل\n\n| بند | مبلغ |\n|---|---|\n| شاي | ٣ |"]), streaming
    )
    await chat.send("كم أنفقت هذا الشهر؟")
    await expect(chat.button("Copy")).to_be_visible()
    answer = chat.answers
    parts = (
        chat.user_messages,
        answer.locator("p").first,
        answer.locator("ul"),
        answer.locator("li").first,
        answer.locator("blockquote"),
    )
    for part in (*parts, answer.locator("td").first, chat.conversations.locator(".title")):
        assert await part.evaluate("part => getComputedStyle(part).direction") == "rtl"
    for part in (chat.page.locator("html"), chat.last_answer.locator("header"), chat.last_answer.locator("footer")):
        assert await part.evaluate("part => getComputedStyle(part).direction") == "ltr"
    assert await answer.locator("ul").evaluate("list => getComputedStyle(list).paddingRight") != "0px"
    await chat.message_field.fill("كم")
    assert await chat.message_field.evaluate("field => getComputedStyle(field).direction") == "rtl"


async def test_dark_mode_follows_the_system(chat: ChatPage) -> None:
    """Also while the page is open."""
    background = "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)"
    await chat.page.emulate_media(color_scheme="light")
    assert min(await chat.page.evaluate(background)) > 200
    await chat.page.emulate_media(color_scheme="dark")
    assert max(await chat.page.evaluate(background)) < 60
    await chat.page.emulate_media(color_scheme="light")
    assert min(await chat.page.evaluate(background)) > 200


async def test_reduced_motion_disables_animations(chat: ChatPage, model: ModelServer) -> None:
    """No animation, no transition, and no smooth scrolling."""
    await chat.page.emulate_media(reduced_motion="reduce")
    gate = asyncio.Event()
    model.queue(Gate([], gate), streaming)
    await chat.page.set_viewport_size({"width": 320, "height": 640})
    await chat.send("Hello")
    await expect(chat.status).to_contain_text("is thinking")
    assert await chat.page.evaluate("document.getAnimations().length") == 0
    await chat.button("Conversations").click()
    assert await chat.page.evaluate("document.getAnimations().length") == 0
    await chat.page.keyboard.press("Escape")
    gate.set()
    await expect(chat.button("Copy")).to_be_visible()
    model.queue(Text(["line\n\n" * 20]), streaming)
    await chat.page.locator("#log").evaluate(RECORD_SCROLLING)
    await chat.send("Go on")
    await expect(chat.answers.last.locator("p")).to_have_count(20)
    await expect(chat.button("Copy")).to_have_count(2)
    assert await chat.page.evaluate("positions.size") < 8


async def test_screen_readers_hear_an_answer_once(chat: ChatPage, model: ModelServer) -> None:
    """First the employee's name, then the complete answer, politely; not its tokens."""
    await expect(chat.suggestions).to_have_count(4)
    await chat.page.evaluate(RECORD_ANNOUNCEMENTS)
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it ", "**really** ", "depends."], gate), streaming)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("Well,")
    gate.set()
    await expect(chat.button("Copy")).to_be_visible()
    assert await chat.page.evaluate("announcements") == ["Prime is answering.", "Prime: Well, it really depends."]
    assert await chat.page.get_by_role("status").get_attribute("aria-live") == "polite"
    await expect(chat.last_answer).not_to_have_attribute("aria-busy", "true")


async def test_dialogs_return_the_focus(chat: ChatPage, model: ModelServer) -> None:
    """To the button that opened them, or to what is in its place; Undo puts it back."""
    await chat.page.clock.install()
    model.queue(Json({"facts": [{"fact": "The user sells biscuits.", "confidence": 0.9, "replaces": []}]}), structured)
    await chat.send("I sell biscuits")
    await expect(chat.last_answer.locator(".learned-fact")).to_be_visible()
    memory_button = chat.button("Memory")
    await memory_button.focus()
    keyboard = chat.page.keyboard
    await keyboard.press("Enter")
    facts = chat.page.locator("#facts li")
    await facts.get_by_title("Edit").focus()
    await keyboard.press("Enter")
    await expect(chat.page.get_by_label("Fact", exact=True)).to_be_focused()
    await keyboard.press("Escape")
    await expect(facts.get_by_title("Edit")).to_be_focused()
    await facts.get_by_title("Forget").focus()
    await keyboard.press("Enter")
    await expect(facts.get_by_role("button")).to_be_focused()
    await keyboard.press("Enter")
    await expect(facts.get_by_title("Forget")).to_be_focused()
    await keyboard.press("Enter")
    await chat.page.clock.run_for(8000)
    await expect(facts).to_have_text("Nothing remembered yet.")
    await expect(chat.page.get_by_label("Search memory")).to_be_focused()
    await keyboard.press("Escape")
    await expect(memory_button).to_be_focused()


async def test_the_conversation_list_keeps_the_focus(chat: ChatPage) -> None:
    """While it is updated, after a rename, and after a deletion and one that was undone."""
    await chat.page.clock.install()
    await chat.send("Hello")
    await expect(chat.button("Copy")).to_be_visible()
    keyboard = chat.page.keyboard
    await chat.conversations.get_by_title("Rename").focus()
    await keyboard.press("Enter")
    await keyboard.type("Greetings")
    await keyboard.press("Enter")
    link = chat.conversations.get_by_role("link")
    await expect(link).to_contain_text("Greetings")
    await expect(link).to_be_focused()
    delete = chat.conversations.get_by_title("Delete")
    await delete.focus()
    await keyboard.press("Enter")
    await expect(chat.button("Deleted. Undo")).to_be_focused()
    await keyboard.press("Enter")
    await expect(delete).to_be_focused()
    await keyboard.press("Enter")
    await expect(chat.button("Deleted. Undo")).to_be_focused()
    await chat.page.clock.run_for(UNDO_TIME)
    await expect(chat.conversations).to_have_text("No conversations yet.")
    await expect(chat.page.get_by_label("Search conversations")).to_be_focused()


async def test_tab_moves_the_focus_in_reading_order(chat: ChatPage) -> None:
    """The skip link comes first; then the sidebar, and the messages. The skip link leads to the message field."""
    await expect(chat.suggestions).to_have_count(4)
    await chat.button("New conversation").focus()
    stops: list[str] = []
    for key in ("Shift+Tab", *["Tab"] * 9):
        await chat.page.keyboard.press(key)
        stops.append(await chat.page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert stops == [
        "skip-link", "new-conversation", "search-conversations", "open-memory", "Transactions", "Documents",
        "dashboard-link", "open-settings", "open-keys", "temporary",
    ]  # fmt: skip
    await chat.button("Skip to message field").focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.message_field).to_be_focused()


async def test_the_sidebar_of_narrow_screens_traps_the_focus(chat: ChatPage) -> None:
    """While it is open, nothing behind it can be reached; Escape closes it and returns the focus."""
    await chat.page.set_viewport_size({"width": 360, "height": 740})
    await expect(chat.suggestions).to_have_count(4)
    assert await chat.page.locator("#log").evaluate("log => log.scrollTop") == 0
    await chat.button("Conversations").click()
    await expect(chat.button("New conversation")).to_be_focused()
    assert await chat.page.locator("main").evaluate("main => main.inert")
    await chat.page.keyboard.press("Escape")
    await expect(chat.button("Conversations")).to_be_focused()
    assert not await chat.page.locator("main").evaluate("main => main.inert")
