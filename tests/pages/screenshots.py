"""Pictures of both pages with something on them: light, dark, and on a phone.

    make screenshots

The real application on a database of its own; what the model says is scripted, and the numbers of the day before are
made up.
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
from playwright.async_api import Browser, StorageState, async_playwright, expect

from graph.opening import local_embeddings
from storage.embedded import Embedded
from storage.metrics import Measured
from storage.migrate import migrate
from storage.pool import Pool
from tests.pages.chat_page import ChatPage
from tests.storage.rows import measured, recorded
from tests.support.app import serving
from tests.support.chromium import launched
from tests.support.database import rows
from tests.support.model_script import Json, Text, streaming, structured
from tests.support.model_server import ModelServer

TURNS = 320
OUTCOMES = {"done": 90, "stopped": 3, "limited": 3, "refused": 1, "failed": 1, "fallback": 2}
EMPLOYEES = {"prime": 8, "crystal": 7, "ledger": 6, "byte": 3, "tag": 4, "goalie": 5}
"""How often each, by weight."""
CODES = {"limited": "rate_limited", "refused": "blocked", "failed": "internal", "fallback": "model_down"}

TALK = {
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
        "> Keep the bills and a floor plan; the office asks for them."
    ),
}
MODEL = "gpt-4o-mini"
FACT = "The user works from home two days a week."


class Look(NamedTuple):
    """How a page is looked at."""

    name: str
    width: int
    height: int
    colours: Literal["light", "dark"]


LOOKS = (Look("light", 1280, 860, "light"), Look("dark", 1280, 860, "dark"), Look("phone", 390, 844, "light"))


async def main(folder: Path) -> None:
    """Make them all in this folder."""
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = await stack.enter_async_context(ModelServer())
        url = await stack.enter_async_context(Embedded(scratch / "postgres").running())
        await migrate(url)
        local = await stack.enter_async_context(local_embeddings(lambda _: None))
        serve = await stack.enter_async_context(serving(url, model.url, local, scratch))
        frontdesk = await serve(jwt_secret=None, rate_limit=0)
        playwright = await stack.enter_async_context(async_playwright())
        browser = await stack.enter_async_context(launched(playwright))
        state = await _talked(browser, frontdesk.url, model)
        await frontdesk.settled()
        await _day(url)
        for look in LOOKS:
            context = await browser.new_context(
                storage_state=state,
                viewport={"width": look.width, "height": look.height},
                color_scheme=look.colours,
                device_scale_factor=2 if look.name == "phone" else 1,
            )
            page = await context.new_page()
            await page.goto(frontdesk.url)
            await page.locator("#conversations a").evaluate("link => link.click()")  # on a phone it is out of sight
            await expect(page.locator("article.answer")).to_have_count(len(TALK))
            await page.screenshot(path=folder / f"chat-{look.name}.png")
            await page.goto(f"{frontdesk.url}/dashboard")
            await expect(page.locator("svg").first).to_be_visible()
            await page.screenshot(path=folder / f"dashboard-{look.name}.png")
            await context.close()


async def _talked(browser: Browser, url: str, model: ModelServer) -> StorageState:
    """A visitor who has asked everything; returns what their browser keeps."""
    context = await browser.new_context()
    chat = ChatPage(await context.new_page())
    await chat.page.goto(url)
    for number, (question, answer) in enumerate(TALK.items(), 1):
        model.queue(Text(answer), streaming)
        if number == len(TALK):
            model.queue(Json({"facts": [{"fact": FACT, "confidence": 0.95, "replaces": []}]}), structured)
        await chat.send(question)
        await expect(chat.answers).to_have_count(number)
        await expect(chat.button("Send")).to_be_visible()
    state = await context.storage_state()
    await context.close()
    return state


async def _day(url: str) -> None:
    """Turns of the visitor over a day, more of them by daylight; the same at each run."""
    chance = random.Random(7)  # noqa: S311 - a picture
    outcomes = chance.choices(list(OUTCOMES), list(OUTCOMES.values()), k=TURNS)
    ((visitor,),) = await rows(url, "select user_id from chat_users")
    async with Pool.open(url) as pool:
        await recorded(pool, visitor, *(_turn(chance, outcome) for outcome in outcomes))
    with psycopg.connect(url) as conn:
        for (turn_id,) in conn.execute("select id from xai_chat_metrics where model = %s", [MODEL]).fetchall():
            ago = timedelta(minutes=round(chance.triangular(1, 1439, 500)))
            conn.execute("update xai_chat_metrics set created_at = now() - %s where id = %s", [ago, turn_id])


def _turn(chance: random.Random, outcome: str) -> Measured:
    first = round(chance.lognormvariate(6.2, 0.4))
    ran = outcome not in ("limited", "refused")
    prompt, completion = chance.randint(250, 900), chance.randint(60, 300)
    return measured(
        employee=chance.choices(list(EMPLOYEES), list(EMPLOYEES.values()))[0],
        model=MODEL,
        outcome=outcome,
        latency_ms=first + round(chance.lognormvariate(7.0, 0.5)) if ran else 3,
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
