"""What somebody who waits sees: bytes of a first load, and the time from a click to the first painted token.

The scripted model sends 200 tokens at once, from a process of its own. Two ways in turn, many times, each in a
conversation of its own: the browser's bare `fetch` of `POST /chat`, read to its first token; and the chat page, from
the click on Send to the frame after the one that shows the first word. Prints medians in milliseconds and the ratio.

    .venv/bin/python -m bench.first_paint [ROUNDS]
"""

import asyncio
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from bench.first_token import QUESTION, scripted_model
from graph.models.factory import open_local_models
from storage.local.postgres import Embedded
from storage.migrate import migrate
from tests.support.app import serving
from tests.support.chromium import launched

FETCHED = """async (question) => {
  const begun = performance.now();
  const response = await fetch("/chat", { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ message: question }) });
  const reader = response.body.getReader(), decoder = new TextDecoder();
  let text = "", first = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return first;
    text += decoder.decode(value, { stream: true });
    if (!first && text.includes("event: token")) first = performance.now() - begun;
  }
}"""
PAINTED = """() => new Promise((resolve) => {
  const items = document.getElementById("items");
  let begun = 0;
  new MutationObserver((_, watch) => {
    if (!items.querySelector(".answer .sheet")?.textContent) return;
    watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begun)));
  }).observe(items, { childList: true, subtree: true, characterData: true });
  const send = document.getElementById("send");
  send.addEventListener("click", () => { begun = performance.now(); }, { once: true, capture: true });
  send.click();
})"""


async def main(rounds: int) -> None:
    """Measure and print."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model_url = await stack.enter_async_context(scripted_model(folder))
        url = await stack.enter_async_context(Embedded(folder / "postgres").running())
        await migrate(url)
        local = await stack.enter_async_context(open_local_models(lambda _: None))
        serve = await stack.enter_async_context(serving(url, model_url, local, folder))
        frontdesk = await serve(jwt_secret=None, rate_limit=0)
        playwright = await stack.enter_async_context(async_playwright())
        browser = await stack.enter_async_context(launched(playwright))
        for path in ("/", "/dashboard"):
            requests, size = await _first_load(browser, frontdesk.url + path)
            print(f"first load of {path:11}{requests:4} requests {size / 1000:7.1f} KB with their headers")
        page = await (await browser.new_context()).new_page()
        await page.goto(frontdesk.url)
        await _answered(page)
        seen: dict[str, list[float]] = {"fetch": [], "page": []}
        for number in range(rounds + 3):
            fetched = await page.evaluate(FETCHED, QUESTION)
            await page.click("#new")
            await page.fill("#message", QUESTION)
            painted = await page.evaluate(PAINTED)
            await _answered(page)
            if number >= 3:  # the first rounds warm caches and connections
                seen["fetch"].append(fetched)
                seen["page"].append(painted)
        await frontdesk.settled()
    medians = {name: statistics.median(times) for name, times in seen.items()}
    print(f"first token by fetch {medians['fetch']:8.1f} ms")
    print(f"first token painted  {medians['page']:8.1f} ms ({medians['page'] / medians['fetch']:.2f})")


async def _answered(page: Page) -> None:
    """Wait until nothing is being answered."""
    await page.wait_for_selector("#send:not(.stop)")


async def _first_load(browser: Browser, url: str) -> tuple[int, int]:
    """How many requests a browser that was never here makes, and how many bytes they bring."""
    context = await browser.new_context()
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    loaded: list[int] = []

    def count(event: dict[str, Any]) -> None:
        loaded.append(int(event["encodedDataLength"]))

    devtools.on("Network.loadingFinished", count)
    await devtools.send("Network.enable")
    await page.goto(url, wait_until="networkidle")
    await context.close()
    return len(loaded), sum(loaded)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 30))
