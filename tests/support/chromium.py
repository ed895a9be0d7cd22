"""Debian's browser, as Playwright starts it."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Playwright

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is the same browser without its windows, which loads a page with a third of the CPU."""
INSTALLED = next(filter(None, map(shutil.which, PROGRAMS)), None)
"""Where it is; None: there is none here."""


@asynccontextmanager
async def launched(playwright: Playwright, *arguments: str) -> AsyncGenerator[Browser]:
    """The browser with these arguments, for the length of the block."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = await playwright.chromium.launch(executable_path=INSTALLED or "chromium", args=[*sandbox, *arguments])
    try:
        yield browser
    finally:
        await browser.close()
