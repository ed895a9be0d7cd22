"""The numbers in a browser are the server's."""

import re
from typing import Any
from uuid import UUID

import psycopg
from playwright.async_api import Browser, Locator, expect

from tests.pages.board import happened, looking, mixture
from tests.pages.conftest import visiting
from tests.support.app import Frontdesk, Serve
from tests.support.model_server import ModelServer

BYTES = re.compile(r"^\d+(\.\d)? [kM]B\s*$")


async def numbers(frontdesk: Frontdesk, user: UUID) -> dict[str, Any]:
    """What the server tells this user."""
    async with frontdesk.client(user) as client:
        found: dict[str, Any] = (await client.get("/metrics-summary")).json()
    return found


async def says(place: Locator, *texts: str) -> None:
    """Each of these stands there."""
    for text in texts:
        await expect(place).to_contain_text(text)


async def test_what_became_of_messages_is_shown(serve: Serve, browser: Browser, model: ModelServer, ada: UUID) -> None:
    """To the turn, the millisecond and the token; under who answered; and nothing of it is somebody else's."""
    frontdesk = await serve(rate_limit=5)
    await mixture(frontdesk, model, ada)
    happened(frontdesk.service.url, "goalie")
    found = (await numbers(frontdesk, ada))["totals"]
    async with looking(browser, frontdesk, ada) as board:
        await says(board.number("Turns"), "8", "in the last 24 hours")
        await says(board.number("Success"), "50%", "poor", "4 of 8 turns")
        await says(board.number("Latency"), f"{found['avg_latency_ms']:,} ms", f"{found['p95_latency_ms']:,} ms")
        await says(board.number("First token"), f"{found['p50_ttft_ms']:,} ms", f"{found['p95_ttft_ms']:,} ms")
        await says(board.number("Tokens"), f"{found['total_tokens_est']:,}", "estimated")
        await says(board.number("Misroutes"), "1", "12.5%")
        await expect(board.outcomes).to_have_text(["3", "1", "1", "2", "0", "1"])
        await expect(board.codes).to_have_text([
            "2 × blocked The guard took the message for an attack.",
            "1 × model_rejected The model’s server does not take such requests, or not with this key.",
            "1 × rate_limited Too many messages within a minute.",
        ])  # fmt: skip
        await expect(board.team.locator("th")).to_have_text(
            [
                "📄ByteDocuments",
                "📊LedgerTax",
                "🔮CrystalAnalytics",
                "👑PrimeBoss and orchestrator",
                "🏷️TagCategorization",
            ]
        )
        await expect(board.cell("Byte", "Success")).to_have_text("33.33% ✕ poor")
        await expect(board.cell("Tag", "Misroutes")).to_have_text("1")
        await expect(board.cell("Prime", "Average latency")).to_have_text("–")
        await expect(board.page.locator("#whose")).to_have_text("Your turns")
        await expect(board.page.get_by_text("On disk")).to_be_hidden()


