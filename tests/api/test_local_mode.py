"""Local mode: each browser is a user of its own."""

import asyncio
from uuid import UUID

import httpx
import jwt
import pytest

from api.auth.local_mode import LocalSessions
from tests.support.app import Frontdesk, Serve
from tests.support.database import rows

COOKIE = "frontdesk_session"


@pytest.fixture
async def local_mode(serve: Serve) -> Frontdesk:
    """The application without a way to verify users."""
    return await serve(jwt_secret=None)


async def say_hello(frontdesk: Frontdesk, browser: httpx.AsyncClient) -> httpx.Response:
    response = await browser.post("/chat", json={"message": "Hello"})
    assert response.status_code == 200
    await frontdesk.settled()
    return response


async def users(frontdesk: Frontdesk) -> list[UUID]:
    return [user for (user,) in await rows(frontdesk.service.url, "select user_id from chat_turns order by created_at")]


async def test_a_new_browser_gets_a_session(local_mode: Frontdesk) -> None:
    """Its cookie is readable by no script and sent to no other site."""
    async with local_mode.client(None) as browser:
        response = await say_hello(local_mode, browser)
    (cookie,) = response.headers.get_list("set-cookie")
    name, *attributes = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(attributes)


async def test_the_same_browser_is_the_same_user(local_mode: Frontdesk) -> None:
    """It gets no second session."""
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


@pytest.mark.parametrize("page", ["/", "/finances", "/dashboard"])
async def test_what_a_page_asks_for_at_once_is_asked_for_by_one_user(local_mode: Frontdesk, page: str) -> None:
    """The page brings the session, so none of its first requests makes another one."""
    async with local_mode.client(None) as browser:
        shown = await browser.get(page)
        assert [cookie.partition("=")[0] for cookie in shown.headers.get_list("set-cookie")] == [COOKIE]
        first, second, listed = await asyncio.gather(
            say_hello(local_mode, browser), say_hello(local_mode, browser), browser.get("/conversations")
        )
        assert "set-cookie" not in (await browser.get(page)).headers
    assert not [one for one in (first, second, listed) if "set-cookie" in one.headers]
    one, other = await users(local_mode)
    assert one == other


async def test_a_session_outlives_a_restart(serve: Serve, local_mode: Frontdesk) -> None:
    """The signing key is stored with the data."""
    async with local_mode.client(None) as browser:
        await say_hello(local_mode, browser)
        cookies = dict(browser.cookies)
    restarted = await serve(jwt_secret=None)
    async with restarted.client(None) as browser:
        browser.cookies.update(cookies)
        await say_hello(restarted, browser)
    first, second = await users(restarted)
    assert first == second


async def test_a_forged_session_is_replaced(local_mode: Frontdesk) -> None:
    """A cookie signed with another key gets a new user and a new session."""
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
async def test_a_rebound_host_name_is_refused(local_mode: Frontdesk, host: str) -> None:
    """For every route, without data and without a session."""
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
async def test_requests_of_another_sites_page_are_refused(local_mode: Frontdesk, headers: dict[str, str]) -> None:
    """It neither reads nor writes, and cannot replace the visitor's session."""
    async with local_mode.client(None) as browser:
        for method, path in (("POST", "/chat"), ("GET", "/conversations"), ("DELETE", "/account"), ("GET", "/export")):
            answer = await browser.request(method, path, headers=headers, json={"message": "Hello"})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
            assert "set-cookie" not in answer.headers
    assert await users(local_mode) == []


async def test_requests_of_its_own_pages_are_accepted(local_mode: Frontdesk) -> None:
    """By each name of this machine."""
    async with local_mode.client(None) as browser:
        own = {"origin": local_mode.url, "sec-fetch-site": "same-origin"}
        assert (await browser.get("/conversations", headers=own)).status_code == 200
        for host in ("localhost:8000", "[::1]:8000", "127.0.0.1"):
            assert (await browser.get("/employees", headers={"host": host})).status_code == 200


async def test_a_link_from_another_site_does_not_replace_the_session(local_mode: Frontdesk) -> None:
    """The browser withholds the cookie then; the page is shown and the user stays the same."""
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    async with local_mode.client(None) as browser:
        answer = await browser.get("/conversations", headers=visit)
        posted = await browser.post("/chat", json={"message": "Hello"}, headers=visit)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert posted.status_code == 403


async def test_requests_of_an_allowed_origin_are_accepted(serve: Serve) -> None:
    """Of the configured one and no other."""
    frontdesk = await serve(jwt_secret=None, cors_origins=["https://app.example"])
    async with frontdesk.client(None) as browser:
        for origin, status in (("https://app.example", 200), ("https://evil.example", 403)):
            assert (await browser.get("/employees", headers={"origin": origin})).status_code == status


async def test_a_link_signs_a_browser_in(local_mode: Frontdesk, ada: UUID) -> None:
    """As the user of the link, whatever account it had; a cookie is no link, and a link is no cookie."""
    link = LocalSessions(local_mode.settings.data_dir).link(ada)
    async with local_mode.client(None) as browser:
        await say_hello(local_mode, browser)
        response = await browser.get(f"/sign-in/{link}")
        assert (response.status_code, response.headers["location"]) == (302, "/")
        assert (await browser.get("/me")).json()["user_id"] == str(ada)
        assert (await browser.get(f"/sign-in/{browser.cookies[COOKIE]}")).status_code == 404
    async with local_mode.client(None) as other:
        me = (await other.get("/me", headers={"Cookie": f"{COOKIE}={link}"})).json()
        assert me["user_id"] != str(ada)


async def test_there_are_no_links_for_verified_users(frontdesk: Frontdesk, ada: UUID) -> None:
    """They show a token."""
    link = LocalSessions(frontdesk.settings.data_dir).link(ada)
    async with frontdesk.client(None) as browser:
        assert (await browser.get(f"/sign-in/{link}")).status_code == 404
