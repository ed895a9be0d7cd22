"""The files of the prompts: how they are read, their versions, and what they may not say."""

import json
import re
import shutil
from pathlib import Path

import pytest

from graph.dependencies import Options
from graph.models.demo_model import CONTEXT_TOKENS
from graph.models.factory import DEMO_ANSWER_TOKENS
from nodes.employees import EMPLOYEES, Employee
from nodes.errors import PromptTextError
from nodes.prompts import LARGEST_SHARE_WITH_TOOLS, TEXTS, estimate, prompt_texts, read_texts
from nodes.tools.registry import TOOLS_OF

FILES = ("shared.md", "tools.md", *(f"{employee.slug}.md" for employee in EMPLOYEES), "summary.md", "facts.md")
CLAIM = re.compile(
    r"\b(?:I(?:'ve| have) (?:\w+ )?(?:add|chang|check|creat|fil|found|look|made|mov|paid|sav|set|stor)"
    r"|I (?:added|changed|checked|created|found|looked|moved|saved|set up|stored)\b"
    r"|I(?:'ll| will) (?:add|change|check|file|keep|look|move|pay|remind|save|send|set|store)"
    r"|I (?:can )?see (?:that |in )?your|your (?:transactions|documents|accounts?|receipts) (?:show|say)"
    r"|it is (?:now )?(?:uploaded|saved|stored|set up)|upload (?:it|them) here)",
    re.IGNORECASE,
)
"""What nobody may say while the program holds no transactions, documents, categories and budgets."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files, to be changed."""
    return shutil.copytree(TEXTS, tmp_path / "texts")


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file that has it once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def lines(name: str, kind: str) -> str:
    """The lines of a file that are for users of this kind, `desk` or `no desk`, or for all."""
    found, block = list[str](), ""
    for line in (TEXTS / f"{name}.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("<!-- "):
            block = "" if line == "<!-- end -->" else line.removeprefix("<!-- ").removesuffix(" -->")
        elif block in ("", kind):
            found.append(line)
    return "\n".join(found).strip()


@pytest.mark.parametrize("employee", EMPLOYEES, ids=lambda one: one.slug)
def test_an_employee_is_told_what_all_are_told_and_then_their_own(employee: Employee) -> None:
    """All of both files but what is for others; in the short form the first section of each."""
    shared, own = (lines(name, "no desk") for name in ("shared", employee.slug))
    texts = prompt_texts()
    assert own.startswith(f"You are {employee.name}, ")
    assert texts.whole[employee.slug].text == f"{shared}\n\n{own}"
    tools = (TEXTS / "tools.md").read_text(encoding="utf-8").strip()
    assert texts.with_tools[employee.slug].text == f"{shared}\n\n{own}\n\n{tools}"
    with_desk = "\n\n".join(lines(name, "desk") for name in ("shared", employee.slug))
    assert texts.with_desk[employee.slug].text == f"{with_desk}\n\n{tools}"
    firsts = [text.split("\n\n## ")[0] for text in (shared, own)]
    assert texts.short[employee.slug].text == "\n\n".join(firsts)
    assert all(f"- {colleague.name}: " in shared for colleague in EMPLOYEES)


@pytest.mark.parametrize("employee", EMPLOYEES, ids=lambda one: one.slug)
def test_a_small_window_gets_the_short_form(employee: Employee) -> None:
    """By default all is sent; the demo model, and the smallest window that can be set, get the short form."""
    texts, default = prompt_texts(), Options()
    whole, short = texts.whole[employee.slug], texts.short[employee.slug]
    assert texts.system(employee.slug, default.context_tokens - default.answer_tokens) == whole
    assert texts.system(employee.slug, CONTEXT_TOKENS - DEMO_ANSWER_TOKENS) == short
    assert texts.system(employee.slug, 1000 - default.answer_tokens) == short
    assert short.tokens <= 180
    assert whole.tokens >= 1100  # the providers' caches begin at 1,024


def test_another_text_has_another_version(folder: Path) -> None:
    """One employee's file changes theirs, the shared one everybody's, and white space at the end none."""
    before = read_texts(folder)
    edit(folder / "tag.md", "Be quick and tidy", "Be tidy")
    (folder / "byte.md").write_text((folder / "byte.md").read_text(encoding="utf-8") + "\n\n", encoding="utf-8")
    after = read_texts(folder)
    assert before.whole["tag"].version == prompt_texts().whole["tag"].version
    assert [slug for slug in before.whole if before.whole[slug].version != after.whole[slug].version] == ["tag"]
    edit(folder / "shared.md", "Never ask for passwords", "Ask nobody for passwords")
    last = read_texts(folder)
    assert not {text.version for text in after.whole.values()} & {text.version for text in last.whole.values()}
    assert after.short == last.short
    versions = [text.version for text in (*last.whole.values(), *last.short.values())]
    assert len(set(versions)) == len(versions)
    assert all(re.fullmatch(r"[a-z]+-[0-9a-f]{8}", version) for version in versions)


@pytest.mark.parametrize("employee", EMPLOYEES, ids=lambda one: one.slug)
def test_who_has_something_here_is_not_told_otherwise(employee: Employee) -> None:
    """No text says so where tools look at it, and no text mentions tools where there are none."""
    texts, nothing = prompt_texts(), re.compile(r"\b(no|see no|keeps no|holds no) (transactions|documents|accounts)\b")
    assert not nothing.search(texts.with_desk[employee.slug].text)
    assert "## Tools" not in texts.whole[employee.slug].text
    assert "tools" not in texts.short[employee.slug].text


@pytest.mark.parametrize("employee", EMPLOYEES, ids=lambda one: one.slug)
def test_text_and_tools_fit_the_default_window(employee: Employee) -> None:
    """So everybody has their tools without a setting."""
    room, prompt = Options().context_tokens - Options().answer_tokens, prompt_texts().with_desk[employee.slug]
    tools = estimate(json.dumps([tool.schema() for tool in TOOLS_OF[employee.slug]]))
    assert prompt.tokens + tools <= room * LARGEST_SHARE_WITH_TOOLS


def test_a_block_without_its_end_is_refused(folder: Path) -> None:
    """Else everybody would be sent both."""
    edit(folder / "goalie.md", "<!-- end -->\n", "")
    with pytest.raises(PromptTextError, match=r"goalie\.md: a block"):
        read_texts(folder)


BROKEN = {
    "missing": (None, "No such file"),
    "empty": (b" \n", "empty"),
    "not UTF-8": (b"You are \xff.\n\n## More\n", "UTF-8"),
    "with NUL": (b"A\x00B\n\n## C\n", "control"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("content", "why"), BROKEN.values(), ids=BROKEN)
def test_a_missing_or_broken_file_is_refused(folder: Path, name: str, content: bytes | None, why: str) -> None:
    """In one line, which names the file and says why."""
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(PromptTextError) as refused:
        read_texts(folder)
    assert str(refused.value).startswith(f"{folder / name}: ")
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", ["Only one section.", "## The first begins with a heading"])
def test_a_file_without_sections_is_refused(folder: Path, content: str) -> None:
    """Its short form would be the whole of it, or nothing."""
    (folder / "goalie.md").write_text(content, encoding="utf-8")
    with pytest.raises(PromptTextError, match=r"goalie\.md: there is no text before the first"):
        read_texts(folder)


@pytest.mark.parametrize("employee", EMPLOYEES, ids=lambda one: one.slug)
def test_no_example_claims_what_the_program_cannot_do(employee: Employee) -> None:
    """The employees' replies in the examples; there are two or three of them."""
    text = (TEXTS / f"{employee.slug}.md").read_text(encoding="utf-8").partition("## Examples\n")[2]
    replies = [part.partition("\nUser: ")[0] for part in text.split(f"\n{employee.name}: ")[1:]]
    assert 2 <= len(replies) <= 3
    assert [found[0] for reply in replies if (found := CLAIM.search(reply))] == []


@pytest.mark.parametrize(
    "claim",
    [
        "I've created the rule.",
        "I have already moved it to Transport.",
        "I checked your statement.",
        "I'll remind you on Friday.",
        "I can see in your list that it went up.",
        "Your transactions show 412 on food.",
        "It is saved now; upload it here.",
    ],
)
def test_such_a_claim_would_be_found(claim: str) -> None:
    """The words of the test before this one are those in which such claims are made."""
    assert CLAIM.search(claim)
