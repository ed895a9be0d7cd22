"""The pages' texts: each language has all of them, and all of them are used."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

import api
from api.problems import Code
from graph.documents.contents import DocumentKind, Shape
from nodes import stream_events
from nodes.answer.languages import LANGUAGES as SPOKEN
from nodes.answer.languages import texts_in
from nodes.employees import EMPLOYEES
from nodes.state import REASONS, NoticeCode, ReasonCode
from nodes.tools.formulas import Strategy
from nodes.tools.patterns import Interval
from nodes.tools.tag import NEW_RULE
from storage.finance.categories import DEFAULT_NAMES
from storage.finance.documents import DocumentStatus
from storage.finance.figures import Group
from storage.metrics import ErrorCode
from tests.api.test_pages import FETCHED, ON_DEMAND

FOLDER = Path(api.__file__).with_name("static")
LANGUAGES = ["de", "en"]
OTHERS = [language for language in LANGUAGES if language != "en"]
EMPLOYEE = r'{slug}: {{\n    title: "(.+)",\n    does: "(.+)",\n    examples: \[(.+)\],\n  }},'
ENTRY = re.compile(r"^  (\w+): (.*),$", re.MULTILINE)
RESULT_ENTRY = re.compile(r'^  "(.*?)": ((?:"|\{\n).*?),$(?=\n  "|\n\n|\n\};)', re.MULTILINE | re.DOTALL)
ROOT = Path(api.__file__).parent.parent
NO_COLUMNS = {"header line", "text", "date format", "decimal mark", "negated", "encoding", "delimiter", "sheet"}
"""Fields of a table's shape that are no column."""
PAGES = ("index.html", "finances.html", "dashboard.html", "not-found.html")
PARTS = ("dashboard", "finances")
"""Texts that are loaded apart from what all pages have."""


def entries(language: str) -> dict[str, str]:
    """The texts of the page in this language by key, as they are written."""
    names = (language, *(f"{part}-{language}" for part in PARTS))
    parts = [(FOLDER / "texts" / f"{name}.js").read_text() for name in names]
    found = [entry for source in parts for entry in ENTRY.findall(source.split("export const serverTexts")[0])]
    assert len(dict(found)) == len(found)
    return dict(found)


def translations(language: str, name: str) -> str:
    """The object in which this language has its own texts for what the server says in English."""
    source = (FOLDER / "texts" / f"{language}.js").read_text()
    return source.split(f"export const {name} = {{")[1].split("\n};")[0]


