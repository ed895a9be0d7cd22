"""CORS: configured origins may send requests and read responses, others may not."""

from uuid import UUID

import httpx
import pytest

from tests.support.app import Frontdesk, Serve

FRONT = "https://front.example"
FOREIGN = ["https://foreign.example", "https://front.example.foreign.example", "http://front.example", "null"]
LIMITS = {"RateLimit", "RateLimit-Policy", "Retry-After"}


@pytest.fixture
async def for_front(serve: Serve) -> Frontdesk:
    """An application with one allowed origin and a limit of one message a minute."""
    return await serve(cors_origins=FRONT, rate_limit=1)


async def test_the_preflight_of_an_allowed_origin_succeeds(for_front: Frontdesk) -> None:
    """It allows a token and JSON."""
    answer = await preflight(for_front, FRONT)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FRONT
    assert {"authorization", "content-type"} <= listed(answer, "access-control-allow-headers")
    assert "access-control-allow-credentials" not in answer.headers


async def test_an_allowed_origin_may_read_every_response(for_front: Frontdesk, ada: UUID) -> None:
    """Errors and rate-limit headers included."""
    async with for_front.client(ada) as client, for_front.client(None) as stranger:
        answers = [await send_message(each, FRONT) for each in (client, client, stranger)]
    await for_front.settled()
    assert [answer.status_code for answer in answers] == [200, 429, 401]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == FRONT
        assert "Origin" in answer.headers["vary"]
        assert {name.lower() for name in LIMITS} <= listed(answer, "access-control-expose-headers")


@pytest.mark.parametrize("origin", FOREIGN)
async def test_another_origin_is_not_allowed(for_front: Frontdesk, ada: UUID, origin: str) -> None:
    """Neither its preflight nor any response allows it."""
    async with for_front.client(ada) as client, for_front.client(None) as stranger:
        answers = [await send_message(each, origin) for each in (client, client, stranger)]
    answers.append(await preflight(for_front, origin))
    await for_front.settled()
    assert [answer.status_code for answer in answers] == [200, 429, 401, 400]
    assert not any("access-control-allow-origin" in answer.headers for answer in answers)


async def test_no_origin_is_allowed_by_default(frontdesk: Frontdesk) -> None:
    """Without the setting there are no CORS headers."""
    async with frontdesk.client(None) as client:
        answer = await client.get("/health/live", headers={"Origin": FRONT})
    assert answer.status_code == 200
    assert not any(name.startswith("access-control-") for name in answer.headers)


async def preflight(frontdesk: Frontdesk, origin: str) -> httpx.Response:
    """The request that a browser sends before a message."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    async with frontdesk.client(None) as client:
        return await client.options("/chat", headers=headers)


async def send_message(client: httpx.AsyncClient, origin: str) -> httpx.Response:
    """A message from a page of this origin."""
    return await client.post("/chat", json={"message": "Hello"}, headers={"Origin": origin})


def listed(answer: httpx.Response, header: str) -> set[str]:
    """The names in a header that is a list, in lower case."""
    return {name.strip().lower() for name in answer.headers[header].split(",")}
