"""What was said stays in sight, and stands still for who reads further up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise

from playwright.async_api import Locator, expect

from tests.pages.desk import Desk
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer

ARRIVED = """log => new Promise((resolve) => {
  const left = () => log.scrollHeight - log.scrollTop - log.clientHeight;
  const look = () => (left() < 2 ? resolve() : requestAnimationFrame(look));
  look();
})"""
"""Comes true once the newest is in sight."""
LOOK = """log => {
  window.tops = [];
  const look = () => { tops.push(log.scrollTop); requestAnimationFrame(look); };
  look();
}"""
"""Writes down where the log stands in each frame."""


@asynccontextmanager
async def growing(desk: Desk, model: ModelServer) -> AsyncGenerator[Locator]:
    """The log with a long answer that is being written, seen from its end; more comes at the end of the block."""
    gate = asyncio.Event()
    model.queue(Gate(["line\n\n" * 80, "line\n\n" * 80, "the end"], gate), streaming)
    await desk.send("Hello")
    log = desk.page.locator("#log")
    await expect(desk.answers.locator("p")).to_have_count(80)
    await at_the_end(desk)
    yield log
    gate.set()
    await expect(desk.answers).to_contain_text("the end")


async def at_the_end(desk: Desk) -> None:
    """Wait until the newest is in sight."""
    await desk.page.locator("#log").evaluate(ARRIVED)


async def test_the_page_follows_until_the_reader_scrolls_up(desk: Desk, model: ModelServer) -> None:
    """Then it stands still, and a button leads back."""
    async with growing(desk, model) as log:
        await log.evaluate("log => log.scrollTo(0, 100)")
        await expect(desk.button("↓ Jump to latest")).to_be_visible()
    assert await log.evaluate("log => log.scrollTop") == 100
    await desk.button("↓ Jump to latest").click()
    await expect(desk.button("↓ Jump to latest")).to_be_hidden()
    await at_the_end(desk)


async def test_a_small_step_up_counts(desk: Desk, model: ModelServer) -> None:
    """A few pixels by the wheel, near the end."""
    async with growing(desk, model) as log:
        await log.hover()
        top = await log.evaluate("log => log.scrollTop")
        await desk.page.mouse.wheel(0, -12)
        await expect(desk.button("↓ Jump to latest")).to_be_visible()
    assert top - 20 <= await log.evaluate("log => log.scrollTop") < top


async def test_the_keyboard_scrolls_too(desk: Desk, model: ModelServer) -> None:
    """A page up stops the following; the end key begins it again."""
    async with growing(desk, model) as log:
        await log.focus()
        await desk.page.keyboard.press("PageUp")
        await expect(desk.button("↓ Jump to latest")).to_be_visible()
        await desk.page.keyboard.press("End")
        await expect(desk.button("↓ Jump to latest")).to_be_hidden()
    await at_the_end(desk)


async def test_following_goes_down_only_and_in_small_steps(desk: Desk, model: ModelServer) -> None:
    """Line by line nothing jumps back, and no step is a screen's height."""
    model.queue(Text([f"line {count}\n\n" for count in range(60)], delay_between=0.03), streaming)
    await desk.page.locator("#log").evaluate(LOOK)
    await desk.send("Hello")
    await expect(desk.answers.locator("p")).to_have_count(60)
    await expect(desk.button("Copy")).to_be_visible()
    await at_the_end(desk)
    tops: list[float] = await desk.page.evaluate("tops")
    steps = [after - before for before, after in pairwise(tops)]
    assert min(steps) >= 0
    assert max(steps) < 500
    assert sum(step > 0 for step in steps) > 10


async def test_a_smaller_window_hides_nothing_new(desk: Desk, model: ModelServer) -> None:
    """When a phone's keyboard opens, the newest stays in sight."""
    async with growing(desk, model):
        await desk.page.set_viewport_size({"width": 1280, "height": 400})
        await at_the_end(desk)
        await desk.page.set_viewport_size({"width": 640, "height": 700})
        await at_the_end(desk)
        await expect(desk.button("↓ Jump to latest")).to_be_hidden()
    await at_the_end(desk)
