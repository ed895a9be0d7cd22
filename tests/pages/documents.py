"""Documents to show: answers as models write them, and any number that nobody wrote."""

import re
from pathlib import Path

from hypothesis import strategies as st

ANSWERS: dict[str, str] = dict(
    re.findall(r"^%%% (.*)\n((?:(?!%%% ).*\n)*)", Path(__file__).with_name("answers.md").read_text(), re.MULTILINE)
)
"""By what each is about."""

Lines = list[str]


def each(text: str) -> list[str]:
    """What spaces part in it."""
    return text.split(" ")


WORDS = each(r"tax a x_1 don't 5 $10 ё 税 R&D &amp; &#8364; <b> \* i.e. (so) # | ~")
MARKED = each("**bold** *soft* `code` ``a`b`` ~~gone~~ ***both*** __b__ _i_ **a_*b*_c** ![p](https://a.example/p)")
LINKED = each("[l](https://a.example/l) <https://a.example/a> https://a.example/x_y?z=1 [**b**][ref] [ref]")
NOISE = [*each(r"* ** _ __ [ ] ( ) \ < & ! . a - $ ](https://a.example/n)"), '"', " ", "b c"]

words = st.lists(st.sampled_from(WORDS + MARKED + LINKED), min_size=1, max_size=8).map(" ".join)
noise = st.lists(st.sampled_from(NOISE), min_size=1, max_size=14).map("".join)
line = st.one_of(words, words, noise).map(lambda text: f"so {text} so")  # begins and ends nothing but text

paragraph = st.lists(line, min_size=1, max_size=3)
heading = st.tuples(st.sampled_from(["#", "##", "######"]), words).map(" ".join).map(lambda text: [text])
underlined = st.tuples(line, st.sampled_from(["===", "---"])).map(list)
rule = st.sampled_from([["***"], ["* * *"], ["___"]])
indented = st.just(["    x = 1", "", "      y"])
defined = ["", "[ref]: https://a.example/ref", ""]


@st.composite
def fenced(draw: st.DrawFn) -> Lines:
    """A block of code, with what would be something else outside of it."""
    fence = draw(st.sampled_from(["```", "~~~~"]))
    code = draw(st.lists(st.sampled_from(["x = 1", "", "  y", "# z", "- a", "> b", "\tc", "``"]), max_size=4))
    return [fence + draw(st.sampled_from(["", "python"])), *code, fence]


@st.composite
def table(draw: st.DrawFn) -> Lines:
    """A table, some of whose rows are too short or too long."""
    columns = draw(st.integers(1, 4))
    cell = st.one_of(words, st.just("")).map(lambda text: text.replace("|", "\\|"))
    rows = draw(st.lists(st.lists(cell, min_size=1, max_size=5), max_size=3))
    sides = draw(st.lists(st.sampled_from(["---", ":--", "-:", ":-:"]), min_size=columns, max_size=columns))
    head = draw(st.lists(cell, min_size=columns, max_size=columns))
    return ["| " + " | ".join(row) + " |" for row in [head, sides, *rows]]


@st.composite
def items(draw: st.DrawFn, blocks: st.SearchStrategy[list[Lines]]) -> Lines:
    """A list: tight or loose, of bullets, numbers or tasks."""
    mark = draw(st.sampled_from(["- ", "* ", "-   ", "1. ", "7) ", "- [ ] ", "- [x] "]))
    apart = draw(st.booleans())
    made: Lines = []
    for item in draw(st.lists(st.tuples(paragraph, blocks), min_size=1, max_size=3)):
        first, *rest = joined([item[0], *item[1]], apart=apart)
        width = len(mark.split("[", maxsplit=1)[0])
        made += [mark + first, *(" " * width + text for text in rest), *[""] * apart]
    return made


def joined(blocks: list[Lines], *, apart: bool = True) -> Lines:
    """Blocks one after the other."""
    made: Lines = []
    for lines in blocks:
        made += [""] * (apart and bool(made)) + lines
    return made


def around(inner: st.SearchStrategy[Lines]) -> st.SearchStrategy[Lines]:
    """Quotes and lists of such blocks."""
    blocks = st.lists(inner, max_size=2)
    return st.one_of(blocks.map(lambda made: [f"> {text}" for text in joined(made)]), items(blocks))


loud = st.lists(st.sampled_from([*NOISE, "`", "``"]), min_size=1, max_size=20).map(lambda made: [f"so {''.join(made)}"])
leaf = st.one_of(paragraph, paragraph, heading, underlined, rule, fenced(), table())
block = st.recursive(leaf, around, max_leaves=6)
document = st.lists(st.one_of(block, block, loud, indented), min_size=1, max_size=4).map(
    lambda made: "\n".join([*joined(made), *defined])
)
