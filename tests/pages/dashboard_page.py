"""Page object of the dashboard."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, Locator, Page

from tests.pages.browser import new_page
from tests.support.app import Frontdesk


@dataclass(frozen=True)
class DashboardPage:
    """The dashboard, and where things are on it."""

    page: Page

    def tile(self, name: str) -> Locator:
        """The value, rating and detail of the tile with this name."""
        return self.page.locator("dl > div", has=self.page.locator("dt", has_text=name)).locator("dd")

    @property
    def employee_rows(self) -> Locator:
        """The rows of the employee table."""
        return self.page.locator("#employees tbody tr")

    def cell(self, employee: str, column: str) -> Locator:
        """A cell of the employee table."""
        return self.employee_rows.filter(has_text=employee).locator(f'[data-name="{column}"]')

    @property
    def outcomes(self) -> Locator:
        """The number of turns with each outcome."""
        return self.page.locator("#outcomes .count")

    @property
    def error_codes(self) -> Locator:
        """The list of error codes."""
        return self.page.locator("#error-codes li")

    @property
    def status(self) -> Locator:
        """The status line: empty while all is well."""
        return self.page.locator("#status")

    @property
    def updated(self) -> Locator:
        """When the numbers were loaded."""
        return self.page.locator("#updated")

    def slider(self, chart: str) -> Locator:
        """The slider that selects a point of this chart."""
        return self.page.get_by_role("slider", name=f"{chart}, point by point")

    def time_range(self, name: str) -> Locator:
        """A radio button of the time range."""
        return self.page.get_by_role("radio", name=name)


@asynccontextmanager
async def open_dashboard(
    browser: Browser,
    app: Frontdesk,
    user: UUID | None = None,
    *,
    admin: bool = False,
    url: str | None = None,
    **options: Any,
) -> AsyncGenerator[DashboardPage]:
    """The dashboard, with a clock that tests can move.

    Args:
        user: signed in with a token; None: not signed in.
        url: of the server as the browser reaches it; None: the application's own.
        options: of the browser context, such as `viewport`.
    """
    async with new_page(browser, **options) as page:
        await page.clock.install()
        if user is not None:
            token = app.signed_in(user, admin=admin)["Authorization"].removeprefix("Bearer ")
            await page.add_init_script(f"sessionStorage.setItem('frontdesk.token', '{token}')")
        await page.goto(f"{url or app.url}/dashboard")
        yield DashboardPage(page)
