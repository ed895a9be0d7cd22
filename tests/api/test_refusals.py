"""What POST /chat does not take."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from tests.support.app import Frontdesk
from tests.support.database import kept, rows
from tests.support.raw_http import until_closed

JSON = {"content-type": "application/json"}
INSIDES = re.compile(r"Traceback|\w(Error|Exception)\b|File \"|litestar|pydantic|msgspec|psycopg|site-packages|\.py")
LARGE = 1_000_000

INVALID = {
    "an empty message": (b'{"message": ""}', "empty_message"),
    "a blank message": (b'{"message": " \\n\\t\\u2003"}', "empty_message"),
    "only NULs": (b'{"message": "\\u0000\\u0000"}', "empty_message"),
    "only what nobody sees": ('{"message": "\u200b\u2060"}'.encode(), "empty_message"),
    "half a surrogate pair": (b'{"message": "a \\ud800 b"}', "invalid_request"),
    "no UTF-8": (b'{"message": "\xff\xfe"}', "invalid_request"),
    "a number for a message": (b'{"message": 5}', "invalid_request"),
    "null for a message": (b'{"message": null}', "invalid_request"),
    "no message": (b"{}", "invalid_request"),
    "an unknown field": (b'{"message": "Hello", "temperature": 2}', "invalid_request"),
    "an unknown employee": (b'{"message": "Hello", "employee": "zed"}', "invalid_request"),
    "an employee in capitals": (b'{"message": "Hello", "employee": "PRIME"}', "invalid_request"),
    "an empty conversation id": (b'{"message": "Hello", "conversation_id": ""}', "invalid_request"),
    "a blank in the conversation id": (b'{"message": "Hello", "conversation_id": "a b"}', "invalid_request"),
    "a line's end in the conversation id": (b'{"message": "Hello", "conversation_id": "a\\n"}', "invalid_request"),
    "a dot for a conversation id": (b'{"message": "Hello", "conversation_id": "."}', "invalid_request"),
    "two dots for a conversation id": (b'{"message": "Hello", "conversation_id": ".."}', "invalid_request"),
    "too long a conversation id": (b'{"message": "Hello", "conversation_id": "%s"}' % (b"a" * 129), "invalid_request"),
    "a list": (b'[{"message": "Hello"}]', "invalid_request"),
    "a string": (b'"Hello"', "invalid_request"),
    "null": (b"null", "invalid_request"),
    "no JSON": (b"message=Hello", "invalid_request"),
    "half a document": (b'{"message": "Hel', "invalid_request"),
    "no body": (b"", "invalid_request"),
    "a hundred thousand brackets": (b"[" * 100_000 + b"]" * 100_000, "invalid_request"),
    "brackets in a field": (b'{"message": %s}' % (b"[" * 100_000 + b"]" * 100_000), "invalid_request"),
}


@pytest.mark.parametrize(("body", "code"), INVALID.values(), ids=INVALID.keys())
async def test_a_message_that_is_none_is_refused(frontdesk: Frontdesk, ada: UUID, body: bytes, code: str) -> None:
    """The refusal says what is wrong and nothing of our insides; nothing is kept, and the next message is answered."""
    async with frontdesk.client(ada) as client:
        refused(await client.post("/chat", content=body, headers=JSON), 400, code)
    await frontdesk.settled()
    assert await kept(frontdesk.service.url) == {}
    assert (await frontdesk.chat(ada, "Hello")).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
async def test_what_does_not_say_it_is_json_is_refused(frontdesk: Frontdesk, ada: UUID, kind: str) -> None:
    """A foreign page's form cannot speak for a visitor: a browser lets it send no JSON type."""
    async with frontdesk.client(ada) as client:
        answer = await client.post("/chat", content=b'{"message": "Hello"}', headers={"content-type": kind})
    refused(answer, 415, "unsupported_media_type")
    assert await kept(frontdesk.service.url) == {}


async def test_json_with_a_charset_is_json(frontdesk: Frontdesk, ada: UUID) -> None:
    """Parameters and capitals of the content type do not matter."""
    async with frontdesk.client(ada) as client:
        kind = {"content-type": "Application/JSON; charset=utf-8"}
        assert (await client.post("/chat", content=b'{"message": "Hello"}', headers=kind)).status_code == 200
    await frontdesk.settled()


async def test_a_body_of_a_megabyte_is_refused(frontdesk: Frontdesk, ada: UUID) -> None:
    """Whether it says its length or comes in pieces."""
    whole = b'{"message": "%s"}' % (b"a" * LARGE)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, LARGE, 10_000):
            yield whole[start : start + 10_000]

    async with frontdesk.client(ada) as client:
        refused(await client.post("/chat", content=whole, headers=JSON), 413, "body_too_large")
        refused(await client.post("/chat", content=pieces(), headers=JSON), 413, "body_too_large")
    assert await kept(frontdesk.service.url) == {}
    assert (await frontdesk.chat(ada, "Hello")).status == 200


async def test_a_nul_in_the_middle_is_taken_out(frontdesk: Frontdesk, ada: UUID) -> None:
    """Postgres could not keep it and nobody sees it, so it goes, and the client is told."""
    answer = await frontdesk.chat(ada, "Hel\0lo")
    assert [notice["code"] for notice in answer.named("notice")] == ["input_sanitized"]
    stored = await rows(frontdesk.service.url, "select content from chat_messages where role = 'user'")
    assert stored == [("Hello",)]


@pytest.mark.parametrize("conversation", ["...", ".a", "..a", "a.", "....", "a..b", "-.-"])
async def test_dots_among_other_characters_are_taken(frontdesk: Frontdesk, ada: UUID, conversation: str) -> None:
    """Only `.` and `..` mean something else in a path."""
    assert (await frontdesk.chat(ada, "Hello", conversation_id=conversation)).status == 200
    async with frontdesk.client(ada) as client:
        assert (await client.get(f"/conversations/{conversation}")).json()["conversation_id"] == conversation


@pytest.mark.parametrize("dots", [".", "..", "%2e", "%2E%2e", ".%2E"])
async def test_no_path_leads_to_a_conversation_that_is_called_by_dots(
    frontdesk: Frontdesk, ada: UUID, dots: str
) -> None:
    """Also where a client sends the path as it is; browsers and proxies would have made another one of it."""
    (signed,) = frontdesk.signed_in(ada).values()
    head = f"Host: test\r\nAuthorization: {signed}\r\nConnection: close\r\n\r\n"
    for method, path in (("GET", dots), ("DELETE", dots), ("GET", f"{dots}/messages")):
        answer = await until_closed(frontdesk.url, f"{method} /conversations/{path} HTTP/1.1\r\n{head}".encode())
        assert answer.status in {400, 404}


async def test_an_unknown_address_is_not_found(frontdesk: Frontdesk, ada: UUID) -> None:
    """As a problem document, like everything else."""
    async with frontdesk.client(ada) as client:
        refused(await client.get("/nowhere"), 404, "not_found")


async def test_a_wrong_method_is_told_the_right_one(frontdesk: Frontdesk, ada: UUID) -> None:
    """405 with `Allow`."""
    async with frontdesk.client(ada) as client:
        for method in ("GET", "PUT", "DELETE"):
            answer = await client.request(method, "/chat")
            refused(answer, 405, "method_not_allowed")
            assert "POST" in answer.headers["allow"]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """A problem document of this status and code that shows nothing of our insides."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert problem["detail"]
    assert not INSIDES.search(answer.text)
