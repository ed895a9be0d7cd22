"""A page that opens over a slow line: whoever types ahead of it is not forgotten."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Route, expect

from tests.pages.conftest import blank_page
from tests.pages.desk import Desk
from tests.support.app import Frontdesk

GREETING = "Hello from the scripted model."


@asynccontextmanager
async def opening(browser: Browser, url: str, late: str) -> AsyncGenerator[tuple[Desk, Route]]:
    """The chat page while this file of it has not come yet."""
    asked_for: asyncio.Future[Route] = asyncio.get_running_loop().create_future()

    def hold(route: Route) -> None:
        asked_for.set_result(route)

    async with blank_page(browser) as page:
        await page.route(f"**/page/{late}", hold)
        await page.goto(url, wait_until="commit")
        yield Desk(page), await asked_for


@pytest.mark.parametrize("late", ["main.js", "vendor/markdown-it.js"])
async def test_what_is_typed_early_is_kept(browser: Browser, local_mode: Frontdesk, late: str) -> None:
    """Nothing that the page does as it begins takes it away."""
    async with opening(browser, local_mode.url, late) as (desk, held):
        await desk.field.fill("Hello")
        await held.continue_()
        await expect(desk.page.locator(".card")).to_have_count(6)
        await expect(desk.field).to_have_value("Hello")
        await desk.field.press("Enter")
        await expect(desk.answers).to_have_text(GREETING)
        await local_mode.settled()


async def test_what_is_typed_early_outlives_a_reload(browser: Browser, local_mode: Frontdesk) -> None:
    """It is a draft like any other."""
    async with opening(browser, local_mode.url, "main.js") as (desk, held):
        await desk.field.fill("Hello")
        await held.continue_()
        await expect(desk.button("Send")).to_be_enabled()
        await desk.page.unroute_all()
        await desk.page.reload()
        await expect(desk.field).to_have_value("Hello")


async def test_what_is_sent_early_goes_out(browser: Browser, local_mode: Frontdesk) -> None:
    """Nobody waits for what lays answers out in order to send."""
    async with opening(browser, local_mode.url, "vendor/markdown-it.js") as (desk, held):
        await expect(desk.page.locator("#whom option")).to_have_count(7)
        await desk.field.fill("Hello")
        await desk.field.press("Enter")
        await held.continue_()
        await expect(desk.answers).to_have_text(GREETING)
        await expect(desk.mine).to_have_text(["Hello"])
        await local_mode.settled()
