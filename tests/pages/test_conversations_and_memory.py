"""The conversation list, and the memory dialog."""

import re

from playwright.async_api import Route, expect

from tests.pages.chat_page import UNDO_TIME, ChatPage
from tests.support.model_script import Json, Text, streaming, structured
from tests.support.model_server import ModelServer

FACT = "The user sells biscuits."
LEARNS_FACT = Json({"facts": [{"fact": FACT, "confidence": 0.9, "replaces": []}]})


RENAME_IN_ANOTHER_TAB = """async (id) => {
    const headers = {"Content-Type": "application/json"};
    await fetch(`/conversations/${id}`, {method: "PATCH", headers, body: JSON.stringify({title: "Renamed"})});
    new BroadcastChannel("frontdesk").postMessage({topic: "conversations", conversation: id});
}"""
"""Rename a conversation as another tab does, and tell this one."""


async def start_two_conversations(chat: ChatPage, model: ModelServer) -> None:
    """One about houses, and a newer one about biscuits."""
    for question, answer in {"How do I save for a house?": "Bit by bit.", "Are biscuits taxed?": "They are."}.items():
        model.queue(Text(answer), streaming)
        await chat.button("New conversation").click()
        await chat.send(question)
        await expect(chat.answers).to_have_text([answer])
        await expect(chat.button("Send")).to_be_visible()
    await expect(chat.conversations).to_have_count(2)


async def test_conversations_are_opened_and_searched(chat: ChatPage, model: ModelServer) -> None:
    """A click on a title opens it, the browser's Back button leads back, and the search looks through the messages."""
    await start_two_conversations(chat, model)
    await chat.conversations.filter(has_text="house").get_by_role("link").click()
    await expect(chat.answers).to_have_text(["Bit by bit."])
    await expect(chat.user_messages).to_have_text(["How do I save for a house?"])
    await chat.page.go_back()
    await expect(chat.answers).to_have_text(["They are."])
    search = chat.page.get_by_label("Search conversations")
    await search.fill("house")
    await expect(chat.conversations).to_have_count(1)
    await search.fill("zebra")
    await expect(chat.conversations).to_have_text("Nothing found.")
    await search.fill("")
    await expect(chat.conversations).to_have_count(2)


async def test_conversations_are_renamed_pinned_and_deleted(chat: ChatPage, model: ModelServer) -> None:
    """A new title is there after a reload; a deletion can be undone, and is sent when the page is left."""
    await start_two_conversations(chat, model)
    item = chat.conversations.filter(has_text="house")
    await item.hover()
    await item.get_by_title("Rename").click()
    await chat.page.get_by_label("Title").fill("My home")
    await chat.page.get_by_label("Title").press("Enter")
    await expect(chat.conversations.filter(has_text="My home")).to_have_count(1)
    await chat.page.reload()
    await expect(chat.conversations.filter(has_text="My home")).to_have_count(1)
    await expect(chat.answers).to_have_text(["They are."])
    item = chat.conversations.filter(has_text="biscuits")
    await item.hover()
    await item.get_by_title("Delete").click()
    await expect(chat.conversations.first).to_have_text("Deleted.Undo")
    await chat.button("Deleted. Undo").click()
    await expect(item).to_be_visible()
    groups = chat.page.locator("#conversations h2")
    await expect(groups).to_have_text(["Today"])
    house = chat.conversations.filter(has_text="My home")
    await house.hover()
    await house.get_by_title("Pin").click()
    await expect(groups).to_have_text(["Pinned", "Today"])
    await expect(chat.conversations.locator(".title")).to_have_text([re.compile("My home"), re.compile("biscuits")])
    await item.hover()
    await item.get_by_title("Delete").click()
    await chat.page.reload()
    await expect(chat.conversations).to_have_count(1)
    await expect(chat.suggestions).to_have_count(4)
    await expect(groups).to_have_text(["Pinned"])


async def test_a_click_is_not_lost_while_the_list_is_reloaded(chat: ChatPage, model: ModelServer) -> None:
    """Another tab renames a conversation between the press of a button on another one and its release."""
    await start_two_conversations(chat, model)
    house, biscuits = chat.conversations.filter(has_text="house"), chat.conversations.filter(has_text="biscuits")
    await house.hover()
    await house.get_by_title("Rename").hover()
    await chat.page.mouse.down()
    await chat.page.evaluate(RENAME_IN_ANOTHER_TAB, await biscuits.get_attribute("data-id"))
    await expect(chat.conversations.filter(has_text="Renamed")).to_have_count(1)
    await chat.page.mouse.up()
    await expect(chat.page.get_by_label("Title")).to_have_value("How do I save for a house?")


