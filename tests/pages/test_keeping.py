"""Conversations and memory in a browser."""

from playwright.async_api import Route, expect

from tests.pages.desk import Desk
from tests.support.model_script import Json, Text, streaming, structured
from tests.support.model_server import ModelServer

BISCUITS = "The user sells biscuits."


async def two_conversations(desk: Desk, model: ModelServer) -> None:
    """One about houses, and the newer one about biscuits."""
    for question, answer in {"How do I save for a house?": "Bit by bit.", "Are biscuits taxed?": "They are."}.items():
        model.queue(Text(answer), streaming)
        await desk.button("+ New conversation").click()
        await desk.send(question)
        await expect(desk.answers).to_have_text([answer])
        await expect(desk.button("Send")).to_be_visible()
    await expect(desk.conversations).to_have_count(2)


async def test_a_conversation_is_opened_by_its_title(desk: Desk, model: ModelServer) -> None:
    """Its messages are shown, and the browser's way back leads back."""
    await two_conversations(desk, model)
    await desk.conversations.filter(has_text="house").get_by_role("link").click()
    await expect(desk.answers).to_have_text(["Bit by bit."])
    await expect(desk.mine).to_have_text(["How do I save for a house?"])
    await desk.page.go_back()
    await expect(desk.answers).to_have_text(["They are."])


async def test_conversations_are_searched(desk: Desk, model: ModelServer) -> None:
    """By what was said in them."""
    await two_conversations(desk, model)
    search = desk.page.get_by_label("Search conversations")
    await search.fill("house")
    await expect(desk.conversations).to_have_count(1)
    await search.fill("zebra")
    await expect(desk.conversations).to_have_text("Nothing found.")
    await search.fill("")
    await expect(desk.conversations).to_have_count(2)


async def test_a_conversation_gets_another_title(desk: Desk, model: ModelServer) -> None:
    """Typed in its place, and kept over a reload."""
    await two_conversations(desk, model)
    line = desk.conversations.filter(has_text="house")
    await line.hover()
    await line.get_by_title("Rename").click()
    await desk.page.get_by_label("Title").fill("My home")
    await desk.page.get_by_label("Title").press("Enter")
    await expect(desk.conversations.filter(has_text="My home")).to_have_count(1)
    await desk.page.reload()
    await expect(desk.conversations.filter(has_text="My home")).to_have_count(1)


async def test_a_deleted_conversation_is_gone(desk: Desk, model: ModelServer) -> None:
    """After a question whether that is meant; the open one makes place for a new one."""
    await two_conversations(desk, model)
    line = desk.conversations.filter(has_text="biscuits")
    await line.hover()
    await line.get_by_title("Delete").click()
    await desk.button("Cancel").click()
    await expect(desk.conversations).to_have_count(2)
    await line.get_by_title("Delete").click()
    await desk.button("Delete").click()
    await expect(desk.conversations).to_have_count(1)
    await expect(desk.page.locator(".card")).to_have_count(6)


async def test_a_title_may_be_as_long_as_it_likes(desk: Desk) -> None:
    """It is cut where the line ends, and told whole to who points at it; the question before a deletion holds it."""
    await desk.send("Hello")
    await expect(desk.button("Copy")).to_be_visible()
    title = "w" * 199
    await desk.conversations.hover()
    await desk.conversations.get_by_title("Rename").click()
    await desk.page.get_by_label("Title").fill(title)
    await desk.page.get_by_label("Title").press("Enter")
    link = desk.conversations.get_by_role("link")
    await expect(link).to_have_attribute("title", title)
    assert await desk.page.locator("#side").evaluate("side => side.scrollWidth <= side.clientWidth")
    await desk.conversations.hover()
    await desk.conversations.get_by_title("Delete").click()
    assert await desk.page.locator("#confirm").evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")


async def test_earlier_messages_come_on_demand(desk: Desk, model: ModelServer) -> None:
    """A long conversation is shown from its end."""
    model.always(Text("Yes."), streaming)
    for count in range(8):
        await desk.send(f"Question {count}")
        await expect(desk.answers).to_have_count(count + 1)
        await expect(desk.button("Send")).to_be_visible()

    async def short(route: Route) -> None:
        await route.continue_(url=route.request.url.replace("limit=30", "limit=4"))

    await desk.page.route("**/messages?limit=30*", short)
    await desk.page.reload()
    await expect(desk.mine).to_have_text(["Question 6", "Question 7"])
    await desk.button("Earlier messages").click()
    await expect(desk.mine).to_have_text([f"Question {count}" for count in range(4, 8)])


async def test_what_was_just_learned_can_be_taken_back(desk: Desk, model: ModelServer) -> None:
    """The answer says what will be remembered; undo forgets it."""
    model.queue(Json({"facts": [{"fact": BISCUITS, "confidence": 0.9, "replaces": []}]}), structured)
    await desk.send("I sell biscuits")
    await expect(desk.last.locator(".learned")).to_contain_text(f"Remembered: {BISCUITS}")
    await desk.button("undo").click()
    await expect(desk.last.locator(".learned")).to_have_text("Forgotten again.")
    await desk.button("🧠 What is remembered").click()
    await expect(desk.page.locator("#facts li")).to_have_text("Nothing is remembered of you yet.")


async def test_what_is_remembered_is_corrected_searched_and_forgotten(desk: Desk, model: ModelServer) -> None:
    """In a view of its own."""
    model.queue(Json({"facts": [{"fact": BISCUITS, "confidence": 0.9, "replaces": []}]}), structured)
    await desk.send("I sell biscuits")
    await expect(desk.last.locator(".learned")).to_contain_text(BISCUITS)
    await desk.button("🧠 What is remembered").click()
    facts = desk.page.locator("#facts li")
    await facts.get_by_title("Correct").click()
    await desk.page.get_by_label("The fact").fill("The user sells cakes.")
    await desk.button("Save").click()
    await expect(facts).to_contain_text("The user sells cakes.")
    await desk.page.get_by_label("Search what is remembered").fill("zebra")
    await expect(facts).to_have_text("Nothing found.")
    await desk.page.get_by_label("Search what is remembered").fill("cakes")
    await facts.get_by_title("Forget").click()
    await expect(facts).to_have_text("Nothing found.")


async def test_everything_can_be_taken_along(desk: Desk) -> None:
    """As a file."""
    await desk.send("Hello")
    await expect(desk.answers).to_have_count(1)
    await desk.button("🧠 What is remembered").click()
    async with desk.page.expect_download() as loading:
        await desk.button("Export everything").click()
    download = await loading.value
    assert download.suggested_filename == "frontdesk-export.ndjson"
