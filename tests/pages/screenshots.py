"""Takes screenshots of the pages in their main states: light, dark, and mobile.

    make screenshots

The application is real, with a database of its own; the answers are scripted, and the metrics are generated.
"""

import asyncio
import random
import sys
import tempfile
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

import psycopg
from playwright.async_api import Browser, Page, StorageState, async_playwright, expect

from graph.models.factory import open_local_models
from storage.local.postgres import EmbeddedPostgres
from storage.metrics import TurnMetrics
from storage.migrate import migrate
from storage.pool import Pool
from tests.pages.chat_page import ChatPage
from tests.pages.statements import statement
from tests.storage.rows import record_turns, turn_metrics
from tests.support.app import Frontdesk, serving
from tests.support.chromium import launched
from tests.support.database import rows
from tests.support.model_script import Calls, Gate, Json, Text, streaming, structured
from tests.support.model_server import ModelServer

TURNS = 320
OUTCOMES = {"done": 90, "stopped": 3, "limited": 3, "refused": 1, "failed": 1, "fallback": 2}
EMPLOYEES = {"prime": 8, "crystal": 7, "ledger": 6, "byte": 3, "tag": 4, "goalie": 5}
"""The relative frequency of each."""
CODES = {"limited": "rate_limited", "refused": "blocked", "failed": "internal", "fallback": "model_down"}

CONVERSATION = {
    "How much did I spend on groceries this spring?": (
        "You spent **$1,284** on groceries from March to May, 9 % more than in winter.\n\n"
        "| month | groceries | change |\n|---|---:|---:|\n"
        "| March | $402 | +3 % |\n| April | $431 | +7 % |\n| May | $451 | +5 % |\n\n"
        "May stands out by *two* large shops on the same weekend."
    ),
    "I work from home two days a week. What can I write off?": (
        "A part of your home office, as far as you use it for work:\n\n"
        "1. **Rent and heating**, by the share of the floor space\n"
        "2. **Internet and phone**, by the share of the use\n"
        "3. **Desk and chair**, in full below the limit\n\n"
        "> Keep the bills and a floor plan; the office asks for them.\n\n"
        "The share is\n\n\\[ s = \\frac{\\text{office}}{\\text{home}} = \\frac{12\\,m^2}{80\\,m^2} = 15\\,\\% \\]"
    ),
}
AGAIN = (
    "Two days a week make 40 % of your working time, so about that share of what serves both work and home:\n\n"
    "1. **Rent and heating** of the room you work in\n"
    "2. **Internet and phone**"
)
"""Another answer to the last question, cut."""
TALKING = (
    "You spent **8 % less** than in April. This is how I would ask a database for it:\n\n"
    "```sql\nselect category, sum(amount) as spent  -- in May\nfrom payments\n"
    "where paid_on >= date '2026-05-01'\ngroup by category;\n```\n\nThe largest change is in"
)
MODEL = "gpt-4o-mini"
FACT = "The user works from home two days a week."


class Variant(NamedTuple):
    """The screen and the colour scheme of a screenshot."""

    name: str
    width: int
    height: int
    color_scheme: Literal["light", "dark"]


VARIANTS = (
    Variant("light", 1280, 860, "light"),
    Variant("dark", 1280, 860, "dark"),
    Variant("phone", 390, 844, "light"),
)


