"""Feedback on answers."""

import asyncio
import json
import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from graph.account_import import read_export
from storage.account_export.importer import AccountImporter
from storage.feedback import FeedbackOnTurns
from storage.pool import Pool
from tests.support.app import Frontdesk, Serve
from tests.support.database import rows
from tests.support.listening import listening, until
from tests.support.model_script import Hang, streaming
from tests.support.model_server import ModelServer
from tests.support.postgres import waits_for_a_lock

GOOD = {"rating": "up", "reason": None, "comment": None, "employee": None}
BAD = {"rating": "down", "reason": "wrong", "comment": "It is due in May.", "employee": None}
TAKEN_FOR = {"rating": "down", "reason": "wrong_employee", "comment": None, "employee": "ledger"}
MISROUTES = "select chosen_employee, wanted_employee from chat_misroutes where user_id = %(user)s"


@pytest.fixture
async def turn(frontdesk: Frontdesk, ada: UUID) -> str:
    """A turn of Ada's that Tag answered."""
    answer = await frontdesk.chat(ada, "When is VAT due?", employee="tag", conversation_id="c-1")
    return answer.headers["x-turn-id"]


async def misroutes(frontdesk: Frontdesk, user: UUID) -> list[tuple[Any, ...]]:
    """The stored misroutes of a user: who answered, who was wanted."""
    return await rows(frontdesk.service.url, MISROUTES, user=user)


async def rate(client: httpx.AsyncClient, turn: str, **fields: Any) -> httpx.Response:
    """Rate an answer."""
    return await client.put(f"/turns/{turn}/feedback", json=fields)


async def counted(client: httpx.AsyncClient) -> dict[tuple[str, str], float]:
    """The rated answers in Prometheus, by employee and rating."""
    line = re.compile(r'^frontdesk_feedback_total{employee="(\w+)",rating="(\w+)"} (\S+)$', re.MULTILINE)
    found = line.findall((await client.get("/metrics")).text)
    return {(employee, rating): float(value) for employee, rating, value in found}


async def test_an_answer_is_rated_and_the_rating_changed_and_taken_back(
    frontdesk: Frontdesk, ada: UUID, turn: str
) -> None:
    """The turn and the message show what was said last; taking back what is not there does nothing."""
    async with frontdesk.client(ada) as client:

        async def shown() -> list[object]:
            found = (await client.get(f"/turns/{turn}")).json()
            question, answer = (await client.get("/conversations/c-1/messages")).json()["items"]
            return [found["feedback"], answer["feedback"], question["feedback"]]

        assert await shown() == [None, None, None]
        for feedback in (GOOD, BAD, GOOD):
            given = await rate(client, turn, **feedback)
            assert (given.status_code, given.json()) == (200, feedback)
            assert await shown() == [feedback, feedback, None]
        for _ in range(2):
            assert (await client.delete(f"/turns/{turn}/feedback")).status_code == 204
            assert await shown() == [None, None, None]


async def test_a_comment_is_cleaned_and_masked(frontdesk: Frontdesk, ada: UUID, turn: str) -> None:
    """As messages are."""
    async with frontdesk.client(ada) as client:
        given = await rate(client, turn, rating="down", comment=" No,\u202e my card is 4111 1111 1111 1111 ")
    comment = given.json()["comment"]
    assert comment.startswith("No, my card is")
    assert "4111 1111" not in comment


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"rating": "sideways"}, {"rating": "up", "reason": "wrong"}, {"rating": "down", "reason": "boring"},
        {"rating": "down", "comment": "x" * 1001}, {"rating": "down", "comment": " \u200b"},
        {"rating": "down", "reason": "wrong", "employee": "ledger"}, {"rating": "up", "employee": "ledger"},
        {"rating": "down", "reason": "wrong_employee", "employee": "tag-ai"}, {"rating": "up", "more": 1},
    ],
    ids=str,
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(
    frontdesk: Frontdesk, ada: UUID, turn: str, fields: dict[str, Any]
) -> None:
    """Such as a reason of a good answer, or another employee who is the same."""
    async with frontdesk.client(ada) as client:
        refused = await rate(client, turn, **fields)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
        assert (await client.get(f"/turns/{turn}")).json()["feedback"] is None


