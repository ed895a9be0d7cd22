"""Tokens of an issuer whose public keys are fetched: who gets in, and what its bad days do."""

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

from api.auth.jwks import IssuerUnavailable, KeySet, UnknownKey, usable
from tests.support.app import SECRET, Frontdesk, Serve
from tests.support.database import rows
from tests.support.issuer import Issuer, Mood, issuing, public

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())
HOUR = 3600


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """One with a key of each kind."""
    async with issuing(rsa=RSA, ec=EC) as running:
        yield running


@pytest.fixture
async def frontdesk(serve: Serve, issuer: Issuer) -> Frontdesk:
    """The application, which believes this issuer and its own secret."""
    return await serve(jwks_url=issuer.url, rate_limit=0)


async def knock(frontdesk: Frontdesk, token: str) -> httpx.Response:
    """Ask for something of one's own with this token."""
    async with frontdesk.client(None) as client:
        return await client.get("/conversations", headers={"authorization": f"Bearer {token}"})


@pytest.mark.parametrize("key_id", ["rsa", "ec"])
async def test_a_token_of_the_issuers_opens_the_door(frontdesk: Frontdesk, issuer: Issuer, key_id: str) -> None:
    """Signed with RS256 or ES256, and shaped as Supabase shapes it; the keys are asked for once."""
    user = uuid4()
    token = issuer.token(key_id, sub=str(user), aud="authenticated", role="authenticated", app_metadata={})
    async with frontdesk.client(None) as client:
        headers = {"authorization": f"Bearer {token}", "x-user-id": str(uuid4()), "cookie": "frontdesk_session=x"}
        assert (await client.post("/chat", json={"message": "Hello"}, headers=headers)).status_code == 200
    assert (await knock(frontdesk, token)).status_code == 200
    await frontdesk.settled()
    assert await rows(frontdesk.service.url, "select user_id from chat_turns") == [(user,)]
    assert issuer.asked == 1


async def test_a_token_without_a_key_id_needs_one_key_that_fits(frontdesk: Frontdesk, issuer: Issuer) -> None:
    """One of each kind is one that fits."""
    assert (await knock(frontdesk, issuer.token(None, EC))).status_code == 200
    async with issuing(one=EC, two=STRANGER) as ambiguous:
        keys = KeySet(ambiguous.url)
        with pytest.raises(UnknownKey):
            await keys.key(None, "ES256")


async def test_its_own_secret_still_opens_the_door(frontdesk: Frontdesk, ada: UUID, issuer: Issuer) -> None:
    """Without asking the issuer."""
    async with frontdesk.client(ada) as client:
        assert (await client.get("/conversations")).status_code == 200
    assert issuer.asked == 0


def confused(secret: bytes | str) -> str:
    """A token signed by HS256 with what is public; PyJWT itself would refuse to make it."""

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
    """Tokens that prove nothing."""
    now = int(time.time())
    shown = {name: RSA.public_key().public_bytes(*shape) for name, shape in SHAPES.items()}
    return {
        **{f"HS256 with the public key as {name}": confused(key) for name, key in shown.items()},
        "HS256 with the public key as a JWK": confused(json.dumps(public("rsa", RSA))),
        "no algorithm": jwt.encode({"sub": str(uuid4()), "exp": now + HOUR}, "", algorithm="none"),
        "a stranger's key under a known name": issuer.token("ec", STRANGER),
        "the other kind's name": issuer.token("rsa", EC),
        "an unknown name": issuer.token("nobody", EC),
        "expired": issuer.token("ec", exp=now - HOUR),
        "not yet valid": issuer.token("ec", nbf=now + HOUR),
        "no expiry": issuer.token("ec", exp=None),
        "no user": issuer.token("ec", sub=None),
        "a user that is no UUID": issuer.token("ec", sub="ada"),
        "a list for a user": issuer.token("ec", app_metadata=[], sub="[]"),
        "another audience": issuer.token("ec", aud="other", iss=issuer.url),
        "another issuer": issuer.token("ec", aud="us", iss="https://evil.example"),
        "too long": issuer.token("ec", aud="us", iss=issuer.url, padding="x" * 9000),
        "no JWT": "a.b.c",
        "nothing but dots": "..",
        "tampered": issuer.token("ec", aud="us", iss=issuer.url)[:-6] + "AAAAAA",
    }


