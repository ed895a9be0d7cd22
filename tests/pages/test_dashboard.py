"""The dashboard shows the server's numbers."""

import re
from typing import Any
from uuid import UUID

import psycopg
from playwright.async_api import Browser, Locator, expect

from tests.pages.chat_page import ChatPage
from tests.pages.dashboard_page import open_dashboard
from tests.pages.seed import add_turns, send_mixed_messages
from tests.support.app import Frontdesk, Serve
from tests.support.model_server import ModelServer

BYTES = re.compile(r"^\d+(\.\d)? [kM]B\s*$")


async def fetch_summary(app: Frontdesk, user: UUID) -> dict[str, Any]:
    """The metrics summary that the server gives this user."""
    async with app.client(user) as client:
        summary: dict[str, Any] = (await client.get("/metrics-summary")).json()
    return summary


async def expect_texts(locator: Locator, *texts: str) -> None:
    """Wait until the element contains each of these texts."""
    for text in texts:
        await expect(locator).to_contain_text(text)


async def test_a_users_turns_are_shown(serve: Serve, browser: Browser, model: ModelServer, ada: UUID) -> None:
    """Exact numbers, for the employee who answered, and without the turns of other users."""
    app = await serve(rate_limit=7)
    await send_mixed_messages(app, model, ada)
    add_turns(app.service.url, "goalie")
    totals = (await fetch_summary(app, ada))["totals"]
    async with open_dashboard(browser, app, ada) as dashboard:
        await expect_texts(dashboard.tile("Turns"), "8", "in the last 24 hours")
        await expect_texts(dashboard.tile("Success"), "50%", "poor", "4 of 8 turns")
        await expect_texts(
            dashboard.tile("Latency"), f"{totals['avg_latency_ms']:,} ms", f"{totals['p95_latency_ms']:,} ms"
        )
        await expect_texts(
            dashboard.tile("First token"), f"{totals['p50_ttft_ms']:,} ms", f"{totals['p95_ttft_ms']:,} ms"
        )
        await expect_texts(dashboard.tile("Tokens"), f"{totals['total_tokens_est']:,}", "estimated")
        await expect_texts(dashboard.tile("Misroutes"), "1", "12.5%")
        await expect(dashboard.outcomes).to_have_text(["3", "1", "1", "2", "0", "1"])
        await expect(dashboard.error_codes).to_have_text([
            "2 × blocked The guard blocked the message as an attack.",
            "1 × model_rejected The model server rejected the request or the API key.",
            "1 × rate_limited Too many messages within a minute.",
        ])  # fmt: skip
        await expect(dashboard.employee_rows.locator("th")).to_have_text(
            [
                "ByteDocuments",
                "LedgerTax",
                "CrystalAnalytics",
                "PrimeBoss and orchestrator",
                "TagCategorization",
            ]
        )
        await expect(dashboard.cell("Byte", "Success")).to_have_text("33.33% ✕ poor")
        await expect(dashboard.cell("Tag", "Misroutes")).to_have_text("1")
        await expect(dashboard.cell("Prime", "Average latency")).to_have_text("–")
        await expect(dashboard.page.locator("#scope")).to_have_text("Your turns")
        await expect(dashboard.page.get_by_text("Disk usage")).to_be_hidden()