async def test_a_long_title_is_cut_off(chat: ChatPage) -> None:
    """It fits the sidebar, and is complete in the tooltip."""
    await chat.send("Hello")
    await expect(chat.button("Copy")).to_be_visible()
    title = "w" * 199
    await chat.conversations.hover()
    await chat.conversations.get_by_title("Rename").click()
    await chat.page.get_by_label("Title").fill(title)
    await chat.page.get_by_label("Title").press("Enter")
    link = chat.conversations.get_by_role("link")
    await expect(link).to_have_attribute("title", title)
    assert await chat.page.locator("#sidebar").evaluate("sidebar => sidebar.scrollWidth <= sidebar.clientWidth")


async def test_a_search_leads_to_the_message(chat: ChatPage, model: ModelServer) -> None:
    """Its words are marked as text, and a click opens the conversation there, however far back, with one request.

    What is between there and the end is loaded on demand.
    """
    answers = ["Spend <i>less</i> than 🥐 you earn.", *(f"Well, {number}." for number in range(3))]
    for number, answer in enumerate(answers):
        model.queue(Text(answer), streaming)
        await chat.send("Question")
        await expect(chat.button("Copy")).to_have_count(number + 1)
    loaded: list[str] = []

    async def shorten(route: Route) -> None:
        loaded.append(route.request.url)
        await route.continue_(url=route.request.url.replace("limit=30", "limit=2"))

    await chat.page.route("**/messages?limit=30*", shorten)
    await chat.page.get_by_label("Search conversations").fill("earn less")
    await expect(chat.conversations.locator(".snippet")).to_have_text("Spend <i>less</i> than 🥐 you earn.")
    await expect(chat.conversations.locator("mark")).to_have_text(["less", "earn"])
    await chat.conversations.get_by_role("link").click()
    found = chat.page.locator("article.answer.found")
    await expect(found).to_contain_text("you earn")
    await expect(found).to_be_focused()
    await expect(found).to_be_in_viewport()
    assert len(loaded) == 2  # the newest messages, and those around this one
    await expect(chat.answers).to_have_text([answers[0], answers[-1]])
    await chat.button("Messages in between").click()
    await expect(chat.answers).to_have_count(3)
    await expect(found).to_be_in_viewport()
    await chat.button("Messages in between").click()
    await expect(chat.button("Messages in between")).to_have_count(0)
    await expect(chat.answers).to_contain_text(["you earn.", "Well, 0.", "Well, 1.", "Well, 2."])
    await expect(chat.user_messages).to_have_count(3)
    await chat.button("Earlier messages").click()
    await expect(chat.user_messages).to_have_count(4)


async def shorten_page(route: Route) -> None:
    """Have the server send four messages a page."""
    await route.continue_(url=route.request.url.replace("limit=30", "limit=4"))


async def test_earlier_messages_are_loaded_on_demand(chat: ChatPage, model: ModelServer) -> None:
    """A long conversation opens at its end, with a button for the messages before."""
    model.always(Text("Yes."), streaming)
    for number in range(5):
        await chat.send(f"Question {number}")
        await expect(chat.button("Copy")).to_have_count(number + 1)

    await chat.page.route("**/messages?limit=30*", shorten_page)
    await chat.page.reload()
    await expect(chat.user_messages).to_have_text(["Question 3", "Question 4"])
    await chat.button("Earlier messages").click()
    await expect(chat.user_messages).to_have_text([f"Question {number}" for number in range(1, 5)])


async def test_a_learned_fact_can_be_undone(chat: ChatPage, model: ModelServer) -> None:
    """The answer shows the fact; Undo removes it from the memory."""
    model.queue(LEARNS_FACT, structured)
    await chat.send("I sell biscuits")
    await expect(chat.last_answer.locator(".learned-fact")).to_contain_text(f"Remembered: {FACT}")
    await chat.button("Undo").click()
    await expect(chat.last_answer.locator(".learned-fact")).to_have_text("Forgotten.")
    await chat.button("Memory").click()
    await expect(chat.page.locator("#facts li")).to_have_text("Nothing remembered yet.")


