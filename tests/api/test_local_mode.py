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