async def main(folder: Path) -> None:
    """Save all screenshots in this folder."""
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = await stack.enter_async_context(ModelServer())
        url = await stack.enter_async_context(EmbeddedPostgres(scratch / "postgres").running())
        await migrate(url)
        local = await stack.enter_async_context(open_local_models(lambda _: None))
        serve = await stack.enter_async_context(serving(url, model.url, local, scratch))
        frontdesk = await serve(jwt_secret=None, rate_limit=0)
        playwright = await stack.enter_async_context(async_playwright())
        browser = await stack.enter_async_context(launched(playwright))
        state = await _hold_conversation(browser, frontdesk, model)
        await frontdesk.settled()
        await _generate_turns(url)
        for variant in VARIANTS:
            context = await browser.new_context(
                storage_state=state,
                viewport={"width": variant.width, "height": variant.height},
                color_scheme=variant.color_scheme,
                device_scale_factor=2 if variant.name == "phone" else 1,
                has_touch=variant.name == "phone",
                is_mobile=variant.name == "phone",
            )
            await _take_chat(await context.new_page(), frontdesk.url, model, folder, variant.name)
            await _take_dashboard(await context.new_page(), frontdesk.url, folder, variant.name)
            await _take_finances(await context.new_page(), frontdesk.url, model, folder, variant.name)
            await context.close()


async def _take_chat(page: Page, url: str, model: ModelServer, folder: Path, variant: str) -> None:
    """A new conversation, one with answers, an answer while it is streamed, and the settings."""
    await page.goto(url)
    await expect(page.locator("#suggestions button")).to_have_count(4)
    await page.screenshot(path=folder / f"empty-{variant}.png")
    link = page.locator("#conversations a").last
    await link.evaluate("link => link.click()")  # on a phone the sidebar is closed
    await expect(page.locator("article.answer")).to_have_count(len(CONVERSATION))
    await page.screenshot(path=folder / f"chat-{variant}.png")
    await page.get_by_role("button", name="Edit your message").last.click()
    await expect(page.get_by_role("textbox", name="Edit your message")).to_be_visible()
    await page.screenshot(path=folder / f"versions-{variant}.png")
    await page.get_by_role("button", name="Cancel", exact=True).first.click()
    chat, gate = ChatPage(page), asyncio.Event()
    await page.locator("#new-conversation").evaluate("button => button.click()")
    await expect(page.locator(".welcome")).to_be_visible()
    model.queue(Gate([TALKING, " …"], gate), streaming)
    await chat.send("How does my spending compare with last month? My card is 4111 1111 1111 1111.")
    await expect(page.locator(".code-keyword").first).to_be_visible()
    await page.screenshot(path=folder / f"talking-{variant}.png")
    gate.set()
    await expect(chat.button("Send")).to_be_visible()
    await page.locator("#open-settings").evaluate("button => button.click()")
    await expect(page.locator("#signed-in")).not_to_be_empty()
    await page.screenshot(path=folder / f"settings-{variant}.png")


async def _take_dashboard(page: Page, url: str, folder: Path, variant: str) -> None:
    """The dashboard, and one turn in its panel."""
    await page.goto(f"{url}/dashboard")
    await expect(page.locator(".plot svg").first).to_be_visible()
    await page.screenshot(path=folder / f"dashboard-{variant}.png")
    await page.locator("#turn-list summary").click()
    await page.locator("#turn-list button.link").first.click()
    await expect(page.locator("#turn-panel .fields")).to_be_visible()
    await page.screenshot(path=folder / f"turn-{variant}.png")


