"""What the page's library makes of Markdown in Python, as the trees that the page's elements are compared with."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.tree import SyntaxTreeNode

Tree = str | list[object]
"""A text, or an element: its tag, what is compared of its attributes, and the trees in it."""

TASK = re.compile(r"\[([ xX])\][ \t]+(?=\S|$)")
SIDES = {"text-align:center": "middle", "text-align:right": "end"}
SCHEME = re.compile(r"^\w+:")
HOST = re.compile(r"^https?://[^/?#]+(?=[?#]|$)")
SCHEMES = re.compile(r"(?:https?://|mailto:)[^/]", re.IGNORECASE)


class Library(MarkdownIt):
    """The library with GitHub's additions. HTML is text; which addresses are good is decided here, not there."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "linkify": True})
        self.enable(["table", "strikethrough", "linkify"])
        assert self.linkify is not None
        self.linkify.set({"fuzzy_link": False})

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802
        """Whether this may be an address."""
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        """How an address is written."""
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        """How an address is shown."""
        return link


LIBRARY = Library()


def expected(text: str) -> list[Tree]:
    """The trees of a document's blocks."""
    return inside(SyntaxTreeNode(LIBRARY.parse(text)))


def inside(node: SyntaxTreeNode) -> list[Tree]:
    """The trees in a node."""
    return merged(tree for child in node.children for tree in (block(child) if child.block else inline(child)))


def merged(trees: Iterable[Tree]) -> list[Tree]:
    """The same, but texts that touch each other are one, and none is empty."""
    found: list[Tree] = []
    for tree in trees:
        if isinstance(tree, str) and found and isinstance(found[-1], str):
            found[-1] += tree
        elif tree:
            found.append(tree)
    return found


def block(node: SyntaxTreeNode) -> Iterable[Tree]:
    """What a block is; the paragraphs of a tight list are only what is in them."""
    match node.type:
        case "heading":
            return [["heading", {}, inside(node)]]
        case "fence" | "code_block":
            code = node.content.removesuffix("\n")
            return [["pre", {"language": next(iter(unescapeAll(node.info).split()), "code")}, [code] if code else []]]
        case "ordered_list":
            return [["ol", {"start": str(node.attrs.get("start", 1))}, inside(node)]]
        case "list_item":
            return [["li", {}, with_box(inside(node))]]
        case "th" | "td":
            return [[node.tag, {"side": SIDES.get(str(node.attrs.get("style")), "start")}, inside(node)]]
        case "inline":
            return inside(node)
        case "paragraph" if node.hidden:
            return inside(node)
        case _:
            return [[node.tag, {}, inside(node)]]


def with_box(trees: list[Tree]) -> list[Tree]:
    """An item whose text begins with `[ ]` has a box in that place."""
    match trees:
        case [["p", _, list(within)], *rest] if with_box(within) != within:
            return [["p", {}, with_box(within)], *rest]
        case [str(text), *rest] if task := TASK.match(text):
            return merged([["input", {"checked": str(task[1] != " ")}, []], text[task.end() :], *rest])
        case _:
            return trees


def inline(node: SyntaxTreeNode) -> Iterator[Tree]:
    """What a part of a text is."""
    match node.type:
        case "text":
            yield node.content
        case "softbreak":
            yield "\n"
        case "code_inline":
            yield ["code", {}, [node.content]]
        case "image":
            yield from link(str(node.attrs["src"]), [words(inside(node))])
        case "link":
            yield from link(
                str(node.attrs["href"]), [words([tree]) if is_link(tree) else tree for tree in inside(node)]
            )
        case "s":
            yield ["del", {}, inside(node)]
        case _:
            yield [node.tag, {}, inside(node)]


def link(address: str, trees: list[Tree]) -> Iterator[Tree]:
    """A link, or what is in it where it leads to no place that an answer may lead to."""
    whole = HOST.sub(
        r"\g<0>/", quote(SCHEME.sub(lambda scheme: scheme[0].lower(), address), safe="%/:=&?~#+!$,;'@()*[]")
    )
    yield ["a", {"href": whole}, merged(trees)] if SCHEMES.match(address) else ["span", {}, merged(trees)]


def is_link(tree: Tree) -> bool:
    """Whether it is an element that leads somewhere."""
    return isinstance(tree, list) and tree[0] in ("a", "span")


def words(trees: list[Tree]) -> str:
    """The text in them, without any element."""
    return "".join(tree if isinstance(tree, str) else words(tree[2]) for tree in trees)  # type: ignore[arg-type]
