"""What tools found, in an answer: figures that can be opened, those that cannot, and proposals."""

import asyncio
import re

import psycopg
import pytest
from playwright.async_api import Browser, Route, expect

from tests.pages.accessibility import assert_accessible
from tests.pages.chat_page import ChatPage, open_chat
from tests.pages.statements import HEADER, import_statement
from tests.support.app import Frontdesk
from tests.support.model_script import Calls, Gate, Text, streaming
from tests.support.model_server import ModelServer

BY_MONTH = Calls([("totals", {"since": "2026-01-01", "until": "2026-06-30", "group": "month"})])
ANSWER = "You spent **489.00 EUR** in half a year, which is about 489 € in 12 payments, and 510 € above your plan."
WIDER = "document.documentElement.scrollWidth > innerWidth"


async def answered(chat: ChatPage, url: str, model: ModelServer) -> None:
    """Send a statement and ask about it."""
    await expect(chat.suggestions).to_have_count(4)
    await import_statement(chat.page.context, url)
    model.queue(BY_MONTH, streaming)
    model.queue(Text(ANSWER), streaming)
    await chat.send("What did I spend each month?")
    await expect(chat.last_answer.locator(".unverified")).to_have_text("510 €")


async def test_figures_are_opened(chat: ChatPage, model: ModelServer, local_app: Frontdesk) -> None:
    """From the text or the result: in words, with a chart, sorted rows, transactions and CSV; also after a reload."""
    page, panel = chat.page, chat.page.locator(".side-panel")
    await answered(chat, local_app.url, model)
    await expect(chat.last_answer.locator(".result")).to_contain_text("Spending, by month")
    await assert_accessible(page)
    await chat.last_answer.locator(".unverified").hover()
    await expect(page.get_by_role("tooltip")).to_contain_text("No tool computed this figure")
    await assert_accessible(page)
    await page.reload()
    await expect(chat.last_answer.locator(".figure")).to_have_text(["489.00 EUR", "489 €", "12"])
    await expect(chat.last_answer.locator(".unverified-list")).to_contain_text("510 €")
    await chat.last_answer.locator(".figure").first.press("Enter")
    await expect(panel.get_by_role("img")).to_be_visible()
    await expect(panel.locator("rect")).to_have_count(6)
    await expect(panel.locator(".figures")).to_contain_text("-€489.00")
    first = panel.locator("tbody td").first
    await panel.get_by_role("button", name="Month", exact=True).click()
    await panel.get_by_role("button", name="Month", exact=True).click()
    await expect(first).to_have_text("Jun 2026")
    await panel.get_by_label("Filter rows").fill("mar")
    await expect(panel.locator("tbody tr")).to_have_count(1)
    await panel.get_by_text("Transactions behind it").click()
    await expect(panel.locator(".transactions-behind li")).to_have_count(12)
    await assert_accessible(page)
    await page.set_viewport_size({"width": 320, "height": 700})
    assert not await page.evaluate(WIDER)
    async with page.expect_download() as download:
        await panel.get_by_role("button", name="Download as CSV").first.click()
    assert (await download.value).suggested_filename == "frontdesk-result.csv"
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(chat.last_answer.locator(".figure").first).to_be_focused()
    await page.set_viewport_size({"width": 1280, "height": 720})
    await chat.last_answer.locator(".result").click()
    await import_statement(page.context, local_app.url, HEADER + "04.02.2026;Dentist;Bill;-90,00;EUR\n")
    await page.keyboard.press("Escape")
    await chat.last_answer.locator(".result").click()
    await expect(panel.get_by_role("status").first).to_contain_text("The figures have changed since.")


async def test_a_result_stands_there_while_the_answer_is_written(
    chat: ChatPage, model: ModelServer, local_app: Frontdesk
) -> None:
    """Its figures become buttons in the text once that is complete."""
    await expect(chat.suggestions).to_have_count(4)
    await import_statement(chat.page.context, local_app.url)
    gate = asyncio.Event()
    model.queue(BY_MONTH, streaming)
    model.queue(Gate(ANSWER, gate), streaming)
    await chat.send("What did I spend each month?")
    await expect(chat.last_answer.locator(".result")).to_be_visible()
    await expect(chat.last_answer.locator(".figure")).to_have_count(0)
    gate.set()
    await expect(chat.last_answer.locator(".figure")).to_have_count(3)


async def test_a_tool_that_runs_is_said(chat: ChatPage, model: ModelServer, local_app: Frontdesk) -> None:
    """In a line, which the result takes the place of."""
    await expect(chat.suggestions).to_have_count(4)
    await import_statement(chat.page.context, local_app.url)
    model.queue(Calls([("why_category", {"merchant": "corner"})]), streaming)
    model.queue(Text("Nobody gave it one."), streaming)
    await chat.page.locator("#employee").click()
    await chat.page.locator("#employee-menu label", has_text="Tag").click()
    with psycopg.connect(local_app.service.url) as conn:
        conn.execute("lock table finance_rules in access exclusive mode")
        await chat.send("Why has Corner Market no category?")
        line = chat.last_answer.locator(".tool-call")
        await expect(line).to_have_text("Looking why a category was given …")
        await expect(chat.page.locator("#live-region")).to_contain_text("Looking why a category was given")
    await expect(chat.last_answer.locator(".result")).to_contain_text("Why transactions of “corner”")
    await expect(line).to_have_count(0)