async def test_only_the_users_own_answers_can_be_rated(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, bob: UUID, turn: str
) -> None:
    """Other turns are not found, and one without an answer cannot be rated yet."""
    async with frontdesk.client(bob) as client:
        for other in (turn, str(uuid4())):
            for refused in (await rate(client, other, **GOOD), await client.delete(f"/turns/{other}/feedback")):
                assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        model.queue(Hang(["Let me see. "]), streaming)
        async with listening(frontdesk, bob, "Hello") as events:
            running = (await until(events, "token"))[0].data["turn_id"]
            early = await rate(client, running, **GOOD)
            assert (early.status_code, early.json()["code"]) == (409, "not_answered")
            await client.post(f"/turns/{running}/stop")
            await until(events, "done")
        assert (await rate(client, running, **GOOD)).status_code == 200


async def test_a_turn_that_is_being_deleted_is_not_found(frontdesk: Frontdesk, ada: UUID, turn: str) -> None:
    """The request waits for the deletion."""
    url = frontdesk.service.url
    async with frontdesk.client(ada) as client, await psycopg.AsyncConnection.connect(url) as deleting:
        await deleting.execute("delete from chat_turns where turn_id = %(turn)s", {"turn": turn})
        rating = asyncio.create_task(rate(client, turn, **GOOD))
        await waits_for_a_lock(url)
        await deleting.commit()
        assert (await rating).json()["code"] == "not_found"


async def test_the_wrong_employee_is_a_misroute_while_the_feedback_says_so(
    frontdesk: Frontdesk, ada: UUID, turn: str
) -> None:
    """It is counted once, and without a name of who should have answered it is none."""
    async with frontdesk.client(ada) as client:
        await rate(client, turn, **{**TAKEN_FOR, "employee": None})
        assert await misroutes(frontdesk, ada) == []
        for wanted in ("byte", "ledger-ai"):
            assert (await rate(client, turn, **{**TAKEN_FOR, "employee": wanted})).status_code == 200
        assert await misroutes(frontdesk, ada) == [("tag", "ledger")]
        totals = (await client.get("/metrics-summary")).json()["totals"]
        assert totals["misroutes"] == 1
        await rate(client, turn, **BAD)
        assert await misroutes(frontdesk, ada) == []
        await rate(client, turn, **TAKEN_FOR)
        await client.delete(f"/turns/{turn}/feedback")
        assert await misroutes(frontdesk, ada) == []


async def test_a_misroute_stays_where_another_employee_was_asked(frontdesk: Frontdesk, ada: UUID, turn: str) -> None:
    """Feedback that is taken back does not undo that, whichever came first."""
    second = await frontdesk.chat(ada, "When is VAT due?", employee="tag", conversation_id="c-1")
    later = second.headers["x-turn-id"]
    asked = {"employee": "byte", "conversation_id": "c-1"}
    async with frontdesk.client(ada) as client:
        await rate(client, turn, **TAKEN_FOR)
        for replaced in (turn, later):
            await frontdesk.chat(ada, "When is VAT due?", instead_of=replaced, **asked)
        await rate(client, later, **TAKEN_FOR)
        assert await misroutes(frontdesk, ada) == [("tag", "byte")] * 2
        for rated in (turn, later):
            await client.delete(f"/turns/{rated}/feedback")
        assert await misroutes(frontdesk, ada) == [("tag", "byte")] * 2


