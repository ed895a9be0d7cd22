"""Every route with an id, requested by a user whose id it is not."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.app import Frontdesk
from tests.support.database import rows, traces
from tests.support.model_script import Json, structured
from tests.support.model_server import ModelServer

MARK = "marzipan"
COUNTS = ("date", "ratelimit")
"""Headers that differ between two requests anyway."""
NOBODYS = str(uuid4())

ATTEMPTS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/conversations/{conversation}", None),
    ("GET", "/conversations/{conversation}/messages", None),
    ("GET", "/conversations/{conversation}/messages?order=desc", None),
    ("PATCH", "/conversations/{conversation}", {"title": "Mine"}),
    ("DELETE", "/conversations/{conversation}", None),
    ("PATCH", "/memory/{fact}", {"fact": "The user sells tubas."}),
    ("DELETE", "/memory/{fact}", None),
    ("GET", "/turns/{turn}", None),
    ("GET", "/turns/{turn}/events", None),
]
LISTS = [
    "/conversations", f"/conversations?q={MARK}", "/memory", f"/memory?q={MARK}", "/export",
    "/conversations?user_id={user}", "/memory?user_id={user}", "/export?user_id={user}",
    "/metrics-summary", "/insights", "/metrics-summary?user_id={user}", "/insights?user_id={user}",
]  # fmt: skip


@pytest.fixture
async def hers(frontdesk: Frontdesk, model: ModelServer, ada: UUID) -> dict[str, str]:
    """The ids of Ada's data."""
    model.queue(Json({"facts": [{"fact": f"The user sells {MARK}.", "confidence": 0.9, "replaces": []}]}), structured)
    answer = await frontdesk.chat(ada, f"I sell {MARK}")
    async with frontdesk.client(ada) as client:
        (fact,) = (await client.get("/memory")).json()["items"]
    headers = answer.headers
    return {
        "user": str(ada), "fact": fact["fact_id"],
        "conversation": headers["x-conversation-id"], "turn": headers["x-turn-id"],
    }  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), ATTEMPTS, ids=str)
@pytest.mark.parametrize("admin", [False, True])
async def test_another_users_data_is_not_found(
    frontdesk: Frontdesk,
    hers: dict[str, str],
    bob: UUID,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    admin: bool,
) -> None:
    """Bob gets the same response as for an id that never existed, and nothing changes."""
    before = await traces(frontdesk.service.url, MARK, hers["user"])
    async with frontdesk.client(bob, admin=admin) as client:
        told = await client.request(method, path.format(**hers), json=body)
        of_nothing = await client.request(
            method, path.format(conversation=NOBODYS, fact=NOBODYS, turn=NOBODYS), json=body
        )
    assert (told.status_code, told.json()) == (404, of_nothing.json())
    one, other = ({name: value for name, value in r.headers.items() if name not in COUNTS} for r in (told, of_nothing))
    assert one == other
    assert await traces(frontdesk.service.url, MARK, hers["user"]) == before


@pytest.mark.parametrize("path", LISTS)
async def test_no_list_contains_another_users_data(
    frontdesk: Frontdesk, hers: dict[str, str], bob: UUID, path: str
) -> None:
    """Whatever the query, and whichever user it names."""
    async with frontdesk.client(bob) as client:
        answer = await client.get(path.format(**hers), headers={"x-user-id": hers["user"]})
    assert answer.status_code == 200
    assert MARK not in answer.text
    assert not [value for value in hers.values() if value in answer.text]


async def test_a_message_to_another_users_conversation_id_starts_a_new_one(
    frontdesk: Frontdesk, model: ModelServer, hers: dict[str, str], bob: UUID
) -> None:
    """The same id is another conversation for another user; nothing of Ada's is read."""
    count = len(model.requests)
    assert (await frontdesk.chat(bob, "What did I say?", conversation_id=hers["conversation"])).status == 200
    assert MARK not in str([request.body for request in model.requests[count:]])
    owners = await rows(frontdesk.service.url, "select user_id::text from chat_conversations order by created_at")
    assert owners == [(hers["user"],), (str(bob),)]


@pytest.mark.parametrize("path", ["/memory", "/account"])
async def test_deleting_everything_deletes_nothing_of_other_users(
    frontdesk: Frontdesk, hers: dict[str, str], bob: UUID, path: str
) -> None:
    """Ada's data stays."""
    before = await traces(frontdesk.service.url, MARK, hers["user"])
    async with frontdesk.client(bob) as client:
        assert (await client.delete(path)).status_code == 204
    assert await traces(frontdesk.service.url, MARK, hers["user"]) == before
