"""What every answer tells the browser not to do with it."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What a page may load: what comes from here, and nothing that stands in the page itself."""
DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What data may load if someone takes it for a page: nothing."""

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


async def protect(message: Message, scope: Scope) -> None:  # noqa: ARG001 - the framework's form
    """Hook before a response is sent: say so, and keep it out of caches unless it says otherwise itself."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in FIXED.items():
        headers[name] = value
    is_page = headers.get("content-type", "").startswith("text/html")
    headers["Content-Security-Policy"] = PAGE if is_page else DATA
    headers.setdefault("Cache-Control", "no-store")
