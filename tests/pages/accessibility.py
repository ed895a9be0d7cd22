"""Accessibility checks with axe-core."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.async_api import Page

ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""The tags of axe's rules for WCAG 2.2 A and AA, and its best practices."""
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules whose result depends on the colours, and so on light and dark mode."""
WIDE, NARROW = 1280, 320
PHONE: dict[str, Any] = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}
"""The browser context of a phone."""
SCHEMES: tuple[tuple[Literal["light", "dark"], object], ...] = (("light", ALL_RULES), ("dark", COLOUR_RULES))
SMALL_TARGETS = """() =>
  [...document.querySelectorAll("button, select, summary, textarea, aside a, nav a, input, label:has(input)")]
  .filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.matches(".skip-link, label input, .slider"))
  .filter(one => one.getBoundingClientRect().height < 43.9)
  .map(one => one.outerHTML)"""
RUN_AXE = 'rules => axe.run({ runOnly: rules, resultTypes: ["violations"] }).then(({ violations }) => violations)'
TRANSITIONS_ENDED = "Promise.all(document.getAnimations().filter(a => a instanceof CSSTransition).map(a => a.finished))"
"""Resolves once everything that moves at a new width has arrived."""


async def assert_accessible(page: Page, widths: Sequence[int] = (WIDE, NARROW)) -> None:
    """Check all rules in light mode and those about colours in dark mode, on wide and narrow screens.

    Raises:
        AssertionError: with a line for each violation.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    viewport = page.viewport_size
    violations = [violation async for violation in _violations(page, widths)]
    await page.emulate_media(color_scheme="null")
    if viewport:
        await page.set_viewport_size(viewport)
    if violations:
        raise AssertionError("\n".join(violations))


async def small_targets(page: Page) -> list[str]:
    """What can be tapped but is not 44 px high."""
    found: list[str] = await page.evaluate(SMALL_TARGETS)
    return found


async def _violations(page: Page, widths: Sequence[int]) -> AsyncIterator[str]:
    for width in widths:
        await page.set_viewport_size({"width": width, "height": 800})
        for scheme, rules in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await page.evaluate(TRANSITIONS_ENDED)
            violations: list[Any] = await page.evaluate(RUN_AXE, rules)
            for rule in violations:
                for node in rule["nodes"]:
                    yield f"{scheme}, {width} px: {rule['id']}: {node['target']}: {node['failureSummary']}"
