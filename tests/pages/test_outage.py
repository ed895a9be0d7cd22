"""The page with transactions and its other lists while the database is away, and in two tabs."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from graph.models.factory import LocalModels
from tests.pages.browser import new_page
from tests.pages.statements import HEADER, import_statement, statement
from tests.support.app import Frontdesk, serving
from tests.support.model_server import ModelServer
from tests.support.postgres import Postgres


async def test_lists_come_back_with_the_database(
    browser: Browser, postgres: Postgres, model: ModelServer, local: LocalModels, tmp_path: Path
) -> None:
    """Each section says what is wrong, and shows what it has once there is a database: nobody has to do anything."""
    async with serving(postgres.url(), model.url, local, tmp_path) as start, new_page(browser) as page:
        app = await start(jwt_secret=None)
        await page.goto(f"{app.url}/finances")
        await import_statement(page.context, app.url)
        status = page.locator("#status")
        for section, shown in (("documents", "statement.csv"), ("accounts", "statement"), ("rules", "No rules yet.")):
            await postgres.stop()
            await page.locator(f"#sections [href='#{section}']").click()
            await expect(status).to_contain_text("Our storage cannot be reached right now.")
            await expect(status.get_by_role("button", name="Try again")).to_be_visible()
            await postgres.start()
            await expect(page.locator(f"#{section}")).to_contain_text(shown)
            await expect(status).to_be_empty()


@pytest.mark.parametrize("section", ["transactions", "documents"])
async def test_two_tabs_show_the_same(browser: Browser, local_app: Frontdesk, section: str) -> None:
    """Of one browser: what is sent and taken back in one is so in the other, without a reload."""
    async with new_page(browser) as page:
        await page.goto(f"{local_app.url}/finances#documents")
        other = await page.context.new_page()
        await other.goto(f"{local_app.url}/finances#{section}")
        await page.locator("#documents input[type=file]").set_input_files(
            statement(HEADER + "04.02.2026;Dentist;Bill;-90,00;EUR\n")
        )
        shown = other.locator(f"#{section}").get_by_text(
            "Dentist" if section == "transactions" else "1 new transaction"
        )
        await expect(shown).to_be_visible()
        await page.locator("#documents").get_by_role("button", name="Undo import").click()
        await expect(shown).to_have_count(0)