async def test_what_proves_nothing_is_refused_and_never_logged(
    serve: Serve, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    """In the same words each time; the log says why, without any part of the token."""
    frontdesk = await serve(jwks_url=issuer.url, jwt_audience="us", jwt_issuer=issuer.url)
    assert (await knock(frontdesk, issuer.token("ec", aud="us", iss=issuer.url))).status_code == 200
    for name, token in bad(issuer).items():
        caplog.clear()
        with caplog.at_level("DEBUG"):
            answer = await knock(frontdesk, token)
        assert (answer.status_code, answer.json()["detail"]) == (401, "Sign in first."), name
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "unauthenticated" in caplog.text, name
        assert not [part for part in token.split(".") if len(part) > 3 and part in caplog.text], name


async def test_only_a_key_that_fits_verifies(issuer: Issuer) -> None:
    """Keys to encrypt with, of other kinds and curves, or broken, are passed over."""
    issuer.others = [
        {**public("enc", RSA), "use": "enc"},
        {**public("ps", RSA), "alg": "PS256"},
        {"kty": "oct", "k": SECRET, "kid": "oct"},
        public("p384", ec.generate_private_key(ec.SECP384R1())),
        {"kty": "RSA", "kid": "broken", "n": "!"},
        {"kty": "EC"},
        {},
    ]
    assert usable(issuer.document()).keys() == {"rsa", "ec"}
    issuer.keys.clear()
    with pytest.raises(ValueError, match="no key of use"):
        usable(issuer.document())


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


async def test_a_new_key_is_found_and_an_old_one_forgotten(issuer: Issuer) -> None:
    """An unknown name is looked for at once, but not more often than once in a while; rotation closes the door."""
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


async def test_many_unknown_names_at_once_are_one_question(issuer: Issuer) -> None:
    """Fifty tokens with made-up names do not make fifty requests."""
    clock = Clock()
    keys = KeySet(issuer.url, clock=clock)
    await keys.key("ec", "ES256")
    clock.now += 31
    found = await asyncio.gather(*(keys.key(f"made up {n}", "ES256") for n in range(50)), return_exceptions=True)
    assert {type(one) for one in found} == {UnknownKey}
    assert issuer.asked == 2


@pytest.mark.parametrize("mood", ["down", "talking nonsense", "too much", "hanging"])
async def test_known_keys_go_on_while_the_issuer_has_a_bad_day(issuer: Issuer, mood: Mood) -> None:
    """However old they are; and it is not asked at every request."""
    clock = Clock()
    keys = KeySet(issuer.url, clock=clock, patience=1)
    await keys.key("ec", "ES256")
    issuer.mood = mood
    clock.now += 100_000
    for _ in range(5):
        assert (await keys.key("ec", "ES256")).key_id == "ec"
    assert issuer.asked == 2
    issuer.mood = "well"
    issuer.keys = {"new": STRANGER}
    clock.now += 31
    assert (await keys.key("new", "ES256")).key_id == "new"
    await keys.close()


async def test_an_issuer_that_hangs_holds_up_nobody_whose_key_is_known(issuer: Issuer) -> None:
    """Keys that are a little old are used while newer ones are fetched."""
    clock = Clock()
    keys = KeySet(issuer.url, clock=clock, patience=600)
    await keys.key("ec", "ES256")
    issuer.mood = "hanging"
    issuer.arrived.clear()
    clock.now += 301
    assert (await keys.key("ec", "ES256")).key_id == "ec"
    await issuer.arrived.wait()
    assert (await keys.key("rsa", "RS256")).key_id == "rsa"
    await keys.close()


async def test_who_cannot_be_checked_is_not_let_in(serve: Serve, issuer: Issuer) -> None:
    """Where the issuer has never answered it is honest to say that it is us, and when to try again."""
    issuer.mood = "down"
    frontdesk = await serve(jwks_url=issuer.url, jwt_secret=None)
    answer = await knock(frontdesk, issuer.token("ec"))
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer_unavailable")
    assert answer.headers["retry-after"] == "10"
    with pytest.raises(IssuerUnavailable):
        await KeySet(issuer.url).key("ec", "ES256")
    assert (await knock(frontdesk, "a.b.c")).status_code == 401
