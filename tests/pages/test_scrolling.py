"""Scrolling: the page follows a growing answer until the user scrolls up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise

from playwright.async_api import Locator, expect

from tests.pages.chat_page import ChatPage
from tests.support.model_script import Gate, Text, streaming
from tests.support.model_server import ModelServer

BOTTOM_REACHED = """log => new Promise((resolve) => {
  const distance = () => log.scrollHeight - log.scrollTop - log.clientHeight;
  const check = () => (distance() < 2 ? resolve() : requestAnimationFrame(check));
  check();
})"""
"""Resolves once the log is scrolled to its bottom."""
RECORD_POSITIONS = """log => {
  window.positions = [];
  const record = () => { positions.push(log.scrollTop); requestAnimationFrame(record); };
  record();
}"""
"""Records the scroll position of each frame."""


@asynccontextmanager
async def streaming_answer(chat: ChatPage, model: ModelServer) -> AsyncGenerator[Locator]:
    """The log, scrolled to the bottom of a long answer, which grows at the end of the block."""
    gate = asyncio.Event()
    model.queue(Gate(["line\n\n" * 80, "line\n\n" * 80, "the end"], gate), streaming)
    await chat.send("Hello")
    log = chat.page.locator("#log")
    await expect(chat.answers.locator("p")).to_have_count(80)
    await bottom_reached(chat)
    yield log
    gate.set()
    await expect(chat.answers).to_contain_text("the end")


async def bottom_reached(chat: ChatPage) -> None:
    """Wait until the log is scrolled to its bottom."""
    await chat.page.locator("#log").evaluate(BOTTOM_REACHED)


async def test_the_page_follows_until_the_user_scrolls_up(chat: ChatPage, model: ModelServer) -> None:
    """Then the position stays, and a button leads back to the newest text."""
    async with streaming_answer(chat, model) as log:
        async with asyncio.timeout(30):
            while not await chat.button("Jump to latest").is_visible():  # again where it met the page's own last step
                await log.evaluate("log => log.scrollTo(0, 100)")
    assert await log.evaluate("log => log.scrollTop") == 100
    await chat.button("Jump to latest").click()
    await expect(chat.button("Jump to latest")).to_be_hidden()
    await bottom_reached(chat)


async def test_a_small_scroll_up_counts(chat: ChatPage, model: ModelServer) -> None:
    """A few pixels with the mouse wheel, near the bottom."""
    async with streaming_answer(chat, model) as log:
        await log.hover()
        position = await log.evaluate("log => log.scrollTop")
        await chat.page.mouse.wheel(0, -12)
        await expect(chat.button("Jump to latest")).to_be_visible()
    assert position - 20 <= await log.evaluate("log => log.scrollTop") < position


async def test_the_keyboard_scrolls_too(chat: ChatPage, model: ModelServer) -> None:
    """Page Up stops following, End resumes it."""
    async with streaming_answer(chat, model) as log:
        await log.focus()
        await chat.page.keyboard.press("PageUp")
        await expect(chat.button("Jump to latest")).to_be_visible()
        await chat.page.keyboard.press("End")
        await expect(chat.button("Jump to latest")).to_be_hidden()
    await bottom_reached(chat)


async def test_following_is_smooth_and_never_goes_back(chat: ChatPage, model: ModelServer) -> None:
    """While an answer grows by single lines and by a whole screen, no step is as high as the screen."""
    model.queue(Text([*["line\n\n"] * 20, "line\n\n" * 20], delay_between=0.01), streaming)
    log = chat.page.locator("#log")
    await log.evaluate(RECORD_POSITIONS)
    await chat.send("Hello")
    await expect(chat.answers.locator("p")).to_have_count(40)
    await expect(chat.button("Copy")).to_be_visible()
    await bottom_reached(chat)
    positions: list[float] = await chat.page.evaluate("positions")
    steps = [after - before for before, after in pairwise(positions)]
    assert min(steps) >= 0
    assert max(steps) < await log.evaluate("log => log.clientHeight")
    assert sum(step > 0 for step in steps) > 10


async def test_the_newest_text_stays_visible_in_a_smaller_window(chat: ChatPage, model: ModelServer) -> None:
    """As when a phone's keyboard opens."""
    async with streaming_answer(chat, model):
        await chat.page.set_viewport_size({"width": 1280, "height": 400})
        await bottom_reached(chat)
        await chat.page.set_viewport_size({"width": 640, "height": 700})
        await bottom_reached(chat)
        await expect(chat.button("Jump to latest")).to_be_hidden()
    await bottom_reached(chat)
