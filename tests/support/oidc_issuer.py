"""A real OpenID Connect issuer on loopback: authorization code with PKCE, rotated refresh tokens, sign-out.

It signs in `user` without asking, as one does where the user has a session.
"""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.issuer import public

CLIENT_ID = "frontdesk-pages"
ALLOW_ALL = "access-control-allow-origin: *\r\naccess-control-allow-headers: *\r\n"

Form = dict[str, str]
Answer = tuple[str, Any, str]
"""Status, document, further headers."""


@dataclass
class OidcIssuer:
    """Signs in `user`, or says `error`; access tokens hold `seconds`; `granted` has each grant type that it served."""

    url: str = ""
    user: UUID | str = ""
    error: str | None = None
    state: str | None = None
    """Comes back instead of the state that was sent."""
    seconds: int = 300
    refreshes: bool = True
    changes: dict[str, Any] = field(default_factory=dict[str, Any])
    """Of its configuration."""
    granted: list[str] = field(default_factory=list[str])
    asked: list[Form] = field(default_factory=list[Form])
    """Parameters of each visit of the authorization endpoint."""
    signed_out: list[Form] = field(default_factory=list[Form])
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _codes: dict[str, Form] = field(default_factory=dict[str, Form])
    _refresh: dict[str, str] = field(default_factory=dict[str, str])

    def answer(self, method: str, path: str, form: Form) -> Answer:
        """The answer to a request."""
        match method, path:
            case "OPTIONS", _:
                return "204 No Content", None, ALLOW_ALL
            case "GET", "/.well-known/openid-configuration":
                return "200 OK", self._configuration(), ALLOW_ALL
            case "GET", "/jwks":
                return "200 OK", {"keys": [public("es", self._key)]}, ""
            case "GET", "/authorize":
                return self._authorize(form)
            case "POST", "/token":
                return self._token(form)
            case "GET", "/logout":
                self.signed_out.append(form)
                return "302 Found", None, f"location: {form['post_logout_redirect_uri']}\r\n"
            case _:
                return "404 Not Found", None, ""

    def _configuration(self) -> dict[str, Any]:
        ends = {"authorization": "authorize", "token": "token", "end_session": "logout"}
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            **{f"{name}_endpoint": f"{self.url}/{path}" for name, path in ends.items()},
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["ES256"],
            **self.changes,
        }

    def _authorize(self, form: Form) -> Answer:
        self.asked.append(form)
        back = {"state": self.state or form["state"]}
        if self.error:
            back["error"] = self.error
        else:
            back["code"] = secrets.token_urlsafe(16)
            self._codes[back["code"]] = form | {"user": str(self.user)}
        return "302 Found", None, f"location: {form['redirect_uri']}?{urlencode(back)}\r\n"

    def _token(self, form: Form) -> Answer:
        if form["grant_type"] == "refresh_token":
            user, nonce = self._refresh.pop(form["refresh_token"], None), None
        else:
            asked = self._codes.pop(form["code"], {})
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            fits = (asked.get("code_challenge"), asked.get("redirect_uri")) == (challenge, form["redirect_uri"])
            user, nonce = asked["user"] if fits else None, asked.get("nonce")
        if user is None or form["client_id"] != CLIENT_ID:
            return "400 Bad Request", {"error": "invalid_grant"}, ALLOW_ALL
        self.granted.append(form["grant_type"])
        tokens = {"access_token": self._signed(user, aud="frontdesk"), "expires_in": self.seconds}
        tokens |= {"token_type": "Bearer", "id_token": self._signed(user, aud=CLIENT_ID, nonce=nonce)}
        if self.refreshes:
            tokens["refresh_token"] = secrets.token_urlsafe(16)
            self._refresh[str(tokens["refresh_token"])] = user
        return "200 OK", tokens, ALLOW_ALL

    def _signed(self, user: str, **claims: str | None) -> str:
        now = int(time.time())
        given = {"iss": self.url, "sub": user, "iat": now, "exp": now + self.seconds, **claims}
        payload = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(payload, self._key, algorithm="ES256", headers={"kid": "es"})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, *_ = head.split()
            lengths = [
                line.partition(":")[2] for line in head.lower().split("\r\n") if line.startswith("content-length:")
            ]
            body = (await reader.readexactly(int(lengths[0]))).decode() if lengths else ""
            parts = urlsplit(target)
            status, document, headers = self.answer(method, parts.path, dict(parse_qsl(body or parts.query)))
            content = b"" if document is None else json.dumps(document).encode()
            kind = "content-type: application/json\r\n" if content else ""
            writer.write(
                f"HTTP/1.1 {status}\r\n{kind}{headers}content-length: {len(content)}\r\n\r\n".encode() + content
            )
        except asyncio.IncompleteReadError:  # the client opened a connection and did not ask
            pass
        writer.close()


@asynccontextmanager
async def issuing_sign_ins(user: UUID | str) -> AsyncGenerator[OidcIssuer]:
    """An issuer where this user has a session, for the length of the block."""
    issuer = OidcIssuer(user=user)
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield issuer
