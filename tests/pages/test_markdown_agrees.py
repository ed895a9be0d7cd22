"""Our renderer of Markdown beside a library: the same documents, the same trees."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.pages.desk import Desk
from tests.pages.documents import ANSWERS, document
from tests.pages.hostile import hostile
from tests.pages.reference import expected

RENDER = Path(__file__).with_name("sheets.js").read_text()
SPEC = Path(__file__).parents[2] / "node_modules/commonmark-spec/spec.txt"
EXAMPLE = re.compile(r"^#+ +([^\n]+)$|^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", re.MULTILINE | re.DOTALL)
RISKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
JUDGE = MarkdownIt("commonmark")
HTML_SECTIONS = {"HTML blocks", "Raw HTML"}
"""HTML is text here, so what they say of it is not to come true."""
ON_PURPOSE = {
    "5*6*78\n",  # a product
    "<https://foo.bar.`baz>`\n",  # no address, by the browser's own rules
    "&nbsp; &amp; &copy; &AElig; &Dcaron;\n&frac34; &HilbertSpace; &DifferentialD;\n&ClockwiseContourIntegral; &ngE;\n",
}


async def rendered(desk: Desk, way: str, *documents: str) -> list[Any]:
    """What the page's renderer makes of them."""
    made: list[Any] = await desk.page.evaluate(RENDER, {"documents": documents, "way": way})
    return made


async def differences(desk: Desk, *documents: str) -> dict[str, tuple[object, object]]:
    """Where the library makes something else of a document."""
    made = await rendered(desk, "trees", *documents)
    return {text: (expected(text), ours) for text, ours in zip(documents, made, strict=True) if expected(text) != ours}


async def test_answers_are_what_the_library_makes_of_them(desk: Desk) -> None:
    """Whatever models write: lists, tables, code, links, emphasis, in many scripts."""
    assert len(ANSWERS) >= 50
    assert await differences(desk, *ANSWERS.values()) == {}


# Each example is a screenful of documents; always the same ones, because chance is for finding and not for keeping.
@settings(max_examples=15, deadline=None, database=None, derandomize=True, suppress_health_check=RISKS)
@given(documents=st.lists(document, min_size=10, max_size=20))
async def test_documents_that_nobody_wrote_are_too(desk: Desk, documents: list[str]) -> None:
    """Blocks in blocks in blocks, and lines full of marks."""
    assert await differences(desk, *documents) == {}


async def test_the_examples_of_commonmark_come_true(desk: Desk) -> None:
    """All but three; and the library, which is the judge, shows them all as the specification does."""
    if not SPEC.exists() and not os.environ.get("CI"):
        pytest.skip("`make check` installs the specification; where CI is set, it must be there")
    section, told = "", list[str]()
    for title, markdown, html in EXAMPLE.findall(SPEC.read_text().replace("→", "\t")):
        section = title or section
        if not title and section not in HTML_SECTIONS:
            told.append(markdown)
            assert JUDGE.render(markdown) == html.replace("<blockquote>\n</blockquote>", "<blockquote></blockquote>")
    assert len(told) == 588
    assert set(await differences(desk, *told)) == ON_PURPOSE


async def test_what_grows_ends_as_what_is_shown_at_once(desk: Desk) -> None:
    """Letter by letter, in pieces, or after something else; and no beginning of a document is too much."""
    made = await rendered(desk, "pieces", *ANSWERS.values())
    assert [name for name, same in zip(ANSWERS, made, strict=True) if not same] == []


async def test_no_text_takes_long(desk: Desk) -> None:
    """Not even one that is written to: a few hundred milliseconds, and more only on a machine that is busy."""
    texts = hostile()
    seconds = await rendered(desk, "seconds", *texts.values())
    assert {name: took for name, took in zip(texts, seconds, strict=True) if took > 10} == {}


async def test_where_we_know_better(desk: Desk) -> None:
    """Products, scripts without spaces, "about", and addresses without a scheme."""
    better: dict[str, list[object]] = {
        "5 * 3 is 5*3*1": ["5 * 3 is 5*3*1"],
        "**注意：**请": [["strong", {}, ["注意："]], "请"],
        "**「税」**と*（a）*b": [["strong", {}, ["「税」"]], "と", ["em", {}, ["（a）"]], "b"],
        "~5 to ~10, ~~~x~~~": ["~5 to ~10, ~~~x~~~"],
        "www.a.example, and": [["a", {"href": "http://www.a.example/"}, ["www.a.example"]], ", and"],
        "看https://a.example/b。好": ["看", ["a", {"href": "https://a.example/b"}, ["https://a.example/b"]], "。好"],
    }
    assert await rendered(desk, "trees", *better) == [[["p", {}, tree]] for tree in better.values()]


async def test_an_item_that_begins_is_no_heading(desk: Desk) -> None:
    """A dash below a line underlines it, but in an answer that grows an item is about to come."""
    assert await rendered(desk, "trees", "Options:\n-", "Options:\n--") == [
        [["p", {}, ["Options:\n-"]]], [["p", {}, ["Options:\n--"]]],
    ]  # fmt: skip
    assert await differences(desk, "Options:\n-\n", "Options:\n---", "Options:\n- one") == {}
