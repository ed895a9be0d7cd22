"""The page with transactions: filtered, summed up, categorised one by one and many at once; and its other lists."""

from playwright.async_api import Browser, expect

from tests.pages.accessibility import PHONE, WIDE, assert_accessible, small_targets
from tests.pages.browser import new_page
from tests.pages.chat_page import UNDO_TIME
from tests.pages.statements import HEADER, import_statement
from tests.support.app import Frontdesk

MANY = HEADER + "".join(f"{1 + n % 28:02d}.03.2025;Shop {n};Purchase {n};-{1 + n},00;EUR\n" for n in range(250))
"""More than two pages."""


async def test_transactions_are_categorised(browser: Browser, local_app: Frontdesk) -> None:
    """In place or many at once, each undone with one button; filters are in the URL."""
    async with new_page(browser, viewport={"width": 1280, "height": 800}) as page:
        rows = page.locator(".transactions tbody tr")
        change = page.locator(".change")
        await page.goto(f"{local_app.url}/finances")
        await expect(page.get_by_text("No transactions yet.")).to_be_visible()
        await assert_accessible(page)
        await import_statement(page.context, local_app.url)
        await page.reload()
        await expect(rows).to_have_count(18)
        await expect(page.locator(".totals")).to_contain_text("Spent -€489.00")
        await assert_accessible(page)
        await rows.first.get_by_role("button", name="Category of Employer: No category").click()
        await rows.first.locator("select").select_option("salary")
        await expect(change).to_contain_text("1 transaction is now in: ")
        await rows.first.get_by_role("button", name="Note on Employer").click()
        await page.keyboard.type("A raise")
        await page.keyboard.press("Enter")
        await expect(rows.first.locator(".note")).to_have_text("A raise")
        await page.get_by_label("Search transactions").fill("corner")
        await expect(rows).to_have_count(6)
        await expect(page).to_have_url(f"{local_app.url}/finances?q=corner")
        await rows.first.get_by_role("checkbox").click()
        await rows.nth(2).get_by_role("checkbox").click(modifiers=["Shift"])
        await page.keyboard.press("Shift+ArrowDown")
        await expect(page.locator(".selection")).to_contain_text("4 selected")
        await assert_accessible(page)
        await page.get_by_role("button", name="Select all 6 that match").click()
        await page.locator(".selection select").select_option("groceries")
        await page.get_by_role("button", name="Set category").click()
        await expect(change).to_contain_text("6 transactions are now in: Groceries.")
        await page.reload()
        await expect(rows.locator(".category button")).to_have_text(["Groceries"] * 6)
        await page.locator(".transactions thead input").click()
        await page.get_by_role("button", name="Set category").click()
        await expect(rows.locator(".category button")).to_have_text(["No category"] * 6)
        await change.get_by_role("button").click()
        await expect(change).to_have_text("Undone.")
        await expect(rows.locator(".category button")).to_have_text(["Groceries"] * 6)
        await page.get_by_role("button", name="Reset filters").click()
        await expect(rows).to_have_count(18)
        await page.get_by_label("Category", exact=True).first.select_option("none")
        await expect(rows).to_have_count(11)
        await page.get_by_label("Period").select_option("custom")
        await page.get_by_label("From", exact=True).fill("2026-06-01")
        await expect(rows).to_have_count(1)
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download as CSV").click()
        text = (await (await download.value).path()).read_text()
        assert text.count("\n") == 2


async def test_many_transactions_are_loaded_as_the_list_is_scrolled(browser: Browser, local_app: Frontdesk) -> None:
    """On a phone, too, where everything can be tapped."""
    async with new_page(browser, **PHONE) as page:
        rows = page.locator(".transactions tbody tr")
        await page.goto(f"{local_app.url}/finances")
        await expect(page.get_by_text("No transactions yet.")).to_be_visible()
        await import_statement(page.context, local_app.url, MANY)
        await page.reload()
        await expect(rows).to_have_count(100)
        assert await small_targets(page) == []
        await assert_accessible(page, [390])
        await rows.last.scroll_into_view_if_needed()
        await expect(rows).to_have_count(200)
        await rows.last.scroll_into_view_if_needed()
        await expect(rows).to_have_count(250)


