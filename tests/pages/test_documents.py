"""Documents on the pages: sent, read, corrected, taken back, found and deleted."""

import re

import psycopg
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from tests.graph.documents.pdfs import encrypted_pdf, pdf
from tests.pages.accessibility import PHONE, assert_accessible, small_targets
from tests.pages.browser import new_page
from tests.pages.chat_page import GREETING, UNDO_TIME, ChatPage
from tests.pages.statements import HALF_A_YEAR, import_statement, statement
from tests.support.app import Frontdesk

LOCKED: FilePayload = {"name": "locked.pdf", "mimeType": "application/pdf", "buffer": encrypted_pdf()}
LEASE: FilePayload = {
    "name": "lease.pdf", "mimeType": "application/pdf", "buffer": pdf(1, "The rent is due on the third working day.")
}  # fmt: skip
LINE_TOO_MANY = HALF_A_YEAR + "total;;;15000,00;EUR\n"
DROP_FILE = """([name, size]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(size).fill(120)], name));
  for (const name of ["dragover", "drop"]) dispatchEvent(new DragEvent(name, { dataTransfer: data, cancelable: true }));
}"""
PASTE_FILE = """() => {
  const data = new DataTransfer();
  data.items.add(new File([], "empty.csv"));
  const pasted = new ClipboardEvent("paste", { clipboardData: data, cancelable: true, bubbles: true });
  document.querySelector("#message").dispatchEvent(pasted);
}"""


async def test_files_are_sent_from_the_chat_page(chat: ChatPage) -> None:
    """Several at once; each says what was understood or what is wrong, and can be corrected and taken back."""
    page = chat.page
    await page.locator("#pick-files").set_input_files([statement(LINE_TOO_MANY), LOCKED])
    cards = page.locator("#uploads .document")
    await expect(cards.nth(1)).to_contain_text("This file has a password.")
    await expect(cards.first).to_contain_text("18 new transactions")
    await expect(cards.first).to_contain_text(re.compile(r"statement · Jan 3\s–\sJun 12, 2026 · Show transactions"))
    await cards.first.locator("summary").nth(0).click()
    await expect(cards.first.locator("dl")).to_contain_text("Date (31.12.2026)")
    await cards.first.locator("summary").nth(1).click()
    await expect(cards.first.locator(".rejected")).to_contain_text("“total” is no date.")
    await assert_accessible(page)
    await cards.first.get_by_role("button", name="Correct").click()
    await assert_accessible(page)
    await page.get_by_label("Sign").select_option("yes")
    await page.get_by_role("button", name="Read again").click()
    await expect(cards.first.locator("dl")).to_contain_text("Spending is positive")
    await expect(cards.first).to_contain_text("18 new transactions")
    await cards.first.get_by_role("button", name="Undo import").click()
    await expect(cards.first).to_contain_text("The import was undone.")
    await page.evaluate(PASTE_FILE)
    await expect(cards.nth(2)).to_contain_text("This file is empty.")
    await page.evaluate(DROP_FILE, ["notes.csv", 20])
    await expect(cards.nth(3)).to_contain_text("Files of this kind cannot be read.")
    await chat.button("Close locked.pdf").click()
    await expect(cards).to_have_count(3)
    await chat.send("What is in them?")
    await expect(chat.answers).to_have_text(GREETING)
    await expect(cards).to_have_count(0)


async def test_a_file_that_does_not_arrive_is_sent_again(chat: ChatPage) -> None:
    """The card says what happened; what is too large is not sent at all."""
    page = chat.page
    await page.route("**/documents", lambda route: route.abort())
    await page.locator("#pick-files").set_input_files(statement())
    await page.evaluate(DROP_FILE, ["large.csv", 20 * 1024 * 1024 + 1])
    cards = page.locator("#uploads .document")
    await expect(cards.filter(has_text="large.csv")).to_contain_text("This file is larger than 20 MiB.")
    sent = cards.filter(has_text="statement.csv")
    await expect(sent).to_contain_text("The server cannot be reached.")
    await page.unroute_all()
    await sent.get_by_role("button", name="Try again").click()
    await expect(sent).to_contain_text("18 new transactions")


async def test_an_import_is_undone_while_another_is_stored(browser: Browser, local_app: Frontdesk) -> None:
    """It waits for its turn and says so, also where the server gave up waiting."""
    async with new_page(browser) as page:
        await page.goto(f"{local_app.url}/finances#documents")
        await import_statement(page.context, local_app.url)
        await page.reload()
        card = document(page, "statement.csv")
        problem = {"code": "import_running", "detail": "Please try again.", "retry_after": 1}
        await page.route("**/undo", lambda route: route.fulfill(status=409, json=problem), times=1)
        async with await psycopg.AsyncConnection.connect(local_app.service.url) as storing:
            await storing.execute("select from chat_users for no key update")
            await tool(page, "statement.csv", "Undo import").click()
            await expect(card).to_contain_text("Undoing the import…")
            async with page.expect_request("**/undo"):
                await expect(card.get_by_role("button")).to_have_count(0)
            await expect(card).to_contain_text("Undoing the import…")
        await expect(card).to_contain_text("The import was undone.")


async def test_documents_are_found_and_deleted(browser: Browser, local_app: Frontdesk) -> None:
    """In a list of their own, where each can be undone, downloaded, and deleted with or without what it brought."""
    async with new_page(browser, **PHONE) as page:
        await page.goto(f"{local_app.url}/finances#documents")
        await expect(page.get_by_text("No documents yet.")).to_be_visible()
        await import_statement(page.context, local_app.url)
        await page.locator("#documents input[type=file]").set_input_files(LEASE)
        await expect(document(page, "lease.pdf")).to_contain_text("Its text can be found")
        await page.locator("#documents input[type=file]").set_input_files(LEASE)
        await expect(page.get_by_text("You have this file already; nothing was added.")).to_be_visible()
        await page.reload()
        await expect(document(page, "statement.csv")).to_contain_text("18 new transactions")
        assert await small_targets(page) == []
        await assert_accessible(page, [390])
        await page.get_by_label("Search documents").fill("rent")
        await expect(page.locator(".found-pages li")).to_contain_text("lease.pdf · page 1")
        await assert_accessible(page, [390])
        await page.get_by_label("Search documents").fill("statement")
        await expect(document(page, "lease.pdf")).to_be_hidden()
        async with page.expect_download() as download:
            await tool(page, "statement.csv", "Download").click()
        assert (await download.value).suggested_filename == "statement.csv"
        await page.clock.install()
        await tool(page, "statement.csv", "Delete the file only").click()
        await page.clock.run_for(UNDO_TIME)
        await expect(tool(page, "statement.csv", "Download")).to_have_count(0)
        await expect(document(page, "statement.csv")).to_contain_text("18 new transactions")
        await tool(page, "statement.csv", "Delete").click()
        await page.get_by_role("button", name="statement.csv deleted, with all that was read from it. Undo").click()
        await expect(document(page, "statement.csv")).to_be_visible()
        await tool(page, "statement.csv", "Delete").click()
        await page.clock.run_for(UNDO_TIME)
        await expect(document(page, "statement.csv")).to_have_count(0)
        left = await page.context.request.get(f"{local_app.url}/transactions")
        assert (await left.json())["items"] == []


def document(page: Page, name: str) -> Locator:
    """The card of the document with this name."""
    return page.locator("#documents .document", has_text=name)


def tool(page: Page, name: str, action: str) -> Locator:
    """The button of this document."""
    return document(page, name).get_by_role("button", name=action, exact=True)
