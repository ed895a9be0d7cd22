"""A dashboard that stays open: polling, outages, errors, sign-in, caching."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
from playwright.async_api import Browser, Page, Request, Route, expect
from psycopg.conninfo import conninfo_to_dict

from tests.pages.browser import new_page
from tests.pages.dashboard_page import DashboardPage, open_dashboard
from tests.pages.seed import add_turns
from tests.support.app import Frontdesk, ready
from tests.support.cluster import Cluster
from tests.support.database import drop
from tests.support.tcp_proxy import tcp_proxy

POLL_INTERVAL = 15_000
REQUEST_TIMEOUT = 10_000


async def set_hidden(page: Page, *, hidden: bool) -> None:
    """Make the page believe that its tab is in the background or visible; a headless browser never says so."""
    await page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


async def test_a_spinner_is_shown_until_the_numbers_are_loaded(empty_app: Frontdesk, browser: Browser) -> None:
    """With a status text, and without any number."""
    with psycopg.connect(empty_app.service.url) as conn:
        conn.execute("lock table xai_chat_metrics")
        async with open_dashboard(browser, empty_app) as dashboard:
            await expect(dashboard.status).to_have_text("Loading…")
            await expect(dashboard.page.locator(".spinner")).to_be_visible()
            await expect(dashboard.tile("Turns")).to_be_hidden()
            conn.rollback()
            await expect(dashboard.tile("Turns")).to_contain_text("0")
            await expect(dashboard.page.locator(".spinner")).to_be_hidden()
            await expect(dashboard.status).to_have_text("")


async def test_the_numbers_are_updated_in_place(empty_app: Frontdesk, browser: Browser) -> None:
    """Every fifteen seconds; focus, tooltip and opened tables stay."""
    add_turns(empty_app.service.url, turns=2)
    async with open_dashboard(browser, empty_app) as dashboard:
        await expect(dashboard.tile("Turns")).to_contain_text("2")
        row = await dashboard.employee_rows.first.element_handle()
        await dashboard.page.locator("#turns summary").click()
        await dashboard.slider("Turns").press("ArrowLeft")
        updated = await dashboard.updated.inner_text()
        add_turns(empty_app.service.url, turns=3)
        await dashboard.page.clock.fast_forward(POLL_INTERVAL)
        await expect(dashboard.tile("Turns")).to_contain_text("5")
        await expect(dashboard.slider("Turns")).to_be_focused()
        await expect(dashboard.slider("Turns")).to_have_value("22")
        await expect(dashboard.page.locator("#turns .tooltip")).to_contain_text("Turns 0")
        await expect(dashboard.page.locator("#turns tbody tr").last).to_contain_text("5")
        assert await row.evaluate("row => row === document.querySelector('#employees tbody tr')")
        await expect(dashboard.updated).not_to_have_text(updated)
        await expect(dashboard.status).to_have_text("")


async def test_a_hidden_page_does_not_poll(empty_app: Frontdesk, browser: Browser) -> None:
    """It polls again as soon as it is visible."""
    urls: list[str] = []

    def on_request(request: Request) -> None:
        urls.append(request.url)

    async with open_dashboard(browser, empty_app) as dashboard:
        await expect(dashboard.tile("Turns")).to_contain_text("0")
        dashboard.page.on("request", on_request)
        await set_hidden(dashboard.page, hidden=True)
        await dashboard.page.clock.run_for(4 * POLL_INTERVAL)
        assert urls == []
        add_turns(empty_app.service.url)
        await set_hidden(dashboard.page, hidden=False)
        await expect(dashboard.tile("Turns")).to_contain_text("1")
        await dashboard.page.clock.run_for(POLL_INTERVAL)
        await expect(dashboard.updated).to_be_visible()
        assert sum("metrics-summary" in url for url in urls) == 2


async def test_old_numbers_stay_while_the_server_is_unreachable(empty_app: Frontdesk, browser: Browser) -> None:
    """The page says how old they are, and retries by itself or when a button is pressed."""
    add_turns(empty_app.service.url)
    async with (
        tcp_proxy(empty_app.url) as proxy,
        open_dashboard(browser, empty_app, url=proxy.url) as dashboard,
    ):
        clock = dashboard.page.clock
        await expect(dashboard.tile("Turns")).to_contain_text("1")
        _, _, loaded_at = (await dashboard.updated.inner_text()).partition("updated ")
        add_turns(empty_app.service.url)
        proxy.cut()
        await clock.fast_forward(POLL_INTERVAL)
        await expect(dashboard.status).to_have_text(
            f"The server cannot be reached. Showing numbers from {loaded_at}. Retrying every 15 seconds."
        )
        await expect(dashboard.tile("Turns")).to_contain_text("1")
        proxy.restore()
        await clock.fast_forward(POLL_INTERVAL)
        await expect(dashboard.tile("Turns")).to_contain_text("2")
        await expect(dashboard.status).to_have_text("")
        proxy.cut()
        await clock.fast_forward(POLL_INTERVAL)
        await expect(dashboard.status).to_contain_text("The server cannot be reached.")
        proxy.restore()
        await dashboard.page.get_by_role("button", name="Retry now").click()
        await expect(dashboard.status).to_have_text("")


async def test_a_request_without_a_response_times_out(empty_app: Frontdesk, browser: Browser) -> None:
    """After ten seconds the page says so, keeps its numbers, and goes on polling."""
    request_held = asyncio.Event()

    async def hold(_: Route) -> None:
        request_held.set()

    async with open_dashboard(browser, empty_app) as dashboard:
        await expect(dashboard.tile("Turns")).to_contain_text("0")
        await dashboard.page.route("**/metrics-summary*", hold)
        await dashboard.page.clock.fast_forward(POLL_INTERVAL)
        await request_held.wait()
        await dashboard.page.clock.fast_forward(REQUEST_TIMEOUT)
        await expect(dashboard.status).to_contain_text("The server is not responding. Showing numbers from")
        await dashboard.page.unroute("**/metrics-summary*")
        await dashboard.page.clock.fast_forward(POLL_INTERVAL)
        await expect(dashboard.status).to_have_text("")


async def test_an_unreachable_database_is_reported(
    cluster: Cluster, template: str, frontdesk: Frontdesk, browser: Browser, ada: UUID
) -> None:
    """In the server's words, with the old numbers if there are any, until the database is back."""
    async with open_dashboard(browser, frontdesk, ada) as dashboard, frontdesk.client(None) as client:
        await expect(dashboard.tile("Turns")).to_contain_text("0")
        await drop(cluster, frontdesk.service.url)
        while (await client.get("/health/ready")).status_code == 200:  # it takes the server a moment to notice
            pass
        await dashboard.page.clock.fast_forward(POLL_INTERVAL)
        await expect(dashboard.status).to_contain_text(
            "Our storage cannot be reached right now. Please try again in a moment."
        )
        await expect(dashboard.status).to_contain_text("Showing numbers from")
        await dashboard.time_range("7 days").check()
        await expect(dashboard.status).to_have_text(
            "Our storage cannot be reached right now. Please try again in a moment. Retrying every 15 seconds."
        )
        await expect(dashboard.tile("Turns")).to_be_hidden()
        await dashboard.time_range("24 hours").check()
        await expect(dashboard.tile("Turns")).to_contain_text("0")
        cluster.create(str(conninfo_to_dict(frontdesk.service.url)["dbname"]), template)
        await ready(client)
        await dashboard.page.clock.fast_forward(POLL_INTERVAL)
        await expect(dashboard.status).to_have_text("")


