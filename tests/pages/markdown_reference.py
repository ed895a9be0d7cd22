"""The reference for the Markdown renderer: documents parsed with markdown-it's Python port, as plain trees."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.tree import SyntaxTreeNode

Tree = str | list[object]
"""A text, or an element: tag, the attributes that are compared, and children."""

TASK = re.compile(r"\[([ xX])\][ \t]+(?=\S|$)")
ALIGNMENTS = {"text-align:center": "align-center", "text-align:right": "align-end"}
SCHEME = re.compile(r"^\w+:")
HOST = re.compile(r"^https?://[^/?#]+(?=[?#]|$)")
SCHEMES = re.compile(r"(?:https?://|mailto:)[^/]", re.IGNORECASE)


class ReferenceParser(MarkdownIt):
    """CommonMark with tables, strikethrough and bare URLs. HTML is text; URLs are checked and written here."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "linkify": True})
        self.enable(["table", "strikethrough", "linkify"])
        assert self.linkify is not None
        self.linkify.set({"fuzzy_link": False})

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802
        """Accept every URL; `link_trees` checks them."""
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        """Keep the URL as it is; `link_trees` encodes it."""
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        """Keep the text of a bare URL as it is."""
        return link


PARSER = ReferenceParser()


def reference_trees(text: str) -> list[Tree]:
    """The trees of a document's blocks."""
    return child_trees(SyntaxTreeNode(PARSER.parse(text)))


def child_trees(node: SyntaxTreeNode) -> list[Tree]:
    """The trees of a node's children."""
    return merge_texts(
        tree for child in node.children for tree in (block_trees(child) if child.block else inline_trees(child))
    )


def merge_texts(trees: Iterable[Tree]) -> list[Tree]:
    """Merge adjacent texts, and drop empty ones."""
    found: list[Tree] = []
    for tree in trees:
        if isinstance(tree, str) and found and isinstance(found[-1], str):
            found[-1] += tree
        elif tree:
            found.append(tree)
    return found


def block_trees(node: SyntaxTreeNode) -> Iterable[Tree]:
    """The tree of a block, or the children of a paragraph in a tight list."""
    match node.type:
        case "heading":
            return [["heading", {}, child_trees(node)]]
        case "fence" | "code_block":
            code = node.content.removesuffix("\n")
            return [["pre", {"language": next(iter(unescapeAll(node.info).split()), "code")}, [code] if code else []]]
        case "ordered_list":
            return [["ol", {"start": str(node.attrs.get("start", 1))}, child_trees(node)]]
        case "list_item":
            return [["li", {}, with_checkbox(child_trees(node))]]
        case "th" | "td":
            return [
                [node.tag, {"align": ALIGNMENTS.get(str(node.attrs.get("style")), "align-start")}, child_trees(node)]
            ]
        case "inline":
            return child_trees(node)
        case "paragraph" if node.hidden:
            return child_trees(node)
        case _:
            return [[node.tag, {}, child_trees(node)]]


def with_checkbox(trees: list[Tree]) -> list[Tree]:
    """The children of a list item, with a checkbox in the place of a task marker: `[ ]` or `[x]`."""
    match trees:
        case [["p", _, list(children)], *rest] if with_checkbox(children) != children:
            return [["p", {}, with_checkbox(children)], *rest]
        case [str(text), *rest] if task := TASK.match(text):
            return merge_texts([["input", {"checked": str(task[1] != " ")}, []], text[task.end() :], *rest])
        case _:
            return trees


def inline_trees(node: SyntaxTreeNode) -> Iterator[Tree]:
    """The tree of an inline node."""
    match node.type:
        case "text":
            yield node.content
        case "softbreak":
            yield "\n"
        case "code_inline":
            yield ["code", {}, [node.content]]
        case "image":
            yield from link_trees(str(node.attrs["src"]), [plain_text(child_trees(node))])
        case "link":
            yield from link_trees(
                str(node.attrs["href"]), [plain_text([tree]) if is_link(tree) else tree for tree in child_trees(node)]
            )
        case "s":
            yield ["del", {}, child_trees(node)]
        case _:
            yield [node.tag, {}, child_trees(node)]


def link_trees(url: str, trees: list[Tree]) -> Iterator[Tree]:
    """A link, or a span if the URL's scheme is not allowed."""
    href = HOST.sub(r"\g<0>/", quote(SCHEME.sub(lambda scheme: scheme[0].lower(), url), safe="%/:=&?~#+!$,;'@()*[]"))
    yield ["a", {"href": href}, merge_texts(trees)] if SCHEMES.match(url) else ["span", {}, merge_texts(trees)]


def is_link(tree: Tree) -> bool:
    """Whether the tree was made by `link_trees`."""
    return isinstance(tree, list) and tree[0] in ("a", "span")


def plain_text(trees: list[Tree]) -> str:
    """The texts of the trees, without elements."""
    return "".join(tree if isinstance(tree, str) else plain_text(tree[2]) for tree in trees)  # type: ignore[arg-type]
