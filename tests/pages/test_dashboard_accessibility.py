"""Time range in the URL, missing values, narrow screens, contrast, keyboard and screen readers on the dashboard."""

from datetime import UTC, datetime
from uuid import UUID

from playwright.async_api import Browser, ViewportSize, expect

from tests.pages.accessibility import PHONE, small_targets
from tests.pages.dashboard_page import open_dashboard
from tests.pages.seed import add_turns
from tests.support.app import Frontdesk

CONTRAST = """
element => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const luminance = colour => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const channels = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(channel => channel / 255);
    const [r, g, b] = channels.map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let background = element;
  while (getComputedStyle(background).backgroundColor === "rgba(0, 0, 0, 0)") background = background.parentElement;
  const colours = [getComputedStyle(element).color, getComputedStyle(background).backgroundColor];
  const [low, high] = colours.map(luminance).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
"""
"""The contrast ratio of an element's text and its background (WCAG 2)."""
EDGES = """
elements => elements.filter(element => element.checkVisibility())
  .map(element => element.getBoundingClientRect()).map(({ left, right }) => [left, right])
"""
"""The left and right edges of the visible elements, in pixels."""


async def test_the_time_range_is_in_the_url(empty_app: Frontdesk, browser: Browser) -> None:
    """It changes with the keyboard and with the Back button, and survives a reload."""
    add_turns(empty_app.service.url, hours=30)
    async with open_dashboard(browser, empty_app) as dashboard:
        await expect(dashboard.tile("Turns")).to_contain_text("0")
        await dashboard.time_range("24 hours").focus()
        await dashboard.page.keyboard.press("ArrowRight")
        await expect(dashboard.tile("Turns")).to_contain_text("1")
        await expect(dashboard.tile("Turns")).to_contain_text("in the last 7 days")
        assert dashboard.page.url.endswith("/dashboard#7d")
        await expect(dashboard.slider("Turns")).to_have_attribute("max", "27")
        await dashboard.page.go_back()
        await expect(dashboard.tile("Turns")).to_contain_text("0")
        await expect(dashboard.time_range("24 hours")).to_be_checked()
        await dashboard.page.go_forward()
        await dashboard.page.reload()
        await expect(dashboard.tile("Turns")).to_contain_text("1")
        await expect(dashboard.time_range("7 days")).to_be_checked()


async def test_missing_values_are_dashes(empty_app: Frontdesk, browser: Browser) -> None:
    """Without turns only their number is zero, and a link leads to the chat."""
    async with open_dashboard(browser, empty_app) as dashboard:
        await expect(dashboard.page.get_by_text("No turns in the last 24 hours.")).to_be_visible()
        for name, text in {"Success": "–", "Latency": "– average", "First token": "– median"}.items():
            await expect(dashboard.tile(name)).to_have_text(text)
        await expect(dashboard.tile("Turns")).to_contain_text("0")
        await expect(dashboard.page.locator("#turn-metrics")).to_be_hidden()
        assert "NaN" not in await dashboard.page.inner_text("body")
        await dashboard.time_range("7 days").check()
        await expect(dashboard.page.get_by_text("No turns in the last 7 days.")).to_be_visible()
        await dashboard.page.get_by_role("link", name="Ask something in the chat").click()
        await expect(dashboard.page.get_by_label("Message", exact=True)).to_be_visible()


def after_midnight() -> str:
    """A time zone in which the day has just begun, so that the times of the last hour have two dates."""
    hour = datetime.now(UTC).hour
    return f"Etc/GMT+{hour}" if hour <= 12 else f"Etc/GMT-{24 - hour}"  # with the sign of POSIX


async def test_nothing_overflows_on_a_narrow_screen(empty_app: Frontdesk, browser: Browser) -> None:
    """At 320 px nothing scrolls sideways, left-to-right or right-to-left, and table cells are labelled."""
    for employee in ("prime", "crystal", "ledger", "byte", "tag", "goalie"):
        add_turns(empty_app.service.url, employee, turns=200, good=170, ms=1_234_567)
    narrow: ViewportSize = {"width": 320, "height": 640}
    async with open_dashboard(browser, empty_app, viewport=narrow, timezone_id=after_midnight()) as dashboard:
        await expect(dashboard.employee_rows).to_have_count(6)
        await dashboard.page.locator("#latency summary").click()
        await dashboard.slider("Turns").focus()
        for direction in ("ltr", "rtl"):
            await dashboard.page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
            assert await dashboard.page.evaluate("document.documentElement.scrollWidth") <= 320
            boxes = dashboard.page.locator(".card, .tiles > div, .tooltip:not([hidden]), #employees td")
            edges: list[tuple[float, float]] = await boxes.evaluate_all(EDGES)
            assert len(edges) > 50
            assert min(left for left, _ in edges) >= 0
            assert max(right for _, right in edges) <= 320
        label = "getComputedStyle(document.querySelector('[data-name=Requests]'), '::before').content"
        assert await dashboard.page.evaluate(label) == '"Requests"'
        await expect(dashboard.page.get_by_role("row", name="Goalie")).to_be_visible()
        await expect(
            dashboard.page.locator("#employees").get_by_role("columnheader", name="Misroutes")
        ).to_be_attached()


