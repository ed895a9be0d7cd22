"""The Markdown renderer compared with markdown-it's Python port: the same documents give the same trees."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.pages.browser import new_page
from tests.pages.hostile_markdown import hostile_documents
from tests.pages.markdown_reference import reference_trees
from tests.support.app import Frontdesk

SCRIPT = Path(__file__).with_name("render_markdown.js").read_text()
SAMPLES: dict[str, str] = dict(
    re.findall(
        r"^%%% (.*)\n((?:(?!%%% ).*\n)*)", Path(__file__).with_name("sample_answers.md").read_text(), re.MULTILINE
    )
)
"""Answers as models write them, by what they are samples of."""
HANG = 240
"""Seconds after which the page counts as hanging."""


@pytest.fixture(scope="module")
async def page(browser: Browser, shared_app: Frontdesk) -> AsyncIterator[Page]:
    """A page that can load the renderer; nothing in it changes, so all tests share it."""
    async with new_page(browser) as opened:
        await opened.goto(shared_app.url)
        yield opened


async def render(page: Page, result: str, *documents: str) -> list[Any]:
    """Render documents, and return this result of each: `trees`, `incremental`, `headings` or `beginning`."""
    async with asyncio.timeout(HANG):
        results: list[Any] = await page.evaluate(SCRIPT, {"documents": documents, "result": result})
    return results


async def differences(page: Page, *documents: str) -> dict[str, tuple[object, object]]:
    """The documents with another tree than the reference, with both trees."""
    trees = await render(page, "trees", *documents)
    pairs = {text: (reference_trees(text), tree) for text, tree in zip(documents, trees, strict=True)}
    return {text: (reference, tree) for text, (reference, tree) in pairs.items() if reference != tree}


async def test_sample_answers_are_rendered_like_the_reference(page: Page) -> None:
    """Lists, tables, code, links and emphasis, in many scripts."""
    assert len(SAMPLES) >= 50
    assert await differences(page, *SAMPLES.values()) == {}


async def test_incremental_rendering_ends_with_the_same_result(page: Page) -> None:
    """By letters, in chunks, or after another document; and every prefix can be rendered."""
    same = await render(page, "incremental", *SAMPLES.values())
    assert [name for name, equal in zip(SAMPLES, same, strict=True) if not equal] == []


async def test_hostile_documents_are_rendered(page: Page) -> None:
    """A renderer that takes quadratic time, or worse, would hang until the deadline; one that recurses would fail."""
    documents = hostile_documents()
    texts = await render(page, "beginning", *(f"the start\n\n{text}" for text in documents.values()))
    assert [name for name, text in zip(documents, texts, strict=True) if not text.startswith("the start")] == []


async def test_intended_differences_from_commonmark(page: Page) -> None:
    """Products, scripts without spaces between words, and file names that are no URLs."""
    documents: dict[str, list[object]] = {
        "5 * 3 is 5*3*1": ["5 * 3 is 5*3*1"],
        "**注意：**请": [["strong", {}, ["注意："]], "请"],
        "**「税」**と*（a）*b": [["strong", {}, ["「税」"]], "と", ["em", {}, ["（a）"]], "b"],
        "~5 to ~10 in report.py": ["~5 to ~10 in report.py"],
        "看https://a.example/b。好": ["看", ["a", {"href": "https://a.example/b"}, ["https://a.example/b"]], "。好"],
    }
    assert await render(page, "trees", *documents) == [[["p", {}, tree]] for tree in documents.values()]


async def test_headings_start_at_level_three_and_skip_none(page: Page) -> None:
    """Whatever levels the document uses."""
    text = "### a\n\n##### b\n\n#### c\n\n# d\n\n> ## e\n\nf\n===\n"
    assert await render(page, "headings", text) == [["H3", "H4", "H4", "H3", "H4", "H3"]]


async def test_the_start_of_a_list_item_makes_no_heading(page: Page) -> None:
    """A dash under a line would underline it, but in a growing answer a list item is about to come."""
    assert await render(page, "trees", "Options:\n-", "Options:\n--") == [
        [["p", {}, ["Options:\n-"]]], [["p", {}, ["Options:\n--"]]],
    ]  # fmt: skip
    assert await differences(page, "Options:\n-\n", "Options:\n---", "Options:\n- one") == {}
