"""A dashboard that is left open."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
from playwright.async_api import Browser, Page, Request, Route, expect

from storage.embedded import Embedded
from tests.pages.board import Board, happened, looking
from tests.pages.conftest import blank_page
from tests.support.app import Frontdesk
from tests.support.database import drop
from tests.support.wire import wired

EVERY = 15_000


async def turn_away(page: Page, *, hidden: bool) -> None:
    """Say that nobody sees the page, or that somebody does again: a browser without windows never says so itself."""
    await page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


async def test_the_page_says_that_it_waits(local_mode: Frontdesk, browser: Browser) -> None:
    """Before the first numbers there is a spinner and a word, and no number."""
    with psycopg.connect(local_mode.service.url) as conn:
        conn.execute("lock table xai_chat_metrics")
        async with looking(browser, local_mode) as board:
            await expect(board.state).to_have_text("Loading…")
            await expect(board.page.locator(".spinner")).to_be_visible()
            await expect(board.number("Turns")).to_be_hidden()
            conn.rollback()
            await expect(board.number("Turns")).to_contain_text("0")
            await expect(board.page.locator(".spinner")).to_be_hidden()
            await expect(board.state).to_have_text("")


async def test_the_numbers_refresh_themselves(local_mode: Frontdesk, browser: Browser) -> None:
    """Every fifteen seconds, in place: what has the focus keeps it, and what is open stays open."""
    happened(local_mode.service.url, turns=2)
    async with looking(browser, local_mode) as board:
        await expect(board.number("Turns")).to_contain_text("2")
        row = await board.team.first.element_handle()
        await board.page.locator("#turns summary").click()
        await board.points("Turns").press("ArrowLeft")
        updated = await board.page.locator("#updated").inner_text()
        happened(local_mode.service.url, turns=3)
        await board.page.clock.fast_forward(EVERY)
        await expect(board.number("Turns")).to_contain_text("5")
        await expect(board.points("Turns")).to_be_focused()
        await expect(board.points("Turns")).to_have_value("22")
        await expect(board.page.locator("#turns .reading")).to_contain_text("Turns 0")
        await expect(board.page.locator("#turns tbody tr").last).to_contain_text("5")
        assert await row.evaluate("row => row === document.querySelector('#team tbody tr')")
        await expect(board.page.locator("#updated")).not_to_have_text(updated)
        await expect(board.state).to_have_text("")


async def test_nobody_asks_for_what_nobody_sees(local_mode: Frontdesk, browser: Browser) -> None:
    """A page in the background asks nothing, and asks at once when it is seen again."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    async with looking(browser, local_mode) as board:
        await expect(board.number("Turns")).to_contain_text("0")
        board.page.on("request", note)
        await turn_away(board.page, hidden=True)
        await board.page.clock.run_for(4 * EVERY)
        assert asked == []
        happened(local_mode.service.url)
        await turn_away(board.page, hidden=False)
        await expect(board.number("Turns")).to_contain_text("1")
        await board.page.clock.run_for(EVERY)
        await expect(board.page.locator("#updated")).to_be_visible()
        assert sum("metrics-summary" in url for url in asked) == 2


async def test_old_numbers_are_kept_and_called_old(local_mode: Frontdesk, browser: Browser) -> None:
    """While the server cannot be reached; and the page goes on asking, by itself or when it is told to."""
    happened(local_mode.service.url)
    async with wired(local_mode.url) as wire, blank_page(browser) as page:
        board = Board(page)
        await page.clock.install()
        await page.goto(f"{wire.url}/dashboard")
        await expect(board.number("Turns")).to_contain_text("1")
        _, _, told = (await page.locator("#updated").inner_text()).partition("updated ")
        happened(local_mode.service.url)
        wire.cut()
        await page.clock.fast_forward(EVERY)
        await expect(board.state).to_have_text(
            f"The server cannot be reached. These numbers are from {told}; new ones are asked for every 15 seconds."
        )
        await expect(board.number("Turns")).to_contain_text("1")
        wire.mend()
        await page.clock.fast_forward(EVERY)
        await expect(board.number("Turns")).to_contain_text("2")
        await expect(board.state).to_have_text("")
        wire.cut()
        await page.clock.fast_forward(EVERY)
        await expect(board.state).to_contain_text("The server cannot be reached.")
        wire.mend()
        await page.get_by_role("button", name="Try now").click()
        await expect(board.state).to_have_text("")


