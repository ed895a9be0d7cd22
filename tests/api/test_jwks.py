"""Tokens verified with an issuer's public keys: which are accepted, and what happens while the issuer is away."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from api.auth.jwks import IssuerUnavailable, KeySet, UnknownKey
from tests.support.app import SECRET, Frontdesk, Serve
from tests.support.database import rows
from tests.support.issuer import Issuer, Mood, issuing, public

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())
HOUR = 3600


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """An issuer with one RSA and one EC key."""
    async with issuing(rsa=RSA, ec=EC) as running:
        yield running


@pytest.fixture
async def frontdesk(serve: Serve, issuer: Issuer) -> Frontdesk:
    """The application, configured with this issuer and a secret of its own."""
    return await serve(jwks_url=issuer.url, rate_limit=0)


async def get_with(frontdesk: Frontdesk, token: str) -> httpx.Response:
    """GET a user's own data with this token."""
    async with frontdesk.client(None) as client:
        return await client.get("/conversations", headers={"authorization": f"Bearer {token}"})


@pytest.mark.parametrize("key_id", ["rsa", "ec"])
async def test_a_token_of_the_issuer_is_accepted(frontdesk: Frontdesk, issuer: Issuer, key_id: str) -> None:
    """Signed with RS256 or ES256 and with the claims of Supabase; the keys are fetched once."""
    user = uuid4()
    token = issuer.token(key_id, sub=str(user), aud="authenticated", role="authenticated", app_metadata={})
    async with frontdesk.client(None) as client:
        headers = {"authorization": f"Bearer {token}", "x-user-id": str(uuid4()), "cookie": "frontdesk_session=x"}
        assert (await client.post("/chat", json={"message": "Hello"}, headers=headers)).status_code == 200
    assert (await get_with(frontdesk, token)).status_code == 200
    await frontdesk.settled()
    assert await rows(frontdesk.service.url, "select user_id from chat_turns") == [(user,)]
    assert issuer.asked == 1
    assert b"user-agent: frontdesk" in issuer.head.lower()  # urllib's own is refused by some issuers


async def test_a_token_without_a_key_id_needs_exactly_one_key(frontdesk: Frontdesk, issuer: Issuer) -> None:
    """With one RSA and one EC key it is accepted, with two EC keys it is refused."""
    assert (await get_with(frontdesk, issuer.token(None, EC))).status_code == 200
    async with issuing(one=EC, two=STRANGER) as ambiguous:
        keys = KeySet(ambiguous.url)
        with pytest.raises(UnknownKey):
            await keys.key(None, "ES256")


async def test_a_token_signed_with_the_secret_is_accepted_beside_an_issuer(
    frontdesk: Frontdesk, ada: UUID, issuer: Issuer
) -> None:
    """And no keys are fetched for it."""
    async with frontdesk.client(ada) as client:
        assert (await client.get("/conversations")).status_code == 200
    assert issuer.asked == 0


