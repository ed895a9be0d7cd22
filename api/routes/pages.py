"""The pages, GET / and GET /dashboard, and their files, sent as they are in `api/static/` without a build step.

`api/static/vendor/` is filled from npm at installation (`hatch_build.py`). The files are the same for all users until
the next release, so browsers keep them and ask each time whether they still hold; what belongs to a user the pages
fetch from the API. Why not Litestar's static files: docs/decisions.md, "Pages are kept, and asked for".
"""

import gzip
import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter

from api.problems import Problem

FOLDER = Path(__file__).parents[1] / "static"
HTML = "text/html; charset=utf-8"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
"""Media types of the files that are served; no other file is."""

FileName = Annotated[str, PathParameter(pattern=r"^[a-z-]+\.[a-z]+$")]


@get("/", include_in_schema=False, sync_to_thread=True)
def chat_page(request: Request[Any, Any, Any]) -> Response[bytes | None]:
    """The chat page."""
    return _respond(request, "index.html", HTML)


@get("/dashboard", include_in_schema=False, sync_to_thread=True)
def dashboard(request: Request[Any, Any, Any]) -> Response[bytes | None]:
    """The metrics page."""
    return _respond(request, "dashboard.html", HTML)


@get("/page/{name:str}", include_in_schema=False, sync_to_thread=True)
def page_file(request: Request[Any, Any, Any], name: FileName) -> Response[bytes | None]:
    """A script, style sheet or picture of the pages."""
    return _file(request, name)


@get("/page/texts/{name:str}", include_in_schema=False, sync_to_thread=True)
def texts_file(request: Request[Any, Any, Any], name: FileName) -> Response[bytes | None]:
    """The pages' texts in a language."""
    return _file(request, f"texts/{name}")


@get("/page/vendor/{name:str}", include_in_schema=False, sync_to_thread=True)
def vendor_file(request: Request[Any, Any, Any], name: FileName) -> Response[bytes | None]:
    """A file from npm."""
    return _file(request, f"vendor/{name}")


PAGES = [chat_page, dashboard, page_file, texts_file, vendor_file]


def _file(request: Request[Any, Any, Any], name: str) -> Response[bytes | None]:
    media_type = TYPES.get(Path(name).suffix)
    if media_type is None or not (FOLDER / name).is_file():
        raise Problem(404, "not_found", "There is nothing here.")
    return _respond(request, name, media_type)


def _respond(request: Request[Any, Any, Any], name: str, media_type: str) -> Response[bytes | None]:
    """The file, or 304 where the browser has it.

    Both carry the media type: the security policy depends on it, and a browser takes over the headers of a 304.
    """
    content, headers = (FOLDER / name).read_bytes(), {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, mtime=0)  # the same bytes each time, and so the same tag
        headers["Content-Encoding"] = "gzip"
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    known = tag in re.findall(r'"[^"]*"', request.headers.get("if-none-match", ""))  # a proxy may have put W/ before it
    headers |= {"ETag": tag, "Cache-Control": "no-cache", "Content-Type": media_type}
    return Response(None if known else content, status_code=304 if known else 200, headers=headers)
