"""Security headers of every response."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

DEFAULT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
"""Content-Security-Policy of what is not a page."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""A page may load files from this server only, and use nothing inline."""


def security_headers(content_type: str) -> dict[str, str]:
    """The headers for content of this type."""
    page = content_type.partition(";")[0].strip().lower() == "text/html"
    return {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy": PAGE_POLICY if page else DEFAULT_POLICY,
        "cache-control": "no-store",
    }


async def add_security_headers(message: Message, _: Scope) -> None:
    """Hook before a response is sent: add the headers that its handler has not set."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in security_headers(headers.get("content-type", "")).items():
            headers.setdefault(name, value)
