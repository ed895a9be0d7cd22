"""From the dashboard's figures to a turn, and what turns cost: filters, comparison, the side panel, CSV."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from playwright.async_api import Browser, expect

from tests.pages.accessibility import NARROW, assert_accessible
from tests.pages.dashboard_page import open_dashboard
from tests.pages.seed import add_turns
from tests.support.app import Frontdesk, Serve
from tests.support.model_script import Status, streaming
from tests.support.model_server import ModelServer

PRICES = {"gpt-4o-mini": {"input": 10, "output": 100}}


async def test_filters_choose_turns_and_are_in_the_url(empty_app: Frontdesk, browser: Browser) -> None:
    """Beside the period before, in words; with other days, the keyboard and a reload."""
    url = empty_app.service.url
    add_turns(url, "ledger", turns=4, ms=1000)
    add_turns(url, "tag", turns=2, good=1, ms=3000)
    add_turns(url, "tag", turns=4, ms=3000, hours=30)
    async with open_dashboard(browser, empty_app) as dashboard:
        page = dashboard.page
        employee = page.get_by_role("combobox", name="Employee")
        await expect(dashboard.tile("Turns")).to_contain_text("▲ 50% more than in the period before")
        await expect(dashboard.tile("Success")).to_contain_text("▼ 16.7 points lower than in the period before")
        await expect(dashboard.tile("Latency")).to_contain_text("▼ 44.4% less than in the period before")
        await employee.select_option("Tag")
        await expect(dashboard.tile("Turns")).to_contain_text("▼ 50% less than in the period before")
        await expect(dashboard.employee_rows).to_have_count(1)
        await page.get_by_role("combobox", name="Outcome").select_option("Failed")
        await expect(dashboard.outcomes).to_have_text(["0", "0", "0", "0", "1", "0"])
        assert page.url.endswith("/dashboard#range=24h&employee=tag&outcome=failed")
        await page.reload()
        await expect(dashboard.tile("Turns")).to_contain_text("1")
        await expect(employee).to_have_value("tag")
        await page.get_by_role("button", name="Clear filters").click()
        await expect(employee).to_be_focused()
        await expect(dashboard.tile("Turns")).to_contain_text("6")
        await dashboard.time_range("Other days").check()
        await expect(dashboard.tile("Turns")).to_contain_text("10")
        await expect(dashboard.tile("Turns")).to_contain_text("on these days")
        day = (datetime.now(UTC) - timedelta(days=5)).date().isoformat()
        await page.get_by_label("To", exact=True).fill(day)
        await expect(page.get_by_text("No turns on these days.")).to_be_visible()
        assert f"to={day}" in page.url
        await assert_accessible(page)


async def test_a_failed_turn_opens_in_a_panel(
    serve: Serve, browser: Browser, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """With its steps; an administrator shows what was said, and that is logged. Tables come as CSV, with costs."""
    app = await serve(prices=PRICES)
    model.queue(Status(400), streaming)
    failed = (await app.chat(ada, "I sell biscuits", employee="ledger")).named("done")[0]["turn_id"]
    await app.chat(ada, "Hello", employee="tag")
    async with open_dashboard(browser, app, bob, admin=True) as dashboard:
        page = dashboard.page
        await page.locator("#turn-list summary").click()
        await expect(page.locator("#turn-list tbody tr")).to_have_count(1)
        opener = page.get_by_role("button", name=re.compile("^Turn of "))
        await opener.focus()
        await page.keyboard.press("Enter")
        panel = page.get_by_role("dialog", name="Turn")
        for text in ("model_rejected", "Prepared reply", failed, "Where the time went", "Choose who answers"):
            await expect(panel).to_contain_text(text)
        await expect(panel).not_to_contain_text("biscuits")
        await assert_accessible(page)
        await panel.get_by_role("button", name="Show what was said").click()
        await expect(panel).to_contain_text("I sell biscuits")
        await assert_accessible(page)
        await page.keyboard.press("Escape")
        await expect(opener).to_be_focused()
        async with app.client(bob, admin=True) as client:
            log = (await client.get("/audit")).json()["items"]
        assert ("turn_content", failed) in [(entry["action"], entry["detail"]) for entry in log]
        await page.get_by_role("combobox", name="Show").select_option("All, slowest first")
        await expect(page.locator("#turn-list tbody tr")).to_have_count(2)
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download “Failed and slow turns” as CSV").click()
        assert (await download.value).suggested_filename == "frontdesk-slow-turns.csv"
        await page.locator("#costs summary").click()
        await expect(dashboard.tile("Cost")).to_contain_text("$")
        await expect(page.get_by_role("table", name="Costs by employee").locator("tbody th")).to_have_text(["Tag"])
        await expect(page.get_by_role("table", name="Users with most tokens").locator("tbody tr")).to_have_count(1)
        await assert_accessible(page)
        await page.set_viewport_size({"width": NARROW, "height": 800})
        await expect(page.locator("html")).to_have_js_property("scrollWidth", NARROW)  # once charts are drawn anew
        await opener.first.click()
        await expect(panel).to_contain_text("Where the time went")
        await expect(page.locator("html")).to_have_js_property("scrollWidth", NARROW)  # once charts are drawn anew
