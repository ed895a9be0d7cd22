"""HTTP client for servers that speak the OpenAI protocol, and its failures as the pipeline's errors."""

import re
import ssl
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus

import httpx2
import openai
from pydantic import SecretStr

from nodes.errors import ContextTooLong, ModelError, ModelRejected, ModelUnavailable

NO_KEY = SecretStr("none")
"""Sent to a self-hosted server that needs no key."""

MAX_REPLY_BYTES = 16 * 2**20
"""A longer reply is given up, whatever it contains."""

TOO_LONG = re.compile(r"context.{0,20}(length|size|window)|too many tokens|prompt is too long", re.IGNORECASE)
"""Messages of servers that have no error code for a prompt longer than the model's context."""


def async_http_client() -> httpx2.AsyncClient:
    """A client with one connection for each answer that is streamed at the same time."""
    return httpx2.AsyncClient(
        verify=_ssl_context(),
        limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=100),
        headers={"Accept-Encoding": "identity"},  # a small compressed reply may expand without limit
        event_hooks={"response": [_limit_body]},
    )


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


@contextmanager
def translated_errors() -> Generator[None]:
    """Raise the errors of openai and httpx2 as ModelError."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _status_error(error) from error
    except (openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise ModelUnavailable("model_timeout") from error
    except (openai.APIConnectionError, httpx2.HTTPError) as error:
        if isinstance(error.__cause__, ModelError):  # raised while reading; openai reports it as a connection error
            raise error.__cause__ from error
        raise ModelUnavailable("model_unreachable") from error
    except openai.APIError as error:
        raise ModelUnavailable("model_failed") from error


def _status_error(error: openai.APIStatusError) -> ModelUnavailable | ModelRejected:
    retry_after = _retry_after(error.response.headers.get("retry-after"))
    match error.status_code:
        case HTTPStatus.TOO_MANY_REQUESTS if error.code == "insufficient_quota":
            return ModelRejected("model_rejected")
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            return ModelUnavailable("model_overloaded", retry_after)
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.CONFLICT:
            return ModelUnavailable("model_failed", retry_after)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ModelUnavailable("model_failed", retry_after)
        case _ if error.code == "content_filter":
            return ModelRejected("model_filtered")
        case _ if error.code == "context_length_exceeded" or TOO_LONG.search(error.message):
            return ContextTooLong()
        case _:
            return ModelRejected("model_rejected")


def _retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds a number or a date (RFC 9110, 10.2.3)."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
