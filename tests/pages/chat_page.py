"""Page object of the chat page."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from tests.pages.browser import new_page

GREETING = "Hello from the scripted model."
"""The answer if a test scripts none."""
UNDO_TIME = 8000
"""Milliseconds for which a deletion can be undone."""


@dataclass(frozen=True)
class ChatPage:
    """The chat page, and where things are on it."""

    page: Page

    @property
    def message_field(self) -> Locator:
        """Where messages are typed."""
        return self.page.get_by_label("Message", exact=True)

    @property
    def hint(self) -> Locator:
        """The line above the message field: errors, and the countdown of the rate limit."""
        return self.page.locator("#composer-hint")

    @property
    def user_messages(self) -> Locator:
        """The texts of the user's messages."""
        return self.page.locator("article.user-message .plain-text")

    @property
    def answers(self) -> Locator:
        """The texts of the answers."""
        return self.page.locator("article.answer .markdown")

    @property
    def last_answer(self) -> Locator:
        """The last answer with its header, notices, status, footer and facts."""
        return self.page.locator("article.answer").last

    @property
    def status(self) -> Locator:
        """The status line of the last answer."""
        return self.last_answer.locator(".status")

    @property
    def conversations(self) -> Locator:
        """The items of the conversation list, without the headings of its groups."""
        return self.page.locator("#conversations li:not(.group)")

    @property
    def suggestions(self) -> Locator:
        """The questions on the welcome screen: four once the page is ready."""
        return self.page.locator("main:has(.welcome) #suggestions button")

    def button(self, name: str) -> Locator:
        """The button with this label."""
        return self.page.get_by_role("button", name=name, exact=True)

    async def send(self, text: str) -> None:
        """Type a message and press Enter, once the previous answer has ended."""
        await self.message_field.fill(text)
        await expect(self.button("Send")).to_be_enabled()
        await self.message_field.press("Enter")


@asynccontextmanager
async def open_chat(browser: Browser, url: str, **options: Any) -> AsyncGenerator[ChatPage]:
    """The chat page of a new user; the options are of the browser context, such as `locale`."""
    async with new_page(browser, **options) as page:
        await page.goto(url)
        yield ChatPage(page)
