"""The dashboard for everyone: any stretch of time, any screen, by keys, without colours."""

from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from tests.pages.board import happened, looking
from tests.support.app import Frontdesk

CONTRAST = """
element => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const light = colour => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const parts = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(part => part / 255);
    const [r, g, b] = parts.map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = element;
  while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  const colours = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
  const [low, high] = colours.map(light).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
"""
"""How far a text's colour is from what is behind it (WCAG 2)."""


async def test_the_switch_is_in_the_address(local_mode: Frontdesk, browser: Browser) -> None:
    """It works by keys and by the browser's way back, and is there after a reload."""
    happened(local_mode.service.url, hours=30)
    async with looking(browser, local_mode) as board:
        await expect(board.number("Turns")).to_contain_text("0")
        await board.span("24 hours").focus()
        await board.page.keyboard.press("ArrowRight")
        await expect(board.number("Turns")).to_contain_text("1")
        await expect(board.number("Turns")).to_contain_text("in the last 7 days")
        assert board.page.url.endswith("/dashboard#7d")
        await expect(board.points("Turns")).to_have_attribute("max", "27")
        await board.page.go_back()
        await expect(board.number("Turns")).to_contain_text("0")
        await expect(board.span("24 hours")).to_be_checked()
        await board.page.go_forward()
        await board.page.reload()
        await expect(board.number("Turns")).to_contain_text("1")
        await expect(board.span("7 days")).to_be_checked()


async def test_nothing_is_not_zero(local_mode: Frontdesk, browser: Browser) -> None:
    """Where there was no turn, what nobody measured is a dash, and a link leads to the chat."""
    async with looking(browser, local_mode) as board:
        await expect(board.page.get_by_text("No turns in the last 24 hours.")).to_be_visible()
        for name, shown in {"Success": "–", "Latency": "– average", "First token": "– median"}.items():
            await expect(board.number(name)).to_have_text(shown)
        await expect(board.number("Turns")).to_contain_text("0")
        await expect(board.page.locator("#turned")).to_be_hidden()
        assert "NaN" not in await board.page.inner_text("body")
        await board.span("7 days").check()
        await expect(board.page.get_by_text("No turns in the last 7 days.")).to_be_visible()
        await board.page.get_by_role("link", name="Ask something in the chat").click()
        await expect(board.page.get_by_label("Message", exact=True)).to_be_visible()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
async def test_a_narrow_screen_is_wide_enough(local_mode: Frontdesk, browser: Browser, direction: str) -> None:
    """At 320 pixels nothing stands out at the side, whichever way the text runs; and cells keep their names."""
    for employee in ("prime", "crystal", "ledger", "byte", "tag", "goalie"):
        happened(local_mode.service.url, employee, turns=200, good=170, ms=1_234_567)
    async with looking(browser, local_mode, viewport={"width": 320, "height": 640}) as board:
        await board.page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
        await expect(board.team).to_have_count(6)
        await board.points("Turns").focus()
        await board.page.locator("#latency summary").click()
        assert await board.page.evaluate("document.documentElement.scrollWidth") <= 320
        for place in await board.page.locator(".card, .tiles > div, .reading:not([hidden]), #team td").all():
            box = await place.bounding_box()
            assert box is None or (box["x"] >= 0 and box["x"] + box["width"] <= 320)
        name = "getComputedStyle(document.querySelector('[data-name=Requests]'), '::before').content"
        assert await board.page.evaluate(name) == '"Requests"'
        await expect(board.page.get_by_role("row", name="Goalie")).to_be_visible()
        await expect(board.page.get_by_role("columnheader", name="Misroutes")).to_be_attached()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_colours_can_be_told_from_what_is_behind(
    local_mode: Frontdesk, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    """Verdicts and small print have a contrast of 4.5 at least."""
    for employee, good, ms in (("prime", 100, 1), ("crystal", 90, 3000), ("ledger", 0, 6000)):
        happened(local_mode.service.url, employee, turns=100, good=good, ms=ms)
    async with looking(browser, local_mode, color_scheme=scheme) as board:
        await expect(board.team).to_have_count(3)
        places = await board.page.locator(
            ".verdict, .more, .small, .portion, .why, dt, thead th, .legend li, .site a"
        ).all()
        kinds = {
            kind for kind in ("good", "fair", "poor") if await board.page.locator(f"[data-verdict={kind}]").count()
        }
        assert kinds == {"good", "fair", "poor"}
        contrasts = [await place.evaluate(CONTRAST) for place in places if await place.is_visible()]
        assert len(contrasts) > 20
        assert min(contrasts) >= 4.5


async def test_the_keyboard_is_enough(local_mode: Frontdesk, browser: Browser) -> None:
    """From the pages to the switch, to each chart, its points and its table."""
    happened(local_mode.service.url)
    async with looking(browser, local_mode) as board:
        await expect(board.number("Turns")).to_contain_text("1")
        keyboard, focused = board.page.keyboard, board.page.locator(":focus")
        stops: list[str | None] = []
        for _ in range(7):
            await keyboard.press("Tab")
            stops.append(await focused.evaluate("e => e.getAttribute('aria-label') ?? e.value ?? e.textContent"))
        assert stops == [
            "💬 Chat", "📈 Dashboard", "24h", "Turns, point by point", "As a table",
            "Latency, point by point", "As a table",
        ]  # fmt: skip
        await keyboard.press("Enter")
        await expect(board.page.get_by_role("table", name="Latency")).to_be_visible()
        await keyboard.press("Tab")
        await expect(board.page.get_by_role("region", name="Latency as a table")).to_be_focused()


async def test_headings_lead_through_the_page(local_mode: Frontdesk, browser: Browser) -> None:
    """One for the page and one for each part, and each table has a name."""
    happened(local_mode.service.url)
    async with looking(browser, local_mode) as board:
        await expect(board.number("Turns")).to_contain_text("1")
        await expect(board.page.get_by_role("heading", level=1)).to_have_text("Dashboard")
        await expect(board.page.get_by_role("heading", level=2)).to_have_text([
            "In all", "Turns", "Latency", "By employee", "What became of the turns",
            "Tokens: our estimate and the model’s count", "What went wrong", "Your last seven days", "On disk",
        ])  # fmt: skip
        await expect(board.page.get_by_role("table", name="Requests, success, times")).to_have_count(1)


async def test_only_what_changed_is_announced(local_mode: Frontdesk, browser: Browser) -> None:
    """A refresh says nothing to who listens: the line that is read out is empty while all is well."""
    happened(local_mode.service.url)
    async with looking(browser, local_mode) as board:
        await expect(board.number("Turns")).to_contain_text("1")
        live = board.page.locator("[aria-live], [role=status], [role=alert], [role=log]")
        await expect(live).to_have_count(1)
        await expect(live).to_have_text("")
