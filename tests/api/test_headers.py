"""What every answer tells the browser, and whom it lets read it."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from api.headers import DATA, PAGE
from tests.support.app import Frontdesk, Serve

APP, EVIL = "https://app.example", "https://evil.example"

ASKED: dict[str, tuple[str, str, int]] = {
    "a list": ("GET", "/conversations", 200),
    "the stream": ("POST", "/chat", 200),
    "an export": ("GET", "/export", 200),
    "the team": ("GET", "/employees", 200),
    "health": ("GET", "/health/ready", 200),
    "the schema": ("GET", "/schema/openapi.json", 200),
    "the schema's page": ("GET", "/schema", 200),
    "its style": ("GET", "/schema/page.css", 200),
    "a wrong method": ("PUT", "/chat", 405),
    "nothing": ("GET", "/nowhere", 404),
    "a turn that is none": ("GET", "/turns/1", 404),
    "a deletion": ("DELETE", "/memory", 204),
}


@pytest.mark.parametrize(("method", "path", "status"), ASKED.values(), ids=ASKED.keys())
async def test_every_answer_is_protected(frontdesk: Frontdesk, ada: UUID, method: str, path: str, status: int) -> None:
    """It is taken for what it says it is, shown in no frame, kept in no cache, and runs nothing of its own."""
    async with frontdesk.client(ada) as client:
        answer = await client.request(method, path, json={"message": "Hello"} if method == "POST" else None)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    assert answer.headers["content-security-policy"] == (PAGE if is_page else DATA)
    assert "'unsafe" not in PAGE + DATA
    assert {"no-store", "no-cache"} & {part.strip() for part in answer.headers["cache-control"].split(",")}
    await frontdesk.settled()


async def test_a_refusal_is_protected_too(frontdesk: Frontdesk) -> None:
    """Of whatever kind."""
    async with frontdesk.client(None) as client:
        unknown = await client.get("/memory")
        wrong = await client.post("/chat", content=b"x" * 300_000, headers={"content-type": "application/json"})
    assert (unknown.status_code, wrong.status_code) == (401, 413)
    for answer in (unknown, wrong):
        assert (answer.headers["content-security-policy"], answer.headers["cache-control"]) == (DATA, "no-store")


@pytest.fixture
async def shared(serve: Serve) -> Frontdesk:
    """An application that one foreign page may call."""
    return await serve(cors_origins=[APP], rate_limit=1)


async def ask(frontdesk: Frontdesk, user: UUID | None, origin: str, **kwargs: Any) -> httpx.Response:
    """Say hello from a page of this origin."""
    async with frontdesk.client(user) as client:
        answer = await client.post("/chat", json={"message": "Hello"}, headers={"origin": origin}, **kwargs)
    await frontdesk.settled()
    return answer


async def test_the_configured_page_may_read_every_answer(shared: Frontdesk, ada: UUID) -> None:
    """What the limit leaves and when to come back too, also of a refusal."""
    answers = [await ask(shared, ada, APP), await ask(shared, ada, APP), await ask(shared, None, APP)]
    assert [answer.status_code for answer in answers] == [200, 429, 401]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == APP
        exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
        assert {"ratelimit", "ratelimit-policy", "retry-after", "x-turn-id", "x-conversation-id"} <= exposed
        assert "access-control-allow-credentials" not in answer.headers


async def test_another_page_may_read_nothing(shared: Frontdesk, ada: UUID) -> None:
    """The browser keeps from it whatever comes."""
    assert "access-control-allow-origin" not in (await ask(shared, ada, EVIL)).headers


@pytest.mark.parametrize(("origin", "allowed"), [(APP, APP), (EVIL, None)])
async def test_a_browser_that_asks_first_is_told(shared: Frontdesk, origin: str, allowed: str | None) -> None:
    """Before it sends a message on a page's behalf."""
    headers = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key",
    }
    async with shared.client(None) as client:
        answer = await client.options("/chat", headers=headers)
    assert answer.headers.get("access-control-allow-origin") == allowed


async def test_without_configured_pages_none_may_read(frontdesk: Frontdesk, ada: UUID) -> None:
    """The default."""
    assert "access-control-allow-origin" not in (await ask(frontdesk, ada, APP)).headers
