"""The pages and their files."""

import re
from pathlib import Path

import httpx
import pytest

import api
from hatch_build import NEEDED
from tests.support.app import Frontdesk

FOLDER = Path(api.__file__).with_name("static")
PARTS = sorted(path.name for path in FOLDER.iterdir() if path.is_file())
PAGES = {"/": "index.html", "/finances": "finances.html", "/dashboard": "dashboard.html"}
NOT_FOUND = "not-found.html"
TEXTS = [f"texts/{path.name}" for path in (FOLDER / "texts").iterdir()]
MODULES = [name for name in [*PARTS, *TEXTS] if name.endswith(".js")]
HTML = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc")
IMPORT = re.compile(r'^import [^;]*?"\./([^"]+)";|\("\./(vendor/[^"]+)"\)', re.MULTILINE | re.DOTALL)
FETCHED = {f"vendor/{name}" for name in NEEDED.values() if name.endswith(".js")}
"""Files from npm, which import nothing."""
OURS_ON_DEMAND = {
    "answer-figures.js", "bar-chart.js", "document-card.js", "edit-form.js", "employee-menu.js", "explanation.js",
    "feedback.js", "finance-assets.js", "find-message.js", "formulas.js", "highlight.js", "memory.js", "money.js",
    "proposals.js", "reference-panel.js", "result-table.js", "result-texts.js", "settings.js", "shape-dialog.js",
    "shapes.js", "sign-in.js", "tool-results.js", "upload-request.js", "uploads.js", "versions.js",
}  # fmt: skip
ON_DEMAND = OURS_ON_DEMAND | FETCHED - {"vendor/markdown-it.js"}
"""Modules that the chat page loads once they are wanted."""
CLASSIC = "preferences.js"
"""The script that runs before the page is painted, and loads one of the texts."""


def named(html: str) -> set[str]:
    """The files that a document names."""
    return set(re.findall(r'(?:src|href)="/page/([^"]+)"', html))


def imported(names: set[str]) -> set[str]:
    """These modules and, recursively, those they import."""
    found = [IMPORT.findall((FOLDER / name).read_text()) for name in names - FETCHED]
    more = {part for parts in found for either in parts for part in either if part}
    return names if more <= names else imported(names | more)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_and_its_files_are_served(frontdesk: Frontdesk, path: str) -> None:
    """With the right media types, from this server, in less than 100 KB with all headers."""
    async with frontdesk.client(None) as client:
        page = await client.get(path)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        parts = [await client.get(f"/page/{name}") for name in named(page.text)]
        prefixes = ("",) if path == "/" else ("", f"{path[1:]}-")
        texts = [[await client.get(f"/page/texts/{part}{name}.js") for part in prefixes] for name in ("de", "en")]
    parts += max(texts, key=lambda files: sum(file.num_bytes_downloaded for file in files))
    assert [part.status_code for part in parts] == [200] * len(parts)
    assert {part.headers["content-type"] for part in parts} == {
        "text/javascript; charset=utf-8", "text/css; charset=utf-8", "image/svg+xml", "image/png",
        "application/manifest+json",
    }  # fmt: skip
    assert sum(map(on_the_wire, (page, *parts))) < 100_000


def on_the_wire(answer: httpx.Response) -> int:
    """Bytes of a response, without its status line; a browser takes Brotli where the connection is secure or local."""
    assert answer.headers.get("content-encoding") == "br" or answer.headers["content-type"] == "image/png"
    return answer.num_bytes_downloaded + sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)


@pytest.mark.parametrize("document", PAGES.values())
def test_a_page_names_exactly_the_modules_it_needs(document: str) -> None:
    """So that the browser fetches them in parallel."""
    html = (FOLDER / document).read_text()
    modules = {name for name in named(html) if name.endswith(".js")} - {CLASSIC}
    first = set(re.findall(r'<script type="module" src="/page/([^"]+)">', html))
    assert imported(first) == modules
    assert html.index(CLASSIC) < html.index("stylesheet")


def test_every_file_belongs_to_a_page() -> None:
    """No file is left over."""
    wanted = set().union(*(named((FOLDER / page).read_text()) for page in PAGES.values()), PAGES.values(), [NOT_FOUND])
    assert wanted | ON_DEMAND == FETCHED.union(PARTS)


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "finances.html",
        "dashboard.html",
        "nothing.js",
        "..%2Fapp.py",
        "%2e%2e/app.py",
        "main.js%00.css",
        "vendor/markdown-it.LICENSE",
        NOT_FOUND,
        "texts/fr.js",
        "vendor/..%2Fmain.js",
    ],
)
async def test_no_other_file_is_served(frontdesk: Frontdesk, name: str) -> None:
    """Neither files beside the pages nor missing ones."""
    async with frontdesk.client(None) as client:
        assert (await client.get(f"/page/{name}")).status_code in (400, 404)


