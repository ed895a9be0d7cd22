"""The chat page on a slow connection: nothing that is typed early is lost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Route, expect

from tests.pages.browser import new_page
from tests.pages.chat_page import GREETING, ChatPage
from tests.support.app import Frontdesk


@asynccontextmanager
async def loading_chat(browser: Browser, url: str, missing: str) -> AsyncGenerator[tuple[ChatPage, Route]]:
    """The chat page while one of its files is still missing, and the request that waits for that file."""
    requested: asyncio.Future[Route] = asyncio.get_running_loop().create_future()

    def hold(route: Route) -> None:
        requested.set_result(route)

    async with new_page(browser) as page:
        await page.route(f"**/page/{missing}", hold)
        await page.goto(url, wait_until="commit")
        yield ChatPage(page), await requested


@pytest.mark.parametrize("missing", ["main.js", "vendor/markdown-it.js"])
async def test_text_typed_during_loading_is_kept(browser: Browser, local_app: Frontdesk, missing: str) -> None:
    """The modules that load later do not clear the message field."""
    async with loading_chat(browser, local_app.url, missing) as (chat, request):
        await chat.message_field.fill("Hello")
        await request.continue_()
        await expect(chat.suggestions).to_have_count(4)
        await expect(chat.message_field).to_have_value("Hello")
        await chat.message_field.press("Enter")
        await expect(chat.answers).to_have_text(GREETING)
        await local_app.settled()


async def test_text_typed_during_loading_survives_a_reload(browser: Browser, local_app: Frontdesk) -> None:
    """It becomes a draft like any other."""
    async with loading_chat(browser, local_app.url, "main.js") as (chat, request):
        await chat.message_field.fill("Hello")
        await request.continue_()
        await expect(chat.button("Send")).to_be_enabled()
        await chat.page.unroute_all()
        await chat.page.reload()
        await expect(chat.message_field).to_have_value("Hello")


async def test_a_message_sent_during_loading_goes_out(browser: Browser, local_app: Frontdesk) -> None:
    """Enter works before the Markdown parser has loaded: the message is sent as soon as it has."""
    async with loading_chat(browser, local_app.url, "vendor/markdown-it.js") as (chat, request):
        await expect(chat.page.locator("#employee-menu label")).to_have_count(7)
        await chat.message_field.fill("Hello")
        await chat.message_field.press("Enter")
        await request.continue_()
        await expect(chat.answers).to_have_text(GREETING)
        await expect(chat.user_messages).to_have_text(["Hello"])
        await local_app.settled()