async def test_bad_answers_are_listed_for_their_user(frontdesk: Frontdesk, ada: UUID, bob: UUID, turn: str) -> None:
    """In pages, the last one first, with the number of ratings and reasons by employee."""
    turns = [turn]
    for employee in ("tag", "byte"):
        answer = await frontdesk.chat(ada, "Hello", employee=employee, conversation_id="c-1")
        turns.append(answer.headers["x-turn-id"])
    async with frontdesk.client(ada) as client, frontdesk.client(bob) as other:
        for rated, feedback in zip(turns, (TAKEN_FOR, BAD, GOOD), strict=True):
            await rate(client, rated, **feedback)
        first = (await client.get("/feedback", params={"limit": 1, "range": "7d"})).json()
        second = (await client.get("/feedback", params={"limit": 1, "cursor": first["next_cursor"]})).json()
        nothing = (await other.get("/feedback")).json()
        assert (await client.get("/feedback", params={"range": "1y"})).status_code == 400
    no_reasons = dict.fromkeys(("wrong", "not_asked", "wrong_employee", "unsafe", "other"), 0)
    assert first["data"] == [
        {"employee_slug": "tag", "up": 0, "down": 2, "reasons": {**no_reasons, "wrong": 1, "wrong_employee": 1}},
        {"employee_slug": "byte", "up": 1, "down": 0, "reasons": no_reasons},
    ]
    listed = [*first["items"], *second["items"]]
    assert [(item["turn_id"], item["conversation_id"], item["comment"]) for item in listed] == [
        (turns[1], "c-1", BAD["comment"]),
        (turns[0], "c-1", None),
    ]
    assert second["next_cursor"] is None
    assert (nothing["data"], nothing["items"]) == ([], [])


