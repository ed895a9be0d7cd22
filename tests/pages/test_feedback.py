"""Answers are rated in the chat, and bad ones listed on the dashboard."""

import re
from uuid import UUID

from playwright.async_api import Browser, expect

from tests.pages.accessibility import assert_accessible
from tests.pages.chat_page import GREETING, ChatPage
from tests.pages.dashboard_page import open_dashboard
from tests.support.app import Frontdesk


async def test_an_answer_is_rated_and_the_rating_changed(chat: ChatPage) -> None:
    """It is there again after a reload, on the dashboard, and can be taken back."""
    page = chat.page
    good, bad = chat.button("Good answer"), chat.button("Bad answer")
    await chat.send("Hello")
    await expect(chat.answers).to_have_text(GREETING)
    await good.click()
    await expect(good).to_have_attribute("aria-pressed", "true")
    await bad.click()
    await expect(good).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_label("Who should have answered?")).to_be_hidden()
    await page.get_by_label("The wrong employee").check()
    await page.get_by_label("Who should have answered?").select_option("Ledger, Tax")
    await page.get_by_label("Comment").fill("A tax question.")
    await assert_accessible(page)
    await chat.button("Send feedback").click()
    await expect(chat.last_answer.locator(".feedback-status")).to_have_text("Thank you.")
    await expect(page.get_by_role("status")).to_have_text("Thank you.")
    await expect(bad).to_be_focused()

    await page.reload()
    await expect(bad).to_have_attribute("aria-pressed", "true")
    await bad.click()
    await expect(page.get_by_label("The wrong employee")).to_be_checked()
    await expect(page.get_by_label("Comment")).to_have_value("A tax question.")

    conversation = page.url
    await page.goto(re.sub(r"/#.*", "/dashboard", conversation))
    await page.locator("#feedback summary").click()
    await expect(page.locator(".feedback-rates li")).to_have_text(re.compile(r"Prime 0 good, 1 bad \(100% bad\)"))
    await expect(page.locator(".bad-answers li")).to_contain_text("The wrong employee · Ledger should have answered")
    await expect(page.locator(".bad-answers .comment")).to_have_text("A tax question.")
    await assert_accessible(page)
    await page.locator(".bad-answers a").click()
    await expect(page.locator(".user-message.found")).to_have_text(re.compile("Hello"))
    await expect(page).to_have_url(conversation)

    await bad.click()
    await page.get_by_label("Comment").press("Escape")
    await expect(chat.button("Take back")).to_be_hidden()
    await bad.click()
    await chat.button("Take back").click()
    await expect(bad).to_have_attribute("aria-pressed", "false")


async def test_an_administrator_sees_no_comment(frontdesk: Frontdesk, browser: Browser, ada: UUID, bob: UUID) -> None:
    """But of which turn it is, and the reason; what was said only by the click that is logged."""
    answer = await frontdesk.chat(ada, "Hello", employee="tag")
    turn = answer.headers["x-turn-id"]
    async with frontdesk.client(ada) as client:
        given = {"rating": "down", "reason": "unsafe", "comment": "Sell everything?"}
        assert (await client.put(f"/turns/{turn}/feedback", json=given)).status_code == 200
    async with open_dashboard(browser, frontdesk, bob, admin=True) as dashboard:
        page = dashboard.page
        await page.locator("#feedback summary").click()
        await expect(page.locator(".bad-answers li")).to_contain_text(f"Harmful or unsafe{turn}")
        await expect(page.get_by_text("Sell everything?")).to_have_count(0)
        await page.locator(".bad-answers button").click()
        panel = page.get_by_role("dialog", name="Turn")
        await panel.get_by_role("button", name="Show what was said").click()
        await expect(panel).to_contain_text("Hello")
