"""What every response tells a browser: guess nothing, load nothing, keep nothing."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
"""The policy of what is not a page."""
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""A page may use what comes from here, in files of its own: nothing inline, nothing foreign."""


def security_headers(content_type: str) -> dict[str, str]:
    """The headers that go with content of this type."""
    page = content_type.partition(";")[0].strip().lower() == "text/html"
    return {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy": PAGE if page else NOTHING,
        "cache-control": "no-store",
    }


async def secure(message: Message, _: Scope) -> None:
    """Hook before a response is sent: add what its handler has not set itself."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in security_headers(headers.get("content-type", "")).items():
            headers.setdefault(name, value)
