"""The settings dialog, and temporary conversations."""

from uuid import UUID

from playwright.async_api import Browser, expect

from tests.pages.accessibility import assert_accessible
from tests.pages.chat_page import ChatPage, open_chat
from tests.support.app import Frontdesk
from tests.support.model_server import ModelServer

BACKGROUND = "Math.max(...getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number))"
FONT_SIZE = "getComputedStyle(document.documentElement).fontSize"


async def test_theme_text_size_and_language_are_kept(chat: ChatPage) -> None:
    """They are there at once, after a reload and on the dashboard, whatever system and browser prefer."""
    page = chat.page
    await page.emulate_media(color_scheme="light")
    await chat.button("Settings").click()
    await expect(page.get_by_role("radio", name="Like the system")).to_be_checked()
    await page.get_by_role("radio", name="Dark").check()
    await page.get_by_role("radio", name="Very large").check()
    assert await page.evaluate(BACKGROUND) < 60
    assert await page.evaluate(FONT_SIZE) == "20px"
    await assert_accessible(page)
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.locator("#settings").evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.get_by_label("Language").select_option("Deutsch")
    await expect(page.get_by_label("Nachricht", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Dashboard").click()
    await expect(page.get_by_text("7 Tage")).to_be_visible()
    assert await page.evaluate(BACKGROUND) < 60
    assert await page.evaluate(FONT_SIZE) == "20px"
    await page.go_back()
    await chat.button("Einstellungen").click()
    await expect(page.get_by_role("radio", name="Dunkel")).to_be_checked()
    await page.get_by_label("Sprache").select_option("Wie im Browser")
    await expect(chat.message_field).to_be_visible()


async def test_settings_that_cannot_be_loaded_say_so(chat: ChatPage) -> None:
    """They are loaded when they are opened; the dialog can be closed, and opened again once the server is there."""
    page = chat.page
    await page.context.set_offline(True)
    await chat.button("Settings").click()
    await expect(page.locator("#settings-error")).to_have_text("The server cannot be reached.")
    await page.locator("#close-settings").click()
    await page.context.set_offline(False)
    await chat.button("Settings").click()
    await expect(page.get_by_role("switch", name="Remember facts about me")).to_be_enabled()


async def test_memory_is_switched_off_and_a_conversation_is_temporary(chat: ChatPage) -> None:
    """The switch goes back where the server could not be told; the conversation is in no list, and says what it is."""
    page = chat.page
    await chat.button("Settings").click()
    memory = page.get_by_role("switch", name="Remember facts about me")
    await expect(memory).to_be_enabled()  # once the settings are loaded
    await expect(memory).to_be_checked()
    await page.context.set_offline(True)
    await memory.click()
    await expect(page.locator("#settings-error")).to_have_text("The server cannot be reached.")
    await expect(memory).to_be_checked()
    await page.context.set_offline(False)
    async with page.expect_response("**/settings"):
        await memory.uncheck()
    await page.keyboard.press("Escape")
    await expect(chat.button("Settings")).to_be_focused()
    await chat.button("Temporary").click()
    note = page.get_by_text("nothing is remembered here")
    await expect(note).to_be_visible()
    await assert_accessible(page)
    await chat.send("Hello")
    await expect(chat.button("Copy")).to_be_visible()
    await expect(chat.button("Temporary")).to_be_hidden()
    await page.reload()
    await expect(chat.user_messages).to_have_text(["Hello"])
    await expect(note).to_be_visible()
    await expect(chat.conversations).to_have_text("No conversations yet.")
    await chat.button("Settings").click()
    await expect(memory).to_be_enabled()
    await expect(memory).not_to_be_checked()
    await page.keyboard.press("Escape")
    await chat.button("New conversation").click()
    await expect(note).to_be_hidden()
    await chat.send("Hello again")
    await expect(chat.conversations.get_by_role("link")).to_contain_text("Hello again")


async def test_the_account_is_exported_and_deleted(chat: ChatPage) -> None:
    """Deleted once a word was typed; then everything begins anew."""
    page = chat.page
    await chat.send("Hello")
    await expect(chat.button("Copy")).to_be_visible()
    await chat.button("Settings").click()
    await expect(page.locator("#signed-in")).to_contain_text("Nobody is signed in")
    await expect(chat.button("Sign out")).to_be_hidden()
    async with page.expect_download() as download_info:
        await chat.button("Export my data").click()
    assert (await download_info.value).suggested_filename == "frontdesk-export.ndjson"
    await chat.button("Delete account").click()
    question = page.get_by_role("dialog", name="Delete your account?")
    await assert_accessible(page)
    await expect(question.get_by_role("button", name="Delete account")).to_be_disabled()
    await question.get_by_role("textbox").fill("Delete")
    await question.get_by_role("button", name="Cancel").click()
    await chat.button("Delete account").click()
    await question.get_by_role("textbox").fill("Delete")
    await question.get_by_role("textbox").press("Enter")
    await expect(chat.conversations).to_have_text("No conversations yet.")
    await expect(chat.suggestions).to_have_count(4)


async def test_settings_say_who_is_signed_in(
    frontdesk: Frontdesk, browser: Browser, ada: UUID, model: ModelServer
) -> None:
    """With the button to sign out."""
    token = frontdesk.signed_in(ada)["Authorization"].removeprefix("Bearer ")
    async with open_chat(browser, frontdesk.url) as chat:
        await chat.page.get_by_label("Access token").fill(token)
        await chat.button("Sign in").click()
        await expect(chat.suggestions).to_have_count(4)
        await chat.button("Settings").click()
        await expect(chat.page.locator("#signed-in")).to_have_text(f"Signed in as {ada}.")
        await chat.button("Sign out").click()
        await expect(chat.page.get_by_label("Access token")).to_be_visible()