async def test_a_refusal_is_reported(empty_app: Frontdesk, browser: Browser) -> None:
    """In the server's words: here, the request claims to come from another website."""

    async def change_origin(route: Route) -> None:
        response = await route.fetch(headers={**route.request.headers, "origin": "https://elsewhere.example"})
        await route.fulfill(response=response)

    async with open_dashboard(browser, empty_app) as dashboard:
        await dashboard.page.route("**/metrics-summary*", change_origin)
        await dashboard.page.reload()
        await expect(dashboard.status).to_have_text("This page may not speak for you here. Retrying every 15 seconds.")
        await dashboard.page.unroute("**/metrics-summary*")
        await dashboard.page.clock.fast_forward(POLL_INTERVAL)
        await expect(dashboard.tile("Turns")).to_contain_text("0")


async def test_an_invalid_token_is_rejected(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """The page asks for another one, and then shows its user's numbers; after signing out it asks again."""
    await frontdesk.chat(ada, "Hello")
    token = frontdesk.signed_in(ada)["Authorization"].removeprefix("Bearer ")
    async with open_dashboard(browser, frontdesk) as dashboard:
        field, dialog = dashboard.page.get_by_label("Access token"), dashboard.page.get_by_role("dialog")
        await expect(dialog).to_be_visible()
        await expect(dialog).not_to_contain_text("invalid")
        await expect(dashboard.tile("Turns")).to_be_hidden()
        await field.fill("no-token")
        await field.press("Enter")
        await expect(dialog).to_contain_text("This token is invalid or has expired.")
        await field.fill(token)
        await field.press("Enter")
        await expect(dashboard.tile("Turns")).to_contain_text("1")
        await dashboard.page.get_by_role("button", name="Sign out").click()
        await expect(dialog).to_be_visible()
        await expect(dashboard.tile("Turns")).to_be_hidden()


async def test_cached_files_are_revalidated(empty_app: Frontdesk, browser: Browser) -> None:
    """On a second visit all files are answered with 304, and the page works as on the first."""
    urls: dict[str, str] = {}
    statuses: dict[str, int] = {}

    def on_request(request: dict[str, Any]) -> None:
        urls[request["requestId"]] = request["request"]["url"]

    def on_response(response: dict[str, Any]) -> None:
        statuses[response["requestId"]] = response["statusCode"]

    async with new_page(browser) as page:
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        session.on("Network.requestWillBeSent", on_request)
        session.on("Network.responseReceivedExtraInfo", on_response)
        for _ in range(2):
            statuses.clear()
            await page.goto(f"{empty_app.url}/dashboard")
            await expect(DashboardPage(page).tile("Turns")).to_contain_text("0")
        loading = page.locator("head :is([rel=stylesheet], [rel=modulepreload], [src]), img")
        files = await loading.evaluate_all("elements => elements.map(element => element.href || element.src)")
        assert {urls[request] for request, status in statuses.items() if status == 304} == {page.url, *files}
        assert await page.evaluate("getComputedStyle(document.querySelector('#totals')).display") == "grid"
