"""Conversations: listed, searched, read, renamed, deleted."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.app import Frontdesk
from tests.support.database import kept
from tests.support.listening import listening, until
from tests.support.model_script import Gate, Json, Text, plain, streaming, structured
from tests.support.model_server import ModelServer


async def talk(frontdesk: Frontdesk, user: UUID, *messages: str, conversation: str) -> None:
    """Send these messages in a conversation."""
    for message in messages:
        assert (await frontdesk.chat(user, message, conversation_id=conversation)).status == 200


async def pages(client: httpx.AsyncClient, path: str, **query: Any) -> list[list[dict[str, Any]]]:
    """A list, page by page to its end."""
    found: list[list[dict[str, Any]]] = []
    cursor: str | None = None
    while not found or cursor:
        response = await client.get(path, params={**query, **({"cursor": cursor} if cursor else {})})
        assert response.status_code == 200, response.text
        found.append(response.json()["items"])
        cursor = response.json()["next_cursor"]
    return found


def titles(*pages: list[dict[str, Any]]) -> list[list[str]]:
    """The titles on each page."""
    return [[item["title"] for item in page] for page in pages]


async def test_a_conversation_is_titled_by_its_first_message(frontdesk: Frontdesk, ada: UUID) -> None:
    """The list has its title, time of last use, number of messages and last employee."""
    await talk(frontdesk, ada, "What can I write off?", "Is VAT deductible?", conversation="c-1")
    async with frontdesk.client(ada) as client:
        (item,) = (await client.get("/conversations")).json()["items"]
    assert item.pop("updated_at")
    assert item == {
        "conversation_id": "c-1", "title": "What can I write off?", "message_count": 4, "last_employee": "ledger",
        "pinned": False, "snippet": "Hello from the scripted model.", "match": None,
    }  # fmt: skip


async def test_the_conversation_used_last_comes_first(frontdesk: Frontdesk, ada: UUID) -> None:
    """Whichever began first."""
    for name in ("one", "two", "one"):
        await talk(frontdesk, ada, f"hello {name}", conversation=name)
    async with frontdesk.client(ada) as client:
        assert titles(*await pages(client, "/conversations")) == [["hello one", "hello two"]]


async def test_pages_contain_everything_once_while_conversations_are_added(frontdesk: Frontdesk, ada: UUID) -> None:
    """A new conversation comes before the first page and moves nothing."""
    for number in range(5):
        await talk(frontdesk, ada, f"hello {number}", conversation=f"c-{number}")
    async with frontdesk.client(ada) as client:
        first = (await client.get("/conversations", params={"limit": 2})).json()
        await talk(frontdesk, ada, "hello again", conversation="c-new")
        second = (await client.get("/conversations", params={"limit": 2, "cursor": first["next_cursor"]})).json()
        third = (await client.get("/conversations", params={"limit": 2, "cursor": second["next_cursor"]})).json()
    assert titles(first["items"], second["items"], third["items"]) == [
        ["hello 4", "hello 3"], ["hello 2", "hello 1"], ["hello 0"]
    ]  # fmt: skip
    assert third["next_cursor"] is None


@pytest.mark.parametrize(
    ("said", "q"),
    [
        ("I bought a Café au lait", "cafe"),
        ("I bought coffee beans", "coffe"),
        ("Сколько я потратил на хлеб?", "хлеб"),
        ("我今天喝咖啡花了二十块", "咖啡"),
        ("コーヒー代はいくらですか", "コーヒー"),
        ("커피를 너무 많이 마셔요", "커피"),
        ("कॉफी पर कितना खर्च हुआ", "कॉफी"),
        ("كم أنفقت على القهوة", "القهوة"),
        ("Πόσα ξόδεψα για καφέ", "καφέ"),
        ("the coffee was 4.50 at cafe-luna.example", "4.50"),
        ("the coffee was 4.50 at cafe-luna.example", "Luna"),
        ("write to coffee_club@example.com", "club@example.com"),
        ("write to coffee_club@example.com", "exam"),
        ("it is in C:/receipts/2024", "receipts/20"),
    ],
)
async def test_a_search_finds_words_of_any_language(frontdesk: Frontdesk, ada: UUID, said: str, q: str) -> None:
    """By their beginnings, without case and accents, in messages and titles; and says in which message and where."""
    await talk(frontdesk, ada, "something else", conversation="other")
    await talk(frontdesk, ada, "hello", said, conversation="this")
    async with frontdesk.client(ada) as client:
        ((found,),) = await pages(client, "/conversations", q=q)
        message = (await client.get("/conversations/this/messages")).json()["items"][2]
        assert (found["title"], found["match"]["message_id"]) == ("hello", message["message_id"])
        text, ((start, end),) = found["match"]["text"], found["match"]["positions"]
        assert text[start:end].casefold().replace("é", "e").startswith(q.casefold().replace("é", "e"))
        assert titles(*await pages(client, "/conversations", q=f"{q} nowhere")) == [[]]


async def test_a_match_is_a_piece_of_the_message(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Around the first word that is found, in the newest message that has all; a title is one where no message is."""
    model.queue(Text(f"{'Well. ' * 200}Your Café costs\n\n🥐 a lot, cafes do. {'So. ' * 200}"), streaming)
    await talk(frontdesk, ada, "hello", "and my cafe?", conversation="c-1")
    async with frontdesk.client(ada) as client:
        ((found,),) = await pages(client, "/conversations", q="costs cafe")
        text = found["match"]["text"]
        assert text.startswith("…")
        assert "Café costs 🥐 a lot, cafes do. So." in text
        assert len(text) < 200
        assert [text[start:end] for start, end in found["match"]["positions"]] == ["Café", "costs", "cafes"]
        await client.patch("/conversations/c-1", json={"title": "Croissants"})
        ((found,),) = await pages(client, "/conversations", q="croiss")
        assert found["match"] == {"message_id": None, "text": "Croissants", "positions": [[0, 10]]}


