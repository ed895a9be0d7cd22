"""Bearer tokens: which are accepted."""

import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from litestar import Litestar
from litestar.testing import RequestFactory

from api.app import authenticator
from storage.local.postgres import EmbeddedPostgres
from tests.support.app import SECRET, Frontdesk, Serve
from tests.support.database import drop, kept, rows

HOUR = 3600


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """A token that is valid for an hour, with these claims; None leaves a claim out."""
    given = {"sub": str(uuid4()), "exp": int(time.time()) + HOUR, **claims}
    return jwt.encode({name: value for name, value in given.items() if value is not None}, secret, algorithm=algorithm)


async def send_with(frontdesk: Frontdesk, authorization: str | None) -> httpx.Response:
    async with frontdesk.client(None) as client:
        headers = {} if authorization is None else {"authorization": authorization}
        response = await client.post("/chat", json={"message": "Hello"}, headers=headers)
    await frontdesk.settled()
    return response


BAD = {
    "none": None,
    "no scheme": signed(),
    "another scheme": f"Basic {signed()}",
    "no token": "Bearer",
    "no JWT": "Bearer abc",
    "expired": f"Bearer {signed(exp=int(time.time()) - HOUR)}",
    "not yet valid": f"Bearer {signed(nbf=int(time.time()) + HOUR)}",
    "another secret": f"Bearer {signed('another secret that is long enough too')}",
    "another algorithm": f"Bearer {signed(SECRET * 2, 'HS512')}",
    "no algorithm": f"Bearer {signed('', 'none')}",
    "no expiry": f"Bearer {signed(exp=None)}",
    "no user": f"Bearer {signed(sub=None)}",
    "a user that is no UUID": f"Bearer {signed(sub='ada')}",
    "a tampered token": f"Bearer {signed()[:-4]}AAAA",
}


@pytest.mark.parametrize("authorization", BAD.values(), ids=BAD.keys())
async def test_a_bad_token_is_refused(frontdesk: Frontdesk, authorization: str | None) -> None:
    """Always with the same response; and nothing is stored."""
    response = await send_with(frontdesk, authorization)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == {
        "type": "about:blank", "title": "Unauthorized", "status": 401,
        "detail": "Sign in first.", "code": "unauthenticated",
    }  # fmt: skip
    assert await kept(frontdesk.service.url) == {}


async def test_audience_and_issuer_are_checked_where_they_are_set(serve: Serve) -> None:
    """A token for another audience or by another issuer is refused."""
    frontdesk = await serve(jwt_audience="authenticated", jwt_issuer="https://id.example")
    ours = {"aud": "authenticated", "iss": "https://id.example"}
    for change in ({"aud": "other"}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None}):
        claims: dict[str, Any] = {**ours, **change}
        assert (await send_with(frontdesk, f"Bearer {signed(**claims)}")).status_code == 401
    assert (await send_with(frontdesk, f"Bearer {signed(**ours)}")).status_code == 200


async def test_a_supabase_token_is_accepted(frontdesk: Frontdesk) -> None:
    """Its audience is ignored where none is configured."""
    token = signed(aud="authenticated", role="authenticated", app_metadata={"provider": "email"})
    assert (await send_with(frontdesk, f"bearer {token}")).status_code == 200


@pytest.mark.parametrize(
    ("claims", "admin"),
    [
        ({"role": "admin"}, True),
        ({"app_metadata": {"role": "admin"}}, True),
        ({"role": "authenticated"}, False),
        ({"user_metadata": {"role": "admin"}}, False),  # what a user can write themselves
        ({"app_metadata": "admin"}, False),
        ({}, False),
    ],
)
async def test_the_role_claim_makes_an_administrator(frontdesk: Frontdesk, claims: dict[str, Any], admin: bool) -> None:
    """Only where the issuer sets it."""
    quiet = Litestar(logging_config=None)  # by default it would log from then on
    request = RequestFactory(app=quiet).get("/", headers={"authorization": f"Bearer {signed(**claims)}"})
    assert (await authenticator(frontdesk.settings).user(request)).admin is admin


async def test_a_user_id_in_body_or_query_is_not_believed(frontdesk: Frontdesk, ada: UUID, bob: UUID) -> None:
    """In the body it is an unknown field; in the query it changes nothing."""
    async with frontdesk.client(ada) as client:
        refused = await client.post("/chat", json={"message": "Hello", "user_id": str(bob)})
        answered = await client.post(f"/chat?user_id={bob}", json={"message": "Hello"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert answered.status_code == 200
    await frontdesk.settled()
    assert await rows(frontdesk.service.url, "select user_id from chat_turns") == [(ada,)]


async def test_a_bad_token_is_refused_also_without_a_database(frontdesk: Frontdesk, cluster: EmbeddedPostgres) -> None:
    """A client learns nothing of the server's state before it has signed in."""
    await drop(cluster, frontdesk.service.url)
    async with asyncio.timeout(60):
        while (await send_with(frontdesk, f"Bearer {signed()}")).status_code != 503:
            pass
    assert (await send_with(frontdesk, f"Bearer {signed('another secret that is long enough too')}")).status_code == 401
