"""A browser's own EventSource on a turn."""

import asyncio
from typing import Any

from playwright.async_api import Browser, Page

from tests.pages.browser import new_page
from tests.support.app import Frontdesk
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer

LISTEN = """
    (path) => new Promise((ended) => {
        const heard = [];
        const source = new EventSource(path);
        for (const name of ["start", "notice", "token", "done"])
            source.addEventListener(name, (event) => heard.push([Number(event.lastEventId), name]));
        source.onerror = () => { if (source.readyState === EventSource.CLOSED) ended(heard); };
    })
"""
SEND = """
    async () => {
        const headers = { "Content-Type": "application/json" };
        const response = await fetch("/chat", { method: "POST", headers, body: '{"message": "Hello"}' });
        return response.headers.get("X-Turn-Id");
    }
"""


async def heard(page: Page, turn: str) -> list[Any]:
    """What an EventSource hears until it comes back no more."""
    found: list[Any] = await page.evaluate(LISTEN, f"/turns/{turn}/events")
    return found


async def test_it_hears_a_turn_once_and_comes_back_no_more(
    browser: Browser, local_app: Frontdesk, model: ModelServer
) -> None:
    """While the turn runs and after; it would connect again for ever, were it not told that there is nothing more."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with new_page(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(local_app.url, wait_until="networkidle")  # its own first request makes it somebody
        turn = await page.evaluate(SEND)
        live = asyncio.create_task(heard(page, turn))
        gate.set()
        whole = await live
        assert whole[0] == [1, "start"]
        assert whole[-1] == [len(whole), "done"]
        assert await heard(page, turn) == whole
    assert sum(url.endswith(f"/turns/{turn}/events") for url in asked) == 4
    await local_app.settled()