async def test_an_employees_row_is_the_servers(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """All of it."""
    await frontdesk.chat(ada, "Hello", employee="ledger")
    (one,) = (await numbers(frontdesk, ada))["data"]
    async with looking(browser, frontdesk, ada) as board:
        average = re.compile(rf"^{one['avg_latency_ms']:,}\sms\s[✓△✕]")  # how fast it is, the machine decides
        shown: list[str | re.Pattern[str]] = [
            "1", "100% ✓ good", average, f"{one['p50_latency_ms']:,} ms",
            f"{one['p95_latency_ms']:,} ms", f"{one['p50_ttft_ms']:,} ms", str(one["total_tokens_est"]), "0",
        ]  # fmt: skip
        await expect(board.team.locator("td")).to_have_text(shown)


async def test_an_estimate_stands_beside_the_count(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """With the deviation, and over how many turns."""
    await frontdesk.chat(ada, "Hello")
    tokens = (await numbers(frontdesk, ada))["totals"]["tokens"]
    off = 100 * (tokens["estimated"] / tokens["counted"] - 1)
    async with looking(browser, frontdesk, ada) as board:
        await expect(board.number("Estimated")).to_have_text(f"{tokens['estimated']:,}")
        await expect(board.number("Counted")).to_have_text(f"{tokens['counted']:,}")
        await expect(board.number("Deviation")).to_have_text(f"{round(off, 1):+g}%")
        await expect(board.page.locator("#tokens-of")).to_have_text(
            "Over the one turn of which the model told its count."
        )


async def test_an_administrator_sees_everyones(frontdesk: Frontdesk, browser: Browser, ada: UUID, bob: UUID) -> None:
    """And what is kept on disk; the page says so."""
    await frontdesk.chat(ada, "Hello")
    await frontdesk.chat(bob, "Hello")
    async with looking(browser, frontdesk, bob, admin=True) as board:
        await says(board.number("Turns"), "2")
        await expect(board.page.locator("#whose")).to_have_text("Everyone’s turns, as you are an administrator")
        for name in ("Checkpoints", "Journal"):
            await expect(board.number(name)).to_have_text(BYTES)


async def test_success_is_judged(local_mode: Frontdesk, browser: Browser) -> None:
    """Good from 95 %, fair from 80 %, else poor: in a word and a sign."""
    for employee, (good, turns) in {
        "prime": (19, 20), "crystal": (1896, 1996), "ledger": (4, 5), "byte": (1599, 1999), "tag": (0, 1)
    }.items():  # fmt: skip
        happened(local_mode.service.url, employee, turns=turns, good=good)
    async with looking(browser, local_mode) as board:
        for employee, shown in {
            "Prime": "95% ✓ good", "Crystal": "94.99% △ fair", "Ledger": "80% △ fair", "Byte": "79.99% ✕ poor",
            "Tag": "0% ✕ poor",
        }.items():  # fmt: skip
            await expect(board.cell(employee, "Success")).to_have_text(shown)
        await says(board.number("Success"), "87.49%", "△ fair")


async def test_latency_is_judged(local_mode: Frontdesk, browser: Browser) -> None:
    """Fast below 2 s, fair below 5 s, else slow: the average."""
    for employee, ms in {"prime": 1999, "crystal": 2000, "ledger": 4999, "byte": 5000, "tag": 12_345}.items():
        happened(local_mode.service.url, employee, ms=ms)
    async with looking(browser, local_mode) as board:
        for employee, shown in {
            "Prime": "1,999 ms ✓ fast", "Crystal": "2,000 ms △ fair", "Ledger": "4,999 ms △ fair",
            "Byte": "5,000 ms ✕ slow", "Tag": "12.3 s ✕ slow",
        }.items():  # fmt: skip
            await expect(board.cell(employee, "Average latency")).to_have_text(shown)
        await says(board.number("Latency"), "5,269 ms", "✕ slow")


async def test_a_code_that_is_not_known_is_shown_as_it_is(local_mode: Frontdesk, browser: Browser) -> None:
    """A page may be older than the server that it asks."""
    happened(local_mode.service.url, good=0)
    with psycopg.connect(local_mode.service.url) as conn:
        conn.execute("alter table xai_chat_metrics drop constraint error_code_is_known")
        conn.execute("update xai_chat_metrics set error_code = 'of_tomorrow'")
    async with looking(browser, local_mode) as board:
        await expect(board.codes).to_have_text(["1 × of_tomorrow"])


async def test_the_series_can_be_read(local_mode: Frontdesk, browser: Browser) -> None:
    """Point by point with keys or pointer, and as a table."""
    happened(local_mode.service.url, turns=4, good=3, ms=1500)
    happened(local_mode.service.url, turns=2, ms=3000, hours=1.5)
    async with looking(browser, local_mode) as board:
        points = board.points("Turns")
        await expect(points).to_have_attribute("aria-valuetext", re.compile(": Turns 4, Without success 1$"))
        await points.focus()
        reading = board.page.locator("#turns .reading")
        await expect(reading).to_contain_text("Turns 4")
        await points.press("ArrowLeft")
        await expect(points).to_have_attribute("aria-valuetext", re.compile(": Turns 2, Without success 0$"))
        await expect(reading).to_contain_text("Turns 2")
        await points.press("Home")
        await expect(board.points("Turns")).to_have_attribute(
            "aria-valuetext", re.compile(": Turns 0, Without success 0$")
        )
        await points.press("Escape")
        await expect(reading).to_be_hidden()
        await expect(board.points("Latency")).to_have_attribute(
            "aria-valuetext", re.compile(r": Median 1,500\sms, 95th percentile 1,500\sms$")
        )
        plot = await board.page.locator("#latency svg").bounding_box()
        assert plot
        await board.page.mouse.move(plot["x"] + plot["width"] - 20, plot["y"] + 50)
        await expect(board.page.locator("#latency .reading")).to_contain_text("Median 1,500 ms")
        await board.page.mouse.move(0, 0)
        await expect(board.page.locator("#latency .reading")).to_be_hidden()
        await board.page.mouse.click(plot["x"] + plot["width"] - 20, plot["y"] + 50)
        await board.page.mouse.move(0, 0)
        await expect(board.page.locator("#latency .reading")).to_contain_text("Median 1,500 ms")
        await board.page.locator("h1").click()
        await expect(board.page.locator("#latency .reading")).to_be_hidden()
        await board.page.locator("#latency summary").click()
        table = board.page.get_by_role("table", name="Latency, the oldest first")
        await expect(table.locator("tbody tr")).to_have_count(24)
        await expect(table.locator("tbody tr").last.locator("td")).to_have_text(["1,500 ms", "1,500 ms"])
        await expect(table.locator("tbody tr").first.locator("td")).to_have_text(["–", "–"])


async def test_the_week_is_ones_own(frontdesk: Frontdesk, browser: Browser, ada: UUID, bob: UUID) -> None:
    """Messages, conversations, days and who answered, also for an administrator."""
    for employee in ("tag", "ledger", "tag"):
        await frontdesk.chat(ada, "Hello", employee=employee)
    await frontdesk.chat(bob, "Hello")
    async with looking(browser, frontdesk, ada, admin=True) as board:
        shown = {"Messages": "3", "Conversations": "3", "Facts learned": "0", "Active days": "1 of 7"}
        for name, number in shown.items():
            await expect(board.number(name)).to_have_text(number)
        days = board.page.get_by_role("list", name="Days with messages").get_by_role("listitem")
        await expect(days).to_have_text([re.compile(f"{word}$") for word in [*["quiet"] * 6, "active"]])
        await expect(board.page.get_by_role("list", name="Who answered most").get_by_role("listitem")).to_have_text(
            ["🏷️Tag 2 answers", "📊Ledger 1 answer"]
        )


async def test_the_pages_lead_to_each_other(local_mode: Frontdesk, browser: Browser) -> None:
    """By a link on each."""
    async with visiting(browser, local_mode.url) as desk:
        await desk.page.get_by_role("link", name="Dashboard").click()
        await expect(desk.page.get_by_role("heading", name="Dashboard")).to_be_visible()
        await desk.page.get_by_role("link", name="Chat").first.click()
        await expect(desk.field).to_be_visible()