async def test_a_proposal_is_decided(chat: ChatPage, model: ModelServer, local_app: Frontdesk) -> None:
    """Accepted once, in whichever tab; its card is right after a reload, and it can be undone."""
    page = chat.page
    await expect(chat.suggestions).to_have_count(4)
    await import_statement(page.context, local_app.url)
    model.queue(Calls([("propose_rule", {"pattern": "corner market", "category": "groceries"})]), streaming)
    model.queue(Text("I propose a rule."), streaming)
    await page.locator("#employee").click()
    await page.locator("#employee-menu label", has_text="Tag").click()
    await chat.send("Corner Market is groceries")
    card = chat.last_answer.locator(".proposal")
    await expect(card).to_contain_text("Add a rule: what contains “corner market” is Groceries?")
    await expect(card.locator("tbody tr")).to_have_count(5)
    await assert_accessible(page)
    other = ChatPage(await page.context.new_page())
    await other.page.goto(page.url)
    await expect(other.last_answer.locator(".proposal").get_by_role("button", name="Refuse")).to_be_visible()
    await card.get_by_role("button", name="Accept").click()
    await expect(card.get_by_role("button", name="Undo")).to_be_focused()
    await expect(other.last_answer.locator(".proposal")).to_contain_text("Accepted.")
    await assert_accessible(page)
    await other.page.goto(f"{local_app.url}/finances?category=groceries")
    await expect(other.page.locator(".transactions tbody tr")).to_have_count(6)
    await page.reload()
    await card.get_by_role("button", name="Undo").click()
    await expect(card).to_contain_text("Undone.")
    await expect(other.page.locator(".transactions tbody tr")).to_have_count(0)


async def test_a_result_of_an_answer_that_broke_off_goes(
    chat: ChatPage, model: ModelServer, local_app: Frontdesk
) -> None:
    """Once the answer that took its place is complete and does not name it: what is asked to be accepted goes, too."""

    async def without_references(route: Route) -> None:
        response = await route.fetch()
        text = re.sub(r'"references":\["[^]]+\]', '"references":[]', await response.text())
        await route.fulfill(response=response, body=text)

    await expect(chat.suggestions).to_have_count(4)
    await import_statement(chat.page.context, local_app.url)
    model.queue(Calls([("propose_rule", {"pattern": "corner market", "category": "groceries"})]), streaming)
    model.queue(Text("All is well again."), streaming)
    await chat.page.locator("#employee").click()
    await chat.page.locator("#employee-menu label", has_text="Tag").click()
    await chat.page.route("**/chat", without_references)
    await chat.send("Corner Market is groceries")
    await expect(chat.last_answer.locator(".markdown")).to_have_text("All is well again.")
    await expect(chat.last_answer.get_by_role("button", name="Retry")).to_be_visible()
    await expect(chat.last_answer.locator(".result, .proposal")).to_have_count(0)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
async def test_everything_is_said_in_german(
    browser: Browser, model: ModelServer, local_app: Frontdesk, direction: str
) -> None:
    """Amounts and days as Germans write them; right to left, nothing is wider than the page."""
    async with open_chat(browser, local_app.url, locale="de-DE", viewport={"width": 360, "height": 740}) as chat:
        await answered_in_german(chat, local_app.url, model)
        await chat.page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
        await chat.last_answer.locator(".result").click()
        await expect(chat.page.locator(".side-panel .figures")).to_contain_text("Ausgaben-489,00 €")
        await expect(chat.page.locator(".side-panel h2")).to_contain_text("Ausgaben, nach Monat, 01.01.")
        await expect(chat.page.locator(".side-panel thead")).to_have_text("MonatBetragWährungBuchungen")
        await expect(chat.page.locator(".side-panel")).to_contain_text(
            "Die Summe der Beträge aller passenden Buchungen"
        )
        await expect(chat.page.locator(".side-panel")).to_contain_text("Buchungen dahinter")
        assert not await chat.page.evaluate(WIDER)
        async with chat.page.expect_download() as download:
            await chat.page.get_by_role("button", name="Als CSV herunterladen").first.click()
        lines = (await (await download.value).path()).read_text().splitlines()
        assert lines[:2] == ["Monat,Betrag,Währung,Buchungen", "2026-01,-79.00,EUR,2"]
        await chat.page.goto(f"{local_app.url}/finances")
        await chat.page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
        await expect(chat.page.locator(".totals")).to_contain_text("18 Buchungen")
        assert not await chat.page.evaluate(WIDER)


async def answered_in_german(chat: ChatPage, url: str, model: ModelServer) -> None:
    """Send a statement and ask about it, on the German page."""
    await expect(chat.suggestions).to_have_count(4)
    await import_statement(chat.page.context, url)
    model.queue(BY_MONTH, streaming)
    model.queue(Text("Du hast 489,00 € ausgegeben."), streaming)
    await chat.page.get_by_label("Nachricht", exact=True).fill("Was habe ich jeden Monat ausgegeben?")
    await chat.page.keyboard.press("Enter")
    await expect(chat.last_answer.locator(".figure")).to_have_text("489,00 €")


async def test_what_could_not_be_loaded_is_tried_again(
    chat: ChatPage, model: ModelServer, local_app: Frontdesk
) -> None:
    """A result in the side panel, and the page with transactions: each says why, and has a button."""
    page, panel = chat.page, chat.page.locator(".side-panel")
    await answered(chat, local_app.url, model)
    await page.route(re.compile(r"/references/"), lambda route: route.abort())
    await chat.last_answer.locator(".result").click()
    await expect(panel).to_contain_text("The server cannot be reached.")
    await assert_accessible(page)
    await page.unroute_all()
    await panel.get_by_role("button", name="Try again").click()
    await expect(panel.locator(".figures")).to_contain_text("-€489.00")
    await page.route(re.compile(r"/transactions\?"), lambda route: route.abort())
    await page.goto(f"{local_app.url}/finances")
    await expect(page.locator("#status")).to_contain_text("The server cannot be reached.")
    await assert_accessible(page)
    await page.unroute_all()
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".totals")).to_contain_text("18 transactions")
    await expect(page.locator("#status")).to_be_empty()
