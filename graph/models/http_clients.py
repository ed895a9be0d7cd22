"""HTTP clients for model servers: aiohttp for plain chat, httpx2 for what openai and langchain-openai request."""

import ipaddress
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2

from graph.models.replies import MAX_REPLY_BYTES
from nodes.errors import ModelUnavailable

MAX_CONNECTIONS = 1000
"""To model servers: one for each answer that is streamed at the same time."""
KEEP_ALIVE = 30.0
"""Seconds for which an unused connection stays open."""

IDENTITY = {"Accept-Encoding": "identity"}
"""A small compressed reply may expand without limit."""


class HTTPClients(NamedTuple):
    """The connections to model servers."""

    session: aiohttp.ClientSession
    """For plain chat."""
    client: httpx2.AsyncClient
    """For anything else that langchain-openai requests."""


@asynccontextmanager
async def open_http_clients() -> AsyncGenerator[HTTPClients]:
    """Connections to model servers, for the length of the block."""
    connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE, ssl=_ssl_context())
    session = aiohttp.ClientSession(
        connector=connector, headers=IDENTITY, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
    )
    async with session, async_http_client() as client:
        yield HTTPClients(session, client)


def async_http_client() -> httpx2.AsyncClient:
    """A client for langchain-openai's own requests."""
    return httpx2.AsyncClient(verify=_ssl_context(), headers=IDENTITY, event_hooks={"response": [_limit_body]})


def sync_http_client() -> httpx2.Client:
    """A client that is never used: without one langchain-openai makes its own, which loads the certificates again."""
    return httpx2.Client(verify=_ssl_context())


@cache
def _ssl_context() -> ssl.SSLContext:
    # Cached because loading the certificates takes longer than everything else that a client needs.
    return httpx2.create_ssl_context()


async def _limit_body(response: httpx2.Response) -> None:
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _LimitedBody(response.stream)


class _LimitedBody(httpx2.AsyncByteStream):
    """The body of a reply; raises ModelUnavailable after `MAX_REPLY_BYTES`."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_REPLY_BYTES
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise ModelUnavailable("model_garbled")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def environment_proxy(url: str) -> str | None:
    """The proxy to this URL, by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, which may name networks.

    Not aiohttp's `trust_env`: it reads the environment, and .netrc, for each request in a thread.
    """
    parts, proxies = urlsplit(url), getproxies()
    host = parts.hostname or ""
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host) or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    for entry in proxies.get("no", "").split(","):
        with suppress(ValueError):  # a name
            if ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip(), strict=False):
                return None
    return proxy if "://" in proxy else f"http://{proxy}"
