"""What users choose: memory on or off, a temporary conversation; and who they are."""

import time
from typing import Any
from uuid import UUID

import jwt
import pytest

from tests.api.test_memory import BISCUITS, extracted, prompted, remembered, teach
from tests.support.app import SECRET, Frontdesk, Serve
from tests.support.model_script import structured
from tests.support.model_server import ModelServer


async def test_a_user_learns_who_is_signed_in(frontdesk: Frontdesk, ada: UUID) -> None:
    """The token's id, role, and email where it has one."""
    claims = {"sub": str(ada), "exp": int(time.time()) + 60, "email": "ada@example.org"}
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    async with frontdesk.client(ada, admin=True) as client:
        admin = (await client.get("/me")).json()
        user = (await client.get("/me", headers={"Authorization": f"Bearer {token}"})).json()
    assert admin == {"user_id": str(ada), "email": None, "admin": True}
    assert user == {"user_id": str(ada), "email": "ada@example.org", "admin": False}


async def test_without_memory_nothing_is_recalled_or_learned(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID
) -> None:
    """From the next message on, until memory is on again; what was learned before is kept. It is each user's own."""
    await teach(frontdesk, model, ada, extracted(BISCUITS))
    await teach(frontdesk, model, bob, extracted(BISCUITS))
    asked = sum(map(structured, model.requests))
    async with frontdesk.client(ada) as client:
        assert (await client.get("/settings")).json() == {"memory": True, "max_message_chars": 8000}
        assert (await client.patch("/settings", json={})).json()["memory"] is True
        assert (await client.patch("/settings", json={"memory": False})).json()["memory"] is False
        assert BISCUITS not in await prompted(frontdesk, model, ada, "What do I sell?")
        assert sum(map(structured, model.requests)) == asked
        assert list(await remembered(client)) == [BISCUITS]
        assert (await client.patch("/settings", json={"memory": True})).json()["memory"] is True
        assert BISCUITS in await prompted(frontdesk, model, ada, "What do I sell?")
    assert BISCUITS in await prompted(frontdesk, model, bob, "What do I sell?")


async def test_nothing_is_remembered_of_a_temporary_conversation(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """Nor recalled in it; its first message makes it temporary, and no list or search has it."""
    await teach(frontdesk, model, ada, extracted(BISCUITS), "biscuits")
    asked = sum(map(structured, model.requests))
    first = await frontdesk.chat(ada, "What of biscuits?", conversation_id="brief", temporary=True)
    second = await frontdesk.chat(ada, "And of biscuits now?", conversation_id="brief")
    assert first.named("done")[0]["facts_used"] == second.named("done")[0]["facts_used"] == []
    assert sum(map(structured, model.requests)) == asked
    async with frontdesk.client(ada) as client:
        listed = (await client.get("/conversations")).json()["items"]
        found = (await client.get("/conversations", params={"q": "biscuits"})).json()["items"]
        brief = (await client.get("/conversations/brief")).json()
    assert [one["title"] for one in listed] == [one["title"] for one in found] == ["biscuits"]
    assert (brief["temporary"], brief["message_count"]) == (True, 4)


async def test_a_conversation_does_not_become_temporary_later(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID
) -> None:
    """The field counts with the first message only."""
    await teach(frontdesk, model, ada, extracted(BISCUITS))
    await frontdesk.chat(ada, "Hello", conversation_id="c-1")
    answer = await frontdesk.chat(ada, "What do I sell?", conversation_id="c-1", temporary=True)
    assert len(answer.named("done")[0]["facts_used"]) == 1
    async with frontdesk.client(ada) as client:
        assert (await client.get("/conversations/c-1")).json()["temporary"] is False


@pytest.mark.parametrize("body", [{"memory": "off"}, {"memory": False, "colour": "red"}, [], "no"], ids=str)
async def test_a_setting_that_does_not_exist_is_refused(frontdesk: Frontdesk, ada: UUID, body: Any) -> None:
    """And nothing is changed."""
    async with frontdesk.client(ada) as client:
        assert (await client.patch("/settings", json=body)).status_code == 400
        assert (await client.get("/settings")).json()["memory"] is True


async def test_settings_say_how_many_messages_are_left(serve: Serve, ada: UUID) -> None:
    """In the headers, without counting one; so a page that is loaded anew knows how long to wait."""
    app = await serve(rate_limit=1)
    async with app.client(ada) as client:
        before = [(await client.get("/settings")).headers["RateLimit"] for _ in range(2)]
        assert (await client.post("/chat", json={"message": "Hello"})).status_code == 200
        after = (await client.get("/settings")).headers["RateLimit"]
    assert [left.startswith('"chat";r=1;') for left in before] == [True, True]
    assert after.startswith('"chat";r=0;t=')