async def test_employee_row_and_token_counts(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """All numbers of a row, and the token estimate beside the model's count."""
    await frontdesk.chat(ada, "Hello", employee="ledger")
    summary = await fetch_summary(frontdesk, ada)
    (row,) = summary["data"]
    tokens = summary["totals"]["tokens"]
    deviation = 100 * (tokens["estimated"] / tokens["counted"] - 1)
    async with open_dashboard(browser, frontdesk, ada) as dashboard:
        average = re.compile(rf"^{row['avg_latency_ms']:,}\sms\s[✓△✕]")  # the rating depends on the machine
        cells: list[str | re.Pattern[str]] = [
            "1", "100% ✓ good", average, f"{row['p50_latency_ms']:,} ms",
            f"{row['p95_latency_ms']:,} ms", f"{row['p99_latency_ms']:,} ms",
            f"{row['p50_ttft_ms']:,} ms", f"{row['total_tokens_est']:,}", "0",
        ]  # fmt: skip
        await expect(dashboard.employee_rows.locator("td")).to_have_text(cells)
        await expect(dashboard.tile("Estimated")).to_have_text(f"{tokens['estimated']:,}")
        await expect(dashboard.tile("Counted")).to_have_text(f"{tokens['counted']:,}")
        await expect(dashboard.tile("Deviation")).to_have_text(f"{round(deviation, 1):+g}%")
        await expect(dashboard.page.locator("#tokens-note")).to_have_text(
            "Based on 1 turn with a token count from the model."
        )


async def test_administrators_see_all_users(frontdesk: Frontdesk, browser: Browser, ada: UUID, bob: UUID) -> None:
    """And the disk usage; the page says so."""
    await frontdesk.chat(ada, "Hello")
    await frontdesk.chat(bob, "Hello")
    async with open_dashboard(browser, frontdesk, bob, admin=True) as dashboard:
        await expect_texts(dashboard.tile("Turns"), "2")
        await expect(dashboard.page.locator("#scope")).to_have_text("All users’ turns")
        for name in ("Checkpoints", "Event log"):
            await expect(dashboard.tile(name)).to_have_text(BYTES)


async def test_success_and_latency_are_rated(empty_app: Frontdesk, browser: Browser) -> None:
    """Success is good from 95 %, fair from 80 %; the average latency is fast below 2 s, fair below 5 s."""
    for employee, good, turns, ms in (
        ("prime", 19, 20, 1999), ("crystal", 1896, 1996, 2000), ("ledger", 4, 5, 4999), ("byte", 1599, 1999, 5000),
        ("tag", 0, 1, 12_345),
    ):  # fmt: skip
        add_turns(empty_app.service.url, employee, turns=turns, good=good, ms=ms)
    async with open_dashboard(browser, empty_app) as dashboard:
        for employee, success, latency in (
            ("Prime", "95% ✓ good", "1,999 ms ✓ fast"), ("Crystal", "94.99% △ fair", "2,000 ms △ fair"),
            ("Ledger", "80% △ fair", "4,999 ms △ fair"), ("Byte", "79.99% ✕ poor", "5,000 ms ✕ slow"),
            ("Tag", "0% ✕ poor", "12.3 s ✕ slow"),
        ):  # fmt: skip
            await expect(dashboard.cell(employee, "Success")).to_have_text(success)
            await expect(dashboard.cell(employee, "Average latency")).to_have_text(latency)
        await expect_texts(dashboard.tile("Success"), "87.49%", "△ fair")
        await expect_texts(dashboard.tile("Latency"), "3,498 ms", "△ fair")


async def test_an_unknown_error_code_is_shown_as_it_is(serve: Serve, browser: Browser) -> None:
    """The page may be older than the server."""
    app = await serve(jwt_secret=None)
    add_turns(app.service.url, good=0)
    with psycopg.connect(app.service.url) as conn:
        conn.execute("alter table xai_chat_metrics drop constraint error_code_is_known")
        conn.execute("update xai_chat_metrics set error_code = 'of_tomorrow'")
    async with open_dashboard(browser, app) as dashboard:
        await expect(dashboard.error_codes).to_have_text(["1 × of_tomorrow"])


async def test_charts_can_be_read_point_by_point(empty_app: Frontdesk, browser: Browser) -> None:
    """With the keyboard, with the pointer, and as a table."""
    add_turns(empty_app.service.url, turns=4, good=3, ms=1500)
    add_turns(empty_app.service.url, turns=2, ms=3000, hours=1.5)
    async with open_dashboard(browser, empty_app) as dashboard:
        slider = dashboard.slider("Turns")
        await expect(slider).to_have_attribute("aria-valuetext", re.compile(": Turns 4, Unsuccessful 1$"))
        await slider.focus()
        tooltip = dashboard.page.locator("#turns .tooltip")
        await expect(tooltip).to_contain_text("Turns 4")
        await slider.press("ArrowLeft")
        await expect(slider).to_have_attribute("aria-valuetext", re.compile(": Turns 2, Unsuccessful 0$"))
        await expect(tooltip).to_contain_text("Turns 2")
        await slider.press("Home")
        await expect(slider).to_have_attribute("aria-valuetext", re.compile(": Turns 0, Unsuccessful 0$"))
        await slider.press("Escape")
        await expect(tooltip).to_be_hidden()
        await expect(dashboard.slider("Latency")).to_have_attribute(
            "aria-valuetext", re.compile(r": Median 1,500\sms, 95th percentile 1,500\sms$")
        )
        plot = await dashboard.page.locator("#latency svg").bounding_box()
        assert plot
        tooltip = dashboard.page.locator("#latency .tooltip")
        await dashboard.page.mouse.move(plot["x"] + plot["width"] - 20, plot["y"] + 50)
        await expect(tooltip).to_contain_text("Median 1,500 ms")
        await dashboard.page.mouse.move(0, 0)
        await expect(tooltip).to_be_hidden()
        await dashboard.page.mouse.click(plot["x"] + plot["width"] - 20, plot["y"] + 50)
        await dashboard.page.mouse.move(0, 0)
        await expect(tooltip).to_contain_text("Median 1,500 ms")
        await dashboard.page.locator("h1").click()
        await expect(tooltip).to_be_hidden()
        await dashboard.page.locator("#latency summary").click()
        table = dashboard.page.get_by_role("table", name="Latency, oldest first")
        await expect(table.locator("tbody tr")).to_have_count(24)
        await expect(table.locator("tbody tr").last.locator("td")).to_have_text(["1,500 ms", "1,500 ms"])
        await expect(table.locator("tbody tr").first.locator("td")).to_have_text(["–", "–"])


async def test_the_last_seven_days_are_the_users_own(
    frontdesk: Frontdesk, browser: Browser, ada: UUID, bob: UUID
) -> None:
    """Messages, conversations, active days and employees, also for an administrator."""
    for employee in ("tag", "ledger", "tag"):
        await frontdesk.chat(ada, "Hello", employee=employee)
    await frontdesk.chat(bob, "Hello")
    async with open_dashboard(browser, frontdesk, ada, admin=True) as dashboard:
        tiles = {"Messages": "3", "Conversations": "3", "Facts learned": "0", "Active days": "1 of 7"}
        for name, value in tiles.items():
            await expect(dashboard.tile(name)).to_have_text(value)
        days = dashboard.page.get_by_role("list", name="Days with messages").get_by_role("listitem")
        await expect(days).to_have_text([re.compile(f": {word}$") for word in [*["inactive"] * 6, "active"]])
        await expect(dashboard.page.get_by_role("list", name="Most answers").get_by_role("listitem")).to_have_text(
            ["Tag 2 answers", "Ledger 1 answer"]
        )


async def test_both_pages_link_to_each_other(chat: ChatPage) -> None:
    """From the chat to the dashboard and back."""
    await chat.page.get_by_role("link", name="Dashboard").click()
    await expect(chat.page.get_by_role("heading", name="Dashboard")).to_be_visible()
    await chat.page.get_by_role("link", name="Chat").first.click()
    await expect(chat.message_field).to_be_visible()
