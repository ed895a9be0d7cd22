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
SCHEMES: tuple[tuple[Literal["light", "dark"], object], ...] = (("light", ALL_RULES), ("dark", COLOUR_RULES))
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
    await page.emulate_media(color_scheme=None)
    if viewport:
        await page.set_viewport_size(viewport)
    if violations:
        raise AssertionError("\n".join(violations))


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
