"""A real HTTP server in the place of a token issuer: its keys, its tokens, and its failures."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Mood = Literal["well", "down", "hanging", "talking nonsense", "too much"]


@dataclass
class Issuer:
    """Serves the public halves of `keys`, as its `mood` is; `asked` counts the requests, `head` is the last one's.

    A hanging one answers nothing until `released` is set.
    """

    url: str = ""
    keys: dict[str, Private] = field(default_factory=dict[str, Private])
    others: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Further entries of the key set."""
    mood: Mood = "well"
    asked: int = 0
    head: bytes = b""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def token(self, key_id: str | None, private: Private | None = None, **claims: Any) -> str:
        """A token that is valid for an hour; None leaves a claim out."""
        key = private or self.keys[key_id or next(iter(self.keys))]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        given = {"sub": str(uuid4()), "exp": int(time.time()) + 3600, **claims}
        payload = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": key_id} if key_id else None)

    def document(self) -> bytes:
        """The key set."""
        return json.dumps({"keys": [*self.others, *(public(name, key) for name, key in self.keys.items())]}).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close."""
        try:
            self.head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:  # the client gave up before it asked
            writer.close()
            return
        self.asked += 1
        self.arrived.set()
        if self.mood == "hanging":
            await self.released.wait()
        else:
            status = "503 Service Unavailable" if self.mood == "down" else "200 OK"
            body = {"talking nonsense": b"<html>", "too much": b" " * 1_000_000}.get(self.mood, self.document())
            writer.write(b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n" % (status.encode(), len(body)) + body)
        writer.close()


def public(key_id: str | None, key: Private) -> dict[str, Any]:
    """The key's public half as an issuer shows it."""
    shown = RSAAlgorithm.to_jwk(key.public_key()) if isinstance(key, rsa.RSAPrivateKey) else None
    shown = shown or ECAlgorithm.to_jwk(key.public_key())  # type: ignore[arg-type]
    named = {"kid": key_id} if key_id else {}
    return {**json.loads(shown), "use": "sig", **named}


@asynccontextmanager
async def issuing(**keys: Private) -> AsyncGenerator[Issuer]:
    """An issuer with these keys, for the length of the block."""
    issuer = Issuer(keys=dict(keys))
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
    async with server:
        try:
            yield issuer
        finally:
            issuer.released.set()