def confused(secret: bytes | str) -> str:
    """A token signed with HS256 and a public key as the secret; PyJWT itself refuses to make one."""

    def packed(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    claims = {"sub": str(uuid4()), "exp": int(time.time()) + HOUR}
    signed = packed({"alg": "HS256", "typ": "JWT", "kid": "rsa"}) + b"." + packed(claims)
    key = secret.encode() if isinstance(secret, str) else secret
    signature = base64.urlsafe_b64encode(hmac.new(key, signed, hashlib.sha256).digest()).rstrip(b"=")
    return (signed + b"." + signature).decode()


SHAPES = {
    "PEM": (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    "DER": (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
    "PKCS1": (serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
}


def bad(issuer: Issuer) -> dict[str, str]:
    """Tokens that must be refused, by what is wrong with them."""
    now = int(time.time())
    shown = {name: RSA.public_key().public_bytes(*shape) for name, shape in SHAPES.items()}
    return {
        **{f"HS256 with the public key as {name}": confused(key) for name, key in shown.items()},
        "HS256 with the public key as a JWK": confused(json.dumps(public("rsa", RSA))),
        "no algorithm": jwt.encode({"sub": str(uuid4()), "exp": now + HOUR}, "", algorithm="none"),
        "another key under a known id": issuer.token("ec", STRANGER),
        "the id of a key of another type": issuer.token("rsa", EC),
        "an unknown id": issuer.token("nobody", EC),
        "expired": issuer.token("ec", exp=now - HOUR),
        "not yet valid": issuer.token("ec", nbf=now + HOUR),
        "no expiry": issuer.token("ec", exp=None),
        "no user": issuer.token("ec", sub=None),
        "a list for a user": issuer.token("ec", app_metadata=[], sub="[]"),
        "another audience": issuer.token("ec", aud="other", iss=issuer.url),
        "another issuer": issuer.token("ec", aud="us", iss="https://evil.example"),
        "too long": issuer.token("ec", aud="us", iss=issuer.url, padding="x" * 9000),
        "no JWT": "a.b.c",
        "nothing but dots": "..",
        "tampered": issuer.token("ec", aud="us", iss=issuer.url)[:-6] + "AAAAAA",
    }


async def test_a_subject_that_is_no_uuid_becomes_one(serve: Serve, issuer: Issuer) -> None:
    """The same for each of its tokens, and another for another subject; an empty one is refused."""
    frontdesk = await serve(jwks_url=issuer.url, jwt_issuer=issuer.url)

    async def user_of(subject: str) -> str | None:
        headers = {"authorization": f"Bearer {issuer.token('ec', sub=subject, iss=issuer.url)}"}
        async with frontdesk.client(None) as client:
            found = (await client.get("/me", headers=headers)).json().get("user_id")
        return str(found) if found else None

    ada, again, bob = [await user_of(subject) for subject in ("auth0|ada", "auth0|ada", "auth0|bob")]
    assert ada == again != bob
    assert UUID(ada).version == UUID(bob).version == 5
    assert await user_of("") is None


async def test_a_bad_token_is_refused_and_never_logged(
    serve: Serve, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    """The response is the same for each; the log says why, without any part of the token."""
    frontdesk = await serve(jwks_url=issuer.url, jwt_audience="us", jwt_issuer=issuer.url)
    assert (await get_with(frontdesk, issuer.token("ec", aud="us", iss=issuer.url))).status_code == 200
    for name, token in bad(issuer).items():
        caplog.clear()
        with caplog.at_level("DEBUG"):
            answer = await get_with(frontdesk, token)
        assert (answer.status_code, answer.json()["detail"]) == (401, "Sign in first."), name
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "unauthenticated" in caplog.text, name
        assert not [part for part in token.split(".") if len(part) > 3 and part in caplog.text], name


async def test_only_signing_keys_of_the_two_algorithms_verify(issuer: Issuer) -> None:
    """Encryption keys, other types, algorithms and curves, and broken keys are skipped; a set of only those is none."""
    issuer.others = [
        {**public("enc", RSA), "use": "enc"},
        {**public("ps", RSA), "alg": "PS256"},
        {"kty": "oct", "k": SECRET, "kid": "oct"},
        public("p384", ec.generate_private_key(ec.SECP384R1())),
        {"kty": "RSA", "kid": "broken", "n": "!"},
        {"kty": "EC"},
        {},
    ]
    keys = KeySet(issuer.url)
    assert (await keys.key("rsa", "RS256")).key_id == "rsa"
    for skipped in ("enc", "ps", "oct", "p384", "broken"):
        for algorithm in ("RS256", "ES256"):
            with pytest.raises(UnknownKey):
                await keys.key(skipped, algorithm)
    issuer.keys.clear()
    with pytest.raises(IssuerUnavailable):
        await KeySet(issuer.url).key("rsa", "RS256")


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


async def test_a_new_key_is_found_and_a_removed_one_refused(issuer: Issuer) -> None:
    """An unknown id fetches the keys again, but not within the cooldown; after it the removed key is refused."""
    clock = Clock()
    keys = KeySet(issuer.url, clock=clock)
    await keys.key("ec", "ES256")
    issuer.keys = {"new": STRANGER}
    with pytest.raises(UnknownKey):
        await keys.key("new", "ES256")
    assert issuer.asked == 1
    clock.now += 31
    assert (await keys.key("new", "ES256")).key_id == "new"
    with pytest.raises(UnknownKey):
        await keys.key("ec", "ES256")
    assert issuer.asked == 2


async def test_a_key_removed_while_nobody_asked_is_refused_at_once(issuer: Issuer) -> None:
    """Keys older than an hour are fetched before they are used again."""
    clock = Clock()
    keys = KeySet(issuer.url, clock=clock)
    await keys.key("ec", "ES256")
    issuer.keys = {"new": STRANGER}
    clock.now += HOUR + 1
    with pytest.raises(UnknownKey):
        await keys.key("ec", "ES256")


async def test_many_unknown_ids_at_once_share_one_fetch(issuer: Issuer) -> None:
    """Fifty tokens with made-up key ids cause one request to the issuer."""
    clock = Clock()
    keys = KeySet(issuer.url, clock=clock)
    await keys.key("ec", "ES256")
    clock.now += 31
    found = await asyncio.gather(*(keys.key(f"made up {n}", "ES256") for n in range(50)), return_exceptions=True)
    assert {type(one) for one in found} == {UnknownKey}
    assert issuer.asked == 2


@pytest.mark.parametrize("mood", ["down", "talking nonsense", "too much", "hanging"])
async def test_known_keys_stay_in_use_while_the_issuer_is_away(issuer: Issuer, mood: Mood) -> None:
    """However old they are; and the issuer is not asked again for every request."""
    clock = Clock()
    keys = KeySet(issuer.url, clock=clock, timeout=1)
    await keys.key("ec", "ES256")
    issuer.mood = mood
    clock.now += 100_000
    for _ in range(5):
        assert (await keys.key("ec", "ES256")).key_id == "ec"
    assert issuer.asked == 2
    await keys.close()
    issuer.mood = "well"
    issuer.keys = {"new": STRANGER}
    clock.now += 31
    assert (await keys.key("new", "ES256")).key_id == "new"


async def test_a_hanging_issuer_delays_no_token_whose_key_is_known(issuer: Issuer) -> None:
    """Keys older than five minutes stay in use while newer ones are fetched."""
    clock = Clock()
    keys = KeySet(issuer.url, clock=clock)
    await keys.key("ec", "ES256")
    issuer.mood = "hanging"
    issuer.arrived.clear()
    clock.now += 301
    assert (await keys.key("ec", "ES256")).key_id == "ec"
    await issuer.arrived.wait()
    assert (await keys.key("rsa", "RS256")).key_id == "rsa"
    await keys.close()


async def test_a_request_waits_no_longer_than_the_timeout_of_the_fetch(issuer: Issuer) -> None:
    """A later request does not wait for a fetch that has run for longer than its timeout."""
    clock = Clock()
    keys = KeySet(issuer.url, clock=clock, timeout=60)
    issuer.mood = "hanging"
    first = asyncio.create_task(keys.key("ec", "ES256"))
    await issuer.arrived.wait()
    clock.now += 61
    with pytest.raises(IssuerUnavailable):
        await keys.key("ec", "ES256")
    assert not first.done()
    issuer.released.set()
    with pytest.raises(IssuerUnavailable):
        await first


async def test_without_any_keys_the_answer_is_503(serve: Serve, issuer: Issuer) -> None:
    """While the issuer has never answered, a token is neither accepted nor called bad; the client may retry."""
    issuer.mood = "down"
    frontdesk = await serve(jwks_url=issuer.url, jwt_secret=None)
    answer = await get_with(frontdesk, issuer.token("ec"))
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer_unavailable")
    assert answer.headers["retry-after"] == "10"
    with pytest.raises(IssuerUnavailable):
        await KeySet(issuer.url).key("ec", "ES256")
    assert (await get_with(frontdesk, "a.b.c")).status_code == 401
