"""API keys: made, shown once, used within their scopes, revoked."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from click.testing import CliRunner

from api.auth import api_keys
from api.cli.main import main
from tests.support.app import Frontdesk, Serve
from tests.support.database import row, rows
from tests.support.model_script import Text, streaming
from tests.support.model_server import ModelServer


async def made(frontdesk: Frontdesk, user: UUID, **fields: Any) -> dict[str, Any]:
    """A new key of the user's."""
    async with frontdesk.client(user) as client:
        response = await client.post("/keys", json={"name": "laptop", **fields})
    assert response.status_code == 201, response.text
    document: dict[str, Any] = response.json()
    return document


def with_key(frontdesk: Frontdesk, key: str, header: str = "Authorization") -> httpx.AsyncClient:
    """A client that shows a key."""
    value = f"Bearer {key}" if header == "Authorization" else key
    return httpx.AsyncClient(base_url=frontdesk.url, headers={header: value}, timeout=60)


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
async def test_a_key_sends_messages_for_its_user(
    frontdesk: Frontdesk, model: ModelServer, ada: UUID, header: str
) -> None:
    """At POST /chat as at the doors; its use is seen in the list, which has no secret."""
    model.queue(Text("Hi."), streaming)
    key = await made(frontdesk, ada)
    async with with_key(frontdesk, key["key"], header) as client:
        sent = await client.post("/chat", json={"message": "Hello"}, headers={"Accept": "application/json"})
        models = await client.get("/v1/models")
    assert (sent.status_code, sent.json()["text"], models.status_code) == (200, "Hi.", 200)
    async with frontdesk.client(ada) as client:
        (listed,) = (await client.get("/keys")).json()["items"]
        assert (await client.get(f"/turns/{sent.json()['turn_id']}")).json()["text"] == "Hi."
    assert listed["last_used_at"] is not None
    assert listed == {name: value for name, value in key.items() if name != "key"} | {
        "last_used_at": listed["last_used_at"]
    }
    assert key["key"].startswith(listed["hint"])
    stored = await rows(frontdesk.service.url, "select k::text from chat_api_keys k")
    assert key["key"][7:] not in str(stored)


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (["chat"], "GET", "/memory", 403),
        (["chat"], "GET", "/v1/models", 200),
        (["read"], "GET", "/memory", 200),
        (["read"], "POST", "/chat", 403),
        (["read"], "POST", "/v1/chat/completions", 403),
        (["chat", "read"], "DELETE", "/account", 403),
        (["chat", "read"], "PATCH", "/settings", 403),
        (["chat", "read"], "GET", "/keys", 403),
        (["chat", "read"], "POST", "/keys", 403),
        (["chat", "read"], "GET", "/audit", 403),
        (["chat", "read"], "GET", "/metrics", 403),
    ],
)
async def test_a_key_does_what_its_scopes_say(
    frontdesk: Frontdesk, ada: UUID, scopes: list[str], method: str, path: str, status: int
) -> None:
    """Never what an administrator may, nor anything about keys or the account."""
    key = await made(frontdesk, ada, scopes=scopes)
    async with with_key(frontdesk, key["key"]) as client:
        response = await client.request(method, path, json={} if method in ("POST", "PATCH") else None)
    assert response.status_code == status


