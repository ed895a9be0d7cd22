"""Signing in with an OpenID Connect issuer: there and back, expiry, refusals, another user, signing out."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from playwright.async_api import Browser, expect

from tests.pages.accessibility import assert_accessible
from tests.pages.chat_page import GREETING, ChatPage, open_chat
from tests.support.app import Frontdesk, Serve
from tests.support.model_script import Gate, streaming
from tests.support.model_server import ModelServer
from tests.support.oidc_issuer import CLIENT_ID, OidcIssuer, issuing_sign_ins

EXPIRED = "Your session has expired."


@pytest.fixture
async def issuer(ada: UUID) -> AsyncIterator[OidcIssuer]:
    """An issuer where Ada has a session."""
    async with issuing_sign_ins(ada) as running:
        yield running


@pytest.fixture
async def app(serve: Serve, issuer: OidcIssuer) -> Frontdesk:
    """The application, whose pages sign in there."""
    return await serve(
        jwks_url=f"{issuer.url}/jwks",
        jwt_issuer=issuer.url,
        jwt_audience="frontdesk",
        oidc_client_id=CLIENT_ID,
        turn_timeout=300,
    )


async def sign_in(chat: ChatPage) -> None:
    """Press the button of the dialog."""
    await chat.page.get_by_role("dialog").get_by_role("button", name="Sign in").click()


async def test_the_page_signs_in_and_comes_back(app: Frontdesk, browser: Browser, issuer: OidcIssuer) -> None:
    """With PKCE; a page that is loaded anew asks nothing, keeps its place, and has no token in any storage."""
    async with open_chat(browser, app.url) as chat:
        await expect(chat.page.get_by_role("dialog", name="Sign in")).to_be_visible()
        await assert_accessible(chat.page)
        await sign_in(chat)
        await expect(chat.suggestions).to_have_count(4)  # back from the issuer
        await chat.send("Hello")
        await expect(chat.answers).to_have_text(GREETING)
        address = chat.page.url
        assert "#c=" in address
        assert "code=" not in address
        await chat.page.reload()
        await expect(chat.answers).to_have_text(GREETING)
        assert chat.page.url == address
        await chat.page.get_by_role("link", name="Dashboard").click()
        await expect(chat.page.locator("#employees-card, main")).to_contain_text("Prime")
        assert chat.page.url.startswith(f"{app.url}/dashboard")
        stored = await chat.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        assert "eyJ" not in stored
    assert issuer.granted == ["authorization_code"] * 3
    assert {form["code_challenge_method"] for form in issuer.asked} == {"S256"}
    assert {form["redirect_uri"] for form in issuer.asked} == {f"{app.url}/"}
    assert len({form["state"] for form in issuer.asked} | {form["nonce"] for form in issuer.asked}) == 6
    await app.settled()


async def test_a_token_is_renewed_before_it_expires(app: Frontdesk, browser: Browser, issuer: OidcIssuer) -> None:
    """By requests at the same time once, with a refresh token that each renewal replaces."""
    async with open_chat(browser, app.url) as chat:
        await chat.page.clock.install()
        await sign_in(chat)
        await expect(chat.suggestions).to_have_count(4)
        for number in (1, 2):
            await chat.page.clock.fast_forward((issuer.seconds - 20) * 1000)
            await chat.send("Hello")
            await expect(chat.answers).to_have_count(number)
            await expect(chat.answers.last).to_have_text(GREETING)
    assert issuer.granted == ["authorization_code", "refresh_token", "refresh_token"]
    await app.settled()


async def test_an_expired_session_loses_nothing(
    app: Frontdesk, browser: Browser, issuer: OidcIssuer, model: ModelServer
) -> None:
    """The page says so; after signing in again the draft is there, and the answer that was running goes on."""
    issuer.refreshes, issuer.seconds = False, 1
    gate = asyncio.Event()
    model.queue(Gate(["Slowly ", "does it."], gate), streaming)
    async with open_chat(browser, app.url) as chat:
        await sign_in(chat)
        await expect(chat.suggestions).to_have_count(4)  # back from the issuer
        await chat.send("Take your time")
        await expect(chat.answers).to_have_text("Slowly")
        await chat.message_field.fill("And then")
        issuer.error = "login_required"
        status = 200
        while status == 200:
            async with chat.page.expect_response("**/conversations?*") as response:
                await chat.page.evaluate("dispatchEvent(new Event('focus'))")  # asks for the list
            status = (await response.value).status
        await expect(chat.page.get_by_role("dialog")).to_contain_text(EXPIRED)
        issuer.error, issuer.seconds = None, 300
        await sign_in(chat)
        await expect(chat.answers).to_have_text("Slowly")
        await expect(chat.message_field).to_have_value("And then")
        gate.set()
        await expect(chat.answers).to_have_text("Slowly does it.")
    await app.settled()


@pytest.mark.parametrize(
    ("change", "says"),
    [({"error": "access_denied"}, "cancelled or refused"), ({"state": "another"}, "The sign-in failed")],
    ids=["refused", "another state"],
)
async def test_a_sign_in_that_fails_says_so(
    app: Frontdesk, browser: Browser, issuer: OidcIssuer, change: dict[str, str], says: str
) -> None:
    """And can be tried again; an answer with another state than the one that was sent is not taken."""
    for name, value in change.items():
        setattr(issuer, name, value)
    async with open_chat(browser, app.url) as chat:
        await sign_in(chat)
        await expect(chat.page.get_by_role("alert")).to_contain_text(says)
        assert issuer.granted == []
        issuer.error = issuer.state = None
        await sign_in(chat)
        await expect(chat.suggestions).to_have_count(4)


async def test_the_next_user_finds_nothing_of_the_last(
    app: Frontdesk, browser: Browser, issuer: OidcIssuer, bob: UUID
) -> None:
    """Signing out ends the session with the issuer, too, and another tab's; a user without a UUID gets one."""
    async with open_chat(browser, app.url) as chat:
        await sign_in(chat)
        await expect(chat.suggestions).to_have_count(4)  # back from the issuer
        await chat.send("My secret plan")
        await expect(chat.answers).to_have_text(GREETING)
        await chat.message_field.fill("Draft of Ada's")
        other = ChatPage(await chat.page.context.new_page())
        await other.page.goto(chat.page.url)
        await sign_in(other)
        await expect(other.answers).to_have_text(GREETING)
        await chat.button("Settings").click()
        await chat.button("Sign out").click()
        await expect(other.page.get_by_role("dialog", name="Sign in")).to_be_visible()
        assert issuer.signed_out[0]["client_id"] == CLIENT_ID
        issuer.user = f"auth0|{bob.hex}"
        await sign_in(chat)
        await expect(chat.suggestions).to_have_count(4)
        await expect(chat.message_field).to_have_value("")
        await expect(chat.page.locator("#conversations")).to_contain_text("No conversations")
        await chat.send("Hello")
        await expect(chat.answers).to_have_text(GREETING)
    await app.settled()
