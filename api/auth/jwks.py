"""The issuer's public keys: fetched, kept, and fetched again when they must be.

PyJWT reads keys but its client for them blocks, so the fetching is ours. What it must stand: an issuer that is
slow, down or talking nonsense holds up nobody whose key is known; tokens with made-up key ids cause no flood of
requests; a key that the issuer took away stops to open the door.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import jwt
import msgspec
from structlog.stdlib import get_logger

log = get_logger(__name__)

FRESH = 300.0
"""Seconds for which keys are used without asking again."""
STALE = 3600.0
"""Seconds after which a request waits for newer keys first; in between they are fetched beside it."""
COOLDOWN = 30.0
"""Seconds between two fetches at least, whatever tokens come with."""
PATIENCE = 3.0
"""Seconds that a fetch may take."""
LARGEST = 256 * 1024
"""Bytes of a key set at most."""

ALGORITHMS: Mapping[str, str] = {"RSA": "RS256", "EC": "ES256"}
"""What each kind of key may verify, and nothing else: a public key is no secret to sign with."""


class IssuerUnavailable(Exception):
    """There are no keys at all, because the issuer has never answered."""


class UnknownKey(Exception):
    """The issuer has no such key."""


class KeySet:
    """The keys at a JWKS address.

    Args:
        url: where they are.
        fresh, stale, cooldown, patience: in seconds, as the constants of this module say.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        url: str,
        *,
        fresh: float = FRESH,
        stale: float = STALE,
        cooldown: float = COOLDOWN,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fresh, self._stale, self._cooldown, self._patience = fresh, stale, cooldown, patience
        self._clock = clock
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched = self._asked = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: str | None, algorithm: str) -> jwt.PyJWK:
        """The key of that id that verifies this algorithm; without an id the only one there is.

        Raises:
            UnknownKey: the issuer has none.
            IssuerUnavailable: nobody can tell.
        """
        age = self._clock() - self._fetched
        if age > self._stale or self._find(key_id, algorithm) is None:
            await self.refresh()
        elif age > self._fresh:
            self._begin()
        found = self._find(key_id, algorithm)
        if found is None:
            raise UnknownKey if self._keys else IssuerUnavailable
        return found

    async def refresh(self) -> int:
        """Fetch the keys, unless that was tried a moment ago; returns how many are known now. Never raises."""
        if fetching := self._begin():
            await asyncio.shield(fetching)  # one who stops waiting does not stop the others
        return len(self._keys)

    async def close(self) -> None:
        """Stop a fetch that is under way."""
        if self._fetching:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        fitting = {name: key for name, key in self._keys.items() if key.algorithm_name == algorithm}
        if key_id is None:
            return next(iter(fitting.values())) if len(fitting) == 1 else None
        return fitting.get(key_id)

    def _begin(self) -> asyncio.Task[None] | None:
        """The fetch under way, or a new one; None where the last one was a moment ago."""
        if self._fetching and not self._fetching.done():
            return self._fetching
        if self._clock() - self._asked < self._cooldown:
            return None
        self._asked = self._clock()
        self._fetching = asyncio.create_task(self._fetch(), name="keys")
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._patience), httpx2.AsyncClient() as client:
                keys = usable(await _download(client, self._url))
        except (TimeoutError, httpx2.HTTPError, ValueError) as error:
            log.warning("keys not fetched, the known ones stay", known=len(self._keys), why=type(error).__name__)
            return
        self._keys = keys
        self._fetched = self._clock()


async def _download(client: httpx2.AsyncClient, url: str) -> bytes:
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as response:
        response.raise_for_status()
        body = b""
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > LARGEST:
                raise ValueError("more than a key set can be")
        return body


class _Listed(msgspec.Struct):
    keys: list[Any]


def usable(body: bytes) -> dict[str | None, jwt.PyJWK]:
    """The keys of a set that can verify tokens, by id.

    Raises:
        ValueError: it is no key set, or has none of use.
    """
    keys = [key for entry in msgspec.json.decode(body, type=_Listed).keys if (key := _key(entry))]
    if not keys:
        raise ValueError("no key of use")
    return {key.key_id: key for key in keys}


def _key(entry: Any) -> jwt.PyJWK | None:
    """The key, where it is one for signatures that we know; others may stand beside it."""
    match entry:
        case {"kty": str(kind)} if kind in ALGORITHMS and entry.get("use", "sig") == "sig":
            if entry.get("alg", ALGORITHMS[kind]) != ALGORITHMS[kind] or entry.get("crv", "P-256") != "P-256":
                return None
            public = {name: value for name, value in entry.items() if name != "d"}
        case _:
            return None
    try:
        return jwt.PyJWK(public, ALGORITHMS[kind])
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
