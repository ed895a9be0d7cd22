"""Pages of other origins: those that are configured may ask and read, the rest may not."""

from uuid import UUID

import httpx
import pytest

from tests.support.app import Frontdesk, Serve

FRONT = "https://front.example"
FOREIGN = ["https://foreign.example", "https://front.example.foreign.example", "http://front.example", "null"]
LIMITS = {"RateLimit", "RateLimit-Policy", "Retry-After"}


@pytest.fixture
async def open_to_front(serve: Serve) -> Frontdesk:
    """An application that one other origin may use, once a minute."""
    return await serve(cors_origins=FRONT, rate_limit=1)


async def test_a_configured_origin_may_ask(open_to_front: Frontdesk) -> None:
    """Its preflight is told that it may, with a token and JSON."""
    answer = await preflight(open_to_front, FRONT)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FRONT
    assert {"authorization", "content-type"} <= listed(answer, "access-control-allow-headers")
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_configured_origin_may_read_every_answer(open_to_front: Frontdesk, ada: UUID) -> None:
    """Also the refusals, and what they say of the limit."""
    async with open_to_front.client(ada) as client, open_to_front.client(None) as stranger:
        answers = [await ask(each, FRONT) for each in (client, client, stranger)]
    await open_to_front.settled()
    assert [answer.status_code for answer in answers] == [200, 429, 401]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == FRONT
        assert "Origin" in answer.headers["vary"]
        assert {name.lower() for name in LIMITS} <= listed(answer, "access-control-expose-headers")


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_origin_may_not(open_to_front: Frontdesk, ada: UUID, origin: str) -> None:
    """Neither its preflight nor any answer allows it."""
    async with open_to_front.client(ada) as client, open_to_front.client(None) as stranger:
        answers = [await ask(each, origin) for each in (client, client, stranger)]
    answers.append(await preflight(open_to_front, origin))
    await open_to_front.settled()
    assert [answer.status_code for answer in answers] == [200, 429, 401, 400]
    assert not any("access-control-allow-origin" in answer.headers for answer in answers)


async def test_without_configured_origins_there_are_none(frontdesk: Frontdesk) -> None:
    """Nobody is allowed by default."""
    async with frontdesk.client(None) as client:
        answer = await client.get("/health/live", headers={"Origin": FRONT})
    assert answer.status_code == 200
    assert not any(name.startswith("access-control-") for name in answer.headers)


async def preflight(frontdesk: Frontdesk, origin: str) -> httpx.Response:
    """What a browser asks before it sends a message."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    async with frontdesk.client(None) as client:
        return await client.options("/chat", headers=headers)


async def ask(client: httpx.AsyncClient, origin: str) -> httpx.Response:
    """A message from a page of this origin."""
    return await client.post("/chat", json={"message": "Hello"}, headers={"Origin": origin})


def listed(answer: httpx.Response, header: str) -> set[str]:
    """The names in a header that lists some, in lower case."""
    return {name.strip().lower() for name in answer.headers[header].split(",")}