async def test_text_has_enough_contrast(empty_app: Frontdesk, browser: Browser) -> None:
    """Ratings and small print have a contrast ratio of at least 4.5, in light and dark mode."""
    for employee, good, ms in (("prime", 100, 1), ("crystal", 90, 3000), ("ledger", 0, 6000)):
        add_turns(empty_app.service.url, employee, turns=100, good=good, ms=ms)
    async with open_dashboard(browser, empty_app) as dashboard:
        await expect(dashboard.employee_rows).to_have_count(3)
        for level in ("good", "fair", "poor"):
            assert await dashboard.page.locator(f"[data-rating={level}]").count()
        texts = dashboard.page.locator(
            ".rating, .detail, .small, .share, .explanation, dt, thead th, .legend li, .site-header a"
        )
        visible = "elements.filter(element => element.checkVisibility({ visibilityProperty: true }))"
        for scheme in ("light", "dark"):
            await dashboard.page.emulate_media(color_scheme=scheme)
            ratios: list[float] = await texts.evaluate_all(f"elements => {visible}.map({CONTRAST})")
            assert len(ratios) > 20
            assert min(ratios) >= 4.5


async def test_keyboard_and_screen_reader(empty_app: Frontdesk, browser: Browser) -> None:
    """Headings and table names, one live region that is silent while all is well, and the order of the focus."""
    add_turns(empty_app.service.url)
    async with open_dashboard(browser, empty_app) as dashboard:
        await expect(dashboard.tile("Turns")).to_contain_text("1")
        await expect(dashboard.page.get_by_role("heading", level=1)).to_have_text("Dashboard")
        await expect(dashboard.page.get_by_role("heading", level=2)).to_have_text([
            "Totals", "Turns", "Latency", "By employee", "By model", "Outcomes", "Tokens: estimated and counted",
            "Errors", "Failed and slow turns", "Costs", "Feedback", "Your last seven days", "Disk usage",
        ])  # fmt: skip
        await expect(dashboard.page.get_by_role("table", name="Requests, success, latency")).to_have_count(2)
        live_regions = dashboard.page.locator("[aria-live], [role=status], [role=alert], [role=log]")
        await expect(live_regions).to_have_count(1)
        await expect(live_regions).to_have_text("")
        keyboard, focused = dashboard.page.keyboard, dashboard.page.locator(":focus")
        stops: list[str | None] = []
        for _ in range(12):
            await keyboard.press("Tab")
            stops.append(await focused.evaluate("e => e.getAttribute('aria-label') ?? e.value ?? e.textContent"))
        assert stops == [
            "Chat", "Transactions", "Dashboard", "24h", "", "", "", "Download “Turns” as CSV",
            "Turns, point by point", "Show as table",
            "Latency, point by point", "Show as table",
        ]  # fmt: skip
        await keyboard.press("Enter")
        await expect(dashboard.page.get_by_role("table", name="Latency, oldest first")).to_be_visible()
        await keyboard.press("Tab")
        await expect(dashboard.page.get_by_role("region", name="Latency as a table")).to_be_focused()


async def test_on_touch_screens_everything_is_large_enough(frontdesk: Frontdesk, browser: Browser, ada: UUID) -> None:
    """44 px, also in the tables, in what is folded up at first, and in the panel with one turn."""
    await frontdesk.chat(ada, "Hello")
    async with open_dashboard(browser, frontdesk, ada, **PHONE) as dashboard:
        page = dashboard.page
        await dashboard.time_range("Other days").check()
        await page.get_by_role("combobox", name="Outcome").select_option("Answered")
        for card in ("#turns", "#latency", "#turn-list", "#costs", "#feedback"):
            await page.locator(f"{card} summary").click()
        await page.get_by_role("combobox", name="Show").select_option("All, slowest first")
        await expect(page.locator("#turn-list tbody tr")).to_have_count(1)
        assert await small_targets(page) == []
        await page.locator("#turn-list button.link").click()
        await expect(page.locator("#turn-panel")).to_contain_text("Where the time went")
        assert await small_targets(page) == []
