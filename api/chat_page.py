"""GET /: the chat page. Its modules and style sheets go out as they lie in `api/page/`: there is nothing to build."""

from pathlib import Path
from typing import Annotated

from litestar import MediaType, Response, get
from litestar.params import PathParameter

from api.errors import Problem

FOLDER = Path(__file__).with_name("page")
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""What the page is made of; nothing else is given out."""

FileName = Annotated[str, PathParameter(pattern=r"^[a-z]+\.[a-z]+$")]


@get("/", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def chat_page() -> bytes:
    """The page, the same for everyone: what is whose it asks for itself."""
    return (FOLDER / "index.html").read_bytes()


@get("/page/{name:str}", include_in_schema=False, sync_to_thread=True)
def page_file(name: FileName) -> Response[bytes]:
    """A part of the page."""
    path = FOLDER / name
    if path.suffix not in KINDS or not path.is_file():
        raise Problem(404, "not_found", "There is nothing here.")
    return Response(path.read_bytes(), media_type=KINDS[path.suffix])