async def test_a_silent_server_is_not_waited_for(local_mode: Frontdesk, browser: Browser) -> None:
    """After ten seconds without an answer the page says so, keeps its numbers, and asks again."""
    swallowed = asyncio.Event()

    async def swallow(_: Route) -> None:
        swallowed.set()

    async with looking(browser, local_mode) as board:
        await expect(board.number("Turns")).to_contain_text("0")
        await board.page.route("**/metrics-summary*", swallow)
        await board.page.clock.fast_forward(EVERY)
        await swallowed.wait()
        await expect(board.state).to_contain_text("The server does not answer. These numbers are from", timeout=20_000)
        await board.page.unroute("**/metrics-summary*")
        await board.page.clock.fast_forward(EVERY)
        await expect(board.state).to_have_text("")


async def test_a_server_without_a_database_is_said_so(
    cluster: Embedded, frontdesk: Frontdesk, browser: Browser, ada: UUID
) -> None:
    """In the server's own words, also where there are no old numbers to keep."""
    async with looking(browser, frontdesk, ada) as board:
        await expect(board.number("Turns")).to_contain_text("0")
        await drop(cluster, frontdesk.service.url)
        await board.page.clock.fast_forward(EVERY)
        await expect(board.state).to_contain_text(
            "Our storage cannot be reached right now. Please try again in a moment."
        )
        await expect(board.state).to_contain_text("These numbers are from")
        await board.span("7 days").check()
        await expect(board.state).to_have_text(
            "Our storage cannot be reached right now. Please try again in a moment. It is asked again every 15 seconds."
        )
        await expect(board.number("Turns")).to_be_hidden()
        await board.span("24 hours").check()
        await expect(board.number("Turns")).to_contain_text("0")


async def test_a_refusal_is_said_so(local_mode: Frontdesk, browser: Browser) -> None:
    """In the server's own words: here of a request that says it comes from elsewhere."""

    async def foreign(route: Route) -> None:
        answer = await route.fetch(headers={**route.request.headers, "origin": "https://elsewhere.example"})
        await route.fulfill(response=answer)

    async with looking(browser, local_mode) as board:
        await board.page.route("**/metrics-summary*", foreign)
        await board.page.reload()
        await expect(board.state).to_have_text(
            "This page may not speak for you here. It is asked again every 15 seconds."
        )
        await board.page.unroute("**/metrics-summary*")
        await board.page.clock.fast_forward(EVERY)
        await expect(board.number("Turns")).to_contain_text("0")


async def test_a_token_that_holds_no_longer_is_said_so(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """The page asks for another, and then shows its user's numbers; who signs out is asked again."""
    await frontdesk.chat(ada, "Hello")
    token = frontdesk.signed_in(ada)["Authorization"].removeprefix("Bearer ")
    async with looking(browser, frontdesk) as board:
        field, dialog = board.page.get_by_label("Access token"), board.page.get_by_role("dialog")
        await expect(dialog).not_to_contain_text("does not hold")
        await expect(board.number("Turns")).to_be_hidden()
        await field.fill("no-token")
        await field.press("Enter")
        await expect(dialog).to_contain_text("That token does not hold, or holds no longer.")
        await field.fill(token)
        await field.press("Enter")
        await expect(board.number("Turns")).to_contain_text("1")
        await board.page.get_by_role("button", name="Sign out").click()
        await expect(dialog).to_be_visible()
        await expect(board.number("Turns")).to_be_hidden()


async def test_what_the_browser_kept_works(local_mode: Frontdesk, browser: Browser) -> None:
    """A second visit is answered with 304, and the page is allowed all that it needs as on the first."""
    statuses: list[int] = []

    def note(told: dict[str, Any]) -> None:
        statuses.append(told["statusCode"])

    async with blank_page(browser) as page:
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        session.on("Network.responseReceivedExtraInfo", note)
        for _ in range(2):
            statuses.clear()
            await page.goto(f"{local_mode.url}/dashboard")
            await expect(Board(page).number("Turns")).to_contain_text("0")
        assert statuses.count(304) > 20
        assert await page.evaluate("getComputedStyle(document.querySelector('#totals')).display") == "grid"
