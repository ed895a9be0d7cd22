"""Asking another employee instead."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from graph.account_import import read_export
from storage.account_export.importer import AccountImporter
from storage.pool import Pool
from tests.support.app import Frontdesk
from tests.support.database import rows
from tests.support.model_script import streaming
from tests.support.model_server import ModelServer
from tests.support.postgres import waits_for_a_lock

WRITTEN = "select turn_id, chosen_employee, wanted_employee from chat_misroutes where user_id = %(user)s"


@pytest.fixture
async def turn(frontdesk: Frontdesk, ada: UUID) -> UUID:
    """A turn of Ada's that Tag answered."""
    answer = await frontdesk.chat(ada, "Sort my receipts", employee="tag", conversation_id="c-1")
    return UUID(answer.headers["x-turn-id"])


async def misroutes(frontdesk: Frontdesk, user: UUID) -> list[tuple[Any, ...]]:
    """The stored misroutes of a user."""
    return await rows(frontdesk.service.url, WRITTEN, user=user)


async def instead(frontdesk: Frontdesk, user: UUID, turn: UUID, **fields: Any) -> dict[str, Any]:
    """The refusal of asking another employee instead."""
    asked = {"message": "Sort my receipts", "employee": "byte", "conversation_id": "c-1", "instead_of": str(turn)}
    async with frontdesk.client(user) as client:
        response = await client.post("/chat", json={**asked, **fields})
    await frontdesk.settled()
    problem: dict[str, Any] = response.json()
    assert problem["status"] == response.status_code
    return problem


async def test_another_employee_can_be_asked_instead(frontdesk: Frontdesk, ada: UUID, turn: UUID) -> None:
    """The message is answered as any, and one misroute is stored for the turn, with the employee asked last."""
    for wanted in ("ledger", "byte-docs"):
        answer = await frontdesk.chat(
            ada, "Sort my receipts", employee=wanted, conversation_id="c-1", instead_of=str(turn)
        )
        assert answer.status == 200
    assert answer.headers["x-employee"] == "byte"
    assert await misroutes(frontdesk, ada) == [(turn, "tag", "byte")]


async def test_a_turn_of_another_conversation_or_user_is_not_found(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID, turn: UUID
) -> None:
    """Nor one that never existed; the message is not answered."""
    asked = len(list(filter(streaming, model.requests)))
    told = [
        await instead(frontdesk, bob, turn),
        await instead(frontdesk, ada, turn, conversation_id="c-2"),
        await instead(frontdesk, ada, uuid4()),
    ]
    assert [(problem["status"], problem["code"]) for problem in told] == [(404, "not_found")] * 3
    assert len({problem["detail"] for problem in told}) == 1
    assert await misroutes(frontdesk, ada) == await misroutes(frontdesk, bob) == []
    assert len(list(filter(streaming, model.requests))) == asked


@pytest.mark.parametrize(
    "fields",
    [
        {"employee": "tag"}, {"employee": "tag-ai"}, {"employee": None}, {"conversation_id": None},
        {"instead_of": "nonsense"}, {"instead_of": 7},
    ],
    ids=str,
)  # fmt: skip
async def test_another_employee_and_the_conversation_must_be_given(
    frontdesk: Frontdesk, ada: UUID, turn: UUID, fields: dict[str, Any]
) -> None:
    """Without them, or with the employee that answered, the request is refused."""
    problem = await instead(frontdesk, ada, turn, **fields)
    assert (problem["status"], problem["code"]) == (400, "invalid_request")
    assert "instead_of" in problem["detail"]
    assert await misroutes(frontdesk, ada) == []


async def test_a_misroute_is_exported_and_erased(frontdesk: Frontdesk, ada: UUID, bob: UUID, turn: UUID) -> None:
    """An export contains it, an import restores it, and it is erased with the account."""
    await frontdesk.chat(ada, "Sort my receipts", employee="byte", conversation_id="c-1", instead_of=str(turn))
    async with frontdesk.client(ada) as client:
        lines = (await client.get("/export")).text.splitlines()
        assert (await client.delete("/account")).status_code == 204
    assert await misroutes(frontdesk, ada) == []
    (line,) = [line for line in map(json.loads, lines) if line["type"] == "misroute"]
    assert (line["turn_id"], line["chosen_employee"], line["wanted_employee"]) == (str(turn), "tag", "byte")
    parts = frontdesk.service.dependencies
    async with Pool.open(frontdesk.service.url, size=1) as pool:
        await AccountImporter(pool, parts.embed, parts.embedding_model).import_lines(
            bob, read_export(one.encode() for one in lines)
        )
    assert [row[1:] for row in await misroutes(frontdesk, bob)] == [("tag", "byte")]


async def test_a_turn_that_is_being_deleted_is_not_found(frontdesk: Frontdesk, ada: UUID, turn: UUID) -> None:
    """The request waits for the deletion and gets 404."""
    url = frontdesk.service.url
    async with await psycopg.AsyncConnection.connect(url) as deleting:
        await deleting.execute("delete from chat_turns where turn_id = %(turn)s", {"turn": turn})
        asking = asyncio.create_task(instead(frontdesk, ada, turn))
        await waits_for_a_lock(url)
    assert ((await asking)["status"], (await asking)["code"]) == (404, "not_found")
