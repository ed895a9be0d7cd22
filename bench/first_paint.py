"""First paint of the chat page: size of a first load, and time from a click on Send to the first visible token.

Two ways, each message in a conversation of its own: a bare `fetch` of `POST /chat` in the browser up to its first
token, and the page from the click to the frame after the first word is in the document. The model sends 200 tokens at
once. Prints medians in milliseconds.

    .venv/bin/python -m bench.first_paint [ROUNDS]
"""

from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from bench.environment import QUESTION, Measured, environment, measure, print_medians, run
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
  const messages = document.getElementById("messages");
  let begun = 0;
  new MutationObserver((_, watch) => {
    if (!messages.querySelector(".answer .markdown")?.textContent) return;
    watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begun)));
  }).observe(messages, { childList: true, subtree: true, characterData: true });
  const send = document.getElementById("send");
  send.addEventListener("click", () => { begun = performance.now(); }, { once: true, capture: true });
  send.click();
})"""


async def main(rounds: int) -> None:
    """Measure and print."""
    async with environment() as env, async_playwright() as playwright, launched(playwright) as browser:
        frontdesk = await env.serve(jwt_secret=None, rate_limit=0)
        for path in ("/", "/dashboard"):
            requests, size = await _first_load(browser, frontdesk.url + path)
            print(f"first load of {path:11}{requests:4} requests {size / 1000:7.1f} KB with their headers")
        page = await (await browser.new_context()).new_page()
        await page.goto(frontdesk.url)
        await _answered(page)
        ways = {"fetch": lambda: _fetched(page), "page": lambda: _painted(page)}
        medians = await measure(ways, rounds)
        await frontdesk.settled()
    print_medians(("first token",), medians)


async def _fetched(page: Page) -> Measured:
    return (await page.evaluate(FETCHED, QUESTION) / 1000,)


async def _painted(page: Page) -> Measured:
    await page.click("#new-conversation")
    await page.fill("#message", QUESTION)
    painted = await page.evaluate(PAINTED)
    await _answered(page)
    return (painted / 1000,)


async def _answered(page: Page) -> None:
    """Wait until no answer is being written."""
    await page.wait_for_selector("#send:not(.stop)")


async def _first_load(browser: Browser, url: str) -> tuple[int, int]:
    """Requests and bytes of a first load with an empty cache."""
    context = await browser.new_context()
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    sizes: list[int] = []

    def count(event: dict[str, Any]) -> None:
        sizes.append(int(event["encodedDataLength"]))

    devtools.on("Network.loadingFinished", count)
    await devtools.send("Network.enable")
    await page.goto(url, wait_until="networkidle")
    await context.close()
    return len(sizes), sum(sizes)


if __name__ == "__main__":
    run(main, 30)
