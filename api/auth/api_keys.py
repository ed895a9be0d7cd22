"""API keys: how they are made and recognised, and the authenticator that takes them."""

import hashlib
import re
import secrets
import time
from collections import OrderedDict
from typing import Any, NamedTuple

from litestar import Request

from api.auth.tokens import unauthenticated
from api.auth.user import PREFIX, User
from storage.api_keys import ApiKeys, KeyOwner
from storage.health import DatabaseHealth

HINT_CHARS = 7
"""Characters of a key that are kept and shown."""
CACHE_SECONDS = 4.0
"""For how long a key is not asked for again, and so for how long a revoked one works at most."""
CACHED = 2000
"""Keys that are remembered for that long."""

_KEY = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


class NewKey(NamedTuple):
    """A new key; only its hash and its beginning are ever stored."""

    key: str
    key_hash: bytes
    hint: str


def new_key() -> NewKey:
    """A key of 256 random bits."""
    key = PREFIX + secrets.token_urlsafe(32)
    return NewKey(key, _hash(key), key[:HINT_CHARS])


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


class _Known(NamedTuple):
    until: float
    owner: KeyOwner | None


class KeyAuthenticator:
    """Authenticator by API key, for requests that show one."""

    def __init__(self, keys: ApiKeys, health: DatabaseHealth) -> None:
        self._keys = keys
        self._health = health
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def user(self, request: Request[Any, Any, Any]) -> User:
        """The key's user, who is no administrator.

        Raises:
            Problem: 401, there is no such key, or it has expired.
            StorageUnavailable: it cannot be looked up.
        """
        _, _, bearer = request.headers.get("authorization", "").partition(" ")
        key = bearer.strip() if bearer.strip().startswith(PREFIX) else request.headers.get("x-api-key", "")
        owner = await self._owner(_hash(key)) if _KEY.fullmatch(key) else None
        if owner is None:
            raise unauthenticated("no such API key")
        return User(owner["user_id"], scopes=frozenset(owner["scopes"]))

    async def close(self) -> None:
        """Nothing is under way."""

    async def _owner(self, key_hash: bytes) -> KeyOwner | None:
        now, known = time.monotonic(), self._known.get(key_hash)
        if known and now < known.until:
            return known.owner
        with self._health.required():
            owner = await self._keys.use(key_hash)
        self._known[key_hash] = _Known(now + CACHE_SECONDS, owner)
        self._known.move_to_end(key_hash)
        if len(self._known) > CACHED:
            self._known.popitem(last=False)
        return owner
