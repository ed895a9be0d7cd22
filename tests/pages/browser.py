"""Browser pages that fail the test if anything goes wrong in them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page

HTTP_ERROR = "Failed to load resource"
"""What Chromium logs for every error response; these are part of many tests."""


@asynccontextmanager
async def new_page(browser: Browser, **options: Any) -> AsyncGenerator[Page]:
    """A page in a browser context of its own, with its own cookies: a new user in local mode.

    Args:
        options: of the context, such as `viewport`.

    Raises:
        AssertionError: an error or a warning was logged, or an exception was not caught.
    """
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(HTTP_ERROR):
            problems.append(message.text)

    context = await browser.new_context(**options)
    context.on("console", on_console)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    yield await context.new_page()
    await context.close()
    assert problems == []
