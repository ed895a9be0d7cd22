"""What the chat page is made of."""

import re
from pathlib import Path

import pytest

import api
from tests.support.app import Frontdesk

FOLDER = Path(api.__file__).with_name("page")
PARTS = sorted(path.name for path in FOLDER.iterdir())
HTML = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc")


async def test_the_page_and_its_parts_are_there(frontdesk: Frontdesk) -> None:
    """Everything it is made of comes from here, is typed as what it is, and all of it is below 100 KB."""
    async with frontdesk.client(None) as client:
        page = await client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        named = re.findall(r'(?:src|href)="/page/([^"]+)"', page.text)
        parts = [await client.get(f"/page/{name}") for name in named]
    assert [part.status_code for part in parts] == [200] * len(parts)
    assert {part.headers["content-type"] for part in parts} == {
        "text/javascript; charset=utf-8", "text/css; charset=utf-8", "image/svg+xml",
    }  # fmt: skip
    assert len(page.content) + sum(len(part.content) for part in parts) < 100_000
    assert sorted([*named, "index.html"]) == PARTS


@pytest.mark.parametrize("name", ["index.html", "nothing.js", "..%2Fapp.py", "%2e%2e/app.py", "main.js%00.css"])
async def test_nothing_else_is_given_out(frontdesk: Frontdesk, name: str) -> None:
    """Neither what lies beside the page nor what is not there."""
    async with frontdesk.client(None) as client:
        assert (await client.get(f"/page/{name}")).status_code in (400, 404)


@pytest.mark.parametrize("name", [name for name in PARTS if name.endswith(".js")])
def test_no_text_can_become_html(name: str) -> None:
    """No module of the page knows a way to make elements from text."""
    assert not HTML.search((FOLDER / name).read_text())


def test_nothing_is_inline() -> None:
    """The page's own document has neither script nor style in it, and names no other host."""
    html = (FOLDER / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)|//", html)