async def _take_finances(page: Page, url: str, model: ModelServer, folder: Path, variant: str) -> None:
    """A file that was sent, an answer from it, its result, a proposal, and the page with transactions and documents."""
    chat = ChatPage(page)
    await page.goto(url)
    await expect(chat.suggestions).to_have_count(4)
    await page.locator("#pick-files").set_input_files(statement())
    await expect(page.locator("#uploads a")).to_be_visible()
    await page.screenshot(path=folder / f"upload-{variant}.png")
    months = {"since": "2026-01-01", "until": "2026-06-30", "group": "month"}
    model.queue(Calls([("totals", months)]), streaming)
    model.queue(Text("You spent **489.00 EUR** from January to June, 510 € less than you planned."), streaming)
    await chat.send("How much did I spend each month?")
    await expect(page.locator(".figure")).to_be_visible()
    await page.screenshot(path=folder / f"figures-{variant}.png")
    await page.locator(".figure").click()
    await expect(page.locator(".side-panel .chart")).to_be_visible()
    await page.screenshot(path=folder / f"result-{variant}.png")
    await page.keyboard.press("Escape")
    await page.locator("#employee").click()
    await page.locator("#employee-menu label", has_text="Tag").click()
    model.queue(Calls([("propose_rule", {"pattern": "corner market", "category": "groceries"})]), streaming)
    model.queue(Text("This rule would sort all your shopping at Corner Market."), streaming)
    await chat.send("Corner Market is groceries")
    await expect(page.locator(".proposal table")).to_be_visible()
    await expect(page.locator(".proposal .buttons")).to_be_in_viewport()
    await page.screenshot(path=folder / f"proposal-{variant}.png")
    await page.goto(f"{url}/finances")
    await page.locator(".transactions tbody input").nth(1).click()
    await page.screenshot(path=folder / f"transactions-{variant}.png")
    await page.goto(f"{url}/finances#documents")
    await expect(page.locator("#documents .document")).to_be_visible()
    await page.screenshot(path=folder / f"documents-{variant}.png")


async def _hold_conversation(browser: Browser, frontdesk: Frontdesk, model: ModelServer) -> StorageState:
    """Chat as a new user; returns the browser's cookies."""
    context = await browser.new_context()
    chat = ChatPage(await context.new_page())
    await chat.page.goto(frontdesk.url)
    for number, (question, answer) in enumerate(CONVERSATION.items(), 1):
        model.queue(Text(answer), streaming)
        await frontdesk.settled()  # no fact of the question before is to come
        if number == len(CONVERSATION):
            model.always(Json({"facts": [{"fact": FACT, "confidence": 0.95, "replaces": []}]}), structured)
        await chat.send(question)
        await expect(chat.answers).to_have_count(number)
        await expect(chat.button("Send")).to_be_visible()
    await frontdesk.settled()
    model.queue(Text(AGAIN, finish_reason="length"), streaming)
    await chat.button("Retry").last.click()
    await expect(chat.button("Continue")).to_be_visible()
    state = await context.storage_state()
    await context.close()
    return state


async def _generate_turns(url: str) -> None:
    """Write metrics of a user's turns over a day, more of them by day; the same in each run."""
    generator = random.Random(7)  # noqa: S311 - a picture
    outcomes = generator.choices(list(OUTCOMES), list(OUTCOMES.values()), k=TURNS)
    ((user_id,),) = await rows(url, "select user_id from chat_users")
    async with Pool.open(url) as pool:
        await record_turns(pool, user_id, *(_generate_turn(generator, outcome) for outcome in outcomes))
    with psycopg.connect(url) as conn:
        for (turn_id,) in conn.execute("select id from xai_chat_metrics where model = %s", [MODEL]).fetchall():
            ago = timedelta(minutes=round(generator.triangular(1, 1439, 500)))
            conn.execute("update xai_chat_metrics set created_at = now() - %s where id = %s", [ago, turn_id])


def _generate_turn(generator: random.Random, outcome: str) -> TurnMetrics:
    first = round(generator.lognormvariate(6.2, 0.4))
    ran = outcome not in ("limited", "refused")
    prompt, completion = generator.randint(250, 900), generator.randint(60, 300)
    return turn_metrics(
        employee=generator.choices(list(EMPLOYEES), list(EMPLOYEES.values()))[0],
        model=MODEL,
        outcome=outcome,
        latency_ms=first + round(generator.lognormvariate(7.0, 0.5)) if ran else 3,
        ttft_ms=first if ran else None,
        prompt_tokens_est=prompt,
        completion_tokens_est=completion,
        prompt_tokens=round(prompt * 0.97),
        completion_tokens=round(completion * 1.04),
        success=outcome in ("done", "stopped"),
        error_code=CODES.get(outcome),
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
