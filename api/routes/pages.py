"""The pages, GET /, GET /finances and GET /dashboard, and their files, sent from `api/static/` without a build step.

`api/static/vendor/` is filled from npm at installation (`hatch_build.py`). The files are the same for all users until
the next release, so browsers keep them and ask each time whether they still hold; what belongs to a user the pages
fetch from the API. Why not Litestar's static files: docs/decisions.md, "Pages are kept, and asked for".
"""

import gzip
import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import brotli  # type: ignore[import-untyped]
from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import PathParameter

from api.errors import http_problem
from api.problems import PROBLEM, Problem

FOLDER = Path(__file__).parents[1] / "static"
HTML = "text/html; charset=utf-8"
TYPES = {
    ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
    ".png": "image/png", ".webmanifest": "application/manifest+json",
}  # fmt: skip
"""Media types of the files that are served; no other file is."""

COMMENT = re.compile(rb"^[ \t]*/\*\*(?:(?!\*/).)*\*/$", re.DOTALL | re.MULTILINE)
"""A documentation comment on lines of its own. They are an eighth of the first load, so they stay here."""

Encoding = Literal["br", "gzip", "identity"]
FileName = Annotated[str, PathParameter(pattern=r"^[a-z-]+\.[a-z]+$")]


@get("/", include_in_schema=False, sync_to_thread=True)
def chat_page(request: Request[Any, Any, Any]) -> Response[bytes | None]:
    """The chat page."""
    return _respond(request, "index.html", HTML)


@get("/finances", include_in_schema=False, sync_to_thread=True)
def finances(request: Request[Any, Any, Any]) -> Response[bytes | None]:
    """The page with documents and transactions."""
    return _respond(request, "finances.html", HTML)


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


def unknown_address(request: Request[Any, Any, Any], error: NotFoundException) -> Response[Any]:
    """Exception handler for addresses that nothing serves: a page for a browser, a problem document for a client."""
    wanted = request.accept.best_match([PROBLEM, MediaType.HTML], PROBLEM)
    if request.method != "GET" or wanted == PROBLEM:
        return http_problem(error).to_response(request)
    headers = {"Content-Type": HTML, "Vary": "Accept"}
    return Response((FOLDER / "not-found.html").read_bytes(), status_code=404, headers=headers)


PAGES = [chat_page, finances, dashboard, page_file, texts_file, vendor_file]


def _file(request: Request[Any, Any, Any], name: str) -> Response[bytes | None]:
    media_type = TYPES.get(Path(name).suffix)
    if media_type is None or not (FOLDER / name).is_file():
        raise Problem(404, "not_found", "There is nothing here.")
    return _respond(request, name, media_type)


def _respond(request: Request[Any, Any, Any], name: str, media_type: str) -> Response[bytes | None]:
    """The file, or 304 where the browser has it.

    Both carry the media type: the security policy depends on it, and a browser takes over the headers of a 304.
    """
    accepted = {one.partition(";")[0].strip() for one in request.headers.get("accept-encoding", "").split(",")}
    encoding: Encoding = "br" if "br" in accepted else "gzip" if "gzip" in accepted else "identity"
    content, tag = _encoded(name, (FOLDER / name).stat().st_mtime_ns, encoding)
    headers = {"Vary": "Accept-Encoding"} | ({} if encoding == "identity" else {"Content-Encoding": encoding})
    known = tag in re.findall(r'"[^"]*"', request.headers.get("if-none-match", ""))  # a proxy may have put W/ before it
    headers |= {"ETag": tag, "Cache-Control": "no-cache", "Content-Type": media_type}
    return Response(None if known else content, status_code=304 if known else 200, headers=headers)


@lru_cache(maxsize=512)
def _encoded(name: str, modified: int, encoding: Encoding) -> tuple[bytes, str]:  # noqa: ARG001 - a part of the key
    """A file as it is sent, and its tag; encoded once until it is modified, as Brotli at its best takes long."""
    content = (FOLDER / name).read_bytes()
    if name.endswith(".js") and not name.startswith("vendor/"):
        content = COMMENT.sub(lambda comment: b"\n" * comment[0].count(b"\n"), content)  # lines keep their numbers
    if encoding == "br":
        content = brotli.compress(content, quality=11)
    elif encoding == "gzip":
        content = gzip.compress(content, mtime=0)  # the same bytes each time, and so the same tag
    return content, f'"{sha256(content).hexdigest()[:32]}"'
