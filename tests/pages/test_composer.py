"""The composer: drafts, the choice of employee, pasted texts, the counter, and keyboard shortcuts."""

import asyncio

from playwright.async_api import expect

from tests.pages.accessibility import NARROW, WIDE, assert_accessible
from tests.pages.chat_page import GREETING, ChatPage
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer

PASTE = """(field, [text, type]) => {
  const clipboardData = new DataTransfer();
  if (type) clipboardData.items.add(new File([text], "bill.pdf", { type }));
  else clipboardData.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""
DROP = """(log) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["1"], "bill.csv"));
  return !log.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}"""
COMPOSE = """(field) => ["isComposing", "keyCode"].forEach((how) => field.dispatchEvent(new KeyboardEvent("keydown", {
  key: "Enter", bubbles: true, cancelable: true, ...(how === "keyCode" ? { keyCode: 229 } : { isComposing: true }),
})))"""


async def test_drafts_and_employees_are_kept_per_conversation(chat: ChatPage) -> None:
    """Over a reload, too; the choice in a new conversation goes along with its first message."""
    employee, menu = chat.page.locator("#employee"), chat.page.locator("#employee-menu")
    await expect(chat.suggestions).to_have_count(4)
    await employee.click()
    await expect(menu.get_by_role("radio")).to_have_count(7)
    await expect(menu.locator("label", has_text="Ledger")).to_contain_text("write off")
    await assert_accessible(chat.page)
    await chat.page.keyboard.press("ArrowDown")
    await chat.page.keyboard.press("Enter")
    await expect(menu).to_be_hidden()
    await expect(employee).to_have_text("Employee: Prime")
    await employee.click()
    await menu.locator("label", has_text="Ledger").click()
    await expect(chat.message_field).to_be_focused()
    await chat.send("Hello")
    await expect(chat.last_answer.locator("h2")).to_have_text("Ledger")
    await expect(chat.button("Copy")).to_be_visible()
    await chat.message_field.fill("And then")
    await chat.button("New conversation").click()
    await expect(chat.message_field).to_have_value("")
    await expect(employee).to_have_text("Employee: Best match")
    await chat.message_field.fill("Something else")
    await chat.conversations.get_by_role("link").click()
    await expect(chat.answers).to_have_text(GREETING)
    await chat.page.reload()
    await expect(chat.message_field).to_have_value("And then")
    await expect(employee).to_have_text("Employee: Ledger")
    await chat.button("New conversation").click()
    await expect(chat.message_field).to_have_value("Something else")


async def test_long_pastes_are_folded_and_files_are_taken(chat: ChatPage, model: ModelServer) -> None:
    """A card can be opened, edited and removed, and its text is sent; near the limit the characters are counted."""
    field, cards = chat.message_field, chat.page.locator("#pastes li")
    await expect(chat.suggestions).to_have_count(4)
    await field.fill("What is this?")
    for text in ("\n".join(f"Line {number}" for number in range(16)), "x" * 7000):
        await field.evaluate(PASTE, [text, ""])
    await expect(cards).to_have_text(["Line 016 lines · 117 characters", f"{'x' * 80}1 line · 7,000 characters"])
    await expect(chat.page.locator("#counter")).to_have_text("7,134 of 8,000 characters")
    await cards.first.get_by_role("button").first.click()
    await cards.first.get_by_role("textbox").fill("Line one\nLine two")
    await expect(cards.first).to_contain_text("2 lines · 17 characters")
    await assert_accessible(chat.page, [WIDE, NARROW])
    await cards.last.get_by_title("Remove pasted text").click()
    await expect(chat.page.locator("#counter")).to_be_hidden()
    await chat.page.reload()
    await expect(cards).to_have_count(1)
    await field.evaluate(PASTE, ["1", "application/pdf"])
    await expect(chat.page.locator("#uploads li")).to_contain_text("bill.pdf")
    assert await chat.page.locator("#log").evaluate(DROP), "the browser would open the file"
    await field.evaluate(COMPOSE)
    await field.press("Enter")
    await expect(chat.user_messages).to_have_text(["What is this?\n\nLine one\nLine two"])
    await expect(chat.answers).to_have_text(GREETING)
    await expect(cards).to_have_count(0)
    assert sum(map(streaming, model.requests)) == 1


async def test_keyboard_shortcuts(chat: ChatPage, model: ModelServer) -> None:
    """They are listed in a dialog, where those of a single key can be switched off."""
    keyboard, dialog = chat.page.keyboard, chat.page.get_by_role("dialog", name="Keyboard shortcuts")
    model.queue(Gate(["Well, ", "it depends."], asyncio.Event()), streaming)
    await chat.send("Hello")
    await expect(chat.answers).to_have_text("Well,")
    await keyboard.press("Escape")
    await expect(chat.status).to_have_text("You stopped this answer.")
    await keyboard.press("ArrowUp")
    await expect(chat.page.get_by_role("textbox", name="Edit your message")).to_be_focused()
    await keyboard.press("Escape")
    await keyboard.press("Control+k")
    await expect(chat.page.get_by_label("Search conversations")).to_be_focused()
    await keyboard.press("Control+Shift+O")
    await expect(chat.suggestions).to_have_count(4)
    await expect(chat.message_field).to_have_value("")
    await chat.page.locator("#log").focus()
    await keyboard.press("/")
    await expect(chat.message_field).to_be_focused()
    await keyboard.press("?")
    await expect(chat.message_field).to_have_value("?")
    await chat.page.locator("#log").focus()
    await keyboard.press("?")
    await expect(dialog.locator("dl > div")).to_have_count(6)
    await assert_accessible(chat.page)
    await dialog.get_by_label("Shortcuts of a single key").uncheck()
    await keyboard.press("Escape")
    await chat.page.locator("#log").focus()
    await keyboard.press("?")
    await keyboard.press("/")
    await expect(dialog).to_be_hidden()
    await expect(chat.page.locator("#log")).to_be_focused()
