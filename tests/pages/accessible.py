"""Whether a page can be used by everyone, as far as a program can tell."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, NARROW = 1280, 320
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MOVED = "Promise.all(document.getAnimations().filter(a => a instanceof CSSTransition).map(a => a.finished))"
"""What slides in or out at another width is where it is to be."""


async def accessible(page: Page, widths: Sequence[int] = (WIDE, NARROW)) -> None:
    """By axe's rules for WCAG 2.2 A and AA and for good practice: by day and by night, on a desk and on a phone."""
    before = page.viewport_size
    faults = [fault async for fault in _faults(page, widths)]
    await page.emulate_media(color_scheme=None)
    if before:
        await page.set_viewport_size(before)
    if faults:
        raise AssertionError("\n".join(faults))


async def _faults(page: Page, widths: Sequence[int]) -> AsyncIterator[str]:
    """Each rule that is broken, and by what."""
    for width in widths:
        await page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await page.evaluate(MOVED)
            found: Any = await Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
            for rule in found.response["violations"]:
                for node in rule["nodes"]:
                    yield f"{scheme}, {width} px: {rule['id']}: {node['target']}: {node['failureSummary']}"