@pytest.mark.parametrize(
    ("query", "rated"),
    [
        ({"employee": "tag-ai"}, 1),
        ({"employee": "byte"}, 0),
        ({"outcome": "done"}, 1),
        ({"outcome": "done", "model": "another"}, 0),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-01-08T00:00:00Z"}, 0),
        ({"from": "2026-01-01T00:00:00Z"}, 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("admin", [False, True])
async def test_feedback_is_asked_for_like_other_metrics(
    frontdesk: Frontdesk, ada: UUID, turn: str, query: dict[str, str], rated: int, admin: bool
) -> None:
    """By any days, employee, model and outcome."""
    async with frontdesk.client(ada, admin=admin) as client:
        await rate(client, turn, **BAD)
        found = (await client.get("/feedback", params=query)).json()
    assert (len(found["data"]), len(found["items"])) == (rated, rated)
    assert found["scope"] == ("all" if admin else "own")


async def test_temporary_conversations_are_counted_and_not_listed(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """Neither for their user nor for administrators, nor after an import."""
    answer = await frontdesk.chat(ada, "When is VAT due?", employee="tag", temporary=True)
    async with frontdesk.client(ada) as client, frontdesk.client(bob, admin=True) as admin:
        assert (await rate(client, answer.headers["x-turn-id"], **TAKEN_FOR)).status_code == 200
        lines = (await client.get("/export")).text.splitlines()
        await client.delete("/account")
        parts = frontdesk.service.dependencies
        async with Pool.open(frontdesk.service.url, size=1) as pool:
            for user in (ada, bob):
                importer = AccountImporter(pool, parts.embed, parts.embedding_model)
                await importer.import_lines(user, read_export(line.encode() for line in lines))
            assert await FeedbackOnTurns(pool).marked() == []
        for reader, count in ((client, 1), (admin, 2)):
            found = (await reader.get("/feedback")).json()
            assert ([row["down"] for row in found["data"]], found["items"]) == ([count], [])


async def test_feedback_stays_with_a_superseded_answer(frontdesk: Frontdesk, ada: UUID, turn: str) -> None:
    """It is counted and listed; the answer that took its place has none."""
    async with frontdesk.client(ada) as client:
        await rate(client, turn, **BAD)
        again = (await client.post("/chat", json={"regenerate": turn})).headers["x-turn-id"]
        await frontdesk.settled()
        _, answer = (await client.get("/conversations/c-1/messages")).json()["items"]
        assert (answer["turn_id"], answer["feedback"]) == (again, None)
        assert (await client.get(f"/turns/{turn}")).json()["feedback"] == BAD
        await rate(client, again, **GOOD)
        found = (await client.get("/feedback")).json()
    assert [(row["up"], row["down"]) for row in found["data"]] == [(1, 1)]
    assert [item["turn_id"] for item in found["items"]] == [turn]


async def test_prometheus_counts_each_answer_once(frontdesk: Frontdesk, ada: UUID, turn: str) -> None:
    """By its first rating, and who answered."""
    async with frontdesk.client(ada, admin=True) as client:
        before = await counted(client)
        for feedback in (BAD, GOOD):
            await rate(client, turn, **feedback)
        after = await counted(client)
    assert {key: value - before[key] for key, value in after.items() if value != before[key]} == {("tag", "down"): 1.0}
    assert len(after) == 12


async def test_an_administrator_sees_turns_and_reasons_without_words(
    frontdesk: Frontdesk, ada: UUID, bob: UUID, turn: str
) -> None:
    """Of all users; that it was looked at is in the audit log."""
    async with frontdesk.client(ada) as client, frontdesk.client(bob, admin=True) as admin:
        await rate(client, turn, **BAD)
        found = (await admin.get("/feedback")).json()
        entries = (await admin.get("/audit")).json()["items"]
    (item,) = found["items"]
    assert (item["turn_id"], item["reason"], item["comment"], item["conversation_id"]) == (turn, "wrong", None, None)
    assert [(row["employee_slug"], row["down"]) for row in found["data"]] == [("tag", 1)]
    assert str(ada) not in json.dumps(found)
    assert ("feedback", "range=24h") in [(entry["action"], entry["detail"]) for entry in entries]


async def test_feedback_is_exported_imported_and_deleted(frontdesk: Frontdesk, ada: UUID, bob: UUID, turn: str) -> None:
    """With the misroute that comes of it; a deleted conversation and an erased account take it along."""
    count = "select count(*) from chat_feedback where user_id = %(user)s"
    feedback = {**TAKEN_FOR, "comment": "A tax question."}
    async with frontdesk.client(ada) as client, frontdesk.client(bob) as other:
        await rate(client, turn, **feedback)
        lines = (await client.get("/export")).text.splitlines()
        assert (await client.delete("/conversations/c-1")).status_code == 204
        assert await rows(frontdesk.service.url, count, user=ada) == [(0,)]
        parts = frontdesk.service.dependencies
        async with Pool.open(frontdesk.service.url, size=1) as pool:
            importer = AccountImporter(pool, parts.embed, parts.embedding_model)
            await importer.import_lines(bob, read_export(line.encode() for line in lines))
        (_, answer) = (await other.get("/conversations/c-1/messages")).json()["items"]
        assert answer["feedback"] == feedback
        assert await misroutes(frontdesk, bob) == [("tag", "ledger")]
        await other.delete(f"/turns/{answer['turn_id']}/feedback")
        assert await misroutes(frontdesk, bob) == []
        await rate(other, answer["turn_id"], **feedback)
        assert (await other.delete("/account")).status_code == 204
    assert await rows(frontdesk.service.url, count, user=bob) == [(0,)]


async def test_in_local_mode_a_browser_sees_its_own_only(serve: Serve) -> None:
    """Though it may read the program's metrics: nobody vouches for who it is. Prepared answers are rated, too."""
    app = await serve(jwt_secret=None, openai_api_key=None, openai_base_url=None)
    async with app.client(None) as browser, app.client(None) as another:
        answer = await browser.post("/chat", json={"message": "Which debt should I pay off first?"})
        rated = await rate(browser, answer.headers["x-turn-id"], **BAD)
        assert rated.status_code == 200
        assert [item["comment"] for item in (await browser.get("/feedback")).json()["items"]] == [BAD["comment"]]
        assert (await another.get("/feedback")).json()["items"] == []
