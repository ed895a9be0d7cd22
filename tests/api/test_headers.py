"""Security headers of every response."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from tests.support.app import Frontdesk, Serve
from tests.support.raw_http import until_closed

DEFAULT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " manifest-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

ADDRESSES = {
    "an answer": ("/employees", 200),
    "health": ("/health/live", 200),
    "a refusal": ("/conversations", 401),
    "nothing": ("/nowhere", 404),
    "a wrong method": ("/chat", 405),
    "the OpenAPI document": ("/schema/openapi.json", 200),
    "a style sheet": ("/schema/page.css", 200),
}


@pytest.mark.parametrize(("path", "status"), ADDRESSES.values(), ids=ADDRESSES.keys())
async def test_a_response_that_is_no_page_may_load_nothing(frontdesk: Frontdesk, path: str, status: int) -> None:
    """Successes and errors; none of them is cached."""
    async with frontdesk.client(None) as client:
        answer = await client.get(path)
    assert answer.status_code == status
    check_headers(answer.headers, DEFAULT_POLICY)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_file_of_a_page_may_load_nothing(frontdesk: Frontdesk) -> None:
    """It may be cached if the browser revalidates it each time."""
    async with frontdesk.client(None) as client:
        answer = await client.get("/page/main.js")
    check_headers(answer.headers, DEFAULT_POLICY)
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/finances", 200), ("/dashboard", 200), ("/schema", 200), ("/schema/nowhere", 404)],
)
async def test_a_page_may_load_files_of_this_server_only(frontdesk: Frontdesk, path: str, status: int) -> None:
    """And nothing inline."""
    async with frontdesk.client(None) as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    check_headers(answer.headers, PAGE_POLICY)
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_pages_may_send_to_the_issuer_they_sign_in_with(serve: Serve) -> None:
    """And the way to sign in is told without a token."""
    issuer = "https://id.example:8443/realms/desk"
    frontdesk = await serve(jwks_url=f"{issuer}/certs", jwt_issuer=issuer, oidc_client_id="pages")
    async with frontdesk.client(None) as client:
        policy = (await client.get("/")).headers["content-security-policy"]
        assert policy == PAGE_POLICY.replace("connect-src 'self'", "connect-src 'self' https://id.example:8443")
        assert (await client.get("/sign-in")).json() == {
            "method": "oidc", "issuer": issuer, "client_id": "pages", "scope": "openid", "audience": None,
        }  # fmt: skip


async def test_a_stream_may_load_nothing(frontdesk: Frontdesk, ada: UUID) -> None:
    """Its own Cache-Control stays."""
    answer = await frontdesk.chat(ada, "Hello")
    assert answer.status == 200
    check_headers(answer.headers, DEFAULT_POLICY)
    assert answer.headers.get_list("cache-control") == ["no-cache, no-transform"]


async def test_a_refusal_outside_the_application_has_the_headers_too(frontdesk: Frontdesk) -> None:
    """One by the limits of the HTTP protocol."""
    answer = await until_closed(frontdesk.url, b"HELLO?\r\n\r\n")
    assert answer.status == 400
    check_headers(answer.headers, DEFAULT_POLICY)


async def test_a_preflight_has_the_headers_too(serve: Serve) -> None:
    """Although no handler answers it."""
    frontdesk = await serve(cors_origins="https://front.example")
    asks = {"Origin": "https://front.example", "Access-Control-Request-Method": "POST"}
    async with frontdesk.client(None) as client:
        answer = await client.options("/chat", headers=asks)
    assert answer.status_code == 204
    check_headers(answer.headers, DEFAULT_POLICY)


def check_headers(headers: Mapping[str, str], policy: str) -> None:
    """Check these headers, each once."""
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == policy