async def test_accounts_categories_and_rules(browser: Browser, local_app: Frontdesk) -> None:
    """Each is renamed, added or deleted in its list; a deletion can be undone for a while."""
    async with new_page(browser, viewport={"width": 1280, "height": 800}) as page:
        await page.goto(f"{local_app.url}/finances#accounts")
        await expect(page.get_by_text("No accounts yet.")).to_be_visible()
        await import_statement(page.context, local_app.url)
        await page.reload()
        await page.get_by_role("button", name="Rename statement").click()
        await page.keyboard.type("Everyday")
        await page.keyboard.press("Enter")
        await expect(page.locator("#accounts .item-name")).to_have_text("Everyday")
        await assert_accessible(page)
        await page.get_by_role("link", name="Categories").click()
        name = page.locator("#categories").get_by_label("Name", exact=True)
        await name.fill("Biscuits")
        await page.get_by_role("button", name="Add category").click()
        biscuits = page.locator("#categories li", has_text="Biscuits")
        await expect(biscuits).to_be_visible()
        await biscuits.get_by_label("May lower taxes").check()
        await name.fill("biscuits")
        await page.get_by_role("button", name="Add category").click()
        await expect(page.locator("#status")).to_have_text("You have a category of this name.")
        await assert_accessible(page, [WIDE, 320])
        await page.get_by_role("link", name="Rules").click()
        await expect(page.get_by_text("No rules yet.")).to_be_visible()
        await page.get_by_label("Words").fill("corner market")
        await page.get_by_label("Category", exact=True).select_option("biscuits")
        await expect(page.locator("#rules")).to_contain_text("6 transactions match; the category of 6 would change.")
        await assert_accessible(page, [WIDE, 320])
        await page.get_by_role("button", name="Add rule").click()
        rule = page.locator("#rules li:not(.empty)")
        await expect(rule).to_contain_text("what contains “corner market” is Biscuits")
        await expect(rule).to_contain_text("6 transactions")
        await assert_accessible(page)
        await page.clock.install()
        await rule.get_by_role("button").click()
        await page.clock.run_for(UNDO_TIME)
        await expect(page.get_by_text("No rules yet.")).to_be_visible()
        left = await page.context.request.get(f"{local_app.url}/transactions?category=biscuits")
        assert (await left.json())["items"] == []


async def test_an_account_shows_its_balance(browser: Browser, local_app: Frontdesk) -> None:
    """With the day of the last statement; where none says one, the sum of its transactions, called so."""
    days = "".join(f"2026-03-0{day};Market;-10.00;{100 - 10 * day}.00;EUR\n" for day in (1, 2, 3))
    async with new_page(browser, viewport={"width": 1280, "height": 800}) as page:
        await page.goto(f"{local_app.url}/finances#accounts")
        await page.get_by_label("Name", exact=True).fill("Wallet")
        await page.get_by_role("button", name="Add account").click()
        wallet = page.locator("#accounts li", has_text="Wallet")
        await expect(wallet).to_contain_text("€0.00Sum of its transactions")
        await import_statement(page.context, local_app.url, f"Date;Payee;Amount;Balance;Currency\n{days}")
        await page.reload()
        account = page.locator("#accounts li", has_text="statement")
        await expect(account).to_contain_text("€70.00Balance, last statement Mar 3, 2026")
        await assert_accessible(page, [WIDE, 320])


async def test_a_purchase_in_cash_is_entered(browser: Browser, local_app: Frontdesk) -> None:
    """In an account that is added first; it can be deleted, which leaves what is selected meanwhile selected."""
    async with new_page(browser, **PHONE) as page:
        await page.goto(f"{local_app.url}/finances#accounts")
        await expect(page.get_by_text("No accounts yet.")).to_be_visible()
        await page.get_by_label("Name", exact=True).fill("Wallet")
        await page.get_by_role("button", name="Add account").click()
        await expect(page.locator("#accounts .item-name")).to_have_text("Wallet")
        assert await small_targets(page) == []
        await assert_accessible(page, [390])
        await import_statement(page.context, local_app.url)
        await page.locator("#sections").get_by_role("link", name="Transactions").click()
        await page.get_by_text("Enter a transaction").click()
        await page.get_by_label("Who with").fill("Bakery")
        await page.get_by_label("Amount").fill("3.20")
        await page.get_by_label("Date").fill("2026-07-01")
        assert await small_targets(page) == []
        await assert_accessible(page, [390])
        await page.get_by_role("button", name="Add", exact=True).click()
        first = page.locator(".transactions tbody tr").first
        await expect(first).to_contain_text("Bakery")
        await expect(first).to_contain_text("-€3.20")
        await expect(page.get_by_role("button", name="Delete", exact=False)).to_have_count(1)
        await page.clock.install()
        await first.get_by_role("button", name="Delete Bakery").click()
        await page.get_by_role("button", name="Bakery deleted. Undo").click()
        await expect(first).to_contain_text("Bakery")
        await first.get_by_role("button", name="Delete Bakery").click()
        await page.locator(".transactions tbody tr").nth(1).get_by_role("checkbox").click()
        await page.clock.run_for(UNDO_TIME)
        await expect(first).to_contain_text("Employer")
        await expect(page.locator(".totals")).to_contain_text("Spent -€489.00")
        await expect(first.get_by_role("checkbox")).to_be_checked()
        await expect(page.locator(".selection")).to_contain_text("1 selected")