@pytest.mark.parametrize(
    "path", [*PAGES, "/page/main.js", "/page/base.css", "/page/icon.svg", "/page/vendor/markdown-it.js"]
)
async def test_an_unchanged_file_is_answered_with_304(frontdesk: Frontdesk, path: str) -> None:
    """With every header of the full response, because browsers take them over."""
    async with frontdesk.client(None) as client:
        first = await client.get(path)
        tag = first.headers["etag"]
        for told in (tag, f"W/{tag}", f'"another", {tag}'):
            again = await client.get(path, headers={"If-None-Match": told})
            assert (again.status_code, again.content) == (304, b"")
            assert lasting(again.headers) == lasting(first.headers)
        for told in ('"another"', tag.strip('"'), ""):
            other = await client.get(path, headers={"If-None-Match": told})
            assert (other.status_code, other.content) == (200, first.content)
    assert first.headers["cache-control"] == "no-cache"
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)


async def test_a_file_is_encoded_as_the_client_accepts(frontdesk: Frontdesk) -> None:
    """The same content with another tag for each encoding, so that no cache confuses them."""
    accepted = ("br, gzip", "gzip;q=0.9, zebra", "identity")
    async with frontdesk.client(None) as client:
        files = [await client.get("/page/chat.js", headers={"Accept-Encoding": one}) for one in accepted]
    assert [file.headers.get("content-encoding") for file in files] == ["br", "gzip", None]
    assert len({file.content for file in files}) == 1
    sizes = [file.num_bytes_downloaded for file in files]
    assert sizes == sorted(sizes)
    assert len({file.headers["etag"] for file in files}) == 3
    assert {file.headers["vary"] for file in files} == {"Accept-Encoding"}


async def test_comments_are_not_sent(frontdesk: Frontdesk) -> None:
    """The code is, in lines of the same numbers; so an error in the browser names the line of the file."""
    async with frontdesk.client(None) as client:
        sent = {name: (await client.get(f"/page/{name}")).text.split("\n") for name in MODULES}
    for name, lines in sent.items():
        source = (FOLDER / name).read_text().split("\n")
        assert len(lines) == len(source)
        left_out = [line for line, kept in zip(source, lines, strict=True) if line != kept]
        assert left_out[0].startswith("/**")
        assert all(line.lstrip().startswith(("/**", "*")) for line in left_out)


async def test_each_content_has_a_tag_of_its_own(frontdesk: Frontdesk) -> None:
    """Whatever the file is called."""
    async with frontdesk.client(None) as client:
        answers = [await client.get(path) for path in [*PAGES, *(f"/page/{name}" for name in MODULES)]]
    assert len({answer.headers["etag"] for answer in answers}) == len({answer.content for answer in answers})


async def test_a_browser_gets_a_page_for_an_unknown_address(frontdesk: Frontdesk) -> None:
    """With a way back; a client gets a problem document, and so does everyone for what an address of the API lacks."""
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    async with frontdesk.client(None) as client:
        page = await client.get("/nothing/here", headers=browser)
        others = [
            await client.get("/nothing/here"),
            await client.post("/nothing/here", headers=browser),
            await client.get("/page/nothing.js", headers=browser),
        ]
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert '<a href="/" data-text="backToChat">' in page.text
    for other in others:
        assert (other.status_code, other.json()["code"]) == (404, "not_found")
        assert other.headers["content-type"] == "application/problem+json"


STYLES = {name: (FOLDER / name).read_text() for name in PARTS if name.endswith(".css")}
TOKENS = re.compile(r"^:root \{.*?^\}", re.MULTILINE | re.DOTALL)


def test_colours_and_scales_are_chosen_in_one_place() -> None:
    """In `base.css`: one accent, six tints, five sizes of type. Nothing else is a colour, a size of type or a font."""
    (tokens,) = TOKENS.findall(STYLES["base.css"])
    pairs = re.findall(r"--([\w-]+): light-dark\(", tokens)
    tints = {"amber", "violet", "blue", "slate", "green", "red"}
    assert tints < set(pairs)
    assert len(set(pairs) - tints) <= 9
    assert len(re.findall(r"--text-\d:", tokens)) == 5
    for name, style in STYLES.items():
        rest = re.sub(r"^:root\[data-text-size.*$", "", TOKENS.sub("", style), flags=re.MULTILINE)
        values = dict.fromkeys(re.findall(r"[\w-]+: [^;{}]+(?=;)", rest))
        assert [one for one in values if re.search(r"#[0-9a-f]{3}|rgb\(|hsl\(|light-dark\(", one)] == [], name
        assert [one for one in values if re.match(r"font(-size|-family)?: (?!var|inherit|\.9em)", one)] == [], name
        assert [one for one in values if re.match(r"(padding|margin|gap)[^:]*: .*\d(px|rem)\b", one)] == [], name


@pytest.mark.parametrize("name", MODULES)
def test_no_text_can_become_html(name: str) -> None:
    """No module of a page uses a way to make elements from text."""
    assert not HTML.search((FOLDER / name).read_text())


@pytest.mark.parametrize("document", [*PAGES.values(), NOT_FOUND])
def test_nothing_is_inline(document: str) -> None:
    """A document has neither inline script nor inline style, and names no other host."""
    html = (FOLDER / document).read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)|//", html)


def lasting(headers: httpx.Headers) -> dict[str, str]:
    """All but when it was said and how long it is."""
    return {name: value for name, value in headers.items() if name not in ("date", "content-length")}
