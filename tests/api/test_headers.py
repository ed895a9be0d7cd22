"""What every response tells a browser."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from tests.support.app import Frontdesk, Serve
from tests.support.raw_http import until_closed

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
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
async def test_what_is_no_page_may_load_nothing(frontdesk: Frontdesk, path: str, status: int) -> None:
    """Answers and refusals alike; nothing of them is kept in a cache."""
    async with frontdesk.client(None) as client:
        answer = await client.get(path)
    assert answer.status_code == status
    secured(answer.headers, NOTHING)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_part_of_a_page_is_no_page(frontdesk: Frontdesk) -> None:
    """But it may be kept, as long as a browser asks each time whether it still holds."""
    async with frontdesk.client(None) as client:
        answer = await client.get("/page/main.js")
    secured(answer.headers, NOTHING)
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/dashboard", 200), ("/schema", 200), ("/schema/nowhere", 404)]
)
async def test_a_page_may_load_only_what_is_ours(frontdesk: Frontdesk, path: str, status: int) -> None:
    """And nothing inline."""
    async with frontdesk.client(None) as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    secured(answer.headers, PAGE)
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_a_stream_is_no_page(frontdesk: Frontdesk, ada: UUID) -> None:
    """Its own word on caches stands."""
    answer = await frontdesk.chat(ada, "Hello")
    assert answer.status == 200
    secured(answer.headers, NOTHING)
    assert answer.headers.get_list("cache-control") == ["no-cache, no-transform"]


async def test_a_refusal_at_the_edge_is_no_page(frontdesk: Frontdesk) -> None:
    """What never reaches the application carries the same headers."""
    answer = await until_closed(frontdesk.url, b"HELLO?\r\n\r\n")
    assert answer.status == 400
    secured(answer.headers, NOTHING)


async def test_a_preflight_carries_them_too(serve: Serve) -> None:
    """Though no handler answers it."""
    frontdesk = await serve(cors_origins="https://front.example")
    asks = {"Origin": "https://front.example", "Access-Control-Request-Method": "POST"}
    async with frontdesk.client(None) as client:
        answer = await client.options("/chat", headers=asks)
    assert answer.status_code == 204
    secured(answer.headers, NOTHING)


def secured(headers: Mapping[str, str], policy: str) -> None:
    """These headers, each once."""
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == policy