async def test_a_revoked_key_ends(frontdesk: Frontdesk, ada: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it is asked for again; another user can neither see nor revoke it."""
    monkeypatch.setattr(api_keys, "CACHE_SECONDS", 0)
    key = await made(frontdesk, ada)
    async with frontdesk.client(UUID(int=7)) as bob:
        assert (await bob.get("/keys")).json() == {"items": []}
        assert (await bob.delete(f"/keys/{key['key_id']}")).status_code == 404
    async with with_key(frontdesk, key["key"]) as client, frontdesk.client(ada) as owner:
        assert (await client.get("/v1/models")).status_code == 200
        assert (await owner.delete(f"/keys/{key['key_id']}")).status_code == 204
        assert (await client.get("/v1/models")).status_code == 401
        assert (await owner.delete(f"/keys/{key['key_id']}")).status_code == 404


def test_a_revoked_key_is_believed_for_less_than_five_seconds() -> None:
    """That is how long it may be remembered."""
    assert api_keys.CACHE_SECONDS <= 5


async def test_a_key_is_looked_up_once_in_a_while(
    frontdesk: Frontdesk, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for each request; also a key that does not exist."""
    monkeypatch.setattr(api_keys, "CACHE_SECONDS", 3600)
    key = await made(frontdesk, ada)
    async with with_key(frontdesk, key["key"]) as client:
        assert (await client.get("/v1/models")).status_code == 200
        await rows(frontdesk.service.url, "delete from chat_api_keys returning 1")
        assert (await client.get("/v1/models")).status_code == 200


@pytest.mark.parametrize("key", ["fd_", "fd_" + "x" * 43, "fd_" + "x" * 44, "fd_ü"])
async def test_an_unknown_key_is_refused(frontdesk: Frontdesk, key: str) -> None:
    """In the words in which every bad token is."""
    async with httpx.AsyncClient(base_url=frontdesk.url) as client:
        response = await client.get("/memory", headers=[(b"Authorization", f"Bearer {key}".encode())])
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")


async def test_an_expired_key_is_refused(own_frontdesk: Frontdesk, ada: UUID) -> None:
    """From then on."""
    key = await made(own_frontdesk, ada, expires_in_days=1)
    assert await rows(own_frontdesk.service.url, "update chat_api_keys set expires_at = now() returning 1")
    async with with_key(own_frontdesk, key["key"]) as client:
        assert (await client.get("/v1/models")).status_code == 401


async def test_a_user_has_fifty_keys_at_most(frontdesk: Frontdesk, ada: UUID) -> None:
    """One more is refused."""
    for _ in range(50):
        await made(frontdesk, ada)
    async with frontdesk.client(ada) as client:
        assert (await client.post("/keys", json={"name": "one more"})).status_code == 400


async def test_keys_go_with_the_account(frontdesk: Frontdesk, ada: UUID) -> None:
    """And are in no export."""
    key = await made(frontdesk, ada, name="zaffre")
    async with frontdesk.client(ada) as client:
        exported = await client.get("/export")
        assert (await client.delete("/account")).status_code == 204
    assert "zaffre" not in exported.text
    assert key["key"] not in exported.text
    assert await row(frontdesk.service.url, "select count(*) from chat_api_keys") == (0,)


async def test_a_key_is_a_user_in_local_mode(serve: Serve, model: ModelServer) -> None:
    """A browser makes one, and a program with it is the same user, without a cookie."""
    frontdesk = await serve(jwt_secret=None)
    model.queue(Text("Hi."), streaming)
    async with httpx.AsyncClient(base_url=frontdesk.url, timeout=60) as browser:
        key = (await browser.post("/keys", json={"name": "editor"})).json()["key"]
        async with with_key(frontdesk, key) as program:
            sent = await program.post("/chat", json={"message": "Hello"}, headers={"Accept": "application/json"})
        assert "set-cookie" not in sent.headers
        assert (await browser.get(f"/turns/{sent.json()['turn_id']}")).status_code == 200


def test_the_command_makes_lists_and_revokes_keys(
    database_url: str, monkeypatch: pytest.MonkeyPatch, ada: UUID
) -> None:
    """For a user; the key is printed once."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("FRONTDESK_JWT_SECRET", "x" * 40)
    user = ["--user", str(ada)]

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["keys", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout.strip()

    key = run("create", *user, "--name", "CI", "--scope", "chat", "--ttl", "90d")
    assert api_keys._KEY.fullmatch(key)
    listed = run("list", *user)
    assert key[:7] in listed
    assert key not in listed
    assert run("revoke", listed.split()[0], *user) == "revoked"
    assert run("list", *user) == ""
    assert CliRunner().invoke(main, ["keys", "list"]).exit_code == 2
