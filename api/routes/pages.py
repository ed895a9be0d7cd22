"""GET / and GET /dashboard. Their modules and style sheets go out as they lie in `api/static/`: nothing is built.

What is in `api/static/vendor/` comes from npm, when Frontdesk is installed (`hatch_build.py`).

A browser keeps all of it and asks each time whether it still holds: it is the same for everyone and until the next
release. What is whose the pages ask the API for.
"""

import gzip
import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter

from api.errors import Problem

FOLDER = Path(__file__).parents[1] / "static"
HTML = "text/html; charset=utf-8"
KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
"""What pages are made of; nothing else is given out."""

FileName = Annotated[str, PathParameter(pattern=r"^[a-z-]+\.[a-z]+$")]


@get("/", include_in_schema=False, sync_to_thread=True)
def chat_page(request: Request[Any, Any, Any]) -> Response[bytes | None]:
    """The chat page."""
    return _given(request, "index.html", HTML)


@get("/dashboard", include_in_schema=False, sync_to_thread=True)
def dashboard(request: Request[Any, Any, Any]) -> Response[bytes | None]:
    """The page of numbers."""
    return _given(request, "dashboard.html", HTML)


@get("/page/{name:str}", include_in_schema=False, sync_to_thread=True)
def page_file(request: Request[Any, Any, Any], name: FileName) -> Response[bytes | None]:
    """A part of them."""
    return _part(request, name)


@get("/page/vendor/{name:str}", include_in_schema=False, sync_to_thread=True)
def fetched_file(request: Request[Any, Any, Any], name: FileName) -> Response[bytes | None]:
    """A part that others wrote, and that came with the installation."""
    return _part(request, f"vendor/{name}")


PAGES = [chat_page, dashboard, page_file, fetched_file]


def _part(request: Request[Any, Any, Any], name: str) -> Response[bytes | None]:
    kind = KINDS.get(Path(name).suffix)
    if kind is None or not (FOLDER / name).is_file():
        raise Problem(404, "not_found", "There is nothing here.")
    return _given(request, name, kind)


def _given(request: Request[Any, Any, Any], name: str, kind: str) -> Response[bytes | None]:
    """The file, or nothing where the browser has it.

    The type goes with both: the security policy depends on it, and a browser takes over the headers of a 304.
    """
    content, headers = (FOLDER / name).read_bytes(), {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, mtime=0)  # the same bytes each time, and so the same tag
        headers["Content-Encoding"] = "gzip"
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    known = tag in re.findall(r'"[^"]*"', request.headers.get("if-none-match", ""))  # a proxy may have put W/ before it
    headers |= {"ETag": tag, "Cache-Control": "no-cache", "Content-Type": kind}
    return Response(None if known else content, status_code=304 if known else 200, headers=headers)