async def test_an_empty_search_lists_everything(frontdesk: Frontdesk, ada: UUID) -> None:
    """And one without a letter finds nothing."""
    await talk(frontdesk, ada, "hello", conversation="c-1")
    async with frontdesk.client(ada) as client:
        assert titles(*await pages(client, "/conversations", q=" \u200b\0")) == [["hello"]]
        assert titles(*await pages(client, "/conversations", q="&|!:*'")) == [[]]


async def test_a_conversation_can_be_read_from_either_end(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """Each message once, page by page, also while messages are added."""
    for number in range(3):
        model.queue(Text(f"answer {number}"), streaming)
    await talk(frontdesk, ada, "question 0", "question 1", conversation="c-1")
    path, all_said = "/conversations/c-1/messages", ["question 0", "answer 0", "question 1", "answer 1"]
    async with frontdesk.client(ada) as client:
        forth, back = await pages(client, path, limit=3), await pages(client, path, limit=3, order="desc")
        first = (await client.get(path, params={"limit": 3})).json()
        await talk(frontdesk, ada, "question 2", conversation="c-1")
        rest = (await client.get(path, params={"cursor": first["next_cursor"]})).json()["items"]
    assert [message["content"] for page in forth for message in page] == all_said
    assert [message["content"] for page in back for message in page] == all_said[::-1]
    assert [message["content"] for message in rest] == ["answer 1", "question 2", "answer 2"]
    question = forth[0][0]
    assert question["message_id"] == question["turn_id"]
    assert (question["role"], question["employee"]) == ("user", "prime")
    assert {"message_id", "turn_id", "role", "employee", "content", "created_at"} <= set(question)


async def test_the_messages_around_one_are_a_page(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """From it both cursors lead on, each in its direction; a turn's id means its question. Unknown ones are 404."""
    await talk(frontdesk, ada, *(f"message {number}" for number in range(5)), conversation="c-1")
    await talk(frontdesk, bob, "something else", conversation="c-1")
    path = "/conversations/c-1/messages"

    async def page(**query: Any) -> tuple[list[int], str | None, str | None]:
        async with frontdesk.client(ada) as client:
            found = (await client.get(path, params={"limit": 4, **query})).json()
        return (
            [order.index(one["message_id"]) for one in found["items"]],
            found["next_cursor"],
            found["previous_cursor"],
        )

    async with frontdesk.client(ada) as client, frontdesk.client(bob) as other:
        messages = (await client.get(path)).json()["items"]
        order = [one["message_id"] for one in messages]
        items, later, earlier = await page(around=messages[4]["turn_id"])
        assert items == [3, 4, 5, 6]
        assert (await page(cursor=later))[:2] == ([7, 8, 9], None)
        assert (await page(cursor=earlier, order="desc"))[:2] == ([2, 1, 0], None)
        assert await page(around=order[4], order="desc") == ([6, 5, 4, 3], earlier, later)
        assert (await page(around=order[0]))[::2] == ([0, 1, 2], None)
        items, later, earlier = await page(around=order[9])
        assert (items, later, earlier is None) == ([8, 9], None, False)
        assert (await page(around=order[3], limit=1))[0] == [3]
        for one, query in ((other, order[4]), (client, str(uuid4()))):
            assert (await one.get(path, params={"around": query})).status_code == 404
        for query in ({"around": "no id"}, {"around": order[4], "cursor": earlier}):
            assert (await client.get(path, params=query)).status_code == 400


async def test_a_conversation_has_its_summary(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> None:
    """As it was after the last turn."""
    model.always(Text("They asked about a car."), plain)
    await talk(frontdesk, ada, "Can I write off my car?", conversation="c-1")
    async with frontdesk.client(ada) as client:
        found = (await client.get("/conversations/c-1")).json()
    assert (found["summary"], found["message_count"]) == ("They asked about a car.", 2)
    assert {"title", "created_at", "updated_at", "last_employee"} <= set(found)


async def test_a_title_can_be_changed(frontdesk: Frontdesk, ada: UUID) -> None:
    """It is cleaned and masked like a message, and the next message does not change it back."""
    await talk(frontdesk, ada, "hello", conversation="c-1")
    async with frontdesk.client(ada) as client:
        renamed = await client.patch("/conversations/c-1", json={"title": "  My card\0 4111 1111 1111 1111 "})
        await talk(frontdesk, ada, "hello again", conversation="c-1")
        (item,) = (await client.get("/conversations")).json()["items"]
    assert renamed.status_code == 200
    assert renamed.json()["title"] == item["title"]
    assert item["title"].startswith("My card ")
    assert "4111 1111" not in item["title"]


async def test_a_conversation_can_be_pinned(frontdesk: Frontdesk, ada: UUID) -> None:
    """It comes before those used later, page by page, until it is unpinned; its title stays."""
    for name in ("one", "two", "three"):
        await talk(frontdesk, ada, f"hello {name}", conversation=name)
    async with frontdesk.client(ada) as client:
        pinned = (await client.patch("/conversations/one", json={"pinned": True})).json()
        assert (pinned["pinned"], pinned["title"]) == (True, "hello one")
        listed = titles(*await pages(client, "/conversations", limit=1))
        assert listed == [["hello one"], ["hello three"], ["hello two"]]
        await client.patch("/conversations/one", json={"pinned": False})
        assert titles(*await pages(client, "/conversations")) == [["hello three", "hello two", "hello one"]]


async def test_the_model_gives_a_title_once_and_never_instead_of_the_users(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """With the first summary, cleaned and masked."""
    reply = "# **Car \u200bcosts 4111 1111 1111 1111**\n\nThey asked about a car."
    model.queue(Text(reply), plain)
    await talk(frontdesk, ada, "Can I write off my car?", conversation="c-1")
    async with frontdesk.client(ada) as client:
        await frontdesk.settled()
        found = (await client.get("/conversations/c-1")).json()
        assert found["title"].startswith("Car costs ")
        assert "4111 1111" not in found["title"]
        assert found["summary"] == "They asked about a car."
        model.always(Text("# Another title\nThey asked about a car."), plain)
        await talk(frontdesk, ada, "And a bus?", conversation="c-1")
        await frontdesk.settled()
        assert (await client.get("/conversations/c-1")).json()["title"] == found["title"]
        await talk(frontdesk, ada, "hello", conversation="c-2")
        await client.patch("/conversations/c-2", json={"title": "Mine"})
        await talk(frontdesk, ada, "hello again", conversation="c-2")
        await frontdesk.settled()
        assert (await client.get("/conversations/c-2")).json()["title"] == "Mine"


@pytest.mark.parametrize(
    "body", [{}, {"pinned": "yes"}, {"title": ""}, {"title": "\u200b"}, {"title": "x" * 201}, {"title": "x", "a": 1}]
)
async def test_an_invalid_title_is_refused(frontdesk: Frontdesk, ada: UUID, body: dict[str, Any]) -> None:
    """And the old one stays."""
    await talk(frontdesk, ada, "hello", conversation="c-1")
    async with frontdesk.client(ada) as client:
        refused = await client.patch("/conversations/c-1", json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
        assert (await client.get("/conversations/c-1")).json()["title"] == "hello"


async def test_a_deleted_conversation_is_gone_with_the_facts_learned_only_there(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """A fact that another conversation taught too stays."""

    def facts(*said: str) -> Json:
        return Json({"facts": [{"fact": fact, "confidence": 0.9, "replaces": []} for fact in said]})

    model.queue(facts("The user sells biscuits.", "The user has two ovens."), structured)
    model.queue(facts("The user sells biscuits."), structured)
    await talk(frontdesk, ada, "I sell biscuits from two ovens", conversation="one")
    await talk(frontdesk, ada, "As I said, I sell biscuits", conversation="two")
    async with frontdesk.client(ada) as client:
        assert (await client.delete("/conversations/one")).status_code == 204
        assert (await client.delete("/conversations/one")).status_code == 404
        assert (await client.get("/conversations/one")).status_code == 404
        assert (await client.get("/conversations/one/messages")).status_code == 404
        (fact,) = (await client.get("/memory")).json()["items"]
        assert titles(*await pages(client, "/conversations")) == [["As I said, I sell biscuits"]]
    assert (fact["fact"], fact["conversation_id"]) == ("The user sells biscuits.", "two")


async def test_a_conversation_deleted_during_an_answer_stays_deleted(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """The reader gets an error, the request to the model is aborted, and nothing is stored."""
    gate = asyncio.Event()
    model.queue(Gate(["Well, ", "it depends."], gate), streaming)
    async with listening(frontdesk, ada, "hello", conversation_id="c-1") as events, frontdesk.client(ada) as client:
        await until(events, "token")
        assert (await client.delete("/conversations/c-1")).status_code == 204
        last = (await until(events, "error"))[-1]
    assert (last.data["code"], last.data["retryable"]) == ("deleted", False)
    assert (await model.received(streaming)).disconnected.is_set()
    await frontdesk.settled()
    assert await kept(frontdesk.service.url) == {}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0}, {"limit": 101}, {"limit": "many"}, {"cursor": "nonsense"}, {"cursor": "WzFd"},
        {"cursor": "x" * 501}, {"q": "x" * 201}, {"cursor": "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIlx1MDAwMCJd"},
    ],
)  # fmt: skip
async def test_an_invalid_page_is_refused(frontdesk: Frontdesk, ada: UUID, query: dict[str, Any]) -> None:
    """Also with a made-up cursor."""
    async with frontdesk.client(ada) as client:
        refused = await client.get("/conversations", params=query)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("conversation", ["a b", "%00", "x" * 129, "%ED%A0%80"])
async def test_an_invalid_conversation_id_is_refused(frontdesk: Frontdesk, ada: UUID, conversation: str) -> None:
    """With 400, or 404 where the path leads elsewhere."""
    async with frontdesk.client(ada) as client:
        refused = await client.get(f"/conversations/{conversation}")
    assert (refused.status_code, refused.json()["code"]) in [(400, "invalid_request"), (404, "not_found")]
