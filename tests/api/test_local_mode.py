"""Local mode: each browser is a user of its own."""

from uuid import UUID

import httpx
import jwt
import pytest

from tests.support.app import Frontdesk, Serve
from tests.support.database import rows

COOKIE = "frontdesk_session"


@pytest.fixture
async def local_mode(serve: Serve) -> Frontdesk:
    """The application without a way to verify anyone."""
    return await serve(jwt_secret=None)


async def say_hello(frontdesk: Frontdesk, browser: httpx.AsyncClient) -> httpx.Response:
    response = await browser.post("/chat", json={"message": "Hello"})
    assert response.status_code == 200
    await frontdesk.settled()
    return response


async def users(frontdesk: Frontdesk) -> list[UUID]:
    return [user for (user,) in await rows(frontdesk.service.url, "select user_id from chat_turns order by created_at")]


async def test_a_new_browser_gets_a_session(local_mode: Frontdesk) -> None:
    """No script can read its cookie and no other site can use it."""
    async with local_mode.client(None) as browser:
        response = await say_hello(local_mode, browser)
    (cookie,) = response.headers.get_list("set-cookie")
    name, *attributes = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(attributes)


async def test_the_same_browser_is_the_same_user(local_mode: Frontdesk) -> None:
    """It is remembered, and not given a second session."""
    async with local_mode.client(None) as browser:
        await say_hello(local_mode, browser)
        again = await say_hello(local_mode, browser)
    assert "set-cookie" not in again.headers
    first, second = await users(local_mode)
    assert first == second


async def test_two_browsers_are_two_users(local_mode: Frontdesk) -> None:
    """Neither sees anything of the other."""
    async with local_mode.client(None) as hers, local_mode.client(None) as his:
        await say_hello(local_mode, hers)
        await say_hello(local_mode, his)
    first, second = await users(local_mode)
    assert first != second


async def test_a_session_outlives_a_restart(serve: Serve, local_mode: Frontdesk) -> None:
    """The key is kept with the data."""
    async with local_mode.client(None) as browser:
        await say_hello(local_mode, browser)
        cookies = dict(browser.cookies)
    restarted = await serve(jwt_secret=None)
    async with restarted.client(None) as browser:
        browser.cookies.update(cookies)
        await say_hello(restarted, browser)
    first, second = await users(restarted)
    assert first == second


async def test_a_forged_session_is_nobodys(local_mode: Frontdesk) -> None:
    """Who signs a cookie with another key is a stranger, and gets a session of their own."""
    async with local_mode.client(None) as browser:
        await say_hello(local_mode, browser)
    (ada,) = await users(local_mode)
    claims = {"sub": str(ada), "iss": "frontdesk-local"}
    async with local_mode.client(None) as forger:
        forger.cookies.set(COOKIE, jwt.encode(claims, "a guess that is long enough to sign with", algorithm="HS256"))
        assert "set-cookie" in (await say_hello(local_mode, forger)).headers
    assert (await users(local_mode))[1] != ada


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.1.5", "[::1", ""]
)
async def test_a_name_that_was_rebound_gets_nowhere(local_mode: Frontdesk, host: str) -> None:
    """Whatever it asks for, it is told nothing and given no session."""
    async with local_mode.client(None) as browser:
        for path in ("/employees", "/conversations", "/health/live", "/schema/openapi.json"):
            answer = await browser.get(path, headers={"host": host})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
            assert "set-cookie" not in answer.headers


FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_foreign_page_gets_nowhere(local_mode: Frontdesk, headers: dict[str, str]) -> None:
    """It neither reads nor writes, and cannot put a session of its own in the place of the visitor's."""
    async with local_mode.client(None) as browser:
        for method, path in (("POST", "/chat"), ("GET", "/conversations"), ("DELETE", "/account"), ("GET", "/export")):
            answer = await browser.request(method, path, headers=headers, json={"message": "Hello"})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
            assert "set-cookie" not in answer.headers
    assert await users(local_mode) == []


async def test_its_own_pages_get_through(local_mode: Frontdesk) -> None:
    """By each of this machine's names."""
    async with local_mode.client(None) as browser:
        own = {"origin": local_mode.url, "sec-fetch-site": "same-origin"}
        assert (await browser.get("/conversations", headers=own)).status_code == 200
        for host in ("localhost:8000", "[::1]:8000", "127.0.0.1"):
            assert (await browser.get("/employees", headers={"host": host})).status_code == 200


async def test_a_link_from_elsewhere_does_not_replace_the_session(local_mode: Frontdesk) -> None:
    """The browser keeps the cookie back then; who follows a link is shown the page and stays who they are."""
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    async with local_mode.client(None) as browser:
        answer = await browser.get("/conversations", headers=visit)
        posted = await browser.post("/chat", json={"message": "Hello"}, headers=visit)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert posted.status_code == 403


async def test_an_origin_that_was_let_in_gets_through(serve: Serve) -> None:
    """The one that is configured and no other."""
    frontdesk = await serve(jwt_secret=None, cors_origins=["https://app.example"])
    async with frontdesk.client(None) as browser:
        for origin, status in (("https://app.example", 200), ("https://evil.example", 403)):
            assert (await browser.get("/employees", headers={"origin": origin})).status_code == status