def said_of_results() -> set[str]:
    """The English templates of what the server says of results and documents, but for those of values alone."""
    files = [*(ROOT / "nodes" / "tools").glob("*.py"), *(ROOT / "graph" / "documents").rglob("*.py")]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    written = [arg for call in nodes for arg in template_arguments(call)]
    found = {arg.value for arg in written if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    computed = {
        *NEW_RULE.values(),
        *get_args(Interval),
        *get_args(DocumentKind),
        *get_args(DocumentStatus),
        *get_args(Strategy),
    }
    columns = {field.replace("_", " ") for field in Shape.__struct_fields__} - NO_COLUMNS
    headings = {one.capitalize() for one in (*get_args(Group), *get_args(Strategy))}
    return {text for text in found | computed | columns | headings if not re.fullmatch(r"\{\w+\}", text)}


def template_arguments(call: ast.Call) -> list[ast.expr]:
    """The templates that a call names, where it makes a text that can be said in another language."""
    match call.func:
        case ast.Name("say"):
            return call.args[:1]
        case ast.Name("Translatable"):
            return call.args[1:2]
        case ast.Name("columns"):
            return [column.elts[0] for column in call.args if isinstance(column, ast.Tuple)]
        case _:
            return []


@pytest.mark.parametrize("language", OTHERS)
def test_another_language_has_a_text_for_all_that_is_said_of_results(language: str) -> None:
    """Each with the same values to fill in, and no other; each category that users begin with has a name."""
    source = (FOLDER / "texts" / f"finances-{language}.js").read_text()
    results, categories = source.split("export const resultTexts = {")[1].split("export const categoryNames = {")
    texts = dict(RESULT_ENTRY.findall(results))
    assert set(texts) == said_of_results()
    assert {text: placeholders(other) | {"count"} for text, other in texts.items()} == {
        text: placeholders(text) | {"count"} for text in texts
    }
    assert set(dict(RESULT_ENTRY.findall(categories))) == set(DEFAULT_NAMES.values())


def test_the_page_knows_the_languages_that_there_are() -> None:
    """Before it is painted it chooses one of them."""
    (known,) = re.findall(r"LANGUAGES = \[(.*)\]", (FOLDER / "preferences.js").read_text())
    assert sorted(re.findall(r'"(\w+)"', known)) == LANGUAGES
    files = {path.stem for path in (FOLDER / "texts").iterdir()}
    assert files == {*LANGUAGES, *(f"{part}-{language}" for part in PARTS for language in LANGUAGES)}


def test_the_chat_page_uses_no_text_of_the_dashboard() -> None:
    """It does not load them."""
    html = (FOLDER / "index.html").read_text()
    names = {*re.findall(r'"/page/([a-z-]+\.js)"', html), *ON_DEMAND}
    modules = html + "".join((FOLDER / name).read_text() for name in names - FETCHED - {"preferences.js"})
    dashboards = ENTRY.findall((FOLDER / "texts" / "dashboard-en.js").read_text())
    asked = set(re.findall(r'(?:textOf|knownText)\("(\w+)"|data-(?:text|label|placeholder)="(\w+)"', modules))
    assert {key for key, _ in dashboards}.isdisjoint({key for found in asked for key in found})


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_same_texts_as_english(language: str) -> None:
    """With the same values to fill in."""
    english, other = entries("en"), entries(language)
    assert len(english) > 150
    assert {key: placeholders(text) for key, text in other.items()} == {
        key: placeholders(text) for key, text in english.items()
    }


def placeholders(text: str) -> set[str]:
    """What a text is filled in with."""
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_text_is_used() -> None:
    """By a module, or by the HTML, which names no other."""
    html = "".join((FOLDER / page).read_text() for page in PAGES)
    named = set(re.findall(r'data-(?:text|label|placeholder)="(\w+)"', html))
    assert named <= set(entries("en"))
    modules = "".join(path.read_text() for path in FOLDER.glob("*.js"))
    prefixes = tuple(re.findall(r"(?:textOf|knownText)\(`(\w+)\$\{", modules))
    suffixes = tuple(re.findall(r"textOf\(`\$\{\w+\}(\w+)`", modules))
    unused = [key for key in set(entries("en")) - named if f'"{key}"' not in modules]
    assert [key for key in unused if not (key.startswith(prefixes) or key.endswith(suffixes))] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_html_has_no_text_of_its_own(page: str) -> None:
    """But for names, symbols, and what is said without JavaScript."""
    html = re.sub(r"<noscript>.*</noscript>", "", (FOLDER / page).read_text())
    texts = [text.strip() for text in re.findall(r">([^<]+)<", html)]
    assert {text for text in texts if re.search(r"\w", text)} <= {"Frontdesk", "Deutsch", "English"}
    assert not re.search(r' (?:aria-label|placeholder|title|alt)="[^"]', html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_code_is_explained(language: str) -> None:
    """The dashboard has a text for every code of the closed list, and for no other."""
    explained = [key.removeprefix("error_") for key in entries(language) if key.startswith("error_")]
    assert sorted(explained) == sorted(get_args(ErrorCode))


@pytest.mark.parametrize("language", OTHERS)
def test_another_language_has_a_text_for_every_code_of_the_server(language: str) -> None:
    """The server's own sentences are English."""
    codes = {*get_args(NoticeCode), *get_args(Code), *get_args(stream_events.ErrorCode), "blocked"}
    assert {code for code, _ in ENTRY.findall(translations(language, "serverTexts"))} == codes


def test_every_reason_for_a_choice_has_a_sentence() -> None:
    """In English, by the server."""
    assert set(REASONS) == set(get_args(ReasonCode))


@pytest.mark.parametrize("language", OTHERS)
def test_another_language_has_a_text_for_every_reason_and_employee(language: str) -> None:
    """With the same values to fill in; an employee has a title, a description and as many examples, with answers."""
    reasons = dict(ENTRY.findall(translations(language, "routeReasons")))
    assert {code: placeholders(text) for code, text in reasons.items()} == {
        code: {name.replace("topic", "title") for name in placeholders(text)} for code, text in REASONS.items()
    }
    employees = translations(language, "employeeTexts")
    (spoken,) = (one for one in SPOKEN if one == language)
    prepared = {(language, one.employee, question) for one in texts_in(spoken).answers for question in one.asks}
    for one in EMPLOYEES:
        ((title, does, examples),) = re.findall(EMPLOYEE.format(slug=one.slug), employees)
        texts = [title, does, *re.findall(r'"([^"]+)"', examples)]
        assert len(texts) == 2 + len(one.examples)
        assert {(language, one.slug, example) for example in texts[2:]} <= prepared
        assert set(texts).isdisjoint({one.title, one.does, *one.examples})
