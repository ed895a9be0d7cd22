"""Reading a request's body: JSON that says it is JSON, or a refusal that says what is wrong with it."""

from typing import Any

from litestar import MediaType, Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from api.errors import Problem
from nodes.text.cleaning import clean
from nodes.text.pii.masking import mask


def as_kept(text: str) -> str:
    """What a user writes into their records, as it may be kept: cleaned and masked as a message is.

    Raises:
        ValueError: nothing is left.
    """
    kept = mask(clean(text).text).text.strip()
    if not kept:
        raise ValueError("must hold something that can be seen")
    return kept


class JSONRequest(Request[Any, Any, Any]):
    """A request; what the JSON decoder stumbles over and lets out as it is becomes a refusal."""

    async def json(self) -> Any:
        """The decoded body.

        Raises:
            Problem: 400, it cannot be decoded.
        """
        try:
            return await super().json()
        except UnicodeDecodeError:
            raise Problem(400, "invalid_request", "The request is not valid UTF-8.") from None
        except RecursionError:
            raise Problem(400, "invalid_request", "The request is nested too deeply.") from None


async def takes_json(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: refuse a body that does not say it is JSON (and so, too, what a foreign page's form could send)."""
    if connection.headers.get("content-type", "").partition(";")[0].strip().lower() != MediaType.JSON:
        raise Problem(415, "unsupported_media_type", "Send the message as application/json.")
    assert isinstance(connection, JSONRequest)
    if not await connection.body():
        raise Problem(400, "invalid_request", "The request has no body.")
