"""A real browser on the real application."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from tests.pages.desk import Desk
from tests.support.app import Frontdesk, Serve
from tests.support.chromium import INSTALLED, launched

REFUSED = "Failed to load resource"
"""What Chromium itself says of every answer that is a refusal."""

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser, started once."""
    if INSTALLED is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed here; where CI is set, it must be")
    async with async_playwright() as playwright, launched(playwright) as started:
        yield started


@pytest.fixture
async def local_mode(serve: Serve) -> Frontdesk:
    """The application without a way to verify anyone."""
    return await serve(jwt_secret=None)


@pytest.fixture
async def desk(browser: Browser, local_mode: Frontdesk) -> AsyncIterator[Desk]:
    """The chat page, open in a browser of its own."""
    async with visiting(browser, local_mode.url) as opened:
        yield opened
        await local_mode.settled()


@asynccontextmanager
async def visiting(browser: Browser, url: str) -> AsyncGenerator[Desk]:
    """The chat page at this address; at the end nothing may have gone wrong in it."""
    async with blank_page(browser) as page:
        await page.goto(url)
        yield Desk(page)


@asynccontextmanager
async def blank_page(browser: Browser, **options: Any) -> AsyncGenerator[Page]:
    """A page of a visitor's own; at the end nothing may have gone wrong in what was opened in it."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            said.append(message.text)

    context = await browser.new_context(**options)
    context.on("console", hear)
    context.on("weberror", lambda error: said.append(str(error.error)))
    yield await context.new_page()
    await context.close()
    assert said == []