async def test_facts_are_edited_searched_and_forgotten(chat: ChatPage, model: ModelServer) -> None:
    """In the memory dialog; what was forgotten can be restored for a while, and is gone once the page is left."""
    model.queue(LEARNS_FACT, structured)
    await chat.send("I sell biscuits")
    await expect(chat.last_answer.locator(".learned-fact")).to_contain_text(FACT)
    await chat.button("Memory").click()
    facts = chat.page.locator("#facts li")
    await facts.get_by_title("Edit").click()
    await chat.page.get_by_label("Fact", exact=True).fill("The user sells cakes.")
    await chat.button("Save").click()
    await expect(facts).to_contain_text("The user sells cakes.")
    await chat.page.get_by_label("Search memory").fill("zebra")
    await expect(facts).to_have_text("Nothing found.")
    await chat.page.get_by_label("Search memory").fill("cakes")
    await facts.get_by_title("Forget").click()
    await expect(facts).to_have_text("Forgotten.Undo")
    await chat.page.get_by_label("Search memory").fill("")
    await chat.button("Forgotten. Undo").click()
    await expect(facts).to_contain_text("The user sells cakes.")
    await facts.get_by_title("Forget").click()
    await chat.page.reload()
    await chat.button("Memory").click()
    await expect(facts).to_have_text("Nothing remembered yet.")


async def test_forgetting_all_facts_can_be_undone(chat: ChatPage, model: ModelServer) -> None:
    """By the keyboard, too; they are gone once the time is over, and there is nothing more to forget then."""
    await chat.page.clock.install()
    model.queue(LEARNS_FACT, structured)
    await chat.send("I sell biscuits")
    await expect(chat.last_answer.locator(".learned-fact")).to_contain_text(FACT)
    await chat.button("Memory").click()
    facts, forget_all = chat.page.locator("#facts li"), chat.button("Forget all facts")
    await expect(facts).to_contain_text(FACT)
    await forget_all.press("Enter")
    await expect(facts).to_have_text("All forgotten.Undo")
    await chat.page.keyboard.press("Enter")
    await expect(facts).to_contain_text(FACT)
    await expect(forget_all).to_be_focused()
    await forget_all.press("Enter")
    await expect(chat.button("All forgotten. Undo")).to_be_focused()
    await chat.page.clock.run_for(UNDO_TIME)
    await expect(facts).to_have_text("Nothing remembered yet.")
    await expect(forget_all).to_be_hidden()
    await expect(chat.page.get_by_label("Search memory")).to_be_focused()


async def test_a_fact_that_could_not_be_forgotten_comes_back(chat: ChatPage, model: ModelServer) -> None:
    """With the reason, once the time to undo is over."""
    await chat.page.clock.install()
    model.queue(LEARNS_FACT, structured)
    await chat.send("I sell biscuits")
    await expect(chat.last_answer.locator(".learned-fact")).to_contain_text(FACT)
    await chat.button("Memory").click()
    facts = chat.page.locator("#facts li")
    await facts.get_by_title("Forget").click()
    await chat.page.context.set_offline(True)
    await chat.page.clock.run_for(8000)
    await expect(facts).to_contain_text(FACT)
    await expect(chat.page.locator("#memory-error")).to_have_text("The server cannot be reached.")
    await chat.page.context.set_offline(False)


async def test_a_fact_leads_to_the_message_in_which_it_was_said(chat: ChatPage, model: ModelServer) -> None:
    """In its conversation, however many messages came after it, and each time."""
    model.queue(LEARNS_FACT, structured)
    await chat.send("I sell biscuits")
    await expect(chat.last_answer.locator(".learned-fact")).to_contain_text(FACT)
    for number in range(3):
        await chat.send(f"Question {number}")
        await expect(chat.button("Copy")).to_have_count(number + 2)
    await chat.page.route("**/messages?limit=30*", shorten_page)
    for _ in range(2):
        await chat.button("New conversation").click()
        await chat.button("Memory").click()
        await chat.page.get_by_role("link", name="where you said it").click()
        said = chat.page.locator("article.user-message.found")
        await expect(said).to_contain_text("I sell biscuits")
        await expect(said).to_be_focused()
        await expect(said).to_be_in_viewport()
        await expect(chat.button("Earlier messages")).to_have_count(0)
