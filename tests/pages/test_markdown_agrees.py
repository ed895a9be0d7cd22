"""Elements that are made of Markdown beside what the library says it is: the same answers, the same trees."""

import re
from pathlib import Path
from typing import Any

from tests.pages.desk import Desk
from tests.pages.hostile import hostile
from tests.pages.reference import expected

RENDER = Path(__file__).with_name("sheets.js").read_text()
ANSWERS: dict[str, str] = dict(
    re.findall(r"^%%% (.*)\n((?:(?!%%% ).*\n)*)", Path(__file__).with_name("answers.md").read_text(), re.MULTILINE)
)
"""As models write them, by what each is about."""


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
    """Products, scripts without spaces, and files that are no addresses."""
    better: dict[str, list[object]] = {
        "5 * 3 is 5*3*1": ["5 * 3 is 5*3*1"],
        "**注意：**请": [["strong", {}, ["注意："]], "请"],
        "**「税」**と*（a）*b": [["strong", {}, ["「税」"]], "と", ["em", {}, ["（a）"]], "b"],
        "~5 to ~10 in report.py": ["~5 to ~10 in report.py"],
        "看https://a.example/b。好": ["看", ["a", {"href": "https://a.example/b"}, ["https://a.example/b"]], "。好"],
    }
    assert await rendered(desk, "trees", *better) == [[["p", {}, tree]] for tree in better.values()]


async def test_headings_are_below_the_conversations_and_none_is_skipped(desk: Desk) -> None:
    """Whatever the first one is, and however they go down and up again."""
    text = "### a\n\n##### b\n\n#### c\n\n# d\n\n> ## e\n\nf\n===\n"
    assert await rendered(desk, "headings", text) == [["H3", "H4", "H4", "H3", "H4", "H3"]]


async def test_an_item_that_begins_is_no_heading(desk: Desk) -> None:
    """A dash below a line underlines it, but in an answer that grows an item is about to come."""
    assert await rendered(desk, "trees", "Options:\n-", "Options:\n--") == [
        [["p", {}, ["Options:\n-"]]], [["p", {}, ["Options:\n--"]]],
    ]  # fmt: skip
    assert await differences(desk, "Options:\n-\n", "Options:\n---", "Options:\n- one") == {}
