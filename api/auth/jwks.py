"""The issuer's public keys: PyJWT's client fetches and parses the key set, `KeySet` decides when.

The client's own cache expires all at once: an issuer that is down would then delay and refuse every request. So the
keys are kept here, past their age if need be, and every fetch is one that all waiting requests share.
"""

import asyncio
import time
from collections.abc import Callable

import jwt
from structlog.stdlib import get_logger

log = get_logger(__name__)

FRESH = 300.0
"""Seconds for which keys are used without fetching again."""
STALE = 3600.0
"""Seconds after which a request waits for newer keys; before that they are fetched in the background."""
COOLDOWN = 30.0
"""Seconds between the starts of two fetches, so that made-up key ids cause no flood of requests."""
TIMEOUT = 3.0
"""Seconds that a request waits for a fetch, and that the client waits for the issuer's next bytes."""
ALGORITHMS = ("RS256", "ES256")
HEADERS = {"Accept": "application/json", "User-Agent": "frontdesk"}  # Cloudflare refuses urllib's own User-Agent


FETCH_ERRORS = (jwt.PyJWTError, OSError, ValueError, TypeError)
"""What fetching and parsing keys may raise."""


class IssuerUnavailable(Exception):
    """There are no keys, because the issuer has never answered."""


class UnknownKey(Exception):
    """The issuer has no such key."""


class KeySet:
    """The signing keys at a JWKS address.

    Args:
        url: the address.
        timeout: seconds, as `TIMEOUT`.
        clock: monotonic seconds.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = key_client(url, timeout)
        self._timeout = timeout
        self._clock = clock
        self._keys: list[jwt.PyJWK] = []
        self._fetched = self._started = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: str | None, algorithm: str) -> jwt.PyJWK:
        """The key of that id for this algorithm; without an id, the only key there is for it.

        Raises:
            UnknownKey: the issuer has no such key.
            IssuerUnavailable: the issuer has never answered.
        """
        age = self._clock() - self._fetched
        if age > STALE or self._find(key_id, algorithm) is None:
            await self._refresh()
        elif age > FRESH:
            self._start_fetch()
        found = self._find(key_id, algorithm)
        if found is None:
            raise UnknownKey if self._keys else IssuerUnavailable
        return found

    async def close(self) -> None:
        """Stop waiting for a fetch that is under way."""
        if self._fetching:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        fitting = [key for key in self._keys if key.algorithm_name == algorithm]
        if key_id is None:
            return fitting[0] if len(fitting) == 1 else None
        return next((key for key in fitting if key.key_id == key_id), None)

    async def _refresh(self) -> None:
        """Wait for the fetch under way, or for a new one, until its time is up."""
        if fetching := self._start_fetch():
            left = self._started + self._timeout - self._clock()
            await asyncio.wait([fetching], timeout=max(0.0, left))

    def _start_fetch(self) -> asyncio.Task[None] | None:
        """The fetch under way, or a new one; None within the cooldown of the last one."""
        if self._fetching and not self._fetching.done():
            return self._fetching
        if self._clock() - self._started < COOLDOWN:
            return None
        self._started = self._clock()
        self._fetching = asyncio.create_task(self._fetch(), name="fetch signing keys")
        return self._fetching

    async def _fetch(self) -> None:
        try:
            self._keys = await fetch_keys(self._client)
        except FETCH_ERRORS as error:
            log.warning("signing keys not fetched, known keys stay", known=len(self._keys), why=type(error).__name__)
        else:
            self._fetched = self._clock()


def key_client(url: str, timeout: float = TIMEOUT) -> jwt.PyJWKClient:
    """A client for the keys at that address."""
    return jwt.PyJWKClient(url, cache_jwk_set=False, headers=HEADERS, timeout=timeout)


async def fetch_keys(client: jwt.PyJWKClient) -> list[jwt.PyJWK]:
    """The keys that can verify tokens.

    Raises:
        PyJWKSetError: there is none.
        FETCH_ERRORS: the issuer does not answer, or with something else.
    """
    found = await asyncio.to_thread(client.get_jwk_set)
    keys = [key for key in found.keys if key.algorithm_name in ALGORITHMS and key.public_key_use in ("sig", None)]
    if not keys:
        raise jwt.PyJWKSetError("no usable key")
    return keys
